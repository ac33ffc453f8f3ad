//! One line of the function's log, in whichever of its forms.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Deserializer, Map, Value};

/// More than any number of a line means; what is above, in milliseconds eleven days, is taken for
/// none.
const MAX_MILLISECONDS: f64 = 1e9;
/// The end of the year 9999, the last that RFC 3339 can write, in milliseconds since 1970.
const LATEST: u64 = 253_402_300_799_999;
/// How a line of the function begins, behind what a collector writes before it.
const BEGINNINGS: [&str; 3] = ["call=", "level=", "{"];
/// How many places of a line are tried as its beginning.
const TRIES: usize = 8;
/// The members in which entries of OCI Logging, of its search and of containers carry a line or one
/// another.
const CARRIERS: [&str; 6] =
    ["logContent", "data", "message", "log", "data.message", "logContent.data.message"];

/// A line's fields by name, and when it was written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Line {
    values: BTreeMap<String, String>,
    /// In milliseconds since 1970, of an entry or of what stands before a line; the function's own
    /// lines have no time.
    pub(super) time: Option<u64>,
}

impl Line {
    /// Takes a line apart: `key=value` pairs or JSON, perhaps with a time or a name before it. None
    /// if it is nothing of the kind.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(line) = Self::bare(text) {
            return Some(line);
        }
        let mut places: Vec<usize> = BEGINNINGS
            .iter()
            .flat_map(|beginning| text.match_indices(beginning).take(TRIES))
            .map(|(place, _)| place)
            .collect();
        places.sort_unstable();
        places.into_iter().find_map(|place| {
            let (before, line) = text.split_at_checked(place)?;
            let is_apart = before.ends_with(|last: char| !last.is_alphanumeric() && last != '_');
            let line = Self::bare(line).filter(|_| is_apart)?;
            Some(Self { time: line.time.or_else(|| time_before(before)), ..line })
        })
    }

    fn bare(text: &str) -> Option<Self> {
        if text.starts_with('{') {
            return Self::from_json(&serde_json::from_str(text).ok()?);
        }
        let values = pairs(text).filter(|values| !values.is_empty())?;
        Some(Self { values, time: None })
    }

    /// Returns the function's own object or text, or what an entry carries.
    pub(super) fn from_json(json: &Value) -> Option<Self> {
        let object = match json {
            Value::String(text) => return Self::parse(text),
            Value::Object(object) => object,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        };
        let has = |name| object.contains_key(name);
        let own = || Self { values: object.iter().map(pair).collect(), time: None };
        let line = if has("status") && has("ms") {
            own()
        } else {
            let carried = CARRIERS.iter().find_map(|name| Self::from_json(object.get(*name)?));
            carried.or_else(|| (has("call") || has("level")).then(own))?
        };
        Some(Self { time: line.time.or_else(|| time(object)), ..line })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Returns a number that is not negative, and not beyond what a number of a line can mean.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.parse().ok().filter(|number| (0.0..=MAX_MILLISECONDS).contains(number))
    }
}

/// Returns whether this is an entry of a log, whatever it carries.
pub(super) fn is_entry(json: &Value) -> bool {
    CARRIERS.iter().any(|name| json.get(name).is_some())
}

/// Returns when an entry was written: `time` is RFC 3339, `datetime`, which the search gives,
/// milliseconds since 1970.
fn time(entry: &Map<String, Value>) -> Option<u64> {
    let written = entry.get("time").and_then(Value::as_str).and_then(milliseconds);
    let found = || entry.get("datetime").and_then(Value::as_u64);
    written.or_else(found).filter(|time| *time <= LATEST)
}

/// Returns the time among the words before a line.
fn time_before(words: &str) -> Option<u64> {
    let between = |char: char| char.is_whitespace() || "[](),|".contains(char);
    words.split(between).find_map(milliseconds).filter(|time| *time <= LATEST)
}

/// Returns a time of RFC 3339 in milliseconds since 1970.
fn milliseconds(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    u64::try_from(time.timestamp_millis()).ok()
}

fn pair((name, value): (&String, &Value)) -> (String, String) {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (name.clone(), value)
}

/// `call=01 message="two words"`. What has blanks, quotes or `=` in it is quoted as JSON quotes it.
fn pairs(mut text: &str) -> Option<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once('=')?;
        let (value, rest) = if rest.starts_with('"') {
            let mut values = Deserializer::from_str(rest).into_iter::<String>();
            let value = values.next()?.ok()?;
            (value, rest.get(values.byte_offset()..)?)
        } else {
            let (value, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
            (value.to_owned(), rest)
        };
        let known = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if name.is_empty() || !name.bytes().all(known) {
            return None;
        }
        pairs.insert(name.to_owned(), value);
        text = rest.trim_start();
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(&str, &str); 4] =
        [("call", "01A"), ("message", "the \"model\" = late"), ("ms", "12.5"), ("status", "504")];

    #[test]
    fn every_form_of_a_line_says_the_same() {
        let text = r#"call=01A message="the \"model\" = late" status=504 ms=12.5"#;
        let json = r#"{"call":"01A","message":"the \"model\" = late","status":504,"ms":12.5}"#;
        let entry = |message: Value| serde_json::json!({ "time": "t", "data": { "message": message, "src": "stderr" } });
        let parsed: Value = serde_json::from_str(json).unwrap();
        let values = PAIRS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expected = Line { values, time: None };
        for form in [
            text.to_owned(),
            format!("  {text}\n"),
            json.to_owned(),
            entry(text.into()).to_string(),
            entry(json.into()).to_string(),
            entry(parsed).to_string(),
            serde_json::json!({ "logContent": entry(text.into()) }).to_string(),
            serde_json::json!({ "data": { "logContent": entry(text.into()) } }).to_string(),
            serde_json::json!({ "data.message": text }).to_string(),
            serde_json::json!({ "log": format!("{text}\n"), "stream": "stderr" }).to_string(),
            format!("function: {text}"),
            format!("function:{json}"),
            format!("| {text}"),
            format!("Nov 28 10:00:00 host func[7]: {text}"),
            format!("level=x recall=1 words {json}"),
        ] {
            assert_eq!(Line::parse(&form).as_ref(), Some(&expected), "{form}");
        }
    }

    #[test]
    fn an_entry_says_when_it_was_written() {
        let data = || serde_json::json!({ "message": "status=200 ms=1" });
        for (entry, time) in [
            (serde_json::json!({ "time": "1970-01-01T00:00:01.5Z", "data": data() }), Some(1500)),
            (serde_json::json!({ "time": "1970-01-01T01:00:00+01:00", "data": data() }), Some(0)),
            (serde_json::json!({ "datetime": 1500, "data": data() }), Some(1500)),
            (serde_json::json!({ "datetime": 7, "logContent": { "data": data() } }), Some(7)),
            (
                serde_json::json!({ "datetime": 7, "logContent":
                    { "time": "1970-01-01T00:00:02Z", "data": data() } }),
                Some(2000),
            ),
            (serde_json::json!({ "time": "soon", "data": data() }), None),
            (serde_json::json!({ "time": "1969-12-31T23:59:59Z", "data": data() }), None),
            (serde_json::json!({ "datetime": u64::MAX, "data": data() }), None),
            (serde_json::json!({ "datetime": -1, "data": data() }), None),
            (serde_json::json!({ "time": 5, "data": data() }), None),
            (serde_json::json!({ "data": data() }), None),
            (
                serde_json::json!({ "log": "[1970-01-01T00:00:03Z] level=info status=2" }),
                Some(3000),
            ),
            (serde_json::json!({ "log": "1970-01-01T00:00:03Z stderr F call=0" }), Some(3000)),
        ] {
            assert_eq!(Line::parse(&entry.to_string()).unwrap().time, time, "{entry}");
        }
    }

    #[test]
    fn a_number_is_finite_not_negative_and_no_more_than_a_line_can_mean() {
        for (text, number) in [
            ("0", Some(0.0)),
            ("12.5", Some(12.5)),
            ("1e9", Some(1e9)),
            ("1.1e9", None),
            ("1e400", None),
            ("NaN", None),
            ("inf", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(Line::parse(&format!("ms={text}")).unwrap().number("ms"), number, "{text}");
        }
    }

    #[test]
    fn what_is_no_line_of_the_function_is_none() {
        for text in [
            "",
            " ",
            "words of a library",
            "a=b words",
            "key=\"without end",
            "A-B=1",
            "=1",
            "{",
            "{}",
            "[1]",
            r#"{"data":{"message":"words"}}"#,
            "recall=1 words",
            "its level=high enough",
        ] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
