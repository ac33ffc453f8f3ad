//! The log: one line for each event on stderr, with the call's id first.
//!
//! Source: docs/spec/fn-container-contract.md#call-ids-in-logs.

use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::str::FromStr;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

use super::environment::{self, NotText};
use super::error;
use super::log_line::{LogFormat, line};
use super::logged_call::LoggedCall;

/// Whether panics of calls go to the log.
static WATCHED: Once = Once::new();

/// Libraries that log each of their steps: only their warnings are logged, at every level.
const CHATTY: [&str; 5] = ["hyper", "hyper_util", "mio", "reqwest", "rustls"];

/// The log of this process: one line for each event on stderr, with the call's id first.
///
/// ```
/// use fn_fdk::{LogFormat, Logger};
///
/// Logger::new(LogFormat::Json, log::LevelFilter::Info).install();
/// log::info!(seats = 2; "booked");
/// ```
///
/// Source: docs/spec/fn-container-contract.md#call-ids-in-logs.
#[derive(Clone, Copy, Debug)]
pub struct Logger {
    format: LogFormat,
    level: LevelFilter,
}

impl Logger {
    /// Creates a log in this form, with lines of this level and above.
    ///
    /// ```
    /// let logger = fn_fdk::Logger::new(fn_fdk::LogFormat::Text, log::LevelFilter::Warn);
    /// ```
    pub fn new(format: LogFormat, level: LevelFilter) -> Self {
        Self { format, level }
    }

    /// Creates a log from `LOG_FORMAT` (`text` or `json`; `text` if absent) and `LOG_LEVEL` (`off`,
    /// `error`, `warn`, `info`, `debug` or `trace`; `info` if absent).
    ///
    /// ```
    /// let logger = fn_fdk::Logger::from_env()?;
    /// # Ok::<_, fn_fdk::LoggerErrors>(())
    /// ```
    pub fn from_env() -> Result<Self, LoggerErrors> {
        let format = read("LOG_FORMAT", "`text` or `json`", LogFormat::from_str);
        let levels = "`off`, `error`, `warn`, `info`, `debug` or `trace`";
        let level = read("LOG_LEVEL", levels, LevelFilter::from_str);
        match (format, level) {
            (Ok(format), Ok(level)) => {
                let default = Self::default();
                Ok(Self::new(format.unwrap_or(default.format), level.unwrap_or(default.level)))
            }
            (format, level) => {
                Err(LoggerErrors([format.err(), level.err()].into_iter().flatten().collect()))
            }
        }
    }

    /// Installs it as the process's log. Panics are logged too, each in one line. If another logger
    /// is installed already, it stays, and panics are logged there.
    ///
    /// ```
    /// fn_fdk::Logger::default().install();
    /// assert_eq!(log::max_level(), log::LevelFilter::Info);
    /// ```
    pub fn install(self) {
        if log::set_boxed_logger(Box::new(self)).is_ok() {
            log::set_max_level(self.level);
            panic::set_hook(Box::new(|panic| log::error!("{}", in_a_line(panic))));
        }
        WATCHED.call_once(|| {
            let others = panic::take_hook();
            panic::set_hook(Box::new(move |panic| match LoggedCall::current() {
                Some(call) => call.failed(error::FAILED, &in_a_line(panic)),
                None => others(panic),
            }));
        });
    }
}

fn in_a_line(panic: &PanicHookInfo<'_>) -> String {
    format!("panicked: {}", panic.to_string().replace('\n', " "))
}

/// All mistakes in the variables of the log.
///
/// ```
/// // As nothing is set in this process, nothing is wrong.
/// let logger: Result<fn_fdk::Logger, fn_fdk::LoggerErrors> = fn_fdk::Logger::from_env();
/// assert!(logger.is_ok());
/// ```
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct LoggerErrors(Vec<String>);

/// Reads a variable with `parse`, or says what is wrong with it.
fn read<T, E>(
    name: &str,
    expected: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    let mistake = || format!("{name} is not {expected}");
    let value = environment::var(name).map_err(|NotText| mistake())?;
    let word = value.map(|word| word.to_ascii_lowercase());
    word.map(|word| parse(&word).map_err(|_unknown| mistake())).transpose()
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
            let call = LoggedCall::current().and_then(LoggedCall::into_id);
            // One unbuffered write: the process may be frozen or killed at any time. A closed
            // stream is not an error.
            drop(io::stderr().write_all(line(self.format, call.as_deref(), record).as_bytes()));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    #[test]
    fn libraries_that_log_every_step_are_heard_from_warnings_on() {
        let logger = Logger::new(LogFormat::Text, LevelFilter::Debug);
        let enabled = |target, level| {
            logger.enabled(&Metadata::builder().target(target).level(level).build())
        };
        for (target, level, heard) in [
            ("model_deployment_fn::predict", Level::Debug, true),
            ("model_deployment_fn::predict", Level::Trace, false),
            ("hyper::proto", Level::Debug, false),
            ("rustls", Level::Info, false),
            ("rustls", Level::Warn, true),
            ("hyperbole", Level::Debug, true),
        ] {
            assert_eq!(enabled(target, level), heard, "{target} {level}");
        }
        let quiet = Logger::new(LogFormat::Text, LevelFilter::Error);
        let warning = Metadata::builder().target("rustls").level(Level::Warn).build();
        assert!(!quiet.enabled(&warning));
    }
}
