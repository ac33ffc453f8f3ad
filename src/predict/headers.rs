//! Which headers pass. Two lists of names, one in each direction; what is not on them stays where it is.

use std::collections::BTreeSet;

use http::HeaderValue;
use http::header::{self, HeaderMap, HeaderName};

use super::Prediction;
use super::payload::Payload;
use super::trace::{self, Trace};
use crate::fdk::{Call, Error, Reply};

const FORWARDED: [&str; 5] =
    ["accept", "route", "enable-streaming", "opc-request-id", "x-request-id"];
const RETURNED: [&str; 3] = ["content-type", "opc-request-id", "retry-after"];
/// Headers that carry an identity, a signature, the framing or the place of a client, whatever is configured.
const NEVER_FORWARDED: [&str; 21] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "model-deployment",
    "model_deployment",
    "opc-obo-token",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-content-sha256",
    "x-date",
    "x-model-deployment",
    "x-real-ip",
];
const NEVER_FORWARDED_PREFIXES: [&str; 5] =
    ["fn-", "oci-", "proxy-", "x-cross-tenancy-", "x-forwarded-"];
const NEVER_RETURNED: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
];
const NEVER_RETURNED_PREFIXES: [&str; 2] = ["fn-", "proxy-"];
const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");

/// The names that pass towards the deployment and back to the caller.
#[derive(Clone, Debug)]
pub struct HeaderRules {
    forwarded: BTreeSet<String>,
    returned: BTreeSet<String>,
}

/// A configured name that is no header's, or one that must never pass.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{variable} has an entry that {problem}")]
pub struct InvalidHeaderName {
    variable: &'static str,
    problem: &'static str,
}

impl HeaderRules {
    /// The built-in lists with the names of `FORWARD_HEADERS` and `RETURN_HEADERS` (comma-separated) added.
    pub fn new(forward: Option<&str>, returned: Option<&str>) -> Result<Self, InvalidHeaderName> {
        let barred = |name: &str| barred(name, &NEVER_FORWARDED, &NEVER_FORWARDED_PREFIXES);
        let forwarded = extended(
            "FORWARD_HEADERS",
            &[&FORWARDED[..], &trace::HEADERS].concat(),
            forward,
            barred,
        )?;
        let barred = |name: &str| self::barred(name, &NEVER_RETURNED, &NEVER_RETURNED_PREFIXES);
        let returned = extended("RETURN_HEADERS", &RETURNED, returned, barred)?;
        Ok(Self { forwarded, returned })
    }

    /// The headers of a request to the deployment, as far as they come from the call.
    pub(super) fn forwarded(
        &self,
        call: &Call,
        payload: &Payload,
        trace: Option<&Trace>,
    ) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        for (name, value) in call.headers() {
            if self.forwarded.contains(name.as_str()) {
                headers.append(name.clone(), value.clone());
            }
        }
        if let Some(content_type) = &payload.content_type {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        // The platform's id ties the deployment's logs to those of the function.
        let call_id = || call.id().and_then(|id| HeaderValue::from_str(id).ok());
        if let (false, Some(id)) = (headers.contains_key(&OPC_REQUEST_ID), call_id()) {
            headers.insert(OPC_REQUEST_ID, id);
        }
        if let Some(trace) = trace {
            trace.write(&mut headers);
        }
        headers
    }

    /// The reply that a prediction makes.
    pub(super) fn reply(&self, prediction: Prediction) -> Result<Reply, Error> {
        let Prediction { status, headers, body } = prediction;
        let mut reply = Reply::empty().with_body(body).with_status(status)?;
        for (name, value) in &headers {
            if self.returned.contains(name.as_str()) {
                reply = reply.with_header(name.clone(), value.clone())?;
            }
        }
        Ok(reply)
    }
}

fn extended(
    variable: &'static str,
    built_in: &[&str],
    configured: Option<&str>,
    barred: impl Fn(&str) -> bool,
) -> Result<BTreeSet<String>, InvalidHeaderName> {
    let mut names: BTreeSet<String> = built_in.iter().map(|&name| name.to_owned()).collect();
    let configured = configured.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    for name in configured.filter(|name| !name.is_empty()) {
        let problem = |problem| InvalidHeaderName { variable, problem };
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .ok_or(problem("is not the name of a header"))?;
        if barred(parsed.as_str()) {
            return Err(problem("never passes"));
        }
        names.insert(parsed.as_str().to_owned());
    }
    Ok(names)
}

fn barred(name: &str, names: &[&str], prefixes: &[&str]) -> bool {
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}
