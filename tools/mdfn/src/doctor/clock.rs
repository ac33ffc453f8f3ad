//! How far a clock is from that of a service.

use std::time::{Duration, SystemTime};

use super::report::Report;

/// Services refuse a date that is further off.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);
/// How far a clock may be off without a message.
pub(super) const MAX_DRIFT: Duration = Duration::from_secs(60);

/// Compares the service's time with our own.
pub(super) fn judge(report: &mut Report, told: Option<SystemTime>, now: SystemTime) {
    match told.map(|told| difference(told, now)) {
        None => report.warn("clock", "the service does not send its time"),
        Some(skew) if skew >= MAX_SKEW => report.warn(
            "clock",
            &format!(
                "{} s from the service's, which refuses 300 s with 401; the function corrects that, other tools do not",
                skew.as_secs()
            ),
        ),
        Some(skew) if skew >= MAX_DRIFT => {
            report.warn("clock", &format!("{} s from the service's", skew.as_secs()));
        }
        Some(skew) => report.ok("clock", &format!("{} s from the service's", skew.as_secs())),
    }
}

fn difference(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}
