//! A generated text in the objects that clients read it from, whole or word by word.

use serde_json::{Value, json};

use super::request::{body, created, model};
use crate::deployment::call::Call;
use crate::deployment::model::Model;

/// What the model says to a call, or what is wrong with that.
pub(super) fn generate(
    call: &Call<'_>,
    kind: Kind,
    prompt: fn(&Value) -> Option<String>,
) -> Result<Generation, String> {
    let body = body(call)?;
    let prompt =
        prompt(&body).ok_or_else(|| format!("`{}` has no text of a user", kind.member()))?;
    let flag = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or_default();
    Ok(Generation {
        kind,
        number: call.number,
        created: created(call),
        model: model(&body).to_owned(),
        text: reply(call.model, &prompt),
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

/// What the model says to a text with the numbers of one row.
fn reply(model: &Model, prompt: &str) -> String {
    let number = |word: &str| word.trim_end_matches('.').parse::<f64>().ok();
    let row: Vec<f64> = prompt
        .split(|sign: char| !sign.is_ascii_digit() && !matches!(sign, '.' | '-'))
        .filter_map(number)
        .collect();
    model.class(&row).map_or_else(
        || format!("Please send four numbers: {}.", model.features().join(", ")),
        |class| format!("This is an Iris {class}."),
    )
}

/// How many tokens a text is taken for: its words.
pub(super) fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}
