//! A deployment on a gateway that is there: made, looked at until it is active, and called.
//!
//! Source: docs/spec/oci-services.md#deployment-specification.

use std::time::{Duration, Instant};

use oracle_cloud_client::Service;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::call::Call;
use super::evidence::{Evidence, answered, asked};
use super::ledger::Thing;
use super::trial::{Bench, Outcome, not_made, refusal};
use crate::client::{Answered, Client};

/// Between two looks at a deployment.
const PAUSE: Duration = Duration::from_secs(1);
/// The path of the one route that a deployment of a probe has.
pub(super) const ROUTE: &str = "/probe";

/// A gateway, and the service that knows it.
pub(super) struct Gateway {
    service: Service,
    ocid: String,
    compartment: String,
    hostname: Option<String>,
}

/// What became of a deployment.
pub(super) enum Made {
    /// The service did not take it.
    Refused,
    /// It was accepted, and then failed.
    Failed,
    /// It is active.
    Active(Deployment),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    compartment_id: String,
    hostname: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    id: String,
    lifecycle_state: String,
    endpoint: Option<String>,
}

impl Gateway {
    pub(super) async fn find(
        ocid: &str,
        bench: &Bench<'_>,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Self, String> {
        let place = bench.options.gateway_endpoint.as_deref();
        let service = bench.access.service("apigateway", place).await;
        let service = service.map_err(|error| error.to_string())?;
        let (seen, answer) = asked("look at the gateway", &Call::gateway(ocid), &service).await;
        evidence.push(seen);
        let answer = answer.map_err(|error| refusal(&error))?;
        let found: Found = answer.json().map_err(|error| error.to_string())?;
        let (compartment, hostname) = (found.compartment_id, found.hostname);
        Ok(Self { service, ocid: ocid.to_owned(), compartment, hostname })
    }

    /// Makes a deployment whose name ends in `word`, and waits for it.
    pub(super) async fn deploy(
        &self,
        word: &'static str,
        specification: &Value,
        bench: &Bench<'_>,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Made, String> {
        let (service, compartment) = (self.service.clone(), self.compartment.clone());
        let name = bench.ledger.begin(word, Thing::Deployment { service, compartment });
        let call = Call::deploy(json!({
            "displayName": name,
            "gatewayId": self.ocid,
            "compartmentId": self.compartment,
            "pathPrefix": format!("/{name}"),
            "freeformTags": { "made-by": "mdfn probe" },
            "specification": specification,
        }));
        let (seen, answer) = asked("make a deployment", &call, &self.service).await;
        evidence.push(seen);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                bench.ledger.failed(&name, &error);
                return match not_made(&error) {
                    Outcome::Refused => Ok(Made::Refused),
                    Outcome::Unknown(why) => Err(why),
                    Outcome::Failed | Outcome::Active { .. } => Err(refusal(&error)),
                };
            }
        };
        let made: Deployment = answer.json().map_err(|error| error.to_string())?;
        bench.ledger.made(&name, &made.id);
        self.until_active(&made.id, bench, evidence).await
    }

    /// Where the route of a deployment is. A token goes to the gateway that was named, and to
    /// nobody else.
    pub(super) fn address(&self, deployment: &Deployment) -> Result<String, String> {
        let wrong = || "the deployment's address is not that of the gateway".to_owned();
        let url = deployment.endpoint.as_deref().ok_or_else(wrong)?;
        let host = self.hostname.as_deref().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let rest = url.strip_prefix("https://").and_then(|url| url.strip_prefix(host));
        match rest {
            Some(path) if path.starts_with('/') => {
                Ok(format!("{}{ROUTE}", url.trim_end_matches('/')))
            }
            _ => Err(wrong()),
        }
    }

    /// Looks until the deployment is active, or has failed.
    async fn until_active(
        &self,
        id: &str,
        bench: &Bench<'_>,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Made, String> {
        let end = Instant::now() + Duration::from_secs(bench.options.wait);
        loop {
            let (seen, answer) = asked("look at it", &Call::deployment(id), &self.service).await;
            // The last look says it all.
            evidence.retain(|earlier| earlier.step != seen.step);
            evidence.push(seen);
            let answer = answer.map_err(|error| refusal(&error))?;
            let found: Deployment = answer.json().map_err(|error| error.to_string())?;
            match found.lifecycle_state.as_str() {
                "ACTIVE" => return Ok(Made::Active(found)),
                "FAILED" => return Ok(Made::Failed),
                "CREATING" if Instant::now() < end => sleep(PAUSE).await,
                other => {
                    return Err(format!("it is {other}, after {} s", bench.options.wait));
                }
            }
        }
    }
}

/// The answer to a call that nobody signs.
pub(super) async fn called(
    step: &'static str,
    url: &str,
    token: Option<&str>,
    client: &Client,
    evidence: &mut Vec<Evidence>,
) -> Result<Answered, String> {
    let headers: Vec<(&str, String)> =
        token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
    let begin = Instant::now();
    let answer = client.send("GET", url, &headers, "").await;
    evidence.push(answered(step, &answer, begin.elapsed()));
    answer.map_err(|error| error.to_string())
}
