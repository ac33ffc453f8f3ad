//! The word that stands for every secret: wherever an input has it, nothing may show it.

use std::fmt::{Debug, Display, Write};
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

/// The word. No text of the function has it.
pub const SECRET: &str = "hush";

/// Whether a text has the word.
#[must_use]
pub fn has(text: &str) -> bool {
    text.to_ascii_lowercase().contains(SECRET)
}

/// Fails if a text shows the word.
pub fn kept(shown: &str) {
    assert!(!has(shown), "a secret is shown: {shown:?}");
}

/// Fails if an error shows the word, to a reader or to a programmer.
pub fn kept_by(error: &(impl Debug + Display)) {
    kept(&format!("{error} {error:?}"));
}

/// Makes every line of the log a text that must not show the word.
pub fn watch_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Watch).expect("nobody else sets one");
        log::set_max_level(LevelFilter::Debug);
    });
}

struct Watch;

/// What is ours: the function, the server and the crates that they are made of.
const OURS: [&str; 4] =
    ["fn_fdk", "model_deployment_fn", "model_deployment_server", "oracle_cloud_"];

impl Log for Watch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        OURS.iter().any(|name| metadata.target().starts_with(name))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut line = record.args().to_string();
            let pairs = record.key_values().visit(&mut Pairs(&mut line));
            pairs.expect("writing to a text does not fail");
            kept(&line);
        }
    }

    fn flush(&self) {}
}

struct Pairs<'a>(&'a mut String);

impl<'kvs> log::kv::VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        // The platform chooses a call's id, and operators look for it.
        if key.as_str() == "call" {
            return Ok(());
        }
        write!(self.0, " {key}={value}").map_err(Into::into)
    }
}
