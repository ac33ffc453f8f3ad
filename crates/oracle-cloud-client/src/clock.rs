//! The current time, also by the clock of a service: services refuse signatures whose date is five
//! minutes off.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use http::header::{DATE, HeaderMap};

/// A difference that a slow answer can explain.
const TOLERANCE_SECONDS: i64 = 60;
/// A difference that is too large for a real clock.
const MAX_DIFFERENCE_SECONDS: i64 = 24 * 3600;
/// How many differences are remembered. Usually there are none.
const MAX_REMEMBERED_SERVICES: usize = 16;

/// The machine's clock, and its difference from the clocks of single services.
///
/// A difference belongs to the host and port whose answer showed it, and is used for no other. None
/// of Oracle's SDKs corrects a wrong clock.
/// Source: docs/spec/oci-request-signing.md#clock.
pub(super) struct ServiceClock {
    read: fn() -> SystemTime,
    offsets: Mutex<Vec<(String, Offset)>>,
}

/// By how much the clock of a service is ahead of ours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Offset {
    seconds: i64,
}

impl ServiceClock {
    /// Creates a clock that reads `read`, and trusts it until a service's clock differs.
    pub(super) fn new(read: fn() -> SystemTime) -> Self {
        Self { read, offsets: Mutex::default() }
    }

    /// Returns the current time, by the machine's clock.
    pub(super) fn now(&self) -> SystemTime {
        (self.read)()
    }

    /// Returns what is remembered of the service at this host and port.
    pub(super) fn offset(&self, service: &str) -> Offset {
        let offsets = self.offsets();
        let known = offsets.iter().find(|(own, _)| own == service);
        known.map(|(_, offset)| *offset).unwrap_or_default()
    }

    /// Returns the difference that the `Date` of an answer shows. A small one counts as zero.
    /// Returns `None` if the date is missing or cannot be right.
    pub(super) fn told(&self, answer: &HeaderMap) -> Option<Offset> {
        let date = httpdate::parse_http_date(answer.get(DATE)?.to_str().ok()?).ok()?;
        let seconds = seconds(date).saturating_sub(seconds(self.now()));
        let known = if seconds.abs() > TOLERANCE_SECONDS { seconds } else { 0 };
        (known.abs() <= MAX_DIFFERENCE_SECONDS).then_some(Offset { seconds: known })
    }

    /// Returns by how many seconds the clocks of services are ahead of ours, by host and port.
    /// Services whose clocks agree are left out.
    pub(super) fn differences(&self) -> Vec<(String, i64)> {
        self.offsets().iter().map(|(service, offset)| (service.clone(), offset.seconds)).collect()
    }

    /// Remembers this difference for the service at this host and port.
    pub(super) fn keep(&self, service: &str, offset: Offset) {
        let mut offsets = self.offsets();
        offsets.retain(|(own, _)| own != service);
        if offset != Offset::default() {
            let oldest = (offsets.len() + 1).saturating_sub(MAX_REMEMBERED_SERVICES);
            offsets.drain(..oldest);
            offsets.push((service.to_owned(), offset));
            let Offset { seconds } = offset;
            log::warn!("the service's clock differs from ours by {seconds} s; its time is used");
        }
    }

    fn offsets(&self) -> MutexGuard<'_, Vec<(String, Offset)>> {
        self.offsets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Offset {
    /// Returns the time by the service's clock when ours says `now`.
    pub(super) fn from(self, now: SystemTime) -> SystemTime {
        let by = Duration::from_secs(self.seconds.unsigned_abs());
        let told = if self.seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        told.unwrap_or(now)
    }
}

/// Shows no host.
impl fmt::Debug for ServiceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceClock").finish_non_exhaustive()
    }
}

/// Formats a time for logs and answers.
///
/// ```
/// let noon = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(43_200);
/// assert_eq!(oracle_cloud_client::timestamp(noon), "1970-01-01T12:00:00Z");
/// ```
pub fn timestamp(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn seconds(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(10 * 24 * 3600 + 12 * 3600)
    }

    #[test]
    fn oci_signing_48_a_date_tells_a_difference_of_more_than_a_minute_and_at_most_a_day() {
        let clock = ServiceClock::new(noon);
        for (date, seconds) in [
            ("Sun, 11 Jan 1970 12:00:00 GMT", Some(0)),
            ("Sun, 11 Jan 1970 12:01:00 GMT", Some(0)),
            ("Sun, 11 Jan 1970 12:01:01 GMT", Some(61)),
            ("Sun, 11 Jan 1970 11:59:00 GMT", Some(0)),
            ("Sun, 11 Jan 1970 11:58:59 GMT", Some(-61)),
            ("Mon, 12 Jan 1970 12:00:00 GMT", Some(MAX_DIFFERENCE_SECONDS)),
            ("Mon, 12 Jan 1970 12:00:01 GMT", None),
            ("Sat, 10 Jan 1970 12:00:00 GMT", Some(-MAX_DIFFERENCE_SECONDS)),
            ("Sat, 10 Jan 1970 11:59:59 GMT", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None),
            ("not a date", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
            let expected = seconds.map(|seconds| Offset { seconds });
            assert_eq!(clock.told(&headers), expected, "{date}");
            let moved = expected.unwrap_or_default().from(noon());
            assert_eq!(super::seconds(moved) - super::seconds(noon()), seconds.unwrap_or(0));
        }
        assert_eq!(clock.told(&HeaderMap::new()), None);
    }

    #[test]
    fn a_difference_is_remembered_of_one_service_and_of_few() {
        let clock = ServiceClock::new(noon);
        let offset = |seconds| Offset { seconds };
        clock.keep("a:1", offset(100));
        clock.keep("a:2", offset(200));
        clock.keep("a:1", offset(300));
        assert_eq!((clock.offset("a:1"), clock.offset("a:2")), (offset(300), offset(200)));
        assert_eq!((clock.offset("a"), clock.now()), (Offset::default(), noon()));
        let known = || clock.offsets().len();
        clock.keep("a:2", Offset::default());
        assert_eq!((clock.offset("a:2"), known()), (Offset::default(), 1));
        for port in 0..100 {
            clock.keep(&format!("b:{port}"), offset(500));
        }
        assert_eq!((known(), clock.offset("a:1")), (MAX_REMEMBERED_SERVICES, Offset::default()));
        assert_eq!(clock.offset("b:99"), offset(500));
    }
}
