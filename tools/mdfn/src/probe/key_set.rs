//! Whether the gateway takes an identity domain's key set by its address: a deployment that checks
//! tokens by it and answers itself, and a call with a token, if there is one.
//!
//! Source: docs/spec/oci-services.md#signing-keys.

use serde_json::{Value, json};

use super::evidence::Evidence;
use super::gateway::{Gateway, Made, ROUTE, called};
use super::trial::Bench;
use crate::client::Client;

/// Where a domain has its key set.
const KEYS: &str = "/admin/v1/SigningCert/jwk";

/// What is needed beside the gateway.
pub(super) struct Keys<'a> {
    pub(super) gateway: &'a str,
    pub(super) domain: &'a str,
    /// A token of the domain.
    pub(super) token: Option<&'a str>,
    /// The client for unsigned calls.
    pub(super) client: &'a Client,
}

#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) evidence: Vec<Evidence>,
    pub(super) found: Result<Value, String>,
}

impl KeySet {
    pub(super) async fn ask(keys: &Keys<'_>, bench: &Bench<'_>) -> Self {
        let mut evidence = Vec::new();
        let found = found(keys, bench, &mut evidence).await;
        Self { evidence, found }
    }
}

async fn found(
    keys: &Keys<'_>,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<Value, String> {
    let gateway = Gateway::find(keys.gateway, bench, evidence).await?;
    let made = gateway.deploy("key-set", &specification(keys), bench, evidence).await?;
    let deployment = match made {
        Made::Active(deployment) => deployment,
        Made::Refused => return Ok(json!("no: the service refuses the deployment")),
        Made::Failed => return Ok(json!("no: the deployment failed")),
    };
    let Some(token) = keys.token else {
        return Ok(json!(
            "the deployment is active; whether a token passes was not asked: it needs --token-file"
        ));
    };
    let url = gateway.address(&deployment)?;
    let client = keys.client;
    let without = called("call it without a token", &url, None, client, evidence).await?.status;
    if without != 401 {
        return Err(format!("a call without a token is answered with {without}, not 401"));
    }
    match called("call it with the token", &url, Some(token), client, evidence).await?.status {
        200 => Ok(json!("yes: the deployment is active, and a token passes")),
        401 => Ok(json!("no: the deployment is active, and the token does not pass")),
        other => Err(format!("a call with the token is answered with {other}")),
    }
}

fn specification(keys: &Keys<'_>) -> Value {
    json!({
        "requestPolicies": { "authentication": {
            "type": "TOKEN_AUTHENTICATION",
            "tokenHeader": "Authorization",
            "tokenAuthScheme": "Bearer",
            "isAnonymousAccessAllowed": false,
            "validationPolicy": {
                "type": "REMOTE_JWKS",
                "uri": format!("{}{KEYS}", keys.domain.trim_end_matches('/')),
                "isSslVerifyDisabled": false,
                "maxCacheDurationInHours": 1,
            },
        }},
        "routes": [{
            "path": ROUTE,
            "methods": ["GET"],
            "backend": { "type": "STOCK_RESPONSE_BACKEND", "status": 200, "body": "probe" },
        }],
    })
}
