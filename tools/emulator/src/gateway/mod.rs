//! The emulated API Gateway: it executes a deployment specification, the very file that is uploaded
//! to OCI.
//!
//! Source: docs/spec/oci-services.md#api-gateway.

mod check;
pub mod document;
mod function;
mod headers;
pub mod signing_key;
pub mod spec;
mod token;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::agent::{Agent, BODY_LIMIT, Dispatch, Intent};
use crate::clock::now;
use crate::http::{self, Reply, Server};
use headers::Context;
use spec::{Authorization, Backend, BodyValidation, Route, Specification, ValidationMode};
use token::Denied;

/// The longest head of a request, in bytes.
const HEAD_LIMIT: usize = 8 * 1024;

/// The functions that routes name, by their OCIDs.
pub type Functions = BTreeMap<String, Arc<Agent>>;

/// One request that was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When its head was there.
    pub received: SystemTime,
    /// From then until its answer was ready.
    pub took: Duration,
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The claims of its token, if one was needed and is valid; otherwise null.
    pub claims: Value,
    /// When a function had it, if one ever did.
    pub dispatch: Option<Dispatch>,
    /// The status of its answer.
    pub status: u16,
}

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
    exchanges: Option<UnboundedSender<Exchange>>,
}

impl Gateway {
    /// Starts on `port` of 127.0.0.1 (0: a free one) with a deployment under `path_prefix`.
    pub async fn start(
        port: u16,
        path_prefix: &str,
        specification: Specification,
        functions: Functions,
    ) -> io::Result<Self> {
        Self::start_told(port, path_prefix, specification, functions, None).await
    }

    /// The same; what it answers is told to `exchanges`, just before the client gets it.
    pub async fn start_told(
        port: u16,
        path_prefix: &str,
        specification: Specification,
        functions: Functions,
        exchanges: Option<UnboundedSender<Exchange>>,
    ) -> io::Result<Self> {
        let deployment = Arc::new(Deployment {
            path_prefix: path_prefix.to_owned(),
            specification,
            functions,
            recent: Mutex::default(),
            requests: AtomicU64::default(),
            exchanges,
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
        let mut exchange = Exchange::begin(&request);
        let begin = Instant::now();
        let (head, mut body) = request.into_parts();
        let reply = self.route(&head, &mut body, &mut exchange).await;
        let mut reply = reply.unwrap_or_else(Refusal::reply);
        (exchange.took, exchange.status) = (begin.elapsed(), reply.status().as_u16());
        http::drain(&mut body).await;
        if let Some(id) = id {
            reply.headers_mut().entry("opc-request-id").or_insert(id);
        }
        if let Some(exchanges) = &self.exchanges {
            // Nobody may be there to be told.
            drop(exchanges.send(exchange));
        }
        reply
    }

    /// Takes a request through the policies of its route; an error is the answer to a request that
    /// did not pass.
    async fn route(
        &self,
        head: &Parts,
        body: &mut Incoming,
        exchange: &mut Exchange,
    ) -> Result<Reply, Refusal> {
        let size: usize =
            head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size + head.uri.to_string().len() > HEAD_LIMIT {
            return Err(Refusal(431, "Request Header Fields Too Large"));
        }
        let (route, path) = self.find(head.uri.path(), &head.method)?;
        exchange.claims = self.admit(route, &head.headers).await?;
        self.count()?;
        let Some(body) = http::body(body, BODY_LIMIT).await else {
            return Err(Refusal(413, "Payload Too Large"));
        };
        if let Some(validation) = &route.request_policies.body_validation {
            check_body(validation, &head.headers, &body)?;
        }
        let query = head.uri.query().unwrap_or_default();
        let context =
            Context { path: &path, query, headers: &head.headers, claims: &exchange.claims };
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
                let answer = function::call(agent, intent, &headers, body).await;
                exchange.dispatch.clone_from(&answer.dispatch);
                Ok(function::reply(answer))
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
                token::authenticate(policy, headers, now(), http::get)
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
}

impl Exchange {
    /// What is known of a request before it is answered.
    fn begin(request: &Request<Incoming>) -> Self {
        Self {
            received: now(),
            took: Duration::ZERO,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            claims: Value::Null,
            dispatch: None,
            status: 0,
        }
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
