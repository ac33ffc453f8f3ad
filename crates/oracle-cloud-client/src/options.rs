//! How one request is sent: how long it may take, how often it is tried, how large its answer may
//! be.

use std::time::{Duration, Instant};

use tokio::time;

use super::retry::RetrySafety;

/// Longer than anything is waited for, and short enough to be added to any time.
const FAR: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// Time limits, attempts and size of one request. The defaults are right for nearly every request.
///
/// ```
/// use std::time::Duration;
///
/// use oracle_cloud_client::RequestOptions;
///
/// let patient = RequestOptions::default().timeout(Duration::from_secs(600)).attempts(3);
/// assert_eq!(patient.attempts, 3);
/// ```
///
/// Source: docs/spec/oci-request-signing.md#retries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestOptions {
    /// Limit of all attempts together, with the waits between them; 120 s by default. The pieces of
    /// a streaming answer may arrive later.
    pub timeout: Duration,
    /// When the last attempt must end, in place of [`timeout`](field@Self::timeout).
    pub deadline: Option<Instant>,
    /// Limit of one attempt, until its answer is complete, or until a streaming answer begins. 60 s
    /// by default, after which services give a request up.
    pub attempt_timeout: Duration,
    /// The longest pause between two pieces of an answer of known length, and of any streaming
    /// answer; 60 s by default.
    pub read_timeout: Duration,
    /// The largest answer that is read whole, in bytes; 10 MB by default.
    pub max_answer: usize,
    /// The most attempts, the first one included; eight by default. The client's
    /// [`Retry`](crate::Retry) may allow fewer.
    pub attempts: u32,
    /// Whether it may be sent again when its outcome is unknown. `None`, the default, depends on
    /// the method: POST and PATCH are not retried, unless the request has an `opc-retry-token`.
    pub retry_safety: Option<RetrySafety>,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            deadline: None,
            attempt_timeout: Duration::from_secs(60),
            read_timeout: Duration::from_secs(60),
            max_answer: 10_000_000,
            attempts: 8,
            retry_safety: None,
        }
    }
}

impl RequestOptions {
    /// Sets [`timeout`](field@Self::timeout).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use oracle_cloud_client::RequestOptions;
    /// let options = RequestOptions::default().timeout(Duration::from_secs(5));
    /// assert_eq!(options.timeout.as_secs(), 5);
    /// ```
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`deadline`](field@Self::deadline).
    ///
    /// ```
    /// # use std::time::Instant;
    /// let options = oracle_cloud_client::RequestOptions::default().deadline(Instant::now());
    /// assert!(options.deadline.is_some());
    /// ```
    #[must_use]
    pub fn deadline(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Sets [`attempt_timeout`](field@Self::attempt_timeout).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use oracle_cloud_client::RequestOptions;
    /// let options = RequestOptions::default().attempt_timeout(Duration::from_secs(5));
    /// assert_eq!(options.attempt_timeout.as_secs(), 5);
    /// ```
    #[must_use]
    pub fn attempt_timeout(self, attempt_timeout: Duration) -> Self {
        Self { attempt_timeout, ..self }
    }

    /// Sets [`read_timeout`](field@Self::read_timeout).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use oracle_cloud_client::RequestOptions;
    /// let options = RequestOptions::default().read_timeout(Duration::from_secs(5));
    /// assert_eq!(options.read_timeout.as_secs(), 5);
    /// ```
    #[must_use]
    pub fn read_timeout(self, read_timeout: Duration) -> Self {
        Self { read_timeout, ..self }
    }

    /// Sets [`max_answer`](field@Self::max_answer).
    ///
    /// ```
    /// let options = oracle_cloud_client::RequestOptions::default().max_answer(1000);
    /// assert_eq!(options.max_answer, 1000);
    /// ```
    #[must_use]
    pub fn max_answer(self, max_answer: usize) -> Self {
        Self { max_answer, ..self }
    }

    /// Sets [`attempts`](field@Self::attempts).
    ///
    /// ```
    /// let options = oracle_cloud_client::RequestOptions::default().attempts(1);
    /// assert_eq!(options.attempts, 1);
    /// ```
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets [`retry_safety`](field@Self::retry_safety).
    ///
    /// ```
    /// use oracle_cloud_client::{RequestOptions, RetrySafety};
    ///
    /// let options = RequestOptions::default().retry_safety(RetrySafety::Idempotent);
    /// assert_eq!(options.retry_safety, Some(RetrySafety::Idempotent));
    /// ```
    #[must_use]
    pub fn retry_safety(self, retry_safety: RetrySafety) -> Self {
        Self { retry_safety: Some(retry_safety), ..self }
    }

    /// Returns when the last attempt of a request that begins now must end.
    pub(super) fn until(&self) -> time::Instant {
        self.deadline.map_or_else(|| time::Instant::now() + self.timeout.min(FAR), Into::into)
    }

    /// Returns when an attempt that begins now must end, if the last one must end then.
    pub(super) fn attempt_until(&self, end: time::Instant) -> time::Instant {
        end.min(time::Instant::now() + self.attempt_timeout.min(FAR))
    }
}
