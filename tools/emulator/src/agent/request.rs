//! One call as the agent puts it on the socket.

use std::time::SystemTime;

use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue,
    TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{HeaderMap, Method, Request, Uri};

use super::body::Pieces;
use super::headers::{HTTP_HEADER, canonical, is_hop_by_hop};
use super::ids;
use crate::clock;

/// What a direct caller cannot hand to the function: the framing of its own connection, and what
/// the agent says.
const NOT_OF_A_CLIENT: [&str; 4] = ["Host", "Content-Length", "Fn-Call-Id", "Fn-Deadline"];

/// The header by which the platform names the trace of a call.
pub(super) const TRACE_ID: &str = "X-B3-Traceid";

/// What a caller wants of the function.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Invocation {
    /// Who calls: decides in which form the headers reach the function.
    pub intent: Intent,
    /// The content type of the body. If there is one, `headers` adds no other.
    pub content_type: Option<String>,
    /// The client's own headers, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What the platform says beside its own headers, as it is in either form: those of a trace,
    /// for one.
    pub platform: Vec<(String, Vec<u8>)>,
    /// The body, up to 6 MiB.
    pub body: Bytes,
}

/// Who calls the function.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Intent {
    /// The invoke endpoint: headers go as they are.
    #[default]
    Direct,
    /// A gateway that has an HTTP request to be answered: headers go with the prefix `Fn-Http-H-`.
    Gateway {
        /// The method of the client's request.
        method: String,
        /// Its address: path and query, or an absolute URL.
        url: String,
    },
}

impl Invocation {
    /// Returns a direct call with a JSON body.
    pub fn json(body: impl Into<Bytes>) -> Self {
        let content_type = Some("application/json".into());
        Self { content_type, body: body.into(), ..Self::default() }
    }

    /// The same call, through a gateway.
    #[must_use]
    pub fn through_gateway(mut self, method: impl Into<String>, url: impl Into<String>) -> Self {
        self.intent = Intent::Gateway { method: method.into(), url: url.into() };
        self
    }

    /// The same call with one more header of the client.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Returns the request for the socket; `Err` names a header that HTTP cannot carry.
    ///
    /// Framing comes first, then all other headers by name. A body is always chunked, as the
    /// platform streams what it gets. Source: docs/spec/fn-container-contract.md#request-shape.
    pub(super) fn request(&self, call: &Call) -> Result<Request<Pieces>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("localhost"));
        headers.insert(USER_AGENT, HeaderValue::from_static("Go-http-client/1.1"));
        if self.body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        } else {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let (agents, others): (Vec<_>, Vec<_>) =
            self.sorted_headers(call).into_iter().partition(|(name, _)| name == "User-Agent");
        // The first of the caller's takes the place of the agent's own; an empty one leaves none.
        if let Some((name, value)) = agents.first() {
            headers.insert(USER_AGENT, header_value(name, value)?);
        }
        if headers.get(USER_AGENT).is_some_and(HeaderValue::is_empty) {
            headers.remove(USER_AGENT);
        }
        for (name, value) in others {
            headers.append(header_name(&name)?, header_value(&name, &value)?);
        }
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));

        let mut request = Request::new(Pieces::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/call");
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Returns all headers but those of the connection, by name; those of one name in their order.
    fn sorted_headers(&self, call: &Call) -> Vec<(String, Vec<u8>)> {
        let mut headers = match &self.intent {
            Intent::Direct => self.direct_headers(),
            Intent::Gateway { method, url } => self.gateway_headers(method, url),
        };
        for (name, value) in &self.platform {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((canonical(name), value.clone()));
        }
        headers.push(own("Fn-Call-Id", &call.id));
        headers.push(own("Fn-Deadline", &clock::rfc3339(call.deadline)));
        if !headers.iter().any(|(name, _)| name == "Opc-Request-Id") {
            headers.push(own("Opc-Request-Id", &ids::request_id()));
        }
        if let Some(id) = &call.span
            && !headers.iter().any(|(name, _)| name == TRACE_ID)
        {
            // On the first span of a trace the two are one.
            headers.extend([own(TRACE_ID, id), own("X-B3-Spanid", id)]);
        }
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        headers
    }

    /// Returns a direct caller's headers as they are: it may forge all but what the agent itself
    /// says.
    fn direct_headers(&self) -> Vec<(String, Vec<u8>)> {
        let headers = self.client_headers().filter(|(name, value)| {
            let agents = NOT_OF_A_CLIENT.iter().any(|other| name.eq_ignore_ascii_case(other));
            !agents && !is_hop_by_hop(name, value)
        });
        headers.map(|(name, value)| (canonical(name), value.to_vec())).collect()
    }

    /// Returns a client's headers with the prefix, and its content type also as that of the call.
    fn gateway_headers(&self, method: &str, url: &str) -> Vec<(String, Vec<u8>)> {
        let mut headers = vec![
            own("Fn-Intent", "httprequest"),
            own("Fn-Http-Method", method),
            own("Fn-Http-Request-Url", url),
        ];
        if let Some(length) = self.announced_length() {
            headers.push(own("Fn-Http-H-Content-Length", &length.to_string()));
        }
        for (name, value) in
            self.client_headers().filter(|(name, value)| !is_hop_by_hop(name, value))
        {
            headers.push((canonical(&format!("{HTTP_HEADER}{name}")), value.to_vec()));
            if is_content_type(name) {
                headers.push((canonical(name), value.to_vec()));
            }
        }
        headers
    }

    /// Returns the length that a client announces of its own accord: that of a body which it does
    /// not send in chunks.
    fn announced_length(&self) -> Option<usize> {
        let says = |name: HeaderName| {
            self.headers.iter().any(|(other, _)| name.as_str().eq_ignore_ascii_case(other))
        };
        let silent = self.body.is_empty() || says(TRANSFER_ENCODING) || says(CONTENT_LENGTH);
        (!silent).then_some(self.body.len())
    }

    fn client_headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let content_type = self.content_type.as_deref();
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let headers =
            headers.filter(move |(name, _)| content_type.is_none() || !is_content_type(name));
        content_type.map(|text| (CONTENT_TYPE.as_str(), text.as_bytes())).into_iter().chain(headers)
    }
}

/// What the agent itself says about a call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) deadline: SystemTime,
    /// The platform's own span, with tracing on.
    pub(super) span: Option<String>,
}

fn own(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

fn is_content_type(name: &str) -> bool {
    CONTENT_TYPE.as_str().eq_ignore_ascii_case(name)
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|error| format!("header name `{name}`: {error}"))
}

fn header_value(name: &str, value: &[u8]) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(value.trim_ascii()).map_err(|error| format!("header `{name}`: {error}"))
}
