//! One line of the function's log, in whichever of its forms.

use std::collections::BTreeMap;

use serde_json::{Deserializer, Value};

/// What a line says, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Line(BTreeMap<String, String>);

impl Line {
    /// Takes a line apart: `key=value` pairs, an object of JSON, or an entry of OCI Logging around one of them. None if it is
    /// nothing of the kind.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let line = if text.starts_with('{') {
            Self::of_json(&serde_json::from_str(text).ok()?)?
        } else {
            Self(pairs(text)?)
        };
        (!line.0.is_empty()).then_some(line)
    }

    fn of_json(json: &Value) -> Option<Self> {
        let content = json.get("logContent").unwrap_or(json);
        match content.get("data").and_then(|data| data.get("message")) {
            Some(Value::String(message)) => Self::parse(message),
            Some(message) => Self::of_json(message),
            None => Some(Self(json.as_object()?.iter().map(pair).collect())),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A number that is not negative.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
    }
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
        let expected = Line(PAIRS.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        for form in [
            text.to_owned(),
            format!("  {text}\n"),
            json.to_owned(),
            entry(text.into()).to_string(),
            entry(json.into()).to_string(),
            entry(parsed).to_string(),
            serde_json::json!({ "logContent": entry(text.into()) }).to_string(),
        ] {
            assert_eq!(Line::parse(&form).as_ref(), Some(&expected), "{form}");
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
        ] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
