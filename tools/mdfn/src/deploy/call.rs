//! The requests of a deployment, each in one place: what is shown is what is sent.
//!
//! Source: docs/spec/oci-services.md#functions-api.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use oracle_cloud_client::{RequestBuilder, RequestOptions, Service};
use serde_json::Value;

use super::code::Packed;

/// The version of the API, which is the first part of every path.
const VERSION: &str = "20260325";
/// How often a request is sent at most.
const ATTEMPTS: u32 = 4;
/// How long an upload may take, and all attempts at it.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);
const UPLOADS_TIMEOUT: Duration = Duration::from_secs(900);

/// What a request carries.
#[derive(Clone)]
pub(super) enum Payload {
    None,
    Json(Value),
    Bytes(Bytes),
}

/// One request.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) if_match: Option<String>,
    pub(super) payload: Payload,
}

impl Call {
    pub(super) fn applications(compartment: &str, name: &str) -> Self {
        let query =
            vec![("compartmentId", compartment.to_owned()), ("displayName", name.to_owned())];
        Self { query, ..Self::get(&["applications"]) }
    }

    pub(super) fn application(id: &str) -> Self {
        Self::get(&["applications", id])
    }

    pub(super) fn functions(application: &str, name: &str) -> Self {
        let query =
            vec![("applicationId", application.to_owned()), ("displayName", name.to_owned())];
        Self { query, ..Self::get(&["functions"]) }
    }

    pub(super) fn function(id: &str) -> Self {
        Self::get(&["functions", id])
    }

    pub(super) fn runtimes() -> Self {
        Self {
            query: vec![("lifecycleState", "ACTIVE".to_owned())],
            ..Self::get(&["functionsRuntimes"])
        }
    }

    pub(super) fn work_request(id: &str) -> Self {
        Self::get(&["workRequests", id])
    }

    pub(super) fn work_errors(id: &str) -> Self {
        Self::get(&["workRequests", id, "errors"])
    }

    pub(super) fn create(body: Value) -> Self {
        Self { method: Method::POST, payload: Payload::Json(body), ..Self::get(&["functions"]) }
    }

    /// Changes the function, unless somebody else changed it since it was `etag`.
    pub(super) fn update(id: &str, etag: &str, body: Value) -> Self {
        let if_match = Some(etag.to_owned());
        let payload = Payload::Json(body);
        Self { method: Method::PUT, if_match, payload, ..Self::function(id) }
    }

    /// Of Object Storage: in which namespace buckets are.
    pub(super) fn namespace() -> Self {
        Self { path: vec!["n".to_owned(), String::new()], ..Self::get(&[]) }
    }

    /// Of Object Storage: the upload of an archive.
    pub(super) fn upload(namespace: &str, bucket: &str, packed: &Packed) -> Self {
        let path = ["n", namespace, "b", bucket, "o", &packed.object()].map(str::to_owned);
        let payload = Payload::Bytes(packed.bytes.clone());
        Self { method: Method::PUT, path: path.to_vec(), payload, ..Self::get(&[]) }
    }

    fn get(path: &[&str]) -> Self {
        let path = [VERSION].iter().chain(path).map(|part| (*part).to_owned()).collect();
        let query = Vec::new();
        Self { method: Method::GET, path, query, if_match: None, payload: Payload::None }
    }

    /// Returns the request to `service`. A create is sent again only where it was not carried out:
    /// the operation knows no token for retries.
    pub(super) fn request(&self, service: &Service) -> RequestBuilder {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mut request = match path.as_slice() {
            // The one path that ends with a slash, which no segment can be.
            ["n", ""] => service.request(self.method.clone(), "/n/"),
            path => service.request(self.method.clone(), path),
        };
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        if let Some(etag) = &self.if_match {
            request = request.header("if-match", etag.as_str());
        }
        let options = RequestOptions::default().attempts(ATTEMPTS);
        let patient = || options.clone().timeout(UPLOADS_TIMEOUT).attempt_timeout(UPLOAD_TIMEOUT);
        match &self.payload {
            Payload::None => request.options(options),
            Payload::Json(body) => request.json(body).options(patient()),
            Payload::Bytes(bytes) => {
                let binary = request.header("content-type", "application/octet-stream");
                binary.body(bytes.clone()).options(patient())
            }
        }
    }
}
