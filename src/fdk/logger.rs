//! The log: one line an event on stderr, with the call's id first.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic;
use std::str::FromStr;

use log::kv::{self, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;

tokio::task_local! {
    /// The id of the call that a task works for.
    static CALL_ID: Option<String>;
}

/// Runs a future whose log lines belong to the call `id`.
pub(super) fn in_call<F: Future>(id: Option<String>, future: F) -> impl Future<Output = F::Output> {
    CALL_ID.scope(id, future)
}

/// Runs what logs a line of the call `id`.
pub(super) fn of_call(id: Option<String>, log: impl FnOnce()) {
    CALL_ID.sync_scope(id, log);
}

/// OCI Logging cuts longer entries, and a cut JSON line is none.
const LINE_LIMIT: usize = 8 * 1024;

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// `key=value` pairs for a person.
    #[default]
    Text,
    /// One JSON object, which OCI Logging parses into fields.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// Libraries that log every step of theirs: only their warnings are taken, whatever the level.
const CHATTY: [&str; 5] = ["hyper", "hyper_util", "mio", "reqwest", "rustls"];

/// The log of this process.
#[derive(Clone, Copy, Debug)]
pub struct Logger {
    format: LogFormat,
    level: LevelFilter,
}

impl Logger {
    /// A log in this form, of lines at this level and above.
    pub fn new(format: LogFormat, level: LevelFilter) -> Self {
        Self { format, level }
    }

    /// Makes this the log of the process, and of its panics, each in one line. A second one is ignored.
    pub fn install(self) {
        if log::set_boxed_logger(Box::new(self)).is_ok() {
            log::set_max_level(self.level);
            panic::set_hook(Box::new(|panic| {
                log::error!("panicked: {}", panic.to_string().replace('\n', " "));
            }));
        }
    }
}

impl Default for Logger {
    fn default() -> Self {
        Self::new(LogFormat::Text, LevelFilter::Info)
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let library = metadata.target().split("::").next().unwrap_or_default();
        let chatty = CHATTY.contains(&library);
        metadata.level() <= if chatty { self.level.min(LevelFilter::Warn) } else { self.level }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let call = CALL_ID.try_with(Clone::clone).ok().flatten();
            // One write, unbuffered: the process is frozen or killed without notice. A closed stream takes nothing.
            drop(io::stderr().write_all(line(self.format, call.as_deref(), record).as_bytes()));
        }
    }

    fn flush(&self) {}
}

fn line(format: LogFormat, call: Option<&str>, record: &Record<'_>) -> String {
    let level = record.level().as_str().to_ascii_lowercase();
    let message = record.args().to_string();
    let mut fields = Fields::default();
    if record.key_values().visit(&mut fields).is_err() {
        fields.0.clear();
    }
    let mut line = match format {
        LogFormat::Text => text(call, &level, &message, fields.0),
        LogFormat::Json => {
            let mut object = serde_json::Map::new();
            object.extend(call.map(|call| ("call".to_owned(), json!(call))));
            object.extend([
                ("level".to_owned(), json!(level)),
                ("message".to_owned(), json!(message)),
            ]);
            object.extend(fields.0);
            let whole = serde_json::Value::Object(object).to_string();
            if whole.len() < LINE_LIMIT {
                whole
            } else {
                json!({ "level": level, "message": "(too long)" }).to_string()
            }
        }
    };
    if line.len() >= LINE_LIMIT {
        let end = (0..LINE_LIMIT).rev().find(|&end| line.is_char_boundary(end));
        line.truncate(end.unwrap_or_default());
    }
    line.push('\n');
    line
}

fn text(
    call: Option<&str>,
    level: &str,
    message: &str,
    fields: Vec<(String, serde_json::Value)>,
) -> String {
    let mut line = String::with_capacity(128);
    let own = [("level".to_owned(), json!(level)), ("message".to_owned(), json!(message))];
    let call = call.map(|call| ("call".to_owned(), json!(call)));
    for (key, value) in call.into_iter().chain(own).chain(fields) {
        let separator = if line.is_empty() { "" } else { " " };
        let plain = value.as_str().filter(|text| !text.is_empty() && !text.contains(quoted));
        let written = match plain {
            Some(text) => write!(line, "{separator}{key}={text}"),
            None => write!(line, "{separator}{key}={value}"),
        };
        debug_assert!(written.is_ok(), "a string takes every write");
    }
    line
}

/// Whether a character needs the text around it to be quoted.
fn quoted(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '"' | '=' | '\\')
}

#[derive(Default)]
struct Fields(Vec<(String, serde_json::Value)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let value = match (value.to_u64(), value.to_bool()) {
            (Some(number), _) => json!(number),
            (None, Some(flag)) => json!(flag),
            (None, None) => json!(value.to_string()),
        };
        self.0.push((key.to_string(), value));
        Ok(())
    }
}
