//! The story of one call: is it HTTP as it should be, who calls, how many calls run, which target,
//! which body; and then the rules that the function has, too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fn_fdk::{Context, Intent, TraceContext};
use http::header::{CONNECTION, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use model_deployment_fn::predict::{Error, FrontCall, Relay};
use oracle_cloud_client::apm;
use strict_http1::Guard;

use crate::alias;
use crate::bodies::{self, Held};
use crate::observer::{CallObserver, Place};
use crate::refused::{TOO_MANY_CALLS, unplain};
use crate::shared::Shared;
use crate::trust::{NotAdmitted, Trust};

/// How long a deployment may pause within an answer.
const PAUSE: Duration = Duration::from_secs(60);

/// How long the end of an answer may take whose time is over.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Answers one request.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    guard: Guard,
    request: Request<Incoming>,
) -> Response<Relay> {
    let mut arriving = Arriving::new(&shared, request);
    guard.set_deadline((arriving.until + LAST_WORDS).into());
    let admitted = tokio::select! {
        biased;
        stopping = shared.drain.stopped() => Err(stopping.into()),
        admitted = arriving.admit(&shared, &guard) => admitted,
    };
    let mut response = match admitted {
        // The body is let go when the answer begins: nothing is sent again then.
        Ok((held, place)) => {
            let call = arriving.call(&shared, Some(place));
            let request = Request::from_parts(arriving.head, held.body.clone());
            shared.predictor.stream(request, call).await
        }
        Err(error) => refuse(&shared, arriving, error).await,
    };
    if guard.is_last() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A request, as far as it has come.
struct Arriving {
    head: Parts,
    body: Incoming,
    alias: Option<String>,
    arrived: Instant,
    until: Instant,
    received: usize,
}

impl Arriving {
    fn new(shared: &Shared, request: Request<Incoming>) -> Self {
        let arrived = Instant::now();
        let until = arrived + shared.limits.call_timeout;
        let (head, body) = request.into_parts();
        Self { head, body, alias: None, arrived, until, received: 0 }
    }

    /// All checks before the rules of targets. Only a caller who is admitted counts as a call.
    async fn admit(&mut self, shared: &Shared, guard: &Guard) -> Result<(Held, Place), Error> {
        guard.check(&self.head).map_err(unplain)?;
        shared.trust.admit(&self.head.headers).await.map_err(NotAdmitted::answer)?;
        let place = shared.calls.clone().try_acquire_owned();
        let place = place.map_err(|_none_left| TOO_MANY_CALLS)?;
        for name in Trust::header_names() {
            self.head.headers.remove(name);
        }
        if !shared.trust.takes_target_header() {
            self.alias = Some(alias::take(&mut self.head.uri)?);
        }
        let until = self.until.into();
        let held = shared.bodies.read(&mut self.body, until, &mut self.received).await?;
        Ok((held, place))
    }

    /// What the rules of targets have to know of it. It has a place where it is let in.
    fn call(&mut self, shared: &Arc<Shared>, place: Option<Place>) -> FrontCall {
        let context = Context::new(Intent::Gateway, self.until).with_id(apm::trace_id());
        FrontCall {
            context: context.with_trace(TraceContext::from_headers(&self.head.headers)),
            alias: self.alias.take(),
            pause: PAUSE,
            observer: Arc::new(CallObserver::new(shared.clone(), place)),
        }
    }
}

/// Refuses a request, when the client has had time to write the rest of it.
async fn refuse(shared: &Arc<Shared>, mut arriving: Arriving, error: Error) -> Response<Relay> {
    let call = arriving.call(shared, None);
    let Arriving { head, mut body, arrived, received, .. } = arriving;
    let request = Request::from_parts(head, Bytes::new());
    let response = shared.predictor.refuse(&request, &call, error, (arrived, received));
    // To read is to ask a client for its body that waits to be asked.
    if !request.headers().contains_key(EXPECT) {
        bodies::drain(&mut body).await;
    }
    response
}
