//! The calls that the gateway answered, each with what the deployment and the collector saw of it.
//! Neither token, signature nor body is kept.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use crate::collector::{Collector, Span};
use crate::deployment::{ModelDeployment, Received, Refusal, Verified};
use crate::gateway::Exchange;

/// The most calls that are kept; older ones are forgotten.
pub const KEPT: usize = 200;

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Counted from 1.
    pub number: u64,
    /// What the gateway saw.
    pub exchange: Exchange,
    /// What the deployment was asked, one for each try.
    pub requests: Vec<Asked>,
    /// What the function sent to the collector.
    pub spans: Vec<Span>,
}

/// One request of the function to the deployment.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The span that it was sent in, if it has one (`X-B3-SpanId`).
    pub span_id: Option<String>,
    /// The result of verifying its signature.
    pub verdict: Result<Verified, Refusal>,
}

impl From<Received> for Asked {
    fn from(received: Received) -> Self {
        let Received { request, verdict, .. } = received;
        let path = request.target.split('?').next().unwrap_or_default().to_owned();
        let span_id = request.text("x-b3-spanid").map(str::to_owned);
        Self { method: request.method, path, span_id, verdict }
    }
}

/// The last calls, shared by who enters them and who shows them.
#[derive(Clone, Debug)]
pub struct Calls(Arc<State>);

#[derive(Debug)]
struct State {
    collector: Option<Arc<Collector>>,
    entered: watch::Sender<VecDeque<Call>>,
}

impl Calls {
    /// Creates an empty list; spans of later calls are read from `collector`.
    pub(super) fn new(collector: Option<Arc<Collector>>) -> Self {
        Self(Arc::new(State { collector, entered: watch::Sender::default() }))
    }

    /// Returns the calls that are kept, the latest last, each with the spans that have come by now.
    pub fn all(&self) -> Vec<Call> {
        let entered = self.0.entered.borrow().clone();
        entered.into_iter().map(|call| self.with_spans(call)).collect()
    }

    /// Returns the first call that is kept and came after the one of this number, waited for
    /// without end.
    pub async fn after(&self, number: u64) -> Call {
        let mut entered = self.0.entered.subscribe();
        loop {
            let later = |call: &&Call| call.number > number;
            let next = entered.borrow_and_update().iter().find(later).cloned();
            if let Some(call) = next {
                return self.with_spans(call);
            }
            // The sender is a part of this value, so the channel is open.
            drop(entered.changed().await);
        }
    }

    /// Adds the spans to a call. A function may send them later than its reply, so they are read
    /// when the call is shown.
    fn with_spans(&self, call: Call) -> Call {
        let dispatch = call.exchange.dispatch.as_ref();
        let spans = self.0.collector.as_ref().zip(dispatch).and_then(|(collector, dispatch)| {
            Some(collector.trace_since(dispatch.trace_id.as_ref()?, dispatch.from))
        });
        Call { spans: spans.unwrap_or_default(), ..call }
    }

    /// Records what the gateway reports, until it ends.
    pub(super) async fn enter(
        self,
        mut exchanges: UnboundedReceiver<Exchange>,
        deployment: Arc<ModelDeployment>,
    ) {
        let mut number = 0;
        while let Some(exchange) = exchanges.recv().await {
            number += 1;
            let by_function = exchange.dispatch.as_ref().map(|time| (time.from, time.until));
            let by_server = exchange.relayed.as_ref().map(|time| (time.from, time.until));
            let time = by_function.or(by_server);
            let received = time.map(|(from, until)| deployment.received_between(from, until));
            let requests = received.into_iter().flatten().map(Asked::from).collect();
            let call = Call { number, exchange, requests, spans: Vec::new() };
            self.0.entered.send_modify(|calls| {
                if calls.len() == KEPT {
                    calls.pop_front();
                }
                calls.push_back(call);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::Value;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::deployment::{Authority, Certificate};
    use crate::principal::Issuer;

    #[tokio::test]
    async fn the_last_200_calls_are_kept_and_the_next_one_is_waited_for() {
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let started = ModelDeployment::start(issuer, &authority, Certificate::Valid).await;
        let (deployment, calls) = (Arc::new(started.unwrap()), Calls::new(None));
        let (told, exchanges) = unbounded_channel();
        let entering = tokio::spawn(calls.clone().enter(exchanges, deployment));
        for status in 0..201 {
            let exchange = Exchange {
                received: UNIX_EPOCH,
                took: Duration::ZERO,
                method: "GET".to_owned(),
                path: "/".to_owned(),
                claims: Value::Null,
                dispatch: None,
                relayed: None,
                status,
            };
            told.send(exchange).unwrap();
        }
        let last = tokio::time::timeout(Duration::from_secs(20), calls.after(200)).await.unwrap();
        assert_eq!((last.number, last.exchange.status), (201, 200));
        let kept = calls.all();
        assert_eq!((kept.len(), kept[0].number, kept[0].exchange.status), (200, 2, 1));
        assert_eq!(calls.after(0).await.number, 2);
        drop(told);
        entering.await.unwrap();
    }

    #[test]
    fn what_the_deployment_was_asked_is_kept_without_query_token_and_body() {
        let text = |text: &str| text.to_owned();
        let request = crate::deployment::Request {
            method: text("POST"),
            target: text("/ocid1/predict/x?key=secret"),
            headers: vec![
                (text("authorization"), b"secret".to_vec()),
                (text("x-b3-spanid"), b"b7ad6b7169203331".to_vec()),
            ],
            body: b"secret".to_vec(),
        };
        let verified = Verified { headers: text("date"), resource: text("ocid1.fnfunc") };
        let at = std::time::Instant::now();
        let received = Received { request, verdict: Ok(verified), connection: 1, at };
        let asked = Asked::from(received);
        assert_eq!(asked.path, "/ocid1/predict/x");
        assert_eq!(asked.span_id.as_deref(), Some("b7ad6b7169203331"));
        assert!(!format!("{asked:?}").contains("secret"), "{asked:?}");
    }
}
