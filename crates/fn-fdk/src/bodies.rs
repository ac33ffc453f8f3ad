//! The bodies of calls. Each is read to its end. Only two large ones are held at once.
//!
//! Source: docs/spec/fn-container-contract.md#connections.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::limits::BODY_LIMIT;
use super::rejection::Rejection;

/// A body of more bytes than this is large.
const LARGE_BODY_BYTES: usize = 1024 * 1024;
/// How many large bodies are held at once, so that any number of calls fits into the smallest
/// container.
const MAX_LARGE_BODIES: usize = 2;
/// The buffer that every body fits into, in bytes. glibc always maps this size (more than 32 MiB)
/// separately and unmaps it whole, so bodies leave no holes in the heap. Only pages that are
/// written to take memory.
const BODY_BUFFER_CAPACITY: usize = 33 * 1024 * 1024;

/// A whole body, and the permit of a large one. The permit belongs to the call: whoever keeps a
/// part of the body for longer, such as a connection whose peer does not read, must not keep others
/// waiting.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) body: Bytes,
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// What all calls of a process share to read their bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    /// The buffer of the last body. A new one for each body would fault its pages in again.
    spare: Mutex<BytesMut>,
    large: Arc<Semaphore>,
}

impl Bodies {
    pub(super) fn new() -> Self {
        Self { spare: Mutex::default(), large: Arc::new(Semaphore::new(MAX_LARGE_BODIES)) }
    }

    /// Reads a body to its end, and counts its bytes in `received`. An error means that it broke
    /// off.
    ///
    /// A large one waits in the socket until a permit is free. Two slow senders keep other large
    /// bodies waiting until their deadlines, and small ones not at all.
    pub(super) async fn collect(
        &self,
        body: Incoming,
        limit: Instant,
        received: &mut usize,
    ) -> Result<Result<Held, Rejection>, hyper::Error> {
        match timeout_at(limit, self.read(body, received)).await {
            Ok(read) => Ok(read?.ok_or(Rejection::BodyTooLarge(BODY_LIMIT))),
            Err(_elapsed) => Ok(Err(Rejection::BodyLate)),
        }
    }

    /// Returns `None` for a body larger than allowed. The rest of it is read and dropped.
    async fn read(
        &self,
        mut body: Incoming,
        received: &mut usize,
    ) -> Result<Option<Held>, hyper::Error> {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > BODY_LIMIT {
            drain(body, received).await?;
            return Ok(None);
        }
        let mut place = if announced > LARGE_BODY_BYTES { Some(self.place().await) } else { None };
        let mut bytes = mem::take(&mut *self.spare());
        // The whole buffer again, from its beginning, unless somebody holds the last body.
        bytes.reserve(BODY_BUFFER_CAPACITY);
        while let Some(frame) = body.frame().await {
            // A trailer is not part of the body.
            let Ok(data) = frame?.into_data() else { continue };
            *received += data.len();
            if *received > BODY_LIMIT {
                drop((bytes, place, data));
                drain(body, received).await?;
                return Ok(None);
            }
            if *received > LARGE_BODY_BYTES && place.is_none() {
                place = Some(self.place().await);
            }
            bytes.extend_from_slice(&data);
        }
        let body = bytes.split().freeze();
        *self.spare() = bytes;
        Ok(Some(Held { body, place }))
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        self.large.clone().acquire_owned().await.expect("the semaphore is never closed")
    }

    fn spare(&self) -> MutexGuard<'_, BytesMut> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the rest of a body and drops it.
async fn drain(mut body: Incoming, received: &mut usize) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        *received += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(())
}
