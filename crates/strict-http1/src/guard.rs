//! What the requests of a connection and its stream know of each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::header::{HOST, UPGRADE};
use http::request::Parts;
use http::{Method, Version};
use tokio::time::Instant;

use crate::fault::Fault;

/// Tells of each request of a connection whether it may be answered. Cheap to clone; the clones
/// share the connection.
///
/// ```
/// use http::Request;
/// use strict_http1::{Bounds, Fault, Strict};
///
/// let (_stream, guard) = Strict::new(tokio::io::empty(), Bounds::default());
/// let (head, ()) = Request::get("/").body(())?.into_parts();
/// assert_eq!(guard.check(&head), Err(Fault::Host));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Guard(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    fault: OnceLock<Fault>,
    is_last: AtomicBool,
    deadline: Mutex<Option<Instant>>,
}

impl Guard {
    /// Refuses what is no plain request of HTTP/1.1. After a fault of the framing nothing of this
    /// connection passes any more.
    ///
    /// ```
    /// use http::Request;
    /// use strict_http1::{Bounds, Strict};
    ///
    /// let (_stream, guard) = Strict::new(tokio::io::empty(), Bounds::default());
    /// let (head, ()) = Request::get("/").header("host", "a").body(())?.into_parts();
    /// assert_eq!(guard.check(&head), Ok(()));
    /// # Ok::<_, http::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Fault`], after which the connection should be closed if [`is_last`](Self::is_last) says so.
    pub fn check(&self, head: &Parts) -> Result<(), Fault> {
        if let Some(fault) = self.0.fault.get() {
            return Err(*fault);
        }
        if head.version != Version::HTTP_11 {
            return Err(Fault::Version);
        }
        if head.method == Method::CONNECT {
            return Err(Fault::Connect);
        }
        if head.uri.scheme().is_some() || head.uri.authority().is_some() {
            return Err(Fault::Absolute);
        }
        if head.headers.get_all(HOST).iter().count() != 1 {
            return Err(Fault::Host);
        }
        if head.headers.contains_key(UPGRADE) {
            return Err(Fault::Upgrade);
        }
        Ok(())
    }

    /// Whether no request is taken behind this one, since nobody could say where it begins: the answer
    /// should say `connection: close`.
    ///
    /// ```
    /// use strict_http1::{Bounds, Strict};
    ///
    /// let (_stream, guard) = Strict::new(tokio::io::empty(), Bounds::default());
    /// assert!(!guard.is_last());
    /// ```
    pub fn is_last(&self) -> bool {
        self.0.is_last.load(Ordering::Relaxed)
    }

    /// The answer to the request that begins now may be written until then, and no longer.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use strict_http1::{Bounds, Strict};
    /// use tokio::time::Instant;
    ///
    /// let (_stream, guard) = Strict::new(tokio::io::empty(), Bounds::default());
    /// guard.set_deadline(Instant::now() + Duration::from_secs(300));
    /// ```
    pub fn set_deadline(&self, deadline: Instant) {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what came.
    pub(crate) fn note(&self, fault: Option<Fault>, is_last: bool) {
        if let Some(fault) = fault {
            self.0.fault.get_or_init(|| fault);
        }
        self.0.is_last.fetch_or(is_last, Ordering::Relaxed);
    }
}
