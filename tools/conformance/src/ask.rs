//! The behaviours that an item asks for: the conformance function's protocol.
//!
//! A call without the header [`HEADER`] is answered with its own body. With the header, its value
//! says in JSON what to do. `docs/conformance.md` has the whole protocol.

use serde_json::{Value, json};

/// The client's header that names a behaviour.
pub(super) const HEADER: &str = "Conformance";

/// A behaviour of the function under test.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    /// Answer with the body of the call, byte for byte.
    Echo,
    /// The same by way of text: a body that is not UTF-8 fails.
    Text,
    /// Tell what the handler sees of the call.
    Context,
    /// Answer with the body of the call, this status and these headers.
    Reply(u16, Vec<(String, String)>),
    /// Return an error.
    Fail,
    /// Panic, or throw an exception that is not caught.
    Panic,
    /// The same after waiting for something.
    PanicLate,
    /// Write or set `leak` as a part of the answer, then panic.
    PanicWriting,
    /// Return what cannot be serialised.
    Unserialisable,
    /// Answer after this many milliseconds.
    Sleep(u64),
    /// Answer with nothing at all.
    Nothing,
    /// Answer without a look at the body.
    Ignore,
    /// Answer with this many bytes, in one piece.
    Large(usize),
    /// Answer with a stream of this many bytes; if the flag is set, an error cuts it short.
    Stream(usize, bool),
    /// Write this line to both streams, then answer.
    Print(String),
    /// Log this text as functions of this FDK do, then answer.
    Log(String),
    /// Answer with the resource principal's token, as it is now.
    Token,
    /// Work within one span that the trace collector has before the answer ends.
    Span,
}

impl Ask {
    /// Returns a reply with these headers.
    pub(super) fn headers(headers: &[(&str, &str)]) -> Self {
        Self::Reply(200, owned(headers))
    }

    /// Returns a reply with this status and these headers.
    pub(super) fn status(status: u16, headers: &[(&str, &str)]) -> Self {
        Self::Reply(status, owned(headers))
    }

    /// Returns the value of [`HEADER`], in ASCII; `None` without one.
    pub(super) fn header(&self) -> Option<String> {
        let value = match self {
            Self::Echo => return None,
            Self::Text => json!({ "do": "text" }),
            Self::Context => json!({ "do": "context" }),
            Self::Reply(status, headers) => {
                json!({ "do": "reply", "status": status, "headers": headers })
            }
            Self::Fail => json!({ "do": "fail" }),
            Self::Panic => json!({ "do": "panic" }),
            Self::PanicLate => json!({ "do": "panic", "late": true }),
            Self::PanicWriting => json!({ "do": "panic", "writing": true }),
            Self::Unserialisable => json!({ "do": "unserialisable" }),
            Self::Sleep(milliseconds) => json!({ "do": "sleep", "milliseconds": milliseconds }),
            Self::Nothing => json!({ "do": "nothing" }),
            Self::Ignore => json!({ "do": "ignore" }),
            Self::Large(bytes) => json!({ "do": "large", "bytes": bytes }),
            Self::Stream(bytes, fails) => json!({ "do": "stream", "bytes": bytes, "fails": fails }),
            Self::Print(line) => json!({ "do": "print", "line": line }),
            Self::Log(text) => json!({ "do": "log", "text": text }),
            Self::Token => json!({ "do": "token" }),
            Self::Span => json!({ "do": "span" }),
        };
        Some(value.to_string())
    }
}

/// Why a function that speaks the protocol cannot do what it was asked.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let object = answer.as_object().filter(|object| object.len() == 1)?;
    object.get("cannot")?.as_str().map(str::to_owned)
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
