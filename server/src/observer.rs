//! What becomes of a call, for the metrics; and what it holds until it is over.

use std::sync::{Arc, OnceLock};

use model_deployment_fn::predict::{Ended, FrontError, Observer, Stop};
use oracle_cloud_client::Phase as Step;
use tokio::sync::OwnedSemaphorePermit;

use crate::metrics::{Call, OpenStream, Phase};
use crate::refused::{STOPPING, client_closed};
use crate::shared::Shared;

/// One of the calls that may run at once.
pub(crate) type Place = OwnedSemaphorePermit;

/// Watches one call.
#[derive(Debug)]
pub(crate) struct CallObserver {
    shared: Arc<Shared>,
    stream: OnceLock<OpenStream>,
    _place: Option<Place>,
}

impl CallObserver {
    pub(crate) fn new(shared: Arc<Shared>, place: Option<Place>) -> Self {
        Self { shared, stream: OnceLock::new(), _place: place }
    }
}

impl Observer for CallObserver {
    fn program(&self) -> &'static str {
        "this server"
    }

    fn stopped(&self) -> Stop {
        Box::pin(self.shared.drain.stopped())
    }

    fn dropped(&self) -> FrontError {
        if self.shared.drain.is_stopped() { STOPPING } else { client_closed() }
    }

    fn answered(&self) {
        self.stream.get_or_init(|| self.shared.metrics.open_stream());
    }

    fn ended(&self, ended: &Ended<'_>) {
        let attempts = ended.timings.attempts();
        let Some(target) = ended.target.filter(|_| attempts > 0) else {
            self.shared.metrics.refused(ended.code.unwrap_or("none"));
            return;
        };
        // Not every call connects, and a client may leave before an answer comes.
        let taken = |step| ended.timings.segments().iter().any(|segment| segment.phase == step);
        let steps =
            [(Phase::Sign, Step::Sign), (Phase::Connect, Step::Connect), (Phase::Wait, Step::Wait)]
                .into_iter()
                .filter(|&(_, step)| taken(step))
                .map(|(phase, step)| (phase, ended.timings.time(step)));
        let phases: Vec<_> =
            steps.chain([(Phase::Check, ended.check), (Phase::Whole, ended.whole)]).collect();
        self.shared.metrics.call(&Call {
            target,
            status: ended.status,
            retries: attempts - 1,
            request_bytes: u64::try_from(ended.bytes_in).unwrap_or(u64::MAX),
            response_bytes: u64::try_from(ended.bytes_out).unwrap_or(u64::MAX),
            model: ended.model,
            tokens: ended.tokens,
            phases: &phases,
        });
    }
}
