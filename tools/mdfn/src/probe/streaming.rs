//! Whether an answer passes the gateway in pieces: a deployment with a server as its back end,
//! called with a token whose key is made here, and the times at which the pieces come.
//!
//! Source: docs/spec/oci-services.md#http-back-end.

use std::time::Duration;

use emulator::clock::{now, since_epoch};
use emulator::gateway::signing_key::static_keys;
use emulator::keys::Key;
use serde_json::{Value, json};

use super::evidence::Evidence;
use super::gateway::{Gateway, Made, ROUTE, called};
use super::trial::Bench;
use crate::client::{Client, Piece};

/// Who issues the one token, whom it is for, and what its key is called.
const ISSUER: &str = "mdfn-probe";
/// How long the server may say nothing, in seconds: the most that the gateway allows.
const READ_TIMEOUT: u32 = 300;
/// The shortest answer that says anything.
const SHORTEST: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Streaming {
    pub(super) evidence: Vec<Evidence>,
    pub(super) found: Result<Value, String>,
}

impl Streaming {
    /// Asks with a server that answers a GET of `backend` in pieces.
    pub(super) async fn ask(
        gateway: &str,
        backend: &str,
        client: &Client,
        bench: &Bench<'_>,
    ) -> Self {
        let mut evidence = Vec::new();
        let found = found(gateway, backend, client, bench, &mut evidence).await;
        Self { evidence, found }
    }
}

async fn found(
    gateway: &str,
    backend: &str,
    client: &Client,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<Value, String> {
    let gateway = Gateway::find(gateway, bench, evidence).await?;
    // It leaves this process as a public key alone, and is of no use once the deployment is gone.
    let key = Key::generate();
    let specification = specification(&key, backend)?;
    let deployment = match gateway.deploy("streaming", &specification, bench, evidence).await? {
        Made::Active(deployment) => deployment,
        Made::Refused => return Err("the service refuses the deployment".to_owned()),
        Made::Failed => return Err("the deployment failed".to_owned()),
    };
    let url = gateway.address(&deployment)?;
    let wait = Duration::from_secs(bench.options.wait);
    let (token, client) = (token(&key, wait), client.clone().waiting(wait));
    let answer = called("call it", &url, Some(&token), &client, evidence).await?;
    match answer.status {
        200 => verdict(&answer.pieces).map(Value::from),
        other => Err(format!("the server behind the gateway is answered with {other}")),
    }
}

/// A token that passes for as long as the call may take.
fn token(key: &Key, wait: Duration) -> String {
    let issued = since_epoch(now());
    key.token(
        &json!({ "alg": "RS256", "kid": ISSUER, "typ": "JWT" }),
        &json!({
            "iss": ISSUER,
            "aud": ISSUER,
            "iat": issued.as_secs(),
            "exp": (issued + wait).as_secs() + 60,
        }),
    )
}

fn specification(key: &Key, backend: &str) -> Result<Value, String> {
    let keys = static_keys(&json!({ "keys": [key.jwk(ISSUER)] }));
    let keys = keys.map_err(|error| error.to_string())?;
    Ok(json!({
        "requestPolicies": { "authentication": {
            "type": "TOKEN_AUTHENTICATION",
            "tokenHeader": "Authorization",
            "tokenAuthScheme": "Bearer",
            "isAnonymousAccessAllowed": false,
            "maxClockSkewInSeconds": 120,
            "validationPolicy": {
                "type": "STATIC_KEYS",
                "keys": keys,
                "additionalValidationPolicy": { "issuers": [ISSUER], "audiences": [ISSUER] },
            },
        }},
        "routes": [{
            "path": ROUTE,
            "methods": ["GET"],
            "backend": {
                "type": "HTTP_BACKEND",
                "url": backend,
                "readTimeoutInSeconds": READ_TIMEOUT,
            },
        }],
    }))
}

/// What the times of the pieces say. A gateway that collects an answer gives all of it at its end.
fn verdict(pieces: &[Piece]) -> Result<String, String> {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        return Err("the server's answer is empty".to_owned());
    };
    let (first, last) = (first.after, last.after);
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    if last < SHORTEST {
        return Err(format!(
            "the server's answer was over after {}; expected one of {} or more",
            seconds(last),
            seconds(SHORTEST)
        ));
    }
    if last.saturating_sub(first) < last / 2 {
        let came = seconds(first);
        return Ok(format!(
            "no: the answer came after {came}, its first piece as late as its last"
        ));
    }
    let gaps = pieces
        .windows(2)
        .filter_map(|two| Some(two.last()?.after.saturating_sub(two.first()?.after)));
    let longest = seconds(gaps.max().unwrap_or_default());
    Ok(format!(
        "yes: {} pieces in {}, the first after {}, at most {longest} between two",
        pieces.len(),
        seconds(last),
        seconds(first),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(after: &[u64]) -> Vec<Piece> {
        after.iter().map(|time| Piece { after: Duration::from_millis(*time), bytes: 1 }).collect()
    }

    #[test]
    fn pieces_that_come_over_the_time_of_the_answer_passed_as_they_were_sent() {
        assert_eq!(
            verdict(&pieces(&[100, 1100, 3100])).unwrap(),
            "yes: 3 pieces in 3.1 s, the first after 0.1 s, at most 2.0 s between two"
        );
    }

    #[test]
    fn an_answer_whose_pieces_come_at_its_end_was_collected() {
        for all in [&[3000][..], &[3000, 3001, 3002], &[2000, 3100]] {
            let verdict = verdict(&pieces(all)).unwrap();
            assert!(verdict.starts_with("no: the answer came after"), "{verdict}");
        }
    }

    #[test]
    fn an_answer_that_is_short_or_empty_says_nothing() {
        assert!(verdict(&pieces(&[10, 1990])).unwrap_err().contains("was over after 2.0 s"));
        assert!(verdict(&[]).unwrap_err().contains("is empty"));
    }
}
