//! A generated text in the objects that clients read it from, whole or word by word.

use serde_json::{Value, json};

use super::tokens;

/// What was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// The next message of a conversation.
    Chat,
    /// What follows a text.
    Text,
}

/// A generated text.
pub(super) struct Generation {
    pub(super) kind: Kind,
    pub(super) number: u64,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) text: String,
    /// Whether it is told word by word.
    pub(super) stream: bool,
    /// Whether a stream ends with what was used.
    pub(super) with_usage: bool,
}

impl Kind {
    /// The member of a request that the text answers.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Chat => "messages",
            Self::Text => "prompt",
        }
    }
}

impl Generation {
    /// The answer in one object.
    pub(super) fn whole(&self) -> Value {
        let message = json!({ "role": "assistant", "content": self.text });
        let choice = match self.kind {
            Kind::Chat => {
                json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" })
            }
            Kind::Text => piece(&self.text, Some("stop")),
        };
        let object = match self.kind {
            Kind::Chat => "chat.completion",
            Kind::Text => "text_completion",
        };
        self.object(object, &[choice], Some(&self.usage()))
    }

    /// The answer in an object a word, the last of which says why it ends, or what was used.
    pub(super) fn parts(&self) -> Vec<Value> {
        let words = self.text.split_inclusive(' ');
        let choices: Vec<Value> = match self.kind {
            Kind::Chat => {
                let start = delta(&json!({ "role": "assistant", "content": "" }), None);
                let words = words.map(|word| delta(&json!({ "content": word }), None));
                [start].into_iter().chain(words).chain([delta(&json!({}), Some("stop"))]).collect()
            }
            Kind::Text => {
                words.map(|word| piece(word, None)).chain([piece("", Some("stop"))]).collect()
            }
        };
        let object = match self.kind {
            Kind::Chat => "chat.completion.chunk",
            Kind::Text => "text_completion",
        };
        let usage = self.with_usage.then(|| self.object(object, &[], Some(&self.usage())));
        choices
            .into_iter()
            .map(|choice| self.object(object, &[choice], None))
            .chain(usage)
            .collect()
    }

    pub(super) fn id(&self) -> String {
        let prefix = match self.kind {
            Kind::Chat => "chatcmpl",
            Kind::Text => "cmpl",
        };
        format!("{prefix}-{}", self.number)
    }

    fn object(&self, object: &str, choices: &[Value], usage: Option<&Value>) -> Value {
        json!({
            "id": self.id(),
            "object": object,
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        })
    }

    fn usage(&self) -> Value {
        let (prompt, text) = (tokens(&self.prompt), tokens(&self.text));
        json!({ "prompt_tokens": prompt, "completion_tokens": text, "total_tokens": prompt + text })
    }
}

fn delta(delta: &Value, finish: Option<&str>) -> Value {
    json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish })
}

fn piece(text: &str, finish: Option<&str>) -> Value {
    json!({ "index": 0, "text": text, "logprobs": null, "finish_reason": finish })
}
