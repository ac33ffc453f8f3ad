//! Whether this function lives, and whether it could sign: for a route that a load balancer or a person looks at.
//!
//! Source: docs/spec/oci-services.md#functions.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Error, Forwarder, Targets, target};
use fn_fdk::{self, Call, Intent, Reply};
use oracle_cloud_client::timestamp;

/// A question about the function itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Probe {
    /// `/healthz`: does it answer?
    Alive,
    /// `/readyz`: has it credentials that have not expired?
    Ready,
}

impl Probe {
    /// The probe that a call is: through a gateway, and without a target, so that a deployment's own path of that name stays
    /// its own.
    pub(super) fn of(call: &Call) -> Option<Self> {
        if call.intent() != Intent::Gateway
            || !matches!(*call.method(), Method::GET | Method::HEAD)
            || target::names_one(call.headers())
        {
            return None;
        }
        match call.uri().path().rsplit('/').next() {
            Some("healthz") => Some(Self::Alive),
            Some("readyz") => Some(Self::Ready),
            _ => None,
        }
    }

    /// The answer, without a word to any deployment.
    pub(super) async fn answer(
        self,
        call: &Call,
        targets: &Targets,
        forwarder: &Forwarder,
    ) -> Result<Reply, fn_fdk::Error> {
        let version = env!("CARGO_PKG_VERSION");
        let checked = match self {
            Self::Alive => Ok(json!({ "status": "ok", "version": version })),
            Self::Ready => ready(targets, forwarder).await,
        };
        let reply = match checked {
            Ok(body) => Reply::json(body.to_string()),
            Err(error) => {
                log::error!("not ready: {}", fn_fdk::error_chain(&error));
                let (code, message) = (error.code(), Error::message(&error));
                let body = json!({ "code": code, "message": message, "version": version });
                Reply::json(body.to_string()).with_status(StatusCode::SERVICE_UNAVAILABLE)?
            }
        };
        Ok(if call.method() == Method::HEAD { reply.with_body(Bytes::new()) } else { reply })
    }
}

/// What the function says of itself: of what it may call, the numbers alone.
async fn ready(targets: &Targets, forwarder: &Forwarder) -> Result<Value, Error> {
    let expires = forwarder.credentials().await?.expires();
    let (client, rule) = (forwarder.client(), targets.rule());
    let offsets: Map<String, Value> =
        client.clock().differences().into_iter().map(seconds).collect();
    Ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "credentials": { "source": client.principal().source(), "expires": expires.map(timestamp) },
        "region": client.principal().region(),
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
