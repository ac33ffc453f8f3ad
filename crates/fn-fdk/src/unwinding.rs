//! A panic of somebody's future ends that future, and nothing around it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// What a future comes to; None if it panics, after which it is not polled again. The panic itself
/// is in the log then, with its place.
pub(super) async fn unwinding<F: Future>(mut future: Pin<Box<F>>) -> Option<F::Output> {
    poll_fn(|context| {
        let polled = AssertUnwindSafe(|| future.as_mut().poll(context));
        catch_unwind(polled).map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}
