//! Which headers pass. Two lists of names, one in each direction; what is not on them stays where it is.
//!
//! Source: docs/spec/oci-services.md#item-11.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Response};

use super::forward::Prediction;
use super::payload::Payload;
use super::trace::{self, Trace};
use fn_fdk::Context;

const FORWARDED: [&str; 4] = ["accept", "route", "enable-streaming", "x-request-id"];
const RETURNED: [&str; 4] = ["content-encoding", "content-type", "opc-request-id", "retry-after"];
/// Headers that carry a target, an identity, a signature, the framing or the place of a client, whatever is configured.
const NEVER_FORWARDED: [&str; 41] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "model-deployment",
    "model_deployment",
    "opc-obo-token",
    "opc-principal",
    "referer",
    "remote-user",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-api-key",
    "x-client-ip",
    "x-content-sha256",
    "x-date",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-model-deployment",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];
const NEVER_FORWARDED_PREFIXES: [&str; 8] = [
    "fn-",
    "oci-",
    "opc-principal",
    "proxy-",
    "x-amz-",
    "x-cross-tenancy-",
    "x-forwarded",
    "x-remote-",
];
/// Headers that set what a browser keeps, lead it elsewhere, or frame an answer.
const NEVER_RETURNED: [&str; 18] = [
    "alt-svc",
    "authorization",
    "clear-site-data",
    "connection",
    "content-length",
    "content-location",
    "keep-alive",
    "location",
    "refresh",
    "server",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];
const NEVER_RETURNED_PREFIXES: [&str; 2] = ["fn-", "proxy-"];
/// The longest id of a request that is taken from a caller, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 64;
const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");

/// The names that pass towards the deployment and back to the caller.
#[derive(Clone, Debug)]
pub struct HeaderRules {
    forwarded: BTreeSet<String>,
    returned: BTreeSet<String>,
}

/// A configured name that is no header's, or one that must never pass.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{variable}: entry {entry} {problem}")]
pub struct InvalidHeaderName {
    variable: &'static str,
    entry: usize,
    problem: &'static str,
}

impl HeaderRules {
    /// The built-in lists with the names of `FORWARD_HEADERS` and `RETURN_HEADERS` (comma-separated) added; or what is wrong
    /// with each of the two.
    pub fn new(
        forward: Option<&str>,
        returned: Option<&str>,
    ) -> Result<Self, Vec<InvalidHeaderName>> {
        let barred = |name: &str| barred(name, &NEVER_FORWARDED, &NEVER_FORWARDED_PREFIXES);
        let forwarded = extended(
            "FORWARD_HEADERS",
            &[&FORWARDED[..], &trace::HEADERS].concat(),
            forward,
            barred,
        );
        let barred = |name: &str| self::barred(name, &NEVER_RETURNED, &NEVER_RETURNED_PREFIXES);
        let returned = extended("RETURN_HEADERS", &RETURNED, returned, barred);
        match (forwarded, returned) {
            (Ok(forwarded), Ok(returned)) => Ok(Self { forwarded, returned }),
            (forwarded, returned) => {
                Err([forwarded.err(), returned.err()].into_iter().flatten().flatten().collect())
            }
        }
    }

    /// The headers of a request to the deployment, as far as they come from the call.
    pub(super) fn forwarded(
        &self,
        from: &HeaderMap,
        context: &Context,
        payload: &Payload,
        trace: Option<&Trace>,
    ) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        for (name, value) in from {
            if self.forwarded.contains(name.as_str()) {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(content_type) = &payload.content_type {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        if let Some(content_encoding) = &payload.content_encoding {
            headers.insert(header::CONTENT_ENCODING, content_encoding.clone());
        }
        // The platform's id ties the deployment's logs to those of the function.
        headers.remove(OPC_REQUEST_ID);
        let id = request_id(from).or_else(|| context.id.as_deref().filter(|id| is_request_id(id)));
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(OPC_REQUEST_ID, id);
        }
        if let Some(trace) = trace {
            trace.write(&mut headers);
        }
        headers
    }

    /// What a caller has of a prediction.
    pub(super) fn response(&self, prediction: Prediction) -> Response<Bytes> {
        let Prediction { status, headers, body } = prediction;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        for (name, value) in &headers {
            if self.returned.contains(name.as_str()) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        response
    }
}

/// The id that a caller gave its request; None if there is none, or one that is replaced: no text of
/// a stranger's that is long, or that another log could read as more than an id.
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

/// The built-in names and the configured ones, or every entry that is not taken.
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
            Ok(name) if barred(name.as_str()) => mistake("is a header that never passes"),
            Ok(name) => drop(names.insert(name.as_str().to_owned())),
            Err(_no_name) => mistake("is not the name of a header"),
        }
    }
    names.extend(built_in.iter().map(|&name| name.to_owned()));
    if mistakes.is_empty() { Ok(names) } else { Err(mistakes) }
}

fn barred(name: &str, names: &[&str], prefixes: &[&str]) -> bool {
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}
