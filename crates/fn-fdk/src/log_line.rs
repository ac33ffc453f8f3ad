//! How a line of the log is written: what comes first, what is quoted, what is cut off.
//!
//! Source: docs/spec/fn-container-contract.md#call-ids-in-logs.

use std::borrow::Cow;
use std::str::FromStr;

use log::kv::{self, Key, VisitSource};
use log::{Level, Record};
use serde_json::{Map, Value, json};

/// OCI Logging cuts longer entries, and a cut line is not JSON any more.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// The limit of every other field, in bytes, so that later fields have room.
const MAX_FIELD_BYTES: usize = 256;

/// Cuts a text, and marks that it was cut.
pub(super) fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        truncate(&mut text, longest);
        text.push_str("...");
    }
    text
}

/// Shortens a text to at most this many bytes, at the end of a character.
fn truncate(text: &mut String, longest: usize) {
    let end = (0..=longest).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or_default());
}

/// The form of a line.
///
/// ```
/// assert_eq!("json".parse(), Ok(fn_fdk::LogFormat::Json));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFormat {
    /// `key=value` pairs, for people.
    #[default]
    Text,
    /// One JSON object, which OCI Logging parses into fields.
    Json,
}

/// A text that is not a form of the log.
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

/// Returns a line with its end. The id of its call comes first.
pub(super) fn line(format: LogFormat, call: Option<&str>, record: &Record<'_>) -> String {
    let message = record.args();
    let message = message.as_str().map_or_else(|| message.to_string().into(), Cow::from);
    let mut fields = Fields::default();
    if record.key_values().visit(&mut fields).is_err() {
        fields.0.clear();
    }
    if call.is_some() {
        // It comes first. Other loggers find it among the fields.
        fields.0.retain(|(key, _)| key.as_str() != "call");
    }
    let mut line = match format {
        LogFormat::Text => text(own(call, record.level(), &message), fields),
        LogFormat::Json => {
            let whole = json(own(call, record.level(), &message), fields);
            if whole.len() < MAX_LINE_BYTES {
                whole
            } else {
                // Escaped, these are always shorter than the limit.
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

/// Returns the fields of every line, the id of its call first.
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
    // Not collected: that would add a sort of its own to the binary.
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

/// Returns whether a text with this character must be quoted.
fn quoted(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '"' | '=' | '\\')
}

/// The value of a field: a text, borrowed if nothing is cut off, or a number or a flag.
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
        // Fields without a value are omitted.
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
    use crate::Call;
    use crate::logged_call::LoggedCall;

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
        written_in(LoggedCall::of(&call).into_id().as_deref().unwrap(), format, message)
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
}
