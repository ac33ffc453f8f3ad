//! Liveness and readiness of this function: for a route that a load balancer or a person calls.
//!
//! Source: docs/spec/oci-services.md#functions.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::error::Error;
use super::forward::Forwarder;
use super::message::json_response;
use super::target;
use super::target::Targets;
use fn_fdk::{Intent, error_chain};
use oracle_cloud_client::{Principal, timestamp};

/// A question about the function itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Probe {
    /// `/healthz`: 200 while the process runs.
    Alive,
    /// `/readyz`: 200 while its credentials are valid.
    Ready,
}

impl Probe {
    /// Returns the probe that a call is: through a gateway, and without a target, so that a
    /// deployment may have such a path of its own.
    pub(super) fn of(request: &Request<Bytes>, intent: Intent) -> Option<Self> {
        if intent != Intent::Gateway
            || !matches!(*request.method(), Method::GET | Method::HEAD)
            || target::names_one(request.headers())
        {
            return None;
        }
        match request.uri().path().rsplit('/').next() {
            Some("healthz") => Some(Self::Alive),
            Some("readyz") => Some(Self::Ready),
            _ => None,
        }
    }

    /// Answers without a request to any deployment.
    pub(super) async fn answer(
        self,
        method: &Method,
        targets: &Targets,
        forwarder: &Forwarder,
    ) -> Response<Bytes> {
        let version = env!("CARGO_PKG_VERSION");
        let checked = match self {
            Self::Alive => Ok(json!({ "status": "ok", "version": version })),
            Self::Ready => ready(targets, forwarder).await,
        };
        let response = match checked {
            Ok(body) => json_response(StatusCode::OK, &body),
            Err(error) => {
                log::error!("not ready: {}", error_chain(&error));
                let (code, message) = (error.code(), Error::message(&error));
                let body = json!({ "code": code, "message": message, "version": version });
                json_response(StatusCode::SERVICE_UNAVAILABLE, &body)
            }
        };
        if method == Method::HEAD { response.map(|_body| Bytes::new()) } else { response }
    }
}

/// Describes the function: how many addresses it may call, and which services have another time.
async fn ready(targets: &Targets, forwarder: &Forwarder) -> Result<Value, Error> {
    let expires = forwarder.credentials().await?.expires();
    let (client, rule) = (forwarder.client(), targets.rule());
    let mut offsets = Map::new();
    offsets.extend(client.clock_differences().into_iter().map(seconds));
    let principal = client.principal();
    Ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "credentials": {
            "source": principal.map(Principal::source),
            "expires": expires.map(timestamp),
        },
        "region": principal.and_then(Principal::region),
        "clock_offset_s": offsets,
        "allowed": {
            "aliases": targets.aliases(),
            "deployments": rule.deployments(),
            "hosts": rule.hosts().count(),
            "paths": rule.paths().len(),
        },
    }))
}

fn seconds((service, seconds): (String, i64)) -> (String, Value) {
    (service, seconds.into())
}
