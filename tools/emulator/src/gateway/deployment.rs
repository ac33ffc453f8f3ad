//! A deployment: what becomes of a request by its specification.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::body::{AnswerBody, Content};
use super::context::Context;
use super::exchange::{Exchange, Ongoing, Relayed};
use super::http_backend::{self, Asked, Fault};
use super::path::parameters;
use super::spec::{
    self, Authorization, Backend, BodyValidation, Route, Specification, ValidationMode,
};
use super::token::{self, Denied};
use super::trust::Trust;
use super::{function, headers};
use crate::agent::{Agent, BODY_LIMIT, Intent};
use crate::clock::now;
use crate::http;

/// The longest head of a request, in bytes.
const HEAD_LIMIT: usize = 8 * 1024;

/// The functions that routes name, by their OCIDs.
pub type Functions = BTreeMap<String, Arc<Agent>>;

/// A specification, and what it needs to be executed.
#[derive(Debug)]
pub(crate) struct Deployment {
    path_prefix: String,
    specification: Specification,
    functions: Functions,
    trust: Trust,
    recent: Mutex<Vec<Instant>>,
    requests: AtomicU64,
    exchanges: Option<UnboundedSender<Exchange>>,
}

impl Deployment {
    pub(crate) fn new(
        path_prefix: &str,
        specification: Specification,
        functions: Functions,
        authorities: &[String],
        exchanges: Option<UnboundedSender<Exchange>>,
    ) -> io::Result<Self> {
        Ok(Self {
            path_prefix: path_prefix.to_owned(),
            specification,
            functions,
            trust: Trust::new(authorities)?,
            recent: Mutex::default(),
            requests: AtomicU64::default(),
            exchanges,
        })
    }

    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Response<AnswerBody> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = request.headers().get("opc-request-id").cloned();
        let id = id.or_else(|| HeaderValue::from_str(&format!("/GATEWAY{number:024}/")).ok());
        let mut ongoing = Ongoing::begin(&request, self.exchanges.clone());
        let (head, mut body) = request.into_parts();
        let reply = self.route(&head, &mut body, &mut ongoing.exchange).await;
        let mut reply = reply.unwrap_or_else(|refusal| refusal.reply().map(Content::from));
        ongoing.answered(reply.status().as_u16());
        http::drain(&mut body).await;
        if let Some(id) = id {
            reply.headers_mut().entry("opc-request-id").or_insert(id);
        }
        reply.map(|content| AnswerBody::new(content, ongoing))
    }

    /// Takes a request through the policies of its route; an error is the answer to a request that
    /// did not pass.
    async fn route(
        &self,
        head: &Parts,
        body: &mut Incoming,
        exchange: &mut Exchange,
    ) -> Result<Response<Content>, Refusal> {
        let size: usize =
            head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size + head.uri.to_string().len() > HEAD_LIMIT {
            return Err(Refusal(431, "Request Header Fields Too Large"));
        }
        let (route, path) = self.find(head.uri.path(), &head.method)?;
        exchange.claims = self.admit(route, &head.headers).await?;
        self.count()?;
        let limit = match route.backend {
            Backend::Http(_) => http_backend::BODY_LIMIT,
            Backend::Stock { .. } | Backend::Function { .. } => BODY_LIMIT,
        };
        let Some(body) = http::body(body, limit).await else {
            return Err(Refusal(413, "Payload Too Large"));
        };
        if let Some(validation) = &route.request_policies.body_validation {
            check_body(validation, &head.headers, &body)?;
        }
        let query = head.uri.query().unwrap_or_default();
        let claims = exchange.claims.clone();
        let context = Context { path: &path, query, headers: &head.headers, claims: &claims };
        let headers = headers::of_request(&route.request_policies.header_transformations, &context);
        let mut reply = match &route.backend {
            Backend::Stock { status, body, headers } => stock(*status, body, headers)?,
            Backend::Function { function_id } => {
                let agent =
                    self.functions.get(function_id).ok_or(Refusal(500, "Internal Server Error"))?;
                let url = head.uri.path_and_query().map_or("/", |url| url.as_str());
                let intent =
                    Intent::Gateway { method: head.method.to_string(), url: url.to_owned() };
                let answer = function::call(agent, intent, &headers, body).await;
                exchange.dispatch.clone_from(&answer.dispatch);
                function::reply(answer).map(Content::from)
            }
            Backend::Http(backend) => {
                let asked = Asked { method: &head.method, headers, body };
                let from = Instant::now();
                let answer = http_backend::ask(backend, asked, &context, &self.trust).await?;
                exchange.relayed = Some(Relayed::begin(from));
                answer.map(|relay| Content::Relayed(Box::new(relay)))
            }
        };
        let rules = &route.response_policies.header_transformations;
        let headers = std::mem::take(reply.headers_mut());
        *reply.headers_mut() = headers::of_answer(rules, &context, headers);
        Ok(reply)
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

/// A request that does not pass: the status and what it is called.
struct Refusal(u16, &'static str);

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Url => Self(500, "Internal Server Error"),
            Fault::Unreachable => Self(502, "Bad Gateway"),
            Fault::Late => Self(504, "Gateway Timeout"),
        }
    }
}

impl Refusal {
    fn reply(self) -> http::Reply {
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

fn stock(
    status: u16,
    body: &str,
    headers: &[spec::StockHeader],
) -> Result<Response<Content>, Refusal> {
    let builder = headers.iter().fold(Response::builder().status(status), |builder, header| {
        builder.header(&header.name, &header.value)
    });
    builder
        .body(Content::Whole(Full::from(body.to_owned())))
        .map_err(|_invalid| Refusal(500, "Internal Server Error"))
}
