//! How a service handles a request: it verifies the signature, records the request, and answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::body::Incoming;
use hyper::{Request, Response};

use super::answer::Answer;
use super::behaviour::{Behaviour, written};
use super::call::Call;
use super::gate::Gate;
use super::route;
use super::service::Service;
use super::state::State;
use super::steps::{Broken, Steps};
use crate::clock::Offset;
use crate::deployment::{self, Refusal, Verified};
use crate::http;

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// One request that arrived, and the result of its verification.
#[derive(Clone, Debug)]
pub struct Received {
    /// The service whose host it came to.
    pub service: Service,
    /// The request as it came.
    pub request: deployment::Request,
    /// Whether its signature is valid.
    pub verdict: Result<Verified, Refusal>,
    /// The time when it was read and verified.
    pub at: Instant,
}

/// What all services share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gate: Gate,
    pub(super) state: State,
    pub(super) received: Mutex<Vec<Received>>,
}

/// One service.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) service: Service,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Offset,
    behaviours: Mutex<VecDeque<Behaviour>>,
}

impl Exchange {
    pub(super) fn new(service: Service, shared: Arc<Shared>) -> Self {
        Self { service, shared, clock: Offset::default(), behaviours: Mutex::default() }
    }

    pub(super) fn behaviours(&self) -> MutexGuard<'_, VecDeque<Behaviour>> {
        self.behaviours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Steps>, Broken> {
        let (head, body) = request.into_parts();
        if head.headers.contains_key("transfer-encoding") {
            return Ok(written(Answer::error(411, "LengthRequired", "content-length is missing")));
        }
        let Some(body) = http::body(body, MAX_BODY_BYTES).await else {
            let message = "the body is too large, or broke off";
            return Ok(written(Answer::error(413, "PayloadTooLarge", message)));
        };
        let request = deployment::Request::from_parts(&head, &body);
        let (now, shared) = (self.clock.now(), &self.shared);
        let verdict = shared.gate.verify(self.service, &request, now);
        let behaviour = self.behaviours().pop_front();
        let number = self.remember(&request, &verdict);
        let answer = match &verdict {
            Err(refusal) => Answer::error(401, "NotAuthenticated", &refusal.to_string()),
            Ok(caller) => {
                let call = Call { request: &request, caller, time: now };
                match shared.gate.content_type(self.service, &request) {
                    Ok(()) => route::answer(self.service, &call, &shared.state).await,
                    Err(refusal) => refusal,
                }
            }
        };
        let id = request
            .text("opc-request-id")
            .map_or_else(|| format!("EMULATED{number:024}"), str::to_owned);
        let mut response = match behaviour {
            None => written(answer),
            Some(behaviour) => behaviour.apply(answer).await?,
        };
        let date = httpdate::fmt_http_date(now);
        for (name, value) in [("opc-request-id", id), ("date", date)] {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    }

    /// Records a request. Returns how many requests came before it.
    fn remember(
        &self,
        request: &deployment::Request,
        verdict: &Result<Verified, Refusal>,
    ) -> usize {
        let mut received = self.shared.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.push(Received {
            service: self.service,
            request: request.clone(),
            verdict: verdict.clone(),
            at: Instant::now(),
        });
        received.len() - 1
    }
}
