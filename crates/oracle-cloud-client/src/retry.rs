//! Which requests are worth another try, how many tries there are, and how long to wait between them.

use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use tokio::time::{Instant, sleep};

use super::names::LOOK_UPS;
use super::{ServiceError, TransportError};

/// A body of more bytes is sent less often.
const LARGE: usize = 1024 * 1024;

/// When a request is sent again. Every try is signed anew.
///
/// The default is that of Oracle's SDKs: eight tries, waits of 1, 2, 4 ... and at most 30 s, each with up to a second more by
/// chance. Source: docs/spec/oci-request-signing.md#retries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retry {
    /// Tries in all, the first one included, and a repetition after a refused signature.
    pub attempts: u32,
    /// The same once the service has answered 500: it did its work in vain, and would most likely do so again.
    pub attempts_after_500: u32,
    /// The same of a body over 1 MiB.
    pub attempts_if_large: u32,
    /// The wait before the second try; it doubles from try to try. As much again at the most is added by chance.
    pub first_wait: Duration,
    /// The longest wait. `Retry-After` makes a wait longer, never shorter, and a service that asks for more than this is not asked
    /// again.
    pub longest_wait: Duration,
    /// The statuses that pass; 409 also, if its code is `IncorrectState` or `LockConflict`.
    pub statuses: &'static [u16],
}

impl Default for Retry {
    fn default() -> Self {
        let (first_wait, longest_wait) = (Duration::from_secs(1), Duration::from_secs(30));
        let statuses = &[429, 500, 502, 503, 504];
        let (attempts, attempts_after_500, attempts_if_large) = (8, 8, 8);
        Self { attempts, attempts_after_500, attempts_if_large, first_wait, longest_wait, statuses }
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Repeat {
    /// Having been carried out twice does no harm.
    Harmless,
    /// It is sent again only if the service certainly did not carry it out.
    Harmful,
    /// Its body cannot be produced again.
    Impossible,
}

/// An answer of whatever status, or none.
pub(super) type Outcome = Result<Response<Bytes>, TransportError>;

/// How often one request was tried.
#[derive(Debug)]
pub(super) struct Tries {
    retry: Retry,
    repeat: Repeat,
    until: Instant,
    made: u32,
    most: u32,
    refused: bool,
}

impl Tries {
    /// Whether another try may change this outcome of the last one, and there is time for it; if so, it waits first.
    pub(super) async fn again(&mut self, outcome: &Outcome) -> bool {
        self.made += 1;
        self.most = self.most.min(self.retry.most_after(outcome));
        let passes = match outcome {
            Ok(answer) => self.retry.passes(answer, self.repeat),
            Err(error) => may_be_sent_again(error, self.repeat),
        };
        let headers = outcome.as_ref().ok().map(Response::headers);
        match self.retry.wait(self.made, headers, chance()) {
            Some(wait) if passes && self.made < self.most => {
                let in_time = Instant::now() + wait < self.until;
                if in_time {
                    sleep(wait).await;
                }
                in_time
            }
            _ => false,
        }
    }

    /// Whether a refused request may be signed anew and sent at once: the first time it is refused, and as one of its tries. The
    /// first of them may always be repeated so.
    pub(super) fn may_be_at_once(&self) -> bool {
        !self.refused && (self.made == 0 || self.made + 1 < self.most)
    }

    /// A refused request is sent again at once.
    pub(super) fn at_once(&mut self) {
        self.refused = true;
        self.made += 1;
    }
}

impl Retry {
    /// One try and no other.
    pub const NEVER: Self = Self {
        attempts: 1,
        attempts_after_500: 1,
        attempts_if_large: 1,
        first_wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
        statuses: &[],
    };

    /// The tries of one request with a body of so many bytes, which ends at `until`.
    pub(super) fn tries(self, repeat: Repeat, bytes: usize, until: Instant) -> Tries {
        let large = if bytes > LARGE { self.attempts_if_large } else { self.attempts };
        let most = self.attempts.min(large);
        Tries { retry: self, repeat, until, made: 0, most, refused: false }
    }

    /// How many tries there are in all after such an outcome.
    fn most_after(self, outcome: &Outcome) -> u32 {
        match outcome {
            Ok(answer) if answer.status() == StatusCode::INTERNAL_SERVER_ERROR => {
                self.attempts_after_500
            }
            Err(TransportError::Unresolved(_)) => LOOK_UPS,
            Ok(_) | Err(_) => self.attempts,
        }
    }

    /// Whether an answer speaks of a state that passes. Throttling and unavailability come before the request is carried out.
    fn passes(&self, answer: &Response<Bytes>, repeat: Repeat) -> bool {
        let status = answer.status();
        let refused =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let code = || ServiceError::of(answer).and_then(|error| error.code);
        match repeat {
            Repeat::Impossible => false,
            _ if status == StatusCode::CONFLICT => {
                matches!(code().as_deref(), Some("IncorrectState" | "LockConflict"))
            }
            Repeat::Harmful if !refused => false,
            Repeat::Harmful | Repeat::Harmless => self.statuses.contains(&status.as_u16()),
        }
    }

    /// The wait after the try of this number; None if the service asks for more than is ever waited.
    fn wait(&self, tries: u32, answer: Option<&HeaderMap>, chance: f64) -> Option<Duration> {
        let asked = answer.and_then(retry_after).unwrap_or_default();
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(tries - 1));
        let wait = doubled.saturating_add(self.first_wait.mul_f64(chance));
        (asked <= self.longest_wait).then_some(wait.min(self.longest_wait).max(asked))
    }
}

/// Whether a request failed on the way there, or may be sent twice.
fn may_be_sent_again(error: &TransportError, repeat: Repeat) -> bool {
    match (repeat, error) {
        (Repeat::Impossible, _)
        | (
            _,
            TransportError::AnswerTooLarge(_)
            | TransportError::Untrusted(_)
            | TransportError::Forbidden,
        ) => false,
        (
            _,
            TransportError::Unreachable(_)
            | TransportError::Unresolved(_)
            | TransportError::ConnectLate(_),
        ) => true,
        (_, TransportError::Broken(_) | TransportError::Silent | TransportError::Late) => {
            repeat == Repeat::Harmless
        }
    }
}

/// What `Retry-After` asks for: seconds, or a time that counts from the answer's own `Date`. None if it asks for nothing, or
/// for something else.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is more than is ever waited.
        return Some(asked.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let time = |text| httpdate::parse_http_date(text).ok();
    let (asked, said): (SystemTime, SystemTime) = (time(asked)?, time(text(DATE)?)?);
    Some(asked.duration_since(said).unwrap_or_default())
}

/// A number from 0 to 1, so that many clients that failed together do not come back together.
fn chance() -> f64 {
    let mut byte = [0];
    // Without entropy there is no chance, and the wait is the least one.
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
        let waits = |chance| (1..8).map(move |tries| retry.wait(tries, None, chance).unwrap());
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
        let wait = |tries, asked: &str| {
            let answer = answer(&[("retry-after", asked)]);
            Retry::default().wait(tries, Some(&answer), 0.0).map(|wait| wait.as_secs())
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
