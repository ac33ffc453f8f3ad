//! This function: one call of a client becomes one signed call of a model deployment.
//!
//! ```text
//! Request ▶ which address? Endpoint ▶ what for? Payload ▶ sign ▶ forward ─ TLS ─▶ model deployment
//! Response ◀──────────────── Prediction | Error ◀───────────────────────────┘
//! ```
//!
//! Source: docs/spec/oci-services.md#targets.

mod address;
mod aliases;
mod authority;
mod budget;
mod endpoint;
mod envelope;
mod error;
mod forward;
mod headers;
mod health;
mod metrics;
mod outcome;
mod path;
mod payload;
mod pools;
mod resolve;
mod target;
mod targets_error;
mod trace;
mod tracer;

use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time;

pub use authority::authority;
pub use endpoint::{Endpoint, EndpointRule, Refusal, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use headers::{HeaderRules, InvalidHeaderName};
pub use metrics::{Metrics, MetricsTarget};
pub use path::{InvalidPath, Paths};
pub use target::Targets;
pub use targets_error::TargetsError;
pub use tracer::Tracer;

use budget::{Budget, REPORT_TIMEOUT};
use fn_fdk::{Context, Rejection};
use health::Probe;
use outcome::Record;
use payload::Payload;
use trace::Trace;

/// Everything a call needs, built once at start.
#[derive(Debug)]
pub struct Predictor {
    /// Which addresses may be called, and which one a call means.
    pub targets: Targets,
    /// Which headers pass in either direction.
    pub headers: HeaderRules,
    /// Signs and sends.
    pub forwarder: Forwarder,
    /// Tells the trace collector of calls, where the platform asks for it.
    pub tracer: Option<Tracer>,
    /// Tells Monitoring of calls, where the operator asks for it.
    pub metrics: Option<Metrics>,
}

impl Predictor {
    /// Connects to the deployment that the first call is expected to go to, while the platform is still bringing it.
    pub fn preconnect(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        self.forwarder.preconnect(self.targets.expected()?)
    }

    /// Answers a request, whatever happens, and writes the one line about it to the log.
    pub async fn answer(&self, request: &Request<Bytes>, context: &Context) -> Response<Bytes> {
        let response = match Probe::of(request, context.intent) {
            Some(probe) => probe.answer(request.method(), &self.targets, &self.forwarder).await,
            None => self.answered(request, context).await,
        };
        // Nothing runs between calls.
        self.forwarder.client().cancel_preconnect();
        response
    }

    async fn answered(&self, request: &Request<Bytes>, context: &Context) -> Response<Bytes> {
        let now = || self.forwarder.client().now();
        let mut record = Record::start(self.tracer.as_ref().map(|_| Trace::of(context, now())));
        let outcome = self.predict(request, context, &mut record).await;
        record.decided();
        self.report(context, &record, &outcome).await;
        record.log(request, request.body().len(), context, &outcome);
        outcome::response(outcome, &record, &self.headers)
    }

    /// Answers a request that never comes here whole, and writes the one line about it to the log.
    /// Its head `arrived` then, and `bytes_in` bytes of its body came.
    pub fn reject(
        &self,
        request: &Request<Bytes>,
        context: &Context,
        rejection: Rejection,
        (arrived, bytes_in): (Instant, usize),
    ) -> Response<Bytes> {
        let mut record = Record::start(None);
        record.start = arrived;
        let target = self.targets.named_by(request);
        record.openai = target.is_ok_and(|(target, _)| self.targets.takes_client_path(&target));
        let outcome = Err(Error::from(rejection));
        record.log(request, bytes_in, context, &outcome);
        outcome::response(outcome, &record, &self.headers)
    }

    /// The story of one call.
    async fn predict(
        &self,
        request: &Request<Bytes>,
        context: &Context,
        record: &mut Record,
    ) -> Result<Prediction, Error> {
        let (target, body) = self.targets.named_by(request)?;
        record.openai = self.targets.takes_client_path(&target);
        let endpoint = self.targets.called_by(request, context.intent, target, &body)?;
        let endpoint = record.endpoint.insert(endpoint);
        let payload = Payload::of(request, context.intent, endpoint, body)?;
        let trace = record.trace.as_ref();
        let headers = self.headers.forwarded(request.headers(), context, &payload, trace);
        record.checked = Some(Instant::now());
        let request = forward::request(request.method(), endpoint, headers, payload.body);
        let until = self.budget(context).predict_by;
        self.forwarder.send(request, endpoint, until, &mut record.timings).await
    }

    fn budget(&self, context: &Context) -> Budget {
        Budget::new(context.deadline, self.tracer.is_some() || self.metrics.is_some())
    }

    /// Has others know of a call before it is answered: nothing runs afterwards.
    async fn report(
        &self,
        context: &Context,
        record: &Record,
        outcome: &Result<Prediction, Error>,
    ) {
        let until = self.budget(context).report_by;
        let spans = async {
            if let Some(tracer) = &self.tracer {
                tracer.send(context, record, outcome, until).await;
            }
        };
        let samples = async {
            if let Some(metrics) = &self.metrics {
                let until = until.min(time::Instant::now() + REPORT_TIMEOUT);
                metrics.count(record, outcome, self.forwarder.client(), until).await;
            }
        };
        tokio::join!(spans, samples);
    }
}
