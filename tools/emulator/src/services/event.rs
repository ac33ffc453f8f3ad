//! Server-sent events, as models write them.

use std::fmt;

use serde_json::Value;

/// One event of a stream.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Data without a name.
    Data(Value),
    /// Data whose member `type` is the name of the event.
    Named(Value),
    /// The mark at the end of a chat: `[DONE]`.
    Done,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => write!(f, "data: {data}\n\n"),
            Self::Named(data) => {
                let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
                write!(f, "event: {name}\ndata: {data}\n\n")
            }
            Self::Done => f.write_str("data: [DONE]\n\n"),
        }
    }
}
