//! Whether the gateway takes an identity domain's key set by its address: a deployment that checks
//! tokens by it and answers itself, and a call with a token, if there is one.
//!
//! Source: docs/spec/oci-services.md#signing-keys.

use std::time::{Duration, Instant};

use oracle_cloud_client::Service;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::call::Call;
use super::evidence::{Evidence, answered, asked};
use super::ledger::Thing;
use super::trial::{Bench, Outcome, not_made, refusal};
use crate::client::Client;

/// Between two looks at a deployment.
const PAUSE: Duration = Duration::from_secs(1);
/// Where a domain has its key set.
const KEYS: &str = "/admin/v1/SigningCert/jwk";
/// The one route.
const ROUTE: &str = "/probe";

/// What is needed beside the gateway.
pub(super) struct Keys<'a> {
    pub(super) gateway: &'a str,
    pub(super) domain: &'a str,
    /// A token of the domain.
    pub(super) token: Option<&'a str>,
    /// For calls that nobody signs.
    pub(super) client: &'a Client,
}

#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) evidence: Vec<Evidence>,
    pub(super) found: Result<Value, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gateway {
    compartment_id: String,
    hostname: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deployment {
    id: String,
    lifecycle_state: String,
    endpoint: Option<String>,
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
    let place = bench.options.gateway_endpoint.as_deref();
    let service = bench.access.service("apigateway", place).await;
    let service = service.map_err(|error| error.to_string())?;
    let (seen, answer) = asked("look at the gateway", &Call::gateway(keys.gateway), &service).await;
    evidence.push(seen);
    let answer = answer.map_err(|error| refusal(&error))?;
    let gateway: Gateway = answer.json().map_err(|error| error.to_string())?;
    let thing =
        Thing::Deployment { service: service.clone(), compartment: gateway.compartment_id.clone() };
    let name = bench.ledger.begin("key-set", thing);
    let call = Call::deploy(details(keys, &gateway, &name));
    let (seen, answer) = asked("make a deployment", &call, &service).await;
    evidence.push(seen);
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            bench.ledger.failed(&name, &error);
            return match not_made(&error) {
                Outcome::Refused => Ok(json!("no: the service refuses the deployment")),
                Outcome::Unknown(why) => Err(why),
                Outcome::Failed | Outcome::Active { .. } => Err(refusal(&error)),
            };
        }
    };
    let made: Deployment = answer.json().map_err(|error| error.to_string())?;
    bench.ledger.made(&name, &made.id);
    let Some(deployment) = until_active(&made.id, &service, bench, evidence).await? else {
        return Ok(json!("no: the deployment failed"));
    };
    let Some(token) = keys.token else {
        return Ok(json!(
            "the deployment is active; whether a token passes was not asked: it needs --token-file"
        ));
    };
    let url = address(&deployment, &gateway)?;
    let without = called("call it without a token", &url, None, keys, evidence).await?;
    if without != 401 {
        return Err(format!("a call without a token is answered with {without}, not 401"));
    }
    match called("call it with the token", &url, Some(token), keys, evidence).await? {
        200 => Ok(json!("yes: the deployment is active, and a token passes")),
        401 => Ok(json!("no: the deployment is active, and the token does not pass")),
        other => Err(format!("a call with the token is answered with {other}")),
    }
}

/// A token goes to the gateway that was named, and to nobody else.
fn address(deployment: &Deployment, gateway: &Gateway) -> Result<String, String> {
    let wrong = || "the deployment's address is not that of the gateway".to_owned();
    let url = deployment.endpoint.as_deref().ok_or_else(wrong)?;
    let host = gateway.hostname.as_deref().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let rest = url.strip_prefix("https://").and_then(|url| url.strip_prefix(host));
    match rest {
        Some(path) if path.starts_with('/') => Ok(format!("{}{ROUTE}", url.trim_end_matches('/'))),
        _ => Err(wrong()),
    }
}

fn details(keys: &Keys<'_>, gateway: &Gateway, name: &str) -> Value {
    json!({
        "displayName": name,
        "gatewayId": keys.gateway,
        "compartmentId": gateway.compartment_id,
        "pathPrefix": format!("/{name}"),
        "freeformTags": { "made-by": "mdfn probe" },
        "specification": {
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
        },
    })
}

/// Looks until the deployment is active; None if it failed.
async fn until_active(
    id: &str,
    service: &Service,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<Option<Deployment>, String> {
    let end = Instant::now() + Duration::from_secs(bench.options.wait);
    loop {
        let (seen, answer) = asked("look at it", &Call::deployment(id), service).await;
        // The last look says it all.
        evidence.retain(|earlier| earlier.step != seen.step);
        evidence.push(seen);
        let answer = answer.map_err(|error| refusal(&error))?;
        let found: Deployment = answer.json().map_err(|error| error.to_string())?;
        match found.lifecycle_state.as_str() {
            "ACTIVE" => return Ok(Some(found)),
            "FAILED" => return Ok(None),
            "CREATING" if Instant::now() < end => sleep(PAUSE).await,
            other => {
                return Err(format!("it is {other}, after {} s", bench.options.wait));
            }
        }
    }
}

/// The status of a call that nobody signs.
async fn called(
    step: &'static str,
    url: &str,
    token: Option<&str>,
    keys: &Keys<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<u16, String> {
    let headers: Vec<(&str, String)> =
        token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
    let begin = Instant::now();
    let answer = keys.client.send("GET", url, &headers, "").await;
    evidence.push(answered(step, &answer, begin.elapsed()));
    answer.map(|answer| answer.status).map_err(|error| error.to_string())
}
