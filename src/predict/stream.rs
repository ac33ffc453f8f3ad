//! Calls of a front that can pass an answer on while it comes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use tokio::time::Instant;

use super::Predictor;
use super::error::Error;
use super::events::Events;
use super::outcome::{self, Heard, Record};
use super::payload;
use super::relay::Relay;
use super::running::{Observer, Running};
use super::target::Named;
use super::trace::Trace;
use fn_fdk::{Context, Rejection, URL_LIMIT};
use oracle_cloud_client::AnswerBody;

/// What a front says of a call, beside the request.
#[derive(Clone, Debug)]
pub struct FrontCall {
    /// Id, intent, deadline and trace.
    pub context: Context,
    /// The alias that the front found in the path, where no header of a caller names a target.
    pub alias: Option<String>,
    /// How long the answer may pause.
    pub pause: Duration,
    /// Learns what becomes of it.
    pub observer: Arc<dyn Observer>,
}

impl Predictor {
    /// Answers a request as soon as the deployment does, or the front stops, by the rules of [`answer`](Self::answer). The one
    /// line about it is written when the body of the response ends, fails or is dropped, and when this future is.
    pub async fn stream(&self, request: Request<Bytes>, call: FrontCall) -> Response<Relay> {
        let mut running = self.running(&request, request.body().len(), &call);
        let opened = tokio::select! {
            biased;
            error = call.observer.stopped() => Err(error.into()),
            opened = self.open(&request, &call, &mut running.record) => opened,
        };
        self.opened(opened, running, &call)
    }

    /// Answers a request that never comes here whole, and writes the one line about it. Its head `arrived` then, and `bytes_in`
    /// bytes of its body came.
    pub fn refuse(
        &self,
        request: &Request<Bytes>,
        call: &FrontCall,
        error: impl Into<Error>,
        (arrived, bytes_in): (std::time::Instant, usize),
    ) -> Response<Relay> {
        let mut running = self.running(request, bytes_in, call);
        running.record.start = arrived;
        let named = self.named(request, call);
        running.record.openai =
            named.is_ok_and(|(named, _)| self.targets.takes_client_path(&named));
        self.opened(Err(error.into()), running, call)
    }

    fn running(&self, request: &Request<Bytes>, bytes_in: usize, call: &FrontCall) -> Running {
        let trace = Trace::untold(&call.context, self.forwarder.client().now());
        let heard = Heard::of(request, bytes_in, &call.context);
        Running::new(Record::start(Some(trace)), heard, call.alias.clone(), call.observer.clone())
    }

    /// What a request means, and the body for it.
    fn named(&self, request: &Request<Bytes>, call: &FrontCall) -> Result<(Named, Bytes), Error> {
        match &call.alias {
            Some(alias) => self.targets.aliased(alias, request),
            None => self.targets.named_by(request),
        }
    }

    /// The story of one call, until its answer begins.
    async fn open(
        &self,
        request: &Request<Bytes>,
        call: &FrontCall,
        record: &mut Record,
    ) -> Result<Response<AnswerBody>, Error> {
        check_url(request.uri())?;
        let (named, body) = self.named(request, call)?;
        let events = payload::accepts_events(request.headers());
        let upstream = self.upstream(request, &call.context, named, &body, record, events)?;
        let request = self.prepare(request, &call.context, &upstream, body, record)?;
        let until = self.budget(&call.context).predict_by;
        self.forwarder.open(request, &upstream, (until, call.pause), &mut record.timings).await
    }

    fn opened(
        &self,
        opened: Result<Response<AnswerBody>, Error>,
        mut running: Running,
        call: &FrontCall,
    ) -> Response<Relay> {
        let (outcome, coming) = match opened {
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                running.answered(head.status, &head.headers);
                (Ok((head.status, head.headers, Bytes::new())), Some(body))
            }
            Err(error) => {
                running.end(Err(&error));
                (Err(error), None)
            }
        };
        let program = call.observer.program();
        let response = outcome::response(outcome, &running.record, &self.headers, program);
        let until = Instant::from_std(call.context.deadline);
        let events = Events::from_headers(response.headers());
        response.map(|whole| match coming {
            Some(body) => Relay::coming(body, until, events, running),
            None => whole.into(),
        })
    }
}

/// Refuses a URL that no gateway lets pass to the function.
fn check_url(url: &Uri) -> Result<(), Error> {
    let length = url.path().len() + url.query().map_or(0, str::len);
    if length > URL_LIMIT { Err(Rejection::UrlTooLong(URL_LIMIT).into()) } else { Ok(()) }
}
