//! A span as Zipkin v2 has it: members, types and ids are held against the schema, and nothing else
//! is taken.
//!
//! Source: docs/spec/fn-container-contract.md#zipkin-v2.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Deserializer};

/// A time of 2001 in microseconds. A smaller one is in another unit.
const MICROSECONDS: u64 = 1_000_000_000_000_000;

/// One operation of a trace.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Span {
    /// The trace: 16 or 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// The span itself: 16 lower-case hexadecimal digits.
    pub id: String,
    /// The span that it is a part of, in the same form; none for the first span of a trace.
    #[serde(default, deserialize_with = "given")]
    pub parent_id: Option<String>,
    /// What was done.
    #[serde(default, deserialize_with = "given")]
    pub name: Option<String>,
    /// Which side of an exchange it is; none for work within a process.
    #[serde(default, deserialize_with = "given")]
    pub kind: Option<Kind>,
    /// When it began, in microseconds since 1970.
    #[serde(default, deserialize_with = "given")]
    pub timestamp: Option<u64>,
    /// How long it took, in microseconds, 1 at the least.
    #[serde(default, deserialize_with = "given")]
    pub duration: Option<u64>,
    /// Keeps the span, whatever the sampling.
    #[serde(default)]
    pub debug: bool,
    /// A part of a span that somebody else began.
    #[serde(default)]
    pub shared: bool,
    /// Who recorded it.
    #[serde(default, deserialize_with = "given")]
    pub local_endpoint: Option<Endpoint>,
    /// Who was at the other side.
    #[serde(default, deserialize_with = "given")]
    pub remote_endpoint: Option<Endpoint>,
    /// What happened meanwhile.
    #[serde(default)]
    pub annotations: Vec<Annotation>,
    /// What else is known of it.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Which side of an exchange a span is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// Who asks.
    Client,
    /// Who answers.
    Server,
    /// Who sends a message.
    Producer,
    /// Who receives one.
    Consumer,
}

/// A service in the network.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Endpoint {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    pub service_name: Option<String>,
    /// Its address.
    #[serde(default, deserialize_with = "given")]
    pub ipv4: Option<Ipv4Addr>,
    /// Its address.
    #[serde(default, deserialize_with = "given")]
    pub ipv6: Option<Ipv6Addr>,
    /// Its port.
    #[serde(default, deserialize_with = "given")]
    pub port: Option<u16>,
}

/// An event.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// When, in microseconds since 1970.
    pub timestamp: u64,
    /// What.
    pub value: String,
}

/// Returns a member that may be missing, but if it is there, has a value: null is none.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(json: D) -> Result<Option<T>, D::Error> {
    T::deserialize(json).map(Some)
}

impl Span {
    /// Returns the spans of a body, which is a JSON array of them; `Err` says what is wrong with
    /// which.
    pub(super) fn list(body: &[u8]) -> Result<Vec<Self>, String> {
        let spans: Vec<Self> =
            serde_json::from_slice(body).map_err(|error| format!("no list of spans: {error}"))?;
        let mut seen = BTreeSet::new();
        for (number, span) in spans.iter().enumerate() {
            span.check().map_err(|why| format!("span {number}: {why}"))?;
            if !seen.insert((&span.trace_id, &span.id, span.shared)) {
                return Err(format!("span {number}: `id` is that of a span before it"));
            }
        }
        Ok(spans)
    }

    fn check(&self) -> Result<(), &'static str> {
        if !is_id(&self.trace_id, &[16, 32]) {
            return Err("`traceId` is not 16 or 32 lower-case hexadecimal digits");
        }
        if !is_id(&self.id, &[16]) {
            return Err("`id` is not 16 lower-case hexadecimal digits");
        }
        if self.parent_id.as_ref().is_some_and(|id| !is_id(id, &[16])) {
            return Err("`parentId` is not 16 lower-case hexadecimal digits");
        }
        if self.parent_id.as_ref() == Some(&self.id) {
            return Err("`parentId` is its own `id`");
        }
        let times =
            self.timestamp.into_iter().chain(self.annotations.iter().map(|at| at.timestamp));
        if times.into_iter().any(|time| time < MICROSECONDS) {
            return Err("`timestamp` is not in microseconds since 1970");
        }
        if self.duration == Some(0) {
            return Err("`duration` is less than one microsecond");
        }
        Ok(())
    }
}

/// Returns an id of one of these lengths; all zeros stand for none.
fn is_id(text: &str, lengths: &[usize]) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    lengths.contains(&text.len())
        && text.bytes().all(digit)
        && text.bytes().any(|byte| byte != b'0')
}
