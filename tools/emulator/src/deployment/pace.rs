//! At which pace streams are written, and when each of their pieces was.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use crate::clock::now;

/// The most pieces that are kept; older ones are forgotten.
const KEPT: usize = 100_000;

/// A piece of a stream that was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Written {
    /// The request that it answers, as [`Received`](super::Received) counts them: from 0.
    pub request: u64,
    /// Just before it was written.
    pub at: SystemTime,
    /// Its size.
    pub bytes: usize,
}

/// The pace, and what was written at it.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    gap: Duration,
    written: VecDeque<Written>,
}

/// What writes the answer to one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen<'a> {
    pace: &'a Pace,
    request: u64,
}

impl Pace {
    /// From now on, so long passes between two pieces of a stream.
    pub(super) fn set(&self, gap: Duration) {
        self.inner().gap = gap;
    }

    pub(super) fn written(&self) -> Vec<Written> {
        self.inner().written.iter().copied().collect()
    }

    pub(super) fn pen(&self, request: u64) -> Pen<'_> {
        Pen { pace: self, request }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pen<'_> {
    /// Waits until the piece of this number is to be written, the first one at once.
    pub(super) async fn wait(self, number: usize) {
        let gap = self.pace.inner().gap;
        if number > 0 && !gap.is_zero() {
            sleep(gap).await;
        }
    }

    /// A piece of this size is about to be written.
    pub(super) fn note(self, bytes: usize) {
        let mut inner = self.pace.inner();
        if inner.written.len() == KEPT {
            inner.written.pop_front();
        }
        inner.written.push_back(Written { request: self.request, at: now(), bytes });
    }
}
