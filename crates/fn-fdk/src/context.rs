//! What the platform says about a call, apart from the caller's request.

use std::time::Instant;

use super::trace::TraceContext;

/// How the function was called. It decides in which headers the request arrives and which form an
/// answer must have.
///
/// ```
/// use fn_fdk::{Call, Intent};
///
/// assert_eq!(Call::direct("").intent(), Intent::Direct);
/// assert_eq!(Call::gateway(http::Request::new("")).intent(), Intent::Gateway);
/// ```
///
/// Source: docs/spec/fn-container-contract.md#requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Intent {
    /// An invocation through the API, the CLI or an event. Its caller sees no HTTP status.
    Direct,
    /// An HTTP request through an API Gateway or an HTTP trigger.
    Gateway,
}

/// What the platform says about a call. It is in every [`Call`](crate::Call), and an extension of
/// the [`http::Request`] that a service gets.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use fn_fdk::{Context, Intent};
///
/// let deadline = Instant::now() + Duration::from_secs(30);
/// let context = Context::new(Intent::Gateway, deadline).with_id("01JD8V0000000000000000000");
/// assert_eq!(context.id.as_deref(), Some("01JD8V0000000000000000000"));
/// ```
///
/// Source: docs/spec/fn-container-contract.md#requests.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// The platform's opaque id of this call. `None` in a local test that sent none, or if it is
    /// not visible ASCII.
    pub id: Option<String>,
    /// Whether the call came through a gateway.
    pub intent: Intent,
    /// When the platform gives the call up, as exactly as the function can know it. It is never
    /// more than an hour after the arrival. If the platform sets no deadline, the call has 300 s.
    pub deadline: Instant,
    /// The call's place in a trace.
    pub trace: TraceContext,
}

impl Context {
    /// Creates the context of a call without an id and without a trace.
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let context = fn_fdk::Context::new(fn_fdk::Intent::Direct, Instant::now());
    /// assert!(context.id.is_none() && context.trace.trace_id.is_none());
    /// ```
    pub fn new(intent: Intent, deadline: Instant) -> Self {
        Self { id: None, intent, deadline, trace: TraceContext::default() }
    }

    /// Sets the id.
    ///
    /// ```
    /// # use std::time::Instant;
    /// let context = fn_fdk::Context::new(fn_fdk::Intent::Direct, Instant::now()).with_id("01J");
    /// assert_eq!(context.id.as_deref(), Some("01J"));
    /// ```
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Sets the place in a trace.
    ///
    /// ```
    /// # use std::time::Instant;
    /// use fn_fdk::{Context, Intent, TraceContext};
    ///
    /// let trace = TraceContext { debug: true, ..TraceContext::default() };
    /// assert!(Context::new(Intent::Direct, Instant::now()).with_trace(trace).trace.debug);
    /// ```
    #[must_use]
    pub fn with_trace(self, trace: TraceContext) -> Self {
        Self { trace, ..self }
    }
}
