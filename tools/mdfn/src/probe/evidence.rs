//! One request and its answer: the evidence for an outcome.

use std::time::{Duration, Instant};

use oracle_cloud_client::{Answer, Error, Service};
use serde::Serialize;

use super::call::Call;
use crate::client::{self, Answered};
use crate::error_chain::chain;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Evidence {
    /// Of which function, where there are several.
    pub(super) subject: Option<&'static str>,
    /// What it was for.
    pub(super) step: &'static str,
    request: String,
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    opc_request_id: Option<String>,
    /// From the request to the end of the answer, with the connection where there was none.
    pub(super) seconds: f64,
    /// The service's message, or why there was no answer.
    pub(super) said: Option<String>,
}

/// Returns an unsigned call, and its answer.
pub(super) fn answered(
    step: &'static str,
    answer: &Result<Answered, client::Error>,
    time: Duration,
) -> Evidence {
    let (seen, why) = match answer {
        Ok(answer) => (Some(answer), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Evidence {
        subject: None,
        step,
        request: "GET the deployment's own address".to_owned(),
        status: seen.map(|answer| answer.status),
        code: None,
        opc_request_id: seen.and_then(|answer| answer.header("opc-request-id")).map(str::to_owned),
        seconds: in_milliseconds(time),
        said: why,
    }
}

fn in_milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Sends a request.
pub(super) async fn asked(
    step: &'static str,
    call: &Call,
    service: &Service,
) -> (Evidence, Result<Answer, Error>) {
    let begin = Instant::now();
    let answer = call.request(service).send().await;
    let seconds = in_milliseconds(begin.elapsed());
    let mut evidence = Evidence {
        subject: None,
        step,
        request: call.line(),
        status: None,
        code: None,
        opc_request_id: None,
        seconds,
        said: None,
    };
    match &answer {
        Ok(answer) => {
            evidence.status = Some(answer.status().as_u16());
            evidence.opc_request_id = answer.opc_request_id().map(str::to_owned);
        }
        Err(error) => match error.as_service() {
            Some(refusal) => {
                evidence.status = Some(refusal.status.as_u16());
                evidence.code.clone_from(&refusal.code);
                evidence.opc_request_id.clone_from(&refusal.opc_request_id);
                // Without a code it is a body that somebody else wrote, and may be anything.
                evidence.said = refusal.code.is_some().then(|| refusal.message.clone());
            }
            None => evidence.said = Some(chain(error)),
        },
    }
    (evidence, answer)
}
