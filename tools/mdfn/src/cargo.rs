//! Reads cargo's messages.

use std::path::PathBuf;

use serde_json::Value;

/// Returns the executable that a build made, by the messages that it wrote with `--message-format
/// json`.
pub(crate) fn executable(messages: &[u8]) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n').rev();
    let mut messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    messages.find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
}
