//! The time of day as services tell it: a signature whose date is five minutes off is refused.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderMap};

/// A difference that a slow answer explains, in seconds.
const TOLERANCE: i64 = 60;

/// The machine's clock, and by how much a service found it wrong.
///
/// The difference counts for the expiry of tokens too: their times are the service's. No SDK of Oracle's corrects a wrong
/// clock. Source: OCI request signing, clock.
pub struct ServiceClock {
    read: fn() -> SystemTime,
    offset: AtomicI64,
}

impl ServiceClock {
    /// The machine's clock as `read` tells it, taken to be right.
    pub fn new(read: fn() -> SystemTime) -> Self {
        Self { read, offset: AtomicI64::new(0) }
    }

    /// The time of day for a service.
    pub fn now(&self) -> SystemTime {
        let offset = self.offset.load(Ordering::Relaxed);
        let by = Duration::from_secs(offset.unsigned_abs());
        let now = (self.read)();
        let told = if offset < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        told.unwrap_or(now)
    }

    /// Takes over the difference to the `Date` of an answer that refused a signature; a small one is none.
    pub fn correct(&self, answer: &HeaderMap) {
        let date = answer.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
            let offset = seconds(date).saturating_sub(seconds((self.read)()));
            let offset = if offset.abs() > TOLERANCE { offset } else { 0 };
            if self.offset.swap(offset, Ordering::Relaxed) != offset {
                log::warn!(
                    "the service's clock differs from ours by {offset} s; its time is taken"
                );
            }
        }
    }

    /// Takes the machine's clock to be right again; whether it was not before.
    pub fn forget(&self) -> bool {
        self.offset.swap(0, Ordering::Relaxed) != 0
    }
}

impl fmt::Debug for ServiceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceClock").field("offset", &self.offset).finish_non_exhaustive()
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600)
    }

    fn told(clock: &ServiceClock, date: &str) -> i64 {
        let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        clock.correct(&headers);
        seconds(clock.now()) - seconds(noon())
    }

    #[test]
    fn item_48_a_date_far_from_ours_is_taken_over_until_one_is_near() {
        let clock = ServiceClock::new(noon);
        for (date, offset) in [
            ("Thu, 01 Jan 1970 12:01:00 GMT", 0),
            ("Thu, 01 Jan 1970 12:01:01 GMT", 61),
            ("Thu, 01 Jan 1970 11:59:00 GMT", 0),
            ("Thu, 01 Jan 1970 11:58:59 GMT", -61),
            ("Thu, 01 Jan 1970 12:10:00 GMT", 600),
            ("not a date", 600),
            ("Thu, 01 Jan 1970 11:50:00 GMT", -600),
            ("Thu, 01 Jan 1970 12:00:00 GMT", 0),
        ] {
            assert_eq!(told(&clock, date), offset, "{date}");
        }
        assert_eq!(told(&clock, "Thu, 01 Jan 1970 12:10:00 GMT"), 600);
        assert_eq!((clock.forget(), clock.forget(), clock.now()), (true, false, noon()));
    }
}
