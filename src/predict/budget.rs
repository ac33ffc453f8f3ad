//! How the time of a call is divided.
//!
//! Source: docs/spec/fn-container-contract.md#deadlines.

use std::time::Duration;

use tokio::time::Instant;

/// What our own reply takes after all else: the agent must have it before the deadline.
const REPLY_MARGIN: Duration = Duration::from_millis(100);
/// How long spans and samples may keep a reply waiting, however slow those are who take them.
pub(super) const REPORT_TIMEOUT: Duration = Duration::from_millis(500);
/// What is kept for them of a call that comes to its deadline: it is the one that is looked for.
const LATE_REPORT: Duration = Duration::from_millis(100);

/// Until when the parts of a call must be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// The prediction.
    pub(super) predict_by: Instant,
    /// The reports of it.
    pub(super) report_by: Instant,
}

impl Budget {
    /// The budget of a call with this deadline, which `reports` to somebody or not.
    pub(super) fn new(deadline: std::time::Instant, reports: bool) -> Self {
        let report_by = Instant::from(deadline) - REPLY_MARGIN;
        let kept = if reports { LATE_REPORT } else { Duration::ZERO };
        Self { predict_by: report_by - kept, report_by }
    }
}
