//! The call that a task works for, for the lines of the log.
//!
//! Source: docs/spec/fn-container-contract.md#call-ids-in-logs.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use log::Level;

use super::call::Call;
use super::log_line::cut;
use super::span::Span;

/// The limit of a call's id, in bytes. The platform's have 26, and whoever reaches the socket can
/// choose any.
const MAX_ID_BYTES: usize = 128;

tokio::task_local! {
    /// The call that a task works for.
    static CALL: LoggedCall;
}

/// What the log lines of a call need of it.
#[derive(Clone, Debug)]
pub(super) struct LoggedCall {
    id: Option<Arc<str>>,
    arrived: Instant,
    span: Span,
}

impl LoggedCall {
    pub(super) fn of(call: &Call) -> Self {
        let id = call.id().map(|id| match id.len() {
            ..=MAX_ID_BYTES => id.into(),
            _ => cut(id.to_owned(), MAX_ID_BYTES).into(),
        });
        Self { id, arrived: call.arrived(), span: Span::of(call.context()) }
    }

    /// Returns the call of the current task, if it works for one.
    pub(super) fn current() -> Option<Self> {
        CALL.try_with(Clone::clone).ok()
    }

    /// Runs a future whose log lines belong to this call.
    pub(super) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        let span = self.span.clone();
        CALL.scope(self, span.around(future))
    }

    /// Runs a function whose log lines belong to this call.
    pub(super) fn sync_scope<T>(self, function: impl FnOnce() -> T) -> T {
        let span = self.span.clone();
        span.within(|| CALL.sync_scope(self, function))
    }

    /// Returns the call's id, which is cut if it is longer than any of the platform's.
    pub(super) fn into_id(self) -> Option<Arc<str>> {
        self.id
    }

    /// Returns the call's id for a line's field `call`, which other loggers need.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Logs a failure that the handler does not log, such as its own end.
    pub(super) fn failed(&self, (status, code): (StatusCode, &str), why: &str) {
        let level = if status.is_client_error() { Level::Warn } else { Level::Error };
        let (status, ms) = (status.as_u16(), milliseconds(self.arrived));
        let call = self.id();
        self.clone().sync_scope(|| log::log!(level, call, status, code, ms; "{why}"));
    }
}

/// Returns the platform's id of the call that this task works for, for those who write their own
/// log. `None` outside a call, and for a call without an id.
///
/// With `tracing`, use the feature of that name instead: its span `call` has the id.
///
/// ```
/// assert_eq!(fn_fdk::call_id(), None);
/// ```
pub fn call_id() -> Option<String> {
    LoggedCall::current()?.id.as_deref().map(str::to_owned)
}

/// Returns the milliseconds since an instant, with two decimals.
pub(super) fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e5).round() / 100.0
}
