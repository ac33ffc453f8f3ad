//! The span of a call, for those who trace with `tracing`; nothing without that feature.

use super::context::Context;

/// The span `call`, with the call's `id` and the `trace` that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Span(#[cfg(feature = "tracing")] tracing::Span);

#[cfg(feature = "tracing")]
impl Span {
    pub(super) fn of(context: &Context) -> Self {
        let (id, trace) = (context.id.as_deref(), context.trace.trace_id.as_deref());
        Self(tracing::info_span!("call", id, trace))
    }

    pub(super) fn around<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        tracing::Instrument::instrument(future, self.0)
    }

    pub(super) fn within<T>(self, function: impl FnOnce() -> T) -> T {
        self.0.in_scope(function)
    }
}

#[cfg(not(feature = "tracing"))]
#[expect(clippy::unused_self, reason = "the same calls, with the feature and without")]
impl Span {
    pub(super) fn of(_context: &Context) -> Self {
        Self()
    }

    pub(super) fn around<F: Future>(self, future: F) -> F {
        future
    }

    pub(super) fn within<T>(self, function: impl FnOnce() -> T) -> T {
        function()
    }
}
