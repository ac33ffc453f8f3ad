//! A handler's view of a call, as the function reports it.

use serde_json::Value;

use crate::verdict::Problem;

/// The answer to the behaviour `context`. The function does not report the keys that are absent.
#[derive(Clone, Debug)]
pub(super) struct Context(Value);

impl Context {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let parsed = serde_json::from_slice(body).ok().filter(Value::is_object);
        parsed.map(Self).ok_or_else(|| {
            let text: String = String::from_utf8_lossy(body).chars().take(60).collect();
            Problem::failed("the handler's view as a JSON object", text.escape_debug())
        })
    }

    pub(super) fn new(value: Value) -> Self {
        Self(value)
    }

    /// Returns a value of the view; `a/b` is one within another.
    pub(super) fn value(&self, key: &str) -> Result<&Value, Problem> {
        let found = self.0.pointer(&format!("/{key}"));
        found.ok_or_else(|| Problem::not_checked(format!("the function does not show `{key}`")))
    }

    /// Returns a value that is text, or nothing.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Problem> {
        Ok(self.value(key)?.as_str().map(str::to_owned))
    }

    /// Expects this value.
    pub(super) fn expect(&self, key: &str, expected: impl Into<Value>) -> Result<(), Problem> {
        let (seen, expected) = (self.value(key)?, expected.into());
        if *seen == expected {
            return Ok(());
        }
        Err(Problem::failed(format!("{key} {expected}"), seen))
    }

    /// Returns the values of a header of the client, each character one byte, in order.
    pub(super) fn header(&self, name: &str) -> Result<Vec<String>, Problem> {
        self.list("headers", name)
    }

    /// Returns the values of a header as it came over the socket.
    pub(super) fn platform(&self, name: &str) -> Result<Vec<String>, Problem> {
        self.list("platform", name)
    }

    /// Expects these values of a header of the client.
    pub(super) fn expect_header(&self, name: &str, expected: &[&str]) -> Result<(), Problem> {
        let seen = self.header(name)?;
        if seen == expected {
            return Ok(());
        }
        Err(Problem::failed(format!("{name} {expected:?}"), format!("{seen:?}")))
    }

    fn list(&self, key: &str, name: &str) -> Result<Vec<String>, Problem> {
        let pairs = self.value(key)?.as_array().into_iter().flatten();
        let part = |pair: &Value, at: usize| Some(pair.get(at)?.as_str()?.to_owned());
        let pairs = pairs.filter_map(|pair| Some((part(pair, 0)?, part(pair, 1)?)));
        Ok(pairs
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect())
    }
}
