//! A generated text in the objects that clients read it from, whole or word by word.

use serde_json::{Value, json};

use super::request::{body, created, model};
use crate::deployment::call::Call;

/// What the model says to a call, or what is wrong with that: the text that it answers is in this
/// member of the body.
pub(super) fn generate(
    call: &Call<'_>,
    kind: Kind,
    member: &str,
    prompt: fn(&Value) -> Option<String>,
) -> Result<Generation, String> {
    let body = body(call)?;
    let read = body.get(member).and_then(prompt);
    let prompt = read.ok_or_else(|| format!("`{member}` has no text of a user"))?;
    let flag = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or_default();
    Ok(Generation {
        kind,
        number: call.number,
        created: created(call),
        model: model(&body).to_owned(),
        text: call.model.reply(&prompt),
        prompt,
        stream: flag(body.get("stream")),
        with_usage: flag(body.pointer("/stream_options/include_usage")),
    })
}

/// What was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// The next message of a conversation.
    Chat,
    /// What follows a text.
    Text,
}

/// A generated text.
pub(crate) struct Generation {
    pub(super) kind: Kind,
    pub(super) number: u64,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) text: String,
    /// Whether it is streamed, word by word.
    pub(super) stream: bool,
    /// Whether a stream ends with what was used.
    pub(super) with_usage: bool,
}

impl Generation {
    /// A message that another model says to `prompt`, whole.
    pub(crate) fn message(
        number: u64,
        created: u64,
        model: &str,
        prompt: String,
        text: String,
    ) -> Self {
        Self {
            kind: Kind::Chat,
            number,
            created,
            model: model.to_owned(),
            prompt,
            text,
            stream: false,
            with_usage: false,
        }
    }

    /// The same as a stream, which ends with what was used if so.
    pub(crate) fn streamed(self, with_usage: bool) -> Self {
        Self { stream: true, with_usage, ..self }
    }

    /// Returns the answer in one object.
    pub(crate) fn whole(&self) -> Value {
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

    /// Returns the answer in an object a word, the last of which says why it ends, or what was
    /// used.
    pub(crate) fn parts(&self) -> Vec<Value> {
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

/// Returns how many tokens a text is taken for: its words.
pub(crate) fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}
