//! The one reading of the wall clock, and the form in which the agent writes a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: u64 = 86_400;
/// Days from 1 March of the year 0 to 1 January 1970: years that begin in March end with the leap day.
const DAYS_BEFORE_EPOCH: u64 = 719_468;
/// Days in the 400 years after which the calendar repeats itself.
const DAYS_A_CYCLE: u64 = 146_097;

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// What has passed since the start of 1970; zero for a time before it.
pub fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A time in UTC as RFC 3339 has it, in whole seconds, the fraction cut off: `2026-11-24T02:56:27Z`.
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = since_epoch(time).as_secs();
    let (days, second) = (seconds / SECONDS_A_DAY, seconds % SECONDS_A_DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of the day that comes so many days after 1 January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_EPOCH;
    let (cycle, day) = (days / DAYS_A_CYCLE, days % DAYS_A_CYCLE);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months of 31, 30, 31, 30, 31 days make 153, from March on.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (400 * cycle + year + turn, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_whole_seconds_cut_off() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_522_139, "2026-11-24T12:08:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(999);
            assert_eq!(rfc3339(time), text);
        }
    }

    #[test]
    fn a_day_is_read_back_as_another_implementation_reads_it() {
        for day in (0..80_000).step_by(13) {
            let time = UNIX_EPOCH + Duration::from_secs(day * SECONDS_A_DAY);
            let text = rfc3339(time);
            let (date, _) = text.split_once('T').unwrap();
            let other = httpdate::fmt_http_date(time);
            assert_eq!(other.get(12..16), date.get(..4), "{other} {date}");
            assert_eq!(other.get(5..7), date.get(8..), "{other} {date}");
        }
    }
}
