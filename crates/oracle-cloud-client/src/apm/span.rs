//! What was done, when, and as a part of what: a span in the form of Zipkin's version 2.

use std::collections::BTreeMap;
use std::ops::Not;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::random;

/// A span of a trace. Source: docs/spec/fn-container-contract.md#zipkin-v2.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::time::{Duration, SystemTime};
///
/// use oracle_cloud_client::apm::{Kind, Service, Span, span_id, trace_id};
///
/// let span = Span {
///     trace_id: trace_id(),
///     id: span_id(),
///     parent_id: None,
///     name: "call",
///     kind: Some(Kind::Server),
///     timestamp: SystemTime::UNIX_EPOCH,
///     duration: Duration::from_millis(2),
///     local_endpoint: Service { service_name: "billing".to_owned() },
///     debug: false,
///     tags: BTreeMap::new(),
/// };
/// assert_eq!(serde_json::to_value(&span)?["duration"], 2000);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// The trace: 16 or 32 hexadecimal digits in lower case.
    pub trace_id: String,
    /// The span itself: 16 hexadecimal digits in lower case.
    pub id: String,
    /// The span that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// What was done.
    pub name: &'static str,
    /// Which side of a request it describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// When it began; sent in microseconds since 1970.
    #[serde(serialize_with = "since_epoch")]
    pub timestamp: SystemTime,
    /// How long it took; sent in microseconds, at least one.
    #[serde(serialize_with = "microseconds")]
    pub duration: Duration,
    /// The service that did it.
    pub local_endpoint: Service,
    /// Marks a span of a trace that no sampler may drop.
    #[serde(skip_serializing_if = "Not::not")]
    pub debug: bool,
    /// Additional facts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// The side of a request that a span describes.
///
/// ```
/// use oracle_cloud_client::apm::Kind;
///
/// assert_eq!(serde_json::to_value(Kind::Client)?, "CLIENT");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Kind {
    /// The side that sent the request.
    Client,
    /// The side that answered it.
    Server,
}

/// The service that a span belongs to.
///
/// ```
/// use oracle_cloud_client::apm::Service;
///
/// let service = Service { service_name: "billing".to_owned() };
/// assert_eq!(serde_json::to_string(&service)?, r#"{"serviceName":"billing"}"#);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// The name under which a console lists its spans.
    pub service_name: String,
}

/// Creates the id of a new trace.
///
/// ```
/// assert_eq!(oracle_cloud_client::apm::trace_id().len(), 32);
/// ```
pub fn trace_id() -> String {
    format!("{:032x}", u128::from_be_bytes(id()))
}

/// Creates the id of a new span.
///
/// ```
/// assert_eq!(oracle_cloud_client::apm::span_id().len(), 16);
/// ```
pub fn span_id() -> String {
    format!("{:016x}", u64::from_be_bytes(id()))
}

fn id<const N: usize>() -> [u8; N] {
    // Without entropy the id is not unique. That only makes the trace harder to read.
    random::bytes().unwrap_or([1; N])
}

fn since_epoch<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    microseconds(&time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(), serializer)
}

fn microseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1))
}
