//! A future whose panic ends only itself, and nothing around it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Resolves to the output of a future, or to `None` if it panics. It is not polled again after
/// that. The panic is logged with its place.
pub(super) struct Unwinding<F>(Pin<Box<F>>);

impl<F: Future> Unwinding<F> {
    pub(super) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Unwinding<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = AssertUnwindSafe(|| self.0.as_mut().poll(context));
        catch_unwind(polled).map_or(Poll::Ready(None), |polled| polled.map(Some))
    }
}
