//! How long a token is still good for.

use std::time::{Duration, SystemTime};

use emulator::clock::rfc3339;

use super::report::Report;

/// A token that ends sooner is worth a warning.
const MIN_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Whether a token that ends then lives long enough.
pub(super) fn judge(report: &mut Report, expires: SystemTime, now: SystemTime) {
    let text = format!("it expires at {}", rfc3339(expires));
    match expires.duration_since(now) {
        Ok(left) if left >= MIN_LIFETIME => report.ok("token", &text),
        Ok(_) => report.warn("token", &format!("{text}, within 5 minutes")),
        Err(_) => report.fail("token", &format!("{text}, which has passed")),
    }
}
