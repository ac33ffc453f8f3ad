//! The bodies of requests: each is held whole, since its hash is signed, and all of them together are
//! bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fn_fdk::Rejection;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use model_deployment_fn::predict::{Error, FrontError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::refused::{BODY_BROKEN, BODY_LATE, BUFFERS_FULL};

/// The longest that a body may pause.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the rest of a body is read of which nothing is kept: an answer that comes while the client
/// writes is lost on many of them.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// What a permit stands for, in bytes.
const PERMIT_BYTES: usize = 1024;
/// What a body has room for at first, in bytes.
const FIRST_BYTES: usize = 4 * 1024;

/// Reads bodies within the bounds.
#[derive(Debug)]
pub(crate) struct Bodies {
    max_body: usize,
    buffered: Arc<Semaphore>,
}

/// A whole body, and its share of what may be held.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) body: Bytes,
    _share: OwnedSemaphorePermit,
}

impl Bodies {
    /// Each may have so many bytes, and all of them together so many.
    pub(crate) fn new(max_body: usize, max_buffered: usize) -> Self {
        Self { max_body, buffered: Arc::new(Semaphore::new(max_buffered.div_ceil(PERMIT_BYTES))) }
    }

    /// Reads a body to its end, and counts what came in `received`.
    pub(crate) async fn read(
        &self,
        body: &mut Incoming,
        until: Instant,
        received: &mut usize,
    ) -> Result<Held, Error> {
        let read = timeout_at(until, self.collect(body, received)).await;
        read.unwrap_or_else(|_elapsed| Err(BODY_LATE.into()))
    }

    async fn collect(&self, body: &mut Incoming, received: &mut usize) -> Result<Held, Error> {
        let too_large = || Error::from(Rejection::BodyTooLarge(self.max_body));
        let announced = usize::try_from(hyper::body::Body::size_hint(body).lower());
        if announced.is_ok_and(|announced| announced > self.max_body) {
            return Err(too_large());
        }
        let (mut bytes, mut share) = (Vec::new(), self.share(0)?);
        loop {
            let frame = timeout(READ_TIMEOUT, body.frame()).await;
            let Some(frame) = frame.map_err(|_elapsed| BODY_LATE)? else { break };
            let frame = frame.map_err(|error| BODY_BROKEN.with_reason(broken(&error)))?;
            // A trailer is no part of it.
            let Ok(data) = frame.into_data() else { continue };
            *received += data.len();
            if *received > self.max_body {
                return Err(too_large());
            }
            if *received > bytes.capacity() {
                let least = FIRST_BYTES.min(self.max_body);
                let room = received.next_power_of_two().clamp(least, self.max_body);
                share.merge(self.share(room - bytes.capacity())?);
                bytes.reserve_exact(room - bytes.len());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Held { body: bytes.into(), _share: share })
    }

    /// So many bytes of what may be held.
    fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, FrontError> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        let share = self.buffered.clone().try_acquire_many_owned(permits);
        share.map_err(|_none_left| BUFFERS_FULL)
    }
}

/// What is said of a body that broke off: the library's word, which has no byte of it.
fn broken(error: &hyper::Error) -> String {
    format!("the body broke off: {}", fn_fdk::error_chain(error))
}

/// Reads what is left of a body that nobody wants, for a short while.
pub(crate) async fn drain(body: &mut Incoming) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whatever is left after that ends the connection.
    drop(timeout(DRAIN_TIMEOUT, rest).await);
}
