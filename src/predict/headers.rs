//! Which headers are passed on. There is one list for each direction; a header that is on neither
//! is not passed on.
//!
//! Source: docs/spec/oci-services.md#item-11.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Response, StatusCode};

use super::barred::{is_never_forwarded, is_never_returned};
use super::payload::Payload;
use super::trace::{self, Trace};
use crate::services::Operation;
use fn_fdk::Context;

/// The client's headers that other services get, beside its trace and those that the entry lists.
const TO_SERVICES: [&str; 2] = ["accept", "x-request-id"];
const FORWARDED: [&str; 4] = ["accept", "route", "enable-streaming", "x-request-id"];
const RETURNED: [&str; 4] = ["content-encoding", "content-type", "opc-request-id", "retry-after"];
/// The longest request id that is accepted from a caller, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 64;
const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");

/// The headers that are passed to the deployment and back to the caller.
#[derive(Clone, Debug)]
pub struct HeaderRules {
    forwarded: BTreeSet<String>,
    returned: BTreeSet<String>,
}

/// A configured name that is not a header name, or that is never passed on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{variable}: entry {entry} {problem}")]
pub struct InvalidHeaderName {
    variable: &'static str,
    entry: usize,
    problem: &'static str,
}

impl HeaderRules {
    /// Adds the names of `FORWARD_HEADERS` and `RETURN_HEADERS` (comma-separated) to the built-in
    /// lists, or returns what is wrong with them.
    pub fn new(
        forward: Option<&str>,
        returned: Option<&str>,
    ) -> Result<Self, Vec<InvalidHeaderName>> {
        let built_in = [&FORWARDED[..], &trace::HEADERS].concat();
        let forwarded = extended("FORWARD_HEADERS", &built_in, forward, is_never_forwarded);
        let returned = extended("RETURN_HEADERS", &RETURNED, returned, is_never_returned);
        match (forwarded, returned) {
            (Ok(forwarded), Ok(returned)) => Ok(Self { forwarded, returned }),
            (forwarded, returned) => {
                Err([forwarded.err(), returned.err()].into_iter().flatten().flatten().collect())
            }
        }
    }

    /// The same, and these names pass towards the deployment, too.
    #[must_use]
    pub fn forwarding(mut self, names: &[&str]) -> Self {
        self.forwarded.extend(names.iter().map(|&name| name.to_owned()));
        self
    }

    /// The same, and these names pass back to the caller, too.
    #[must_use]
    pub fn returning(mut self, names: &[&str]) -> Self {
        self.returned.extend(names.iter().map(|&name| name.to_owned()));
        self
    }

    /// Whether a header of this name passes towards the deployment.
    pub fn forwards(&self, name: &str) -> bool {
        self.forwarded.contains(name)
    }

    /// Returns the headers of the call that go into the request to the deployment.
    pub(super) fn forwarded(
        &self,
        from: &HeaderMap,
        context: &Context,
        payload: &Payload,
        trace: Option<&Trace>,
    ) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        for (name, value) in from {
            if self.forwards(name.as_str()) {
                headers.append(name.clone(), value.clone());
            }
        }
        complete(&mut headers, from, context, payload, trace);
        headers
    }

    /// Returns the headers of a request to another service; its entry has decided some of them.
    pub(super) fn for_service(
        decided: HeaderMap,
        from: &HeaderMap,
        context: &Context,
        payload: &Payload,
        trace: Option<&Trace>,
    ) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        for (name, value) in from {
            let passes = TO_SERVICES.iter().chain(&trace::HEADERS).any(|passes| name == passes);
            if passes && !decided.contains_key(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.extend(decided);
        complete(&mut headers, from, context, payload, trace);
        headers
    }

    /// What a caller has of a deployment's answer.
    pub(super) fn response(
        &self,
        status: StatusCode,
        from: &HeaderMap,
        body: Bytes,
        service: Option<&Operation>,
    ) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        for (name, value) in from {
            let passes = match service {
                None => self.returned.contains(name.as_str()),
                Some(operation) => {
                    RETURNED.contains(&name.as_str()) || operation.returns(name.as_str())
                }
            };
            if passes {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        response
    }
}

/// Adds the headers of every request: those of the body, the id and the trace.
fn complete(
    headers: &mut HeaderMap,
    from: &HeaderMap,
    context: &Context,
    payload: &Payload,
    trace: Option<&Trace>,
) {
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(content_type) = &payload.content_type {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    }
    if let Some(content_encoding) = &payload.content_encoding {
        headers.insert(header::CONTENT_ENCODING, content_encoding.clone());
    }
    // The platform's id connects the deployment's logs with those of the function.
    headers.remove(OPC_REQUEST_ID);
    let id = request_id(from).or_else(|| context.id.as_deref().filter(|id| is_request_id(id)));
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(OPC_REQUEST_ID, id);
    }
    if let Some(trace) = trace {
        trace.write(headers);
    }
}

/// Returns the id that a caller gave its request; None if there is none, or if it must be replaced:
/// it is too long, or has characters that could mislead a log.
pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let mut ids = headers.get_all(OPC_REQUEST_ID).iter();
    match (ids.next().map(HeaderValue::to_str), ids.next()) {
        (Some(Ok(id)), None) => Some(id).filter(|id| is_request_id(id)),
        _ => None,
    }
}

fn is_request_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns the built-in names and the configured ones, or every entry that is refused.
fn extended(
    variable: &'static str,
    built_in: &[&str],
    configured: Option<&str>,
    barred: impl Fn(&str) -> bool,
) -> Result<BTreeSet<String>, Vec<InvalidHeaderName>> {
    let configured = configured.into_iter().flat_map(|list| list.split_terminator(','));
    let (mut names, mut mistakes) = (BTreeSet::new(), Vec::new());
    for (name, entry) in configured.map(str::trim).zip(1..) {
        let mut mistake = |problem| mistakes.push(InvalidHeaderName { variable, entry, problem });
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) if barred(name.as_str()) => mistake("is a header that is never passed on"),
            Ok(name) => drop(names.insert(name.as_str().to_owned())),
            Err(_no_name) => mistake("is not a header name"),
        }
    }
    names.extend(built_in.iter().map(|&name| name.to_owned()));
    if mistakes.is_empty() { Ok(names) } else { Err(mistakes) }
}
