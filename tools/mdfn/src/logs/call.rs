//! A line's facts about a call.

use super::line::Line;
use super::skipped::Skipped;

/// The parts of a call's time that a line has, by their names for a person and in the line.
const MEASURED: [&str; 5] = ["check_ms", "sign_ms", "connect_ms", "wait_ms", "report_ms"];
/// All parts: what those of the line leave over is the pauses between tries, and the reading of
/// tokens.
pub(super) const PARTS: [&str; 6] = ["check", "sign", "connect", "wait", "report", "rest"];
/// The most that is kept of a text, in characters; the function writes ids of up to 128.
const MAX_TEXT_CHARACTERS: usize = 200;

/// One call. Its texts are as in the log: whoever shows one escapes it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) status: String,
    /// Of an error of the function; else empty.
    pub(super) code: String,
    /// Why it failed; empty if it did not.
    pub(super) why: String,
    pub(super) tries: String,
    /// More than one try.
    pub(super) again: bool,
    /// The first of its process.
    pub(super) first: bool,
    /// In milliseconds since 1970.
    pub(super) time: Option<u64>,
    /// The whole call, in milliseconds.
    pub(super) total: f64,
    /// In milliseconds, as `PARTS` names them; `None` if the line does not have one.
    pub(super) parts: [Option<f64>; PARTS.len()],
    pub(super) opc_request_id: String,
    pub(super) deployment_request_id: String,
}

/// How a call ended, by its status.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Class {
    Success,
    /// No status of those.
    Other,
    Client,
    Server,
}

impl Call {
    /// Returns a line that is about a call has a status and the time that the call took; else why
    /// it is none.
    pub(super) fn from_line(line: &Line) -> Result<Self, Skipped> {
        let has = |name| line.get(name).is_some();
        let total = match (has("status") || has("ms"), line.number("ms")) {
            (true, Some(total)) if has("status") => total,
            (true, _) => return Err(Skipped::NoNumbers),
            (false, _) if has("call") || has("level") => return Err(Skipped::NoCall),
            (false, _) => return Err(Skipped::NoForm),
        };
        let text = |name| -> String {
            line.get(name).unwrap_or_default().chars().take(MAX_TEXT_CHARACTERS).collect()
        };
        let [check, sign, connect, wait, report] = MEASURED.map(|name| line.number(name));
        // Without its other parts a line does not show what is left.
        let sum: Option<f64> = [check, sign, connect, wait].into_iter().sum();
        let rest = sum.map(|sum| (total - sum - report.unwrap_or_default()).max(0.0));
        let why = if text("level") == "info" { String::new() } else { text("message") };
        Ok(Self {
            id: text("call"),
            status: text("status"),
            code: text("code"),
            why,
            tries: text("tries"),
            again: line.number("tries").is_some_and(|tries| tries > 1.0),
            first: line.get("start") == Some("cold"),
            time: line.time,
            total,
            parts: [check, sign, connect, wait, report, rest],
            opc_request_id: text("opc_request_id"),
            deployment_request_id: text("deployment_request_id"),
        })
    }

    pub(super) fn class(&self) -> Class {
        Class::from_status(&self.status)
    }
}

impl Class {
    pub(super) fn from_status(status: &str) -> Self {
        match status.parse::<u16>().map(|status| status / 100) {
            Ok(2) => Self::Success,
            Ok(4) => Self::Client,
            Ok(5) => Self::Server,
            _ => Self::Other,
        }
    }
}
