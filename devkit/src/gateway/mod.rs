//! The emulated API Gateway: it executes a deployment specification, the very file that is uploaded to OCI.
//!
//! Source: OCI API Gateway documentation; Fn container contract, gateway mode.

mod check;
mod headers;
pub mod spec;
mod token;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use crate::agent::{Agent, BODY_LIMIT, Intent, Invocation};
use crate::clock::now;
use crate::http::{self, Reply, Server};
use headers::Context;
use spec::{Authorization, Backend, BodyValidation, Route, Specification, ValidationMode};
use token::Denied;

/// The longest head of a request, in bytes.
const HEAD_LIMIT: usize = 8 * 1024;

/// The functions that routes name, by their OCIDs.
pub type Functions = BTreeMap<String, Arc<Agent>>;

/// A running gateway with one deployment.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
}

#[derive(Debug)]
struct Deployment {
    path_prefix: String,
    specification: Specification,
    functions: Functions,
    recent: Mutex<Vec<Instant>>,
    requests: AtomicU64,
}

impl Gateway {
    /// Starts on `port` of 127.0.0.1 (0: a free one) with a deployment under `path_prefix`.
    pub async fn start(
        port: u16,
        path_prefix: &str,
        specification: Specification,
        functions: Functions,
    ) -> io::Result<Self> {
        let deployment = Arc::new(Deployment {
            path_prefix: path_prefix.to_owned(),
            specification,
            functions,
            recent: Mutex::default(),
            requests: AtomicU64::default(),
        });
        let server = Server::start(port, move |request| deployment.clone().answer(request)).await?;
        Ok(Self { server })
    }

    /// The base URL, without the deployment's prefix.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }
}

impl Deployment {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = request.headers().get("opc-request-id").cloned();
        let id = id.or_else(|| HeaderValue::from_str(&format!("/GATEWAY{number:024}/")).ok());
        let mut reply = self.route(request).await.unwrap_or_else(Refusal::reply);
        if let Some(id) = id {
            reply.headers_mut().entry("opc-request-id").or_insert(id);
        }
        reply
    }

    /// Takes a request through the policies of its route; an error is the answer to a request that did not pass.
    async fn route(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let (head, body) = request.into_parts();
        let size: usize =
            head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size + head.uri.to_string().len() > HEAD_LIMIT {
            return Err(Refusal(431, "Request Header Fields Too Large"));
        }
        let (route, path) = self.find(head.uri.path(), &head.method)?;
        let claims = self.admit(route, &head.headers).await?;
        self.count()?;
        let Some(body) = http::body(body, BODY_LIMIT).await else {
            return Err(Refusal(413, "Payload Too Large"));
        };
        if let Some(validation) = &route.request_policies.body_validation {
            check_body(validation, &head.headers, &body)?;
        }
        let query = head.uri.query().unwrap_or_default();
        let context = Context { path: &path, query, headers: &head.headers, claims: &claims };
        let headers =
            headers::transformed(&route.request_policies.header_transformations, &context);
        match &route.backend {
            Backend::Stock { status, body, headers } => stock(*status, body, headers),
            Backend::Function { function_id } => {
                let agent =
                    self.functions.get(function_id).ok_or(Refusal(500, "Internal Server Error"))?;
                let url = head.uri.path_and_query().map_or("/", |url| url.as_str());
                let intent =
                    Intent::Gateway { method: head.method.to_string(), url: url.to_owned() };
                Ok(self.call(agent, intent, &headers, body).await)
            }
        }
    }

    /// The first route that fits, and what its path parameters stand for.
    fn find(
        &self,
        path: &str,
        method: &Method,
    ) -> Result<(&Route, BTreeMap<String, String>), Refusal> {
        let rest = path.strip_prefix(&self.path_prefix).ok_or(Refusal(404, "Not Found"))?;
        let fitting = self
            .specification
            .routes
            .iter()
            .filter_map(|route| Some((route, parameters(&route.path, rest)?)));
        let fitting: Vec<_> = fitting.collect();
        if fitting.is_empty() {
            return Err(Refusal(404, "Not Found"));
        }
        let allows = |route: &Route| {
            route.methods.iter().any(|name| name == "ANY" || name == method.as_str())
        };
        fitting
            .into_iter()
            .find(|(route, _)| allows(route))
            .ok_or(Refusal(405, "Method Not Allowed"))
    }

    /// The claims of a caller who may pass; null where none are needed.
    async fn admit(&self, route: &Route, headers: &HeaderMap) -> Result<Value, Refusal> {
        let authorization = &route.request_policies.authorization;
        let admitted = match (&self.specification.request_policies.authentication, authorization) {
            (None, _) | (_, Authorization::Anonymous) => Ok(Value::Null),
            (Some(policy), Authorization::AnyOf { .. } | Authorization::AuthenticationOnly) => {
                token::authenticate(policy, headers, now())
                    .await
                    .and_then(|claims| token::authorize(authorization, &claims).map(|()| claims))
            }
        };
        admitted.map_err(|denied| match denied {
            Denied::Unauthenticated(_) => Refusal(401, "Unauthorized"),
            Denied::Forbidden => Refusal(403, "Forbidden"),
            Denied::NoKeys => Refusal(500, "Internal Server Error"),
        })
    }

    /// Counts a call against the rate limit.
    fn count(&self) -> Result<(), Refusal> {
        let Some(limit) = &self.specification.request_policies.rate_limiting else {
            return Ok(());
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|call| call.elapsed() < Duration::from_secs(1));
        if recent.len() >= usize::try_from(limit.rate_in_requests_per_second).unwrap_or(usize::MAX)
        {
            return Err(Refusal(429, "Too Many Requests"));
        }
        recent.push(Instant::now());
        Ok(())
    }

    async fn call(&self, agent: &Agent, intent: Intent, headers: &HeaderMap, body: Bytes) -> Reply {
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let own = [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
        ];
        let client = headers
            .iter()
            .filter(|(name, _)| *name != CONTENT_TYPE && own.iter().all(|(own, _)| name != own));
        let client = client.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        let answer = agent
            .call(Invocation { intent, content_type, headers: client.chain(own).collect(), body })
            .await;
        let mut reply = Response::new(Full::from(answer.body));
        *reply.status_mut() = answer.status.try_into().unwrap_or(hyper::StatusCode::BAD_GATEWAY);
        for (name, value) in &answer.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
            {
                reply.headers_mut().append(name, value);
            }
        }
        reply.headers_mut().remove("content-length");
        reply
    }
}

/// A request that does not pass: the status and what it is called.
struct Refusal(u16, &'static str);

impl Refusal {
    fn reply(self) -> Reply {
        http::reply(self.0, &json!({ "code": self.0, "message": self.1 }))
    }
}

fn check_body(
    validation: &BodyValidation,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), Refusal> {
    if validation.validation_mode != ValidationMode::Enforcing {
        return Ok(());
    }
    if validation.required && body.is_empty() {
        return Err(Refusal(400, "Bad Request"));
    }
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let accepted = validation.content.is_empty()
        || validation.content.keys().any(|accepted| accepted.eq_ignore_ascii_case(media_type));
    if accepted || body.is_empty() { Ok(()) } else { Err(Refusal(415, "Unsupported Media Type")) }
}

fn stock(status: u16, body: &str, headers: &[spec::StockHeader]) -> Result<Reply, Refusal> {
    let builder = headers.iter().fold(Response::builder().status(status), |builder, header| {
        builder.header(&header.name, &header.value)
    });
    builder
        .body(Full::from(body.to_owned()))
        .map_err(|_invalid| Refusal(500, "Internal Server Error"))
}

/// What the parameters of a route's path stand for in `path`; None if it does not fit.
fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix('*')) {
            found.insert(name.to_owned(), segments.collect::<Vec<_>>().join("/"));
            return Some(found);
        }
        let segment = segments.next()?;
        match name {
            Some(name) if !segment.is_empty() => {
                drop(found.insert(name.to_owned(), segment.to_owned()));
            }
            None if part == segment => {}
            Some(_) | None => return None,
        }
    }
    segments.next().is_none().then_some(found)
}
