//! How the time of a call is divided.
//!
//! Source: docs/spec/fn-container-contract.md#deadlines.

use std::time::Duration;

use tokio::time::Instant;

/// How long our own reply takes at the end: the agent must have it before the deadline.
const REPLY_MARGIN: Duration = Duration::from_millis(100);
/// How long spans and samples may delay a reply, however slow their services are.
pub(super) const REPORT_TIMEOUT: Duration = Duration::from_millis(500);
/// The time reserved for them in a call that reaches its deadline: its trace is the one that people
/// look for.
const LATE_REPORT: Duration = Duration::from_millis(100);

/// When the parts of a call must be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// For the prediction.
    pub(super) predict_by: Instant,
    /// For its spans and samples.
    pub(super) report_by: Instant,
}

impl Budget {
    /// Divides the time of a call with this deadline; `reports` says whether spans or samples are
    /// sent.
    pub(super) fn new(deadline: std::time::Instant, reports: bool) -> Self {
        let report_by = Instant::from(deadline) - REPLY_MARGIN;
        let kept = if reports { LATE_REPORT } else { Duration::ZERO };
        Self { predict_by: report_by - kept, report_by }
    }
}
