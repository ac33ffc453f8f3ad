//! The log: one line an event on stderr, with the call's id first.
//!
//! Source: docs/spec/fn-container-contract.md#call-ids-in-logs.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Instant;

use http::StatusCode;
use log::kv::{self, Key, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::environment::{self, NotText};
use super::error;
use super::span::Span;

tokio::task_local! {
    /// The call that a task works for.
    static CALL: LoggedCall;
}

/// Whether the panics of calls go to the log.
static WATCHED: Once = Once::new();

/// What the lines about a call have of it.
#[derive(Clone, Debug)]
pub(super) struct LoggedCall {
    id: Option<Arc<str>>,
    arrived: Instant,
    span: Span,
}

impl LoggedCall {
    pub(super) fn of(call: &Call) -> Self {
        let id = call.id().map(|id| match id.len() {
            ..=MAX_ID_BYTES => id.into(),
            _ => cut(id.to_owned(), MAX_ID_BYTES).into(),
        });
        Self { id, arrived: call.arrived(), span: Span::of(call.context()) }
    }

    /// Runs a future whose log lines belong to this call.
    pub(super) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        let span = self.span.clone();
        CALL.scope(self, span.around(future))
    }

    /// Runs a function whose log lines belong to this call.
    pub(super) fn sync_scope<T>(self, function: impl FnOnce() -> T) -> T {
        let span = self.span.clone();
        span.within(|| CALL.sync_scope(self, function))
    }

    /// The call's id for a line's field `call`, which loggers other than this crate's need.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Writes the line about a failure that the handler does not write itself, such as its own end.
    pub(super) fn failed(&self, (status, code): (StatusCode, &str), why: &str) {
        let level = if status.is_client_error() { Level::Warn } else { Level::Error };
        let (status, ms) = (status.as_u16(), milliseconds(self.arrived));
        let call = self.id();
        self.clone().sync_scope(|| log::log!(level, call, status, code, ms; "{why}"));
    }
}

/// The platform's id of the call that this task works for, for those who write the log themselves;
/// None outside of one, and for a call without an id.
///
/// With `tracing`, take the feature of that name instead: its span `call` has the id.
///
/// ```
/// assert_eq!(fn_fdk::call_id(), None);
/// ```
pub fn call_id() -> Option<String> {
    CALL.try_with(|call| call.id.as_deref().map(str::to_owned)).ok().flatten()
}

/// Milliseconds since then, to a hundredth of one.
pub(super) fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e5).round() / 100.0
}

/// OCI Logging cuts longer entries, and a cut JSON line is none.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// What is kept of a call's id, in bytes; the platform's have 26, and whoever reaches the socket
/// chooses their own.
const MAX_ID_BYTES: usize = 128;
/// What is kept of any other field, in bytes, so that those behind it have room.
const MAX_FIELD_BYTES: usize = 256;

/// The text, with a mark where more of it was cut off.
fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        truncate(&mut text, longest);
        text.push_str("...");
    }
    text
}

/// Shortens a text to so many bytes, or to the character before.
fn truncate(text: &mut String, longest: usize) {
    let end = (0..=longest).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or_default());
}

/// How a line is written.
///
/// ```
/// assert_eq!("json".parse(), Ok(fn_fdk::LogFormat::Json));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFormat {
    /// `key=value` pairs for a person.
    #[default]
    Text,
    /// One JSON object, which OCI Logging parses into fields.
    Json,
}

/// A text that names no form of the log.
///
/// ```
/// let error = "xml".parse::<fn_fdk::LogFormat>().unwrap_err();
/// assert_eq!(error.to_string(), "expected `text` or `json`");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected `text` or `json`")]
pub struct InvalidLogFormat;

impl FromStr for LogFormat {
    type Err = InvalidLogFormat;

    fn from_str(text: &str) -> Result<Self, InvalidLogFormat> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(InvalidLogFormat),
        }
    }
}

/// Libraries that log every step of theirs: only their warnings are taken, whatever the level.
const CHATTY: [&str; 5] = ["hyper", "hyper_util", "mio", "reqwest", "rustls"];

/// The log of this process: one line an event on stderr, the call's id first.
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
    /// A log in this form, of lines at this level and above.
    pub fn new(format: LogFormat, level: LevelFilter) -> Self {
        Self { format, level }
    }

    /// A log as `LOG_FORMAT` (`text` or `json`; `text` if absent) and `LOG_LEVEL` (`off`, `error`,
    /// `warn`, `info`, `debug` or `trace`; `info` if absent) say.
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

    /// Makes this the log of the process, and of its panics, each in one line. Where another logger
    /// is installed, that one stays, and the panics of calls are lines in it.
    pub fn install(self) {
        if log::set_boxed_logger(Box::new(self)).is_ok() {
            log::set_max_level(self.level);
            panic::set_hook(Box::new(|panic| log::error!("{}", in_a_line(panic))));
        }
        WATCHED.call_once(|| {
            let others = panic::take_hook();
            panic::set_hook(Box::new(move |panic| match CALL.try_with(Clone::clone) {
                Ok(call) => call.failed(error::FAILED, &in_a_line(panic)),
                Err(_outside) => others(panic),
            }));
        });
    }
}

fn in_a_line(panic: &PanicHookInfo<'_>) -> String {
    format!("panicked: {}", panic.to_string().replace('\n', " "))
}

/// All that is wrong with the variables of the log.
///
/// ```
/// // As nothing is set in this process, nothing is wrong.
/// let logger: Result<fn_fdk::Logger, fn_fdk::LoggerErrors> = fn_fdk::Logger::from_env();
/// assert!(logger.is_ok());
/// ```
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct LoggerErrors(Vec<String>);

/// A variable as `parse` understands it; or what is wrong with it.
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
            let call = CALL.try_with(|call| call.id.clone()).ok().flatten();
            // One write, unbuffered: the process is frozen or killed without notice. A closed stream takes nothing.
            drop(io::stderr().write_all(line(self.format, call.as_deref(), record).as_bytes()));
        }
    }

    fn flush(&self) {}
}

fn line(format: LogFormat, call: Option<&str>, record: &Record<'_>) -> String {
    let message = record.args();
    let message = message.as_str().map_or_else(|| message.to_string().into(), Cow::from);
    let mut fields = Fields::default();
    if record.key_values().visit(&mut fields).is_err() {
        fields.0.clear();
    }
    if call.is_some() {
        // It comes first; for other loggers it is among the fields.
        fields.0.retain(|(key, _)| key.as_str() != "call");
    }
    let mut line = match format {
        LogFormat::Text => text(own(call, record.level(), &message), fields),
        LogFormat::Json => {
            let whole = json(own(call, record.level(), &message), fields);
            if whole.len() < MAX_LINE_BYTES {
                whole
            } else {
                // Escaped, these are less than the limit whatever they are.
                let beginning: String = message.chars().take(1000).chain("...".chars()).collect();
                json(own(call, record.level(), &beginning), Fields::default())
            }
        }
    };
    if line.len() >= MAX_LINE_BYTES {
        truncate(&mut line, MAX_LINE_BYTES - 1);
    }
    line.push('\n');
    line
}

/// What every line has, the id of its call first.
fn own<'a>(
    call: Option<&'a str>,
    level: Level,
    message: &'a str,
) -> impl Iterator<Item = (Key<'a>, Field<'a>)> {
    let level = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let own = [("call", call), ("level", Some(level)), ("message", Some(message))];
    own.into_iter().filter_map(|(key, text)| Some((key.into(), Field::Text(text?.into()))))
}

fn json<'a>(own: impl Iterator<Item = (Key<'a>, Field<'a>)>, fields: Fields<'a>) -> String {
    let members = own.chain(fields.0).map(|(key, field)| {
        let value = match field {
            Field::Text(text) => text.into(),
            Field::Other(value) => value,
        };
        (key.as_str().to_owned(), value)
    });
    // Not collected: that would bring a sort of its own into the binary.
    let mut object = Map::new();
    object.extend(members);
    Value::Object(object).to_string()
}

fn text<'a>(own: impl Iterator<Item = (Key<'a>, Field<'a>)>, fields: Fields<'a>) -> String {
    let mut line = String::with_capacity(512);
    for (key, field) in own.chain(fields.0) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(key.as_str());
        line.push('=');
        match field {
            Field::Text(text) if !text.is_empty() && !text.contains(quoted) => line.push_str(&text),
            Field::Text(text) => line.push_str(&json!(text).to_string()),
            Field::Other(value) => line.push_str(&value.to_string()),
        }
    }
    line
}

/// Whether a character needs the text around it to be quoted.
fn quoted(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '"' | '=' | '\\')
}

/// A field's value: a text, borrowed where it is whole already, or a number or a flag.
enum Field<'a> {
    Text(Cow<'a, str>),
    Other(Value),
}

#[derive(Default)]
struct Fields<'a>(Vec<(Key<'a>, Field<'a>)>);

impl<'kvs> VisitSource<'kvs> for Fields<'kvs> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let field = match (value.to_u64(), value.to_f64(), value.to_bool()) {
            (Some(number), ..) => Field::Other(json!(number)),
            (None, Some(number), _) => Field::Other(json!(number)),
            (None, None, Some(flag)) => Field::Other(json!(flag)),
            (None, None, None) => Field::Text(match value.to_borrowed_str() {
                Some(text) if text.len() <= MAX_FIELD_BYTES => text.into(),
                Some(_) | None => cut(value.to_string(), MAX_FIELD_BYTES).into(),
            }),
        };
        // What is not known of a call is not written.
        if !matches!(&field, Field::Text(text) if text.is_empty()) {
            self.0.push((key, field));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::HeaderMap;

    use super::*;

    /// What OCI Logging takes of a line, in bytes.
    const LIMIT: usize = 8192;

    fn written(format: LogFormat, message: &str) -> String {
        written_in("01CALL", format, message)
    }

    fn written_in(call: &str, format: LogFormat, message: &str) -> String {
        let fields: &[(&str, u64)] = &[("bytes", 7)];
        let mut record = Record::builder();
        record.level(Level::Warn).key_values(&fields);
        line(format, Some(call), &record.args(format_args!("{message}")).build())
    }

    #[test]
    fn a_text_line_quotes_what_would_end_a_value() {
        for plain in ["done", "a:b/c", "ä"] {
            let expected = format!("call=01CALL level=warn message={plain} bytes=7\n");
            assert_eq!(written(LogFormat::Text, plain), expected);
        }
        for quoted in ["", "two words", "two\nlines", "a=b", "\"", "\\", "\u{7}"] {
            let expected = format!("call=01CALL level=warn message={} bytes=7\n", json!(quoted));
            assert_eq!(written(LogFormat::Text, quoted), expected);
        }
    }

    #[test]
    fn a_line_is_whole_up_to_the_limit_and_json_beyond_it_too() {
        let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let around = [written(LogFormat::Text, ""), written(LogFormat::Json, "")]
            .map(|empty| LIMIT - empty.len());
        // A text without blanks loses its quotes.
        for (format, fits) in [(LogFormat::Text, around[0] + 2), (LogFormat::Json, around[1])] {
            for length in fits - 3..fits + 4 {
                let message = "x".repeat(length);
                let line = written(format, &message);
                assert!(line.ends_with('\n') && line.len() <= LIMIT, "{}", line.len());
                // The last field is there.
                assert_eq!(line.contains('7'), length <= fits, "{format:?} {length}");
            }
        }
        for letter in ["ä", "\u{7}", "x", "\u{1F980}"] {
            let message = letter.repeat(LIMIT);
            let text = written(LogFormat::Text, &message);
            assert!((LIMIT - 3..=LIMIT).contains(&text.len()), "{}", text.len());
            let line = written(LogFormat::Json, &message);
            assert!(line.len() <= LIMIT, "{}", line.len());
            let json = parsed(&line);
            assert_eq!((&json["call"], &json["level"]), (&json!("01CALL"), &json!("warn")));
            assert_eq!(json["message"], json!(format!("{}...", letter.repeat(1000))));
        }
        assert_eq!(parsed(&written(LogFormat::Json, "short"))["bytes"], 7);
    }

    /// The line about a call with this id, as far as a header can be one.
    fn written_of(id: &str, format: LogFormat, message: &str) -> String {
        let headers = HeaderMap::from_iter([("fn-call-id".parse().unwrap(), id.parse().unwrap())]);
        let call = Call::from_agent(headers, "", SystemTime::UNIX_EPOCH).unwrap();
        written_in(LoggedCall::of(&call).id.as_deref().unwrap(), format, message)
    }

    #[test]
    fn an_id_of_any_length_leaves_the_line_whole() {
        for letter in ["x", "\"", " ", "="] {
            for length in [1, 127, 128, 129, 80 * 1024] {
                let id = letter.repeat(length);
                let mark = if length > 128 { "..." } else { "" };
                let kept = letter.repeat(length.min(128)) + mark;
                let line = written_of(&id, LogFormat::Json, "said");
                let line: Value = serde_json::from_str(&line).unwrap();
                assert_eq!(
                    line,
                    json!({"call": kept, "level": "warn", "message": "said", "bytes": 7})
                );
                let line = written_of(&id, LogFormat::Text, "said");
                let kept = if letter == "x" { kept } else { json!(kept).to_string() };
                assert_eq!(line, format!("call={kept} level=warn message=said bytes=7\n"));
            }
        }
        // A message that has to be cut as well.
        let line = written_of(&"\"".repeat(10_000), LogFormat::Json, &"\u{7}".repeat(1000));
        assert!(line.len() <= LIMIT, "{}", line.len());
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["level"], "warn");
    }

    #[test]
    fn a_field_of_any_length_leaves_room_for_those_behind_it() {
        for (text, kept) in [
            ("x".repeat(256), "x".repeat(256)),
            ("x".repeat(80_000), format!("{}...", "x".repeat(256))),
            (format!("x{}", "ä".repeat(4000)), format!("x{}...", "ä".repeat(127))),
        ] {
            let fields = [("path", text)];
            let mut record = Record::builder();
            record.level(Level::Info).key_values(&fields);
            let line = line(LogFormat::Text, None, &record.args(format_args!("predicted")).build());
            assert_eq!(line, format!("level=info message=predicted path={kept}\n"));
        }
    }

    #[test]
    fn an_id_forges_neither_a_field_nor_a_line() {
        for id in ["a level=error", "a\tb", "status=200", "a\"b", "\\"] {
            let line = written_of(id, LogFormat::Text, "said");
            let rest = line.strip_prefix(&format!("call={}", json!(id))).unwrap();
            assert_eq!(rest, " level=warn message=said bytes=7\n");
        }
    }

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
