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
pub(crate) mod authority;
pub(crate) mod barred;
mod budget;
mod endpoint;
mod envelope;
mod error;
mod events;
mod forward;
mod front_error;
mod headers;
mod health;
mod message;
mod metrics;
mod outcome;
mod path;
mod payload;
mod pools;
mod relay;
mod resolve;
mod running;
mod service_error;
mod service_payload;
mod stream;
mod target;
mod targets_error;
mod token_counter;
pub(crate) mod trace;
mod tracer;
mod unanswered;
mod upstream;

use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time;

pub use authority::authority;
pub use endpoint::{Endpoint, EndpointRule, Refusal, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use front_error::FrontError;
pub use headers::{HeaderRules, InvalidHeaderName};
pub use metrics::{Metrics, MetricsTarget};
pub use path::{InvalidPath, Paths};
pub use relay::Relay;
pub use running::{Ended, Observer, Stop};
pub use service_error::ServiceError;
pub use stream::FrontCall;
pub use target::Targets;
pub use targets_error::TargetsError;
pub use tracer::Tracer;

use budget::{Budget, REPORT_TIMEOUT};
use fn_fdk::{Context, Rejection};
use health::Probe;
use message::FUNCTION;
use outcome::{End, Heard, Record};
use payload::Payload;
use target::Named;
use trace::Trace;
use upstream::Upstream;

/// Everything that a call needs, built once at start.
#[derive(Debug)]
pub struct Predictor {
    /// Which addresses may be called, and which one a call means.
    pub targets: Targets,
    /// Which headers are passed on in either direction.
    pub headers: HeaderRules,
    /// Signs and sends.
    pub forwarder: Forwarder,
    /// Reports calls to the trace collector, if the platform configures one.
    pub tracer: Option<Tracer>,
    /// Posts samples to Monitoring, if the operator configures it.
    pub metrics: Option<Metrics>,
}

impl Predictor {
    /// Connects to the deployment that the first call is expected to name, while the platform is
    /// still delivering the call.
    pub fn preconnect(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        self.forwarder.preconnect(self.targets.expected()?)
    }

    /// Answers a request, whatever happens, and writes its log line.
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
        record.log(&Heard::of(request, request.body().len(), context), &End::from(&outcome));
        outcome::response(outcome.map(Prediction::into_parts), &record, &self.headers, FUNCTION)
    }

    /// Answers a request that does not arrive whole, and writes its log line. Its head arrived at
    /// `arrived`, and `bytes_in` bytes of its body were read.
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
        record.openai = target.is_ok_and(|(named, _)| self.targets.takes_client_path(&named));
        let outcome = Err(Error::from(rejection));
        record.log(&Heard::of(request, bytes_in, context), &End::from(&outcome));
        outcome::response(outcome.map(Prediction::into_parts), &record, &self.headers, FUNCTION)
    }

    /// Handles one call.
    async fn predict(
        &self,
        request: &Request<Bytes>,
        context: &Context,
        record: &mut Record,
    ) -> Result<Prediction, Error> {
        let (named, body) = self.targets.named_by(request)?;
        let upstream = self.upstream(request, context, named, &body, record, false)?;
        let request = self.prepare(request, context, &upstream, body, record)?;
        let until = self.budget(context).predict_by;
        let prediction =
            self.forwarder.send(request, &upstream, until, &mut record.timings).await?;
        if let (Upstream::Service(operation), true) = (&upstream, prediction.status.is_success()) {
            record.tokens = operation.tokens(&prediction.body, prediction.is_stream());
        }
        Ok(prediction)
    }

    /// Returns where a call goes. `accepts_events` says that the client takes events, and that the
    /// front can pass them on.
    fn upstream(
        &self,
        request: &Request<Bytes>,
        context: &Context,
        named: Named,
        body: &[u8],
        record: &mut Record,
        accepts_events: bool,
    ) -> Result<Upstream, Error> {
        record.openai = self.targets.takes_client_path(&named);
        let (targets, intent) = (&self.targets, context.intent);
        let upstream = match named {
            Named::Deployment(target) => {
                Upstream::Deployment(targets.called_by(request, intent, target, || {
                    accepts_events || payload::wants_stream(body)
                })?)
            }
            Named::Service(target) => {
                Upstream::Service(targets.operation(request, intent, &target)?)
            }
        };
        record.upstream = Some(upstream.clone());
        Ok(upstream)
    }

    /// Returns the request for that, or why it is refused.
    fn prepare(
        &self,
        request: &Request<Bytes>,
        context: &Context,
        upstream: &Upstream,
        body: Bytes,
        record: &mut Record,
    ) -> Result<Request<Bytes>, Error> {
        let (intent, client) = (context.intent, request.headers());
        let trace = record.trace.as_ref();
        let (headers, payload) = match upstream {
            Upstream::Deployment(endpoint) => {
                let payload = Payload::of(request, intent, endpoint, body)?;
                (self.headers.forwarded(client, context, &payload, trace), payload)
            }
            Upstream::Service(operation) => {
                let decided = operation.headers(request.method(), client)?;
                let (payload, model) = Payload::for_service(request, intent, operation, body)?;
                record.model = model.map(str::to_owned);
                (HeaderRules::for_service(decided, client, context, &payload, trace), payload)
            }
        };
        record.checked = Some(Instant::now());
        Ok(forward::request(request.method(), upstream, headers, payload.body))
    }

    fn budget(&self, context: &Context) -> Budget {
        Budget::new(context.deadline, self.tracer.is_some() || self.metrics.is_some())
    }

    /// Reports a call to the collector and to Monitoring before it is answered: nothing runs
    /// afterwards.
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
