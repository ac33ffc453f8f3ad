//! When a call must be answered.

use std::time::{Duration, SystemTime};

use chrono::DateTime;
use http::HeaderMap;
use tokio::time::Instant;

/// The source of the current time, for deadlines.
///
/// ```
/// let noon: fn_fdk::Clock = || std::time::SystemTime::UNIX_EPOCH;
/// assert_eq!(noon(), std::time::SystemTime::UNIX_EPOCH);
/// ```
pub type Clock = fn() -> SystemTime;

/// The longest a call may take anywhere: a detached call of OCI Functions, 3600 s.
const MAX_CALL_TIME: Duration = Duration::from_secs(3600);
/// The time of a call without a deadline: the longest that a synchronous call may be configured to
/// take.
pub(super) const UNNAMED: Duration = Duration::from_secs(300);
/// How late a request may arrive after the agent started the call's clock.
const DISPATCH: Duration = Duration::from_millis(150);

/// Returns when the platform gives up a call with these headers that arrived at `now`, as exactly
/// as the function can know it. An absent or unreadable header is not an error.
///
/// `Fn-Deadline` is the real limit without its fraction of a second. The agent counts whole seconds
/// from the dispatch, so the fraction is the one at arrival. It is added again, less a margin for a
/// slow dispatch. Source: docs/spec/fn-container-contract.md#deadlines.
pub(super) fn of(headers: &HeaderMap, now: SystemTime) -> Instant {
    let named = headers.get("fn-deadline").and_then(|value| value.to_str().ok());
    let named = named.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let remaining = named.map(SystemTime::from).map_or(UNNAMED, |named| {
        let limit = named.checked_add(fraction(now).saturating_sub(DISPATCH)).unwrap_or(named);
        limit.duration_since(now).unwrap_or_default()
    });
    Instant::now() + remaining.min(MAX_CALL_TIME)
}

/// Returns the fraction of the current second that has passed.
fn fraction(now: SystemTime) -> Duration {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_nanos(since_epoch.subsec_nanos().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    fn remaining(header: &str, now: SystemTime) -> f64 {
        let headers =
            HeaderMap::from_iter([("fn-deadline".parse().unwrap(), header.parse().unwrap())]);
        let before = Instant::now();
        (of(&headers, now) - before).as_secs_f64()
    }

    #[test]
    fn fn_contract_77_any_offset_and_fraction_is_the_right_instant() {
        for text in
            ["2026-11-24T10:00:30Z", "2026-11-24T15:30:30+05:30", "2026-11-24T02:00:30-08:00"]
        {
            let left = remaining(text, at(1_795_514_400.0));
            assert!((29.9..30.1).contains(&left), "{text}: {left}");
        }
        let left = remaining("2026-11-24T10:00:30.500Z", at(1_795_514_400.0));
        assert!((30.4..30.6).contains(&left), "{left}");
    }

    #[test]
    fn fn_contract_78_garbage_is_no_deadline() {
        for text in ["", "tomorrow", "2026-11-24", "99999999999999999999"] {
            let left = remaining(text, at(1_795_514_400.0));
            assert!((299.0..301.0).contains(&left), "{text}: {left}");
        }
    }

    #[test]
    fn fn_contract_80_the_lost_fraction_comes_back() {
        let left = remaining("2026-11-24T10:00:01Z", at(1_795_514_400.95));
        assert!((0.8..0.9).contains(&left), "{left}");
    }

    #[test]
    fn fn_contract_81_far_deadlines_do_not_overflow() {
        for text in ["2026-11-24T11:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"] {
            assert!(remaining(text, at(1_795_514_400.0)) <= 3601.0, "{text}");
        }
    }
}
