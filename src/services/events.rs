//! A stream of events that was collected: whether it came to its end, and what it says of its cost.
//!
//! Source: docs/spec/oci-services.md#service-streams.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What ends a stream of OpenAI's protocol.
const DONE: &str = "[DONE]";
/// The last events of a response, whatever became of it.
const LAST: [&str; 4] = ["response.completed", "response.failed", "response.incomplete", "error"];

/// What the event of a stream says of its end: of a chat, a response, a native chat, or an error, which is the model's word.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(rename = "finishReason")]
    finish_reason: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
    code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    finish_reason: Option<IgnoredAny>,
}

impl Event {
    fn is_last(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| LAST.contains(&kind))
            || self.choices.iter().any(|choice| choice.finish_reason.is_some())
            || self.finish_reason.is_some()
            || self.error.is_some()
            || self.kind.is_none() && self.code.is_some()
    }
}

/// The data of the events of a stream, the last one first.
pub(super) fn backwards(stream: &[u8]) -> impl Iterator<Item = &str> {
    stream.rsplit(|byte| matches!(byte, b'\n' | b'\r')).filter_map(|line| {
        let data = str::from_utf8(line).ok()?.strip_prefix("data:")?;
        Some(data.trim())
    })
}

/// Whether a stream came to its end. Clients take one that was cut for a whole one.
pub(super) fn is_whole(stream: &[u8]) -> bool {
    backwards(stream).any(|data| {
        data == DONE || serde_json::from_str(data).is_ok_and(|event: Event| event.is_last())
    })
}

/// Whether the end of a stream shows that it was cut. A line that began before says nothing, unless that `is_all`.
pub(super) fn is_cut(end: &[u8], is_all: bool) -> bool {
    let begin = end.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(end.len());
    let lines = if is_all { end } else { end.split_at(begin).1 };
    (is_all || backwards(lines).next().is_some()) && !is_whole(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_whole_if_it_says_so() {
        for end in [
            "data: [DONE]\n\n",
            "data:[DONE]\r\n\r\n",
            "data: {}\r\rdata: [DONE]\r\r",
            r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            r#"data: {"choices":[{"finish_reason":"length"}]}

data: {"choices":[],"usage":{"prompt_tokens":1}}"#,
            r#"data: {"type":"response.completed","response":{}}"#,
            "event: response.failed\ndata: {\"type\":\"response.failed\"}\n\n",
            r#"data: {"type":"response.incomplete"}"#,
            r#"data: {"type":"error","message":"x"}"#,
            r#"data: {"error":{"message":"x"}}"#,
            r#"data: {"code":"429","message":"x"}"#,
            r#"data: {"index":0,"finishReason":"stop","pad":"aaa"}"#,
        ] {
            let stream = format!("data: {{\"choices\":[{{\"finish_reason\":null}}]}}\n\n{end}");
            assert!(is_whole(stream.as_bytes()), "{end}");
        }
    }

    #[test]
    fn a_stream_that_was_cut_is_not_whole() {
        for stream in [
            "",
            "\n\n",
            ": keep-alive\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"[DONE]\"}}]}\n\n",
            "data: {\"choices\":[{\"finish_reason\":\"st",
            "data: [DON",
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"error\"}\n\n",
            "data: {\"type\":\"response.completed\"",
            "data: {\"type\":\"response.code_interpreter_call_code.done\",\"code\":\"x\"}\n\n",
            "data: {\"index\":0,\"message\":{\"role\":\"ASSISTANT\"},\"pad\":\"aaa\"}\n\n",
            "data: {\"choices\":7}\n\n",
            "event: response.completed\n\n",
        ] {
            assert!(!is_whole(stream.as_bytes()), "{stream}");
        }
        assert!(!is_whole(b"data: \xff\xfe[DONE]\n"));
    }

    #[test]
    fn the_end_of_a_stream_shows_a_cut_only_where_its_last_event_is_there() {
        for (end, cut) in [
            ("lta\":\"x\"}\n\ndata: {\"choices\":[{\"finish_reason\":null}]}\n\n", true),
            ("lta\":\"x\"}\n\ndata: {\"choices\":[{\"finish_rea", true),
            ("lta\":\"x\"}\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", false),
            ("lta\":\"x\"}\n\ndata: [DONE]\n\n", false),
            // A long event, of which only the end is here, whatever its text looks like.
            ("data: x\"}]}}\n\n", false),
            ("text\":\"x\"}],\"usage\":{\"input_tokens\":1}}}\n\n", false),
            ("", false),
        ] {
            assert_eq!(is_cut(end.as_bytes(), false), cut, "{end}");
        }
        for whole in ["", ": keep-alive\n\n", "event: x\n\n"] {
            assert!(is_cut(whole.as_bytes(), true), "{whole}");
        }
    }
}
