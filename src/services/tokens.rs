//! How many tokens a call used, as the answer says it: numbers and nothing else of it.
//!
//! Source: docs/spec/oci-services.md#service-tokens.

use serde::Deserialize;

use super::events;

/// The largest number that every reader of JSON knows exactly.
const MAX_TOKENS: u64 = 1 << 53;
/// The member of an answer that tells the usage.
const MEMBER: &[u8] = b"\"usage\"";

/// How many tokens a call used; what the answer does not say is None, and not 0.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tokens {
    /// Of the prompt.
    pub input: Option<u64>,
    /// Of what was made of it.
    pub output: Option<u64>,
}

/// An answer, or the event of a stream, as far as it tells the usage.
#[derive(Deserialize)]
struct Answer {
    usage: Option<Usage>,
    response: Option<Inner>,
    #[serde(rename = "chatResponse")]
    chat_response: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(alias = "prompt_tokens", alias = "promptTokens")]
    input_tokens: Option<u64>,
    #[serde(alias = "completion_tokens", alias = "completionTokens")]
    output_tokens: Option<u64>,
}

impl Tokens {
    /// Those that an answer tells. On anything odd there are none: an answer is not held up, and does not fail.
    pub(super) fn of_answer(json: &[u8]) -> Self {
        serde_json::from_slice(json).ok().and_then(usage).unwrap_or_default()
    }

    /// Those that the last event of a stream tells which tells any.
    pub(super) fn of_stream(stream: &[u8]) -> Self {
        let mut events = events::backwards(stream).filter(|data| data.contains("\"usage\""));
        events.find_map(|data| serde_json::from_str(data).ok().and_then(usage)).unwrap_or_default()
    }

    /// Those that the end of an answer tells, in JSON or as a stream of events, whatever was before it. In a text of the
    /// model's the quotes are escaped, so that it cannot say it.
    pub(crate) fn of_end(end: &[u8]) -> Self {
        let mut places = (0..end.len()).rev().filter_map(|at| end.get(at..)?.strip_prefix(MEMBER));
        places.find_map(counts).unwrap_or_default()
    }
}

/// The counts that follow the name of the member, if there are any.
fn counts(rest: &[u8]) -> Option<Tokens> {
    let object = rest.trim_ascii_start().strip_prefix(b":")?;
    let usage = serde_json::Deserializer::from_slice(object).into_iter::<Usage>().next()?;
    Some(usage.ok()?.into()).filter(|tokens| *tokens != Tokens::default())
}

fn usage(answer: Answer) -> Option<Tokens> {
    let inner = |inner: Option<Inner>| inner.and_then(|inner| inner.usage);
    let usage =
        answer.usage.or_else(|| inner(answer.response)).or_else(|| inner(answer.chat_response))?;
    Some(usage.into())
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        let known = |tokens: Option<u64>| tokens.filter(|tokens| *tokens <= MAX_TOKENS);
        Self { input: known(usage.input_tokens), output: known(usage.output_tokens) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(input: u64, output: u64) -> Tokens {
        Tokens { input: Some(input), output: Some(output) }
    }

    #[test]
    fn every_interface_tells_its_usage_in_its_own_words() {
        for json in [
            r#"{"id":"x","usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#,
            r#"{"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}"#,
            r#"{"chatResponse":{"usage":{"promptTokens":3,"completionTokens":1}}}"#,
            r#"{"usage":{"promptTokens":3,"completionTokens":1,"x":{}}}"#,
            r#"{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":1}}}"#,
        ] {
            assert_eq!(Tokens::of_answer(json.as_bytes()), tokens(3, 1), "{json}");
        }
        let embedded = r#"{"embeddings":[[0.1]],"usage":{"promptTokens":3}}"#;
        assert_eq!(Tokens::of_answer(embedded.as_bytes()), Tokens { input: Some(3), output: None });
    }

    #[test]
    fn what_is_odd_tells_nothing() {
        for json in [
            "",
            "{}",
            "[]",
            "x",
            r#"{"usage":null}"#,
            r#"{"usage":"many"}"#,
            r#"{"usage":{"prompt_tokens":-1}}"#,
            r#"{"usage":{"prompt_tokens":1.5}}"#,
            r#"{"usage":{"prompt_tokens":"3"}}"#,
            r#"{"usage":{"prompt_tokens":9007199254740993}}"#,
            r#"{"usage":{"prompt_tokens":1e300}}"#,
            r#"{"usage":{"prompt_tokens":3,"input_tokens":3}}"#,
            r#"{"response":"text"}"#,
        ] {
            assert_eq!(Tokens::of_answer(json.as_bytes()), Tokens::default(), "{json}");
        }
    }

    #[test]
    fn the_last_event_counts_that_tells_any() {
        let stream = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n\
                      data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n\
                      data: {\"choices\":[],\"usage\":null}\n\ndata: [DONE]\n\n";
        assert_eq!(Tokens::of_stream(stream.as_bytes()), tokens(3, 1));
        let text =
            "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\"\"}}]}\n\ndata: [DONE]\n\n";
        assert_eq!(Tokens::of_stream(text.as_bytes()), Tokens::default());
    }

    #[test]
    fn the_end_of_an_answer_tells_what_was_used_and_never_the_models_own_words() {
        let used = |input, output| Tokens { input, output };
        let none = Tokens::default();
        for (answer, expected) in [
            (
                r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}"#,
                tokens(3, 5),
            ),
            (
                r#"{"usage" : {"input_tokens":3,"output_tokens":5,"details":{"a":[1]}}, "x":1}"#,
                tokens(3, 5),
            ),
            (r#"{"usage":{"prompt_tokens":3,"total_tokens":3}}"#, used(Some(3), None)),
            (
                "data: {\"usage\":null}\n\ndata: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
                tokens(1, 2),
            ),
            (
                "data: {\"usage\":{\"completion_tokens\":1}}\n\ndata: {\"usage\":{\"completion_tokens\":2}}\n\n",
                used(None, Some(2)),
            ),
            (
                "data: {\"usage\":{\"completion_tokens\":2}}\n\ndata: {\"usage\":null}\n\n",
                used(None, Some(2)),
            ),
            (r#"cut":1,"usage":{"prompt_tokens":3,"completion_tokens":5}}"#, tokens(3, 5)),
            ("", none),
            ("\"usage\"", none),
            (r#"{"usage":{}}"#, none),
            (r#"{"usage":{"prompt_tokens":-1}}"#, none),
            (r#"{"usage":{"prompt_tokens":1.5}}"#, none),
            (r#"{"usage":{"prompt_tokens":"3"}}"#, none),
            (r#"{"usage":{"prompt_tokens":18446744073709551615}}"#, none),
            (r#"{"usage":{"prompt_tokens":3"#, none),
            (r#"{"content":"{\"usage\":{\"prompt_tokens\":3}}"}"#, none),
            (r#"{"content":"\"usage\":{\"prompt_tokens\":3}"}"#, none),
        ] {
            assert_eq!(Tokens::of_end(answer.as_bytes()), expected, "{answer}");
        }
    }
}
