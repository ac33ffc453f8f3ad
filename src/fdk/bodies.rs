//! The bodies of calls: each is read to its end.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::Rejection;

/// The largest body a call may have, and an answer may have: what OCI Functions allows, 6 MiB.
pub const BODY_LIMIT: usize = 6 * 1024 * 1024;
/// Room for any body, in bytes, of a size that glibc always maps for itself and gives back whole (more than 32 MiB), so that
/// bodies leave no holes in the heap. Only what is written to is ever in memory.
const ROOM: usize = 33 * 1024 * 1024;

/// What all calls of a process share to read their bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    /// What the last body was read into: a new one for each would fault its pages in again.
    spare: Mutex<BytesMut>,
}

impl Bodies {
    pub(super) fn new() -> Self {
        Self { spare: Mutex::default() }
    }

    /// Reads a body to its end, and counts what came of it in `received`. An error means that it broke off.
    pub(super) async fn collect(
        &self,
        body: Incoming,
        limit: Instant,
        received: &mut usize,
    ) -> Result<Result<Bytes, Rejection>, hyper::Error> {
        match timeout_at(limit, self.read(body, received)).await {
            Ok(read) => Ok(read?.ok_or(Rejection::BodyTooLarge(BODY_LIMIT))),
            Err(_elapsed) => Ok(Err(Rejection::BodyLate)),
        }
    }

    /// None if it was larger than allowed: the rest is read all the same, and not kept.
    async fn read(
        &self,
        mut body: Incoming,
        received: &mut usize,
    ) -> Result<Option<Bytes>, hyper::Error> {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > BODY_LIMIT {
            drain(body, received).await?;
            return Ok(None);
        }
        let mut bytes = mem::take(&mut *self.spare());
        // All of it again, from its beginning, unless someone holds what was read before.
        bytes.reserve(ROOM);
        while let Some(frame) = body.frame().await {
            // A trailer is no part of it.
            let Ok(data) = frame?.into_data() else { continue };
            *received += data.len();
            if *received > BODY_LIMIT {
                drop((bytes, data));
                drain(body, received).await?;
                return Ok(None);
            }
            bytes.extend_from_slice(&data);
        }
        let body = bytes.split().freeze();
        *self.spare() = bytes;
        Ok(Some(body))
    }

    fn spare(&self) -> MutexGuard<'_, BytesMut> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the rest of a body and keeps none of it.
async fn drain(mut body: Incoming, received: &mut usize) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        *received += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(())
}
