//! Which requests are retried, how many attempts there are, and how long to wait between them.

use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use tokio::time::{Instant, sleep};

use super::names::MAX_LOOK_UPS;
use super::service_error::ServiceError;
use super::transport::TransportError;

/// A larger body is sent fewer times.
const LARGE_BODY_BYTES: usize = 1024 * 1024;

/// When a request is retried. Every attempt is signed again.
///
/// The default is that of Oracle's SDKs: eight attempts, with waits of 1, 2, 4 ... up to 30 s, each
/// with up to a second of jitter. Without a connection there are only two, so that a wrong address
/// is reported soon.
///
/// ```
/// use std::time::Duration;
///
/// use oracle_cloud_client::Retry;
///
/// const QUICK: Retry = Retry::new().attempts(3).first_wait(Duration::from_millis(50));
/// assert_eq!(QUICK.attempts, 3);
/// ```
///
/// Source: docs/spec/oci-request-signing.md#retries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// All attempts, the first one included, and a repetition after a refused signature.
    pub attempts: u32,
    /// The same after the service answered 500: it processed the request, and would probably fail
    /// again.
    pub attempts_after_500: u32,
    /// The same with a body over 1 MiB.
    pub attempts_if_large: u32,
    /// The same without a connection: the name has no address, nothing listens there, or nothing
    /// answers.
    pub attempts_without_connection: u32,
    /// The wait before the second attempt; it doubles with each attempt. Jitter adds up to as much
    /// again.
    pub first_wait: Duration,
    /// The longest wait. `Retry-After` makes a wait longer, never shorter. If a service asks for
    /// more than this, the request is not retried.
    pub longest_wait: Duration,
    /// The statuses that are retried; 409 too, if its code is `IncorrectState` or `LockConflict`.
    pub statuses: &'static [u16],
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a request may be sent again when its outcome is unknown.
///
/// ```
/// use oracle_cloud_client::{RequestOptions, RetrySafety};
///
/// let options = RequestOptions::default().retry_safety(RetrySafety::Never);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RetrySafety {
    /// It may be carried out twice without harm.
    Idempotent,
    /// It is sent again only if the service certainly did not carry it out.
    IfNotProcessed,
    /// It is sent once.
    Never,
}

/// An answer of whatever status, or none.
pub(super) type Outcome = Result<Response<Bytes>, TransportError>;

/// The attempts of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    retry: Retry,
    safety: RetrySafety,
    until: Instant,
    made: u32,
    most: u32,
    refused: bool,
}

impl Attempts {
    /// Returns whether another attempt may change the outcome of the last one, and there is time
    /// for it. If so, it waits first.
    pub(super) async fn wait_before_next(&mut self, outcome: &Outcome) -> bool {
        self.made += 1;
        self.most = self.most.min(self.retry.most_after(outcome));
        let passes = match outcome {
            Ok(answer) => self.retry.passes(answer, self.safety),
            Err(error) => may_be_sent_again(error, self.safety),
        };
        let headers = outcome.as_ref().ok().map(Response::headers);
        match self.retry.wait(self.made, headers, chance()) {
            Some(wait) if passes && self.made < self.most => {
                let in_time = wait < self.until.saturating_duration_since(Instant::now());
                if in_time {
                    sleep(wait).await;
                }
                in_time
            }
            _ => false,
        }
    }

    /// Returns whether a refused request may be signed again and sent at once: only after its first
    /// refusal, and within its attempts. After the first attempt this is always allowed.
    pub(super) fn may_be_at_once(&self) -> bool {
        !self.refused && (self.made == 0 || self.made + 1 < self.most)
    }

    /// Records that a refused request is sent again at once.
    pub(super) fn at_once(&mut self) {
        self.refused = true;
        self.made += 1;
    }
}

impl Retry {
    /// Only one attempt.
    ///
    /// ```
    /// use oracle_cloud_client::{Client, Retry};
    ///
    /// let builder = Client::builder().retry(Retry::NEVER);
    /// ```
    pub const NEVER: Self = Self::new().attempts(1).statuses(&[]);

    /// Creates the default.
    ///
    /// ```
    /// use oracle_cloud_client::Retry;
    ///
    /// assert_eq!(Retry::new(), Retry::default());
    /// ```
    pub const fn new() -> Self {
        Self {
            attempts: 8,
            attempts_after_500: 8,
            attempts_if_large: 8,
            attempts_without_connection: 2,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            statuses: &[429, 500, 502, 503, 504],
        }
    }

    /// Sets [`attempts`](field@Self::attempts), which limits all the others.
    ///
    /// ```
    /// assert_eq!(oracle_cloud_client::Retry::new().attempts(3).attempts, 3);
    /// ```
    #[must_use]
    pub const fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets [`attempts_after_500`](field@Self::attempts_after_500).
    ///
    /// ```
    /// assert_eq!(oracle_cloud_client::Retry::new().attempts_after_500(2).attempts_after_500, 2);
    /// ```
    #[must_use]
    pub const fn attempts_after_500(self, attempts_after_500: u32) -> Self {
        Self { attempts_after_500, ..self }
    }

    /// Sets [`attempts_if_large`](field@Self::attempts_if_large).
    ///
    /// ```
    /// assert_eq!(oracle_cloud_client::Retry::new().attempts_if_large(2).attempts_if_large, 2);
    /// ```
    #[must_use]
    pub const fn attempts_if_large(self, attempts_if_large: u32) -> Self {
        Self { attempts_if_large, ..self }
    }

    /// Sets [`attempts_without_connection`](field@Self::attempts_without_connection).
    ///
    /// ```
    /// let retry = oracle_cloud_client::Retry::new().attempts_without_connection(5);
    /// assert_eq!(retry.attempts_without_connection, 5);
    /// ```
    #[must_use]
    pub const fn attempts_without_connection(self, attempts_without_connection: u32) -> Self {
        Self { attempts_without_connection, ..self }
    }

    /// Sets [`first_wait`](field@Self::first_wait).
    ///
    /// ```
    /// # use std::time::Duration;
    /// let retry = oracle_cloud_client::Retry::new().first_wait(Duration::from_millis(50));
    /// assert_eq!(retry.first_wait.as_millis(), 50);
    /// ```
    #[must_use]
    pub const fn first_wait(self, first_wait: Duration) -> Self {
        Self { first_wait, ..self }
    }

    /// Sets [`longest_wait`](field@Self::longest_wait).
    ///
    /// ```
    /// # use std::time::Duration;
    /// let retry = oracle_cloud_client::Retry::new().longest_wait(Duration::from_secs(5));
    /// assert_eq!(retry.longest_wait.as_secs(), 5);
    /// ```
    #[must_use]
    pub const fn longest_wait(self, longest_wait: Duration) -> Self {
        Self { longest_wait, ..self }
    }

    /// Sets [`statuses`](field@Self::statuses).
    ///
    /// ```
    /// assert_eq!(oracle_cloud_client::Retry::new().statuses(&[503]).statuses, [503]);
    /// ```
    #[must_use]
    pub const fn statuses(self, statuses: &'static [u16]) -> Self {
        Self { statuses, ..self }
    }

    /// Returns the attempts of one request with a body of this many bytes, which must end at
    /// `until`.
    pub(super) fn attempts_of(self, safety: RetrySafety, bytes: usize, until: Instant) -> Attempts {
        let is_large = bytes > LARGE_BODY_BYTES;
        let large = if is_large { self.attempts_if_large } else { self.attempts };
        let most = self.attempts.min(large);
        Attempts { retry: self, safety, until, made: 0, most, refused: false }
    }

    /// Returns how many attempts there may be after this outcome.
    fn most_after(self, outcome: &Outcome) -> u32 {
        match outcome {
            Ok(answer) if answer.status() == StatusCode::INTERNAL_SERVER_ERROR => {
                self.attempts_after_500
            }
            Err(TransportError::Unresolved(_)) => {
                self.attempts_without_connection.min(MAX_LOOK_UPS)
            }
            Err(TransportError::Unreachable(_) | TransportError::ConnectTimeout(_)) => {
                self.attempts_without_connection
            }
            Ok(_) | Err(_) => self.attempts,
        }
    }

    /// Returns whether an answer reports a transient failure. Throttled and unavailable services
    /// have not carried the request out.
    fn passes(&self, answer: &Response<Bytes>, safety: RetrySafety) -> bool {
        let status = answer.status();
        let refused =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let code = || ServiceError::from_answer(answer).and_then(|error| error.code);
        match safety {
            RetrySafety::Never => false,
            _ if status == StatusCode::CONFLICT => {
                matches!(code().as_deref(), Some("IncorrectState" | "LockConflict"))
            }
            RetrySafety::IfNotProcessed if !refused => false,
            RetrySafety::IfNotProcessed | RetrySafety::Idempotent => {
                self.statuses.contains(&status.as_u16())
            }
        }
    }

    /// Returns the wait after the attempt of this number; `None` if the service asks for more than
    /// the longest wait.
    fn wait(&self, attempts: u32, answer: Option<&HeaderMap>, chance: f64) -> Option<Duration> {
        let asked = answer.and_then(retry_after).unwrap_or_default();
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(attempts - 1));
        let wait = doubled.saturating_add(self.first_wait.mul_f64(chance));
        (asked <= self.longest_wait).then_some(wait.min(self.longest_wait).max(asked))
    }
}

/// Returns whether a request failed before it was sent, or may be sent twice.
fn may_be_sent_again(error: &TransportError, safety: RetrySafety) -> bool {
    match (safety, error) {
        (RetrySafety::Never, _)
        | (
            _,
            TransportError::AnswerTooLarge(_)
            | TransportError::Untrusted(_)
            | TransportError::AddressDenied
            | TransportError::RequestBody(_),
        ) => false,
        (
            _,
            TransportError::Unreachable(_)
            | TransportError::Unresolved(_)
            | TransportError::ConnectTimeout(_),
        ) => true,
        (
            _,
            TransportError::IncompleteResponse(_)
            | TransportError::ReadTimeout
            | TransportError::AttemptTimeout,
        ) => safety == RetrySafety::Idempotent,
    }
}

/// Returns what `Retry-After` asks for: seconds, or a time relative to the answer's own `Date`.
/// `None` if it is absent or invalid.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is longer than any wait.
        return Some(asked.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let time = |text| httpdate::parse_http_date(text).ok();
    let (asked, said): (SystemTime, SystemTime) = (time(asked)?, time(text(DATE)?)?);
    Some(asked.duration_since(said).unwrap_or_default())
}

/// Returns a number from 0 to 1, so that clients that failed together do not retry together.
fn chance() -> f64 {
    let mut byte = [0];
    // Without entropy there is no jitter.
    if rand::fill(&mut byte).is_err() {
        return 0.0;
    }
    f64::from(byte[0]) / f64::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, text)| (name.parse().unwrap(), text.parse().unwrap())).collect()
    }

    #[test]
    fn oci_signing_47_the_default_waits_double_up_to_30_s_with_a_second_by_chance() {
        let retry = Retry::default();
        let waits =
            |chance| (1..8).map(move |attempts| retry.wait(attempts, None, chance).unwrap());
        let seconds =
            |waits: Vec<Duration>| waits.iter().map(Duration::as_secs).collect::<Vec<_>>();
        assert_eq!(seconds(waits(0.0).collect()), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(seconds(waits(1.0).collect()), [2, 3, 5, 9, 17, 30, 30]);
        assert_eq!(retry.wait(u32::MAX, None, 1.0), Some(Duration::from_secs(30)));
        assert_eq!(retry.attempts, 8);
        let chances: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(chances.iter().any(|chance| chance.total_cmp(&chances[0]).is_ne()));
    }

    #[test]
    fn oci_signing_47_retry_after_is_seconds_or_a_date_and_rubbish_is_none() {
        let date = "Thu, 01 Jan 1970 12:00:00 GMT";
        let later = "Thu, 01 Jan 1970 12:00:07 GMT";
        for (headers, seconds) in [
            (answer(&[("retry-after", "7")]), Some(7)),
            (answer(&[("retry-after", " 0 ")]), Some(0)),
            (answer(&[("retry-after", later), ("date", date)]), Some(7)),
            (answer(&[("retry-after", date), ("date", later)]), Some(0)),
            (answer(&[("retry-after", later)]), None),
            (answer(&[("retry-after", "-1")]), None),
            (answer(&[("retry-after", "+1")]), None),
            (answer(&[("retry-after", "")]), None),
            (answer(&[("retry-after", "99999999999999999999")]), Some(u64::MAX)),
            (answer(&[("retry-after", "soon"), ("date", date)]), None),
            (answer(&[("date", date)]), None),
        ] {
            assert_eq!(retry_after(&headers).map(|wait| wait.as_secs()), seconds, "{headers:?}");
        }
    }

    #[test]
    fn a_wait_is_as_long_as_the_service_asks_and_never_shorter_than_without_its_word() {
        let wait = |attempts, asked: &str| {
            let answer = answer(&[("retry-after", asked)]);
            Retry::default().wait(attempts, Some(&answer), 0.0).map(|wait| wait.as_secs())
        };
        for (asked, first, fourth) in [
            ("0", Some(1), Some(8)),
            ("3", Some(3), Some(8)),
            ("30", Some(30), Some(30)),
            ("31", None, None),
            ("soon", Some(1), Some(8)),
        ] {
            assert_eq!((wait(1, asked), wait(4, asked)), (first, fourth), "{asked}");
        }
    }
}
