//! The requests of a probe, each in one place: what is shown is what is sent.
//!
//! Source: docs/spec/oci-services.md#functions-api.

use std::time::Duration;

use http::Method;
use oracle_cloud_client::{RequestBuilder, RequestOptions, Service};
use serde_json::{Value, json};

/// The version of the API, which is the first part of every path.
const VERSION: &str = "20260325";
const GATEWAY_VERSION: &str = "20190501";
const STREAMING_VERSION: &str = "20180418";
/// How many messages are read at a time.
const MESSAGES: &str = "10";
/// How often a question is sent at most. What makes or calls something is sent once: a second
/// sending would be another answer.
const ATTEMPTS: u32 = 4;
/// How long a request may take, with its archive.
const TIMEOUT: Duration = Duration::from_secs(180);
/// The largest page that the service gives.
const PAGE: &str = "50";

/// One request.
pub(super) struct Call {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    is_detached: bool,
}

impl Call {
    pub(super) fn applications(compartment: &str, name: &str) -> Self {
        let query = vec![("compartmentId", compartment), ("displayName", name)];
        Self::get(&["applications"]).with(&query)
    }

    pub(super) fn application(id: &str) -> Self {
        Self::get(&["applications", id])
    }

    /// Returns a page of the runtimes; the first one, unless another is named.
    pub(super) fn runtimes(page: Option<&str>) -> Self {
        let mut query = vec![("lifecycleState", "ACTIVE"), ("limit", PAGE)];
        query.extend(page.map(|page| ("page", page)));
        Self::get(&["functionsRuntimes"]).with(&query)
    }

    pub(super) fn functions(application: &str, name: &str) -> Self {
        Self::get(&["functions"]).with(&[("applicationId", application), ("displayName", name)])
    }

    pub(super) fn function(id: &str) -> Self {
        Self::get(&["functions", id])
    }

    pub(super) fn work_errors(id: &str) -> Self {
        Self::get(&["workRequests", id, "errors"])
    }

    pub(super) fn create(body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(&["functions"]) }
    }

    pub(super) fn delete(id: &str) -> Self {
        Self { method: Method::DELETE, ..Self::function(id) }
    }

    /// Of the address that calls functions.
    pub(super) fn invoke(id: &str, body: Value) -> Self {
        let path = ["functions", id, "actions", "invoke"];
        Self { method: Method::POST, body: Some(body), ..Self::get(&path) }
    }

    /// The same, whose result is not waited for.
    pub(super) fn invoke_detached(id: &str, body: Value) -> Self {
        Self { is_detached: true, ..Self::invoke(id, body) }
    }

    /// Of Streaming: a stream.
    pub(super) fn stream(id: &str) -> Self {
        Self::of(STREAMING_VERSION, &["streams", id])
    }

    /// Of Streaming: where a partition ends now.
    pub(super) fn cursor(stream: &str, partition: u32) -> Self {
        let body = json!({ "partition": partition.to_string(), "type": "LATEST" });
        let path = Self::of(STREAMING_VERSION, &["streams", stream, "cursors"]);
        Self { method: Method::POST, body: Some(body), ..path }
    }

    /// Of Streaming: what came behind a cursor.
    pub(super) fn messages(stream: &str, cursor: &str) -> Self {
        let path = Self::of(STREAMING_VERSION, &["streams", stream, "messages"]);
        path.with(&[("cursor", cursor), ("limit", MESSAGES)])
    }

    /// Of API Gateway: a gateway.
    pub(super) fn gateway(id: &str) -> Self {
        Self::of(GATEWAY_VERSION, &["gateways", id])
    }

    /// Of API Gateway: the deployments of this name.
    pub(super) fn deployments(compartment: &str, name: &str) -> Self {
        let path = Self::of(GATEWAY_VERSION, &["deployments"]);
        path.with(&[("compartmentId", compartment), ("displayName", name)])
    }

    /// Of API Gateway: a deployment.
    pub(super) fn deployment(id: &str) -> Self {
        Self::of(GATEWAY_VERSION, &["deployments", id])
    }

    pub(super) fn deploy(body: Value) -> Self {
        let path = Self::of(GATEWAY_VERSION, &["deployments"]);
        Self { method: Method::POST, body: Some(body), ..path }
    }

    pub(super) fn undeploy(id: &str) -> Self {
        Self { method: Method::DELETE, ..Self::deployment(id) }
    }

    fn get(path: &[&str]) -> Self {
        Self::of(VERSION, path)
    }

    fn of(version: &str, path: &[&str]) -> Self {
        let path = [version].iter().chain(path).map(|part| (*part).to_owned()).collect();
        Self { method: Method::GET, path, query: Vec::new(), body: None, is_detached: false }
    }

    fn with(self, query: &[(&'static str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { query, ..self }
    }

    pub(super) fn request(&self, service: &Service) -> RequestBuilder {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mut request = service.request(self.method.clone(), path.as_slice());
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        let is_once = self.method == Method::POST;
        let attempts = if is_once { 1 } else { ATTEMPTS };
        let options = RequestOptions::default().attempts(attempts);
        let options = options.timeout(TIMEOUT).attempt_timeout(TIMEOUT);
        let request =
            if self.is_detached { request.header("fn-invoke-type", "detached") } else { request };
        let request = match &self.body {
            Some(body) => request.json(body),
            None => request,
        };
        request.options(options)
    }

    /// Method and path, for a person.
    pub(super) fn line(&self) -> String {
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        format!("{} /{}{query}", self.method, self.path.join("/"))
    }
}
