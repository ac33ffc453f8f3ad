//! The chat, in three formats: of all models, and two of Cohere's.

use serde_json::{Map, Value, json};

use super::details;
use crate::services::answer::{Answer, Outcome};
use crate::services::call::Call;
use crate::services::document::{set, text as text_of};
use crate::services::event::Event;
use crate::services::generative_ai::memory::Memory;
use crate::services::generative_ai::models::{Kind, Model};
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::text;

/// The words of an answer if the request has no limit.
const WORDS: u64 = 20;

/// The format of request and answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    Generic,
    Cohere,
    CohereV2,
}

impl Format {
    fn read(request: &Map<String, Value>, model: Model) -> Result<Self, Answer> {
        match (request.get("apiFormat").and_then(Value::as_str), model.kind == Kind::Cohere) {
            (Some("GENERIC"), false) => Ok(Self::Generic),
            (Some("COHERE"), true) => Ok(Self::Cohere),
            (Some("COHEREV2"), true) => Ok(Self::CohereV2),
            _ => {
                Err(Answer::parameter("apiFormat is missing or unknown, or does not fit the model"))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Generic => "GENERIC",
            Self::Cohere => "COHERE",
            Self::CohereV2 => "COHEREV2",
        }
    }

    /// Returns why a text ends.
    fn finish(self, is_whole: bool) -> &'static str {
        match (self, is_whole) {
            (Self::Generic, true) => "stop",
            (Self::Generic, false) => "length",
            (Self::Cohere | Self::CohereV2, true) => "COMPLETE",
            (Self::Cohere | Self::CohereV2, false) => "MAX_TOKENS",
        }
    }
}

/// A generated text.
struct Said {
    format: Format,
    id: String,
    time: String,
    text: String,
    finish: &'static str,
    usage: Value,
}

/// Answers with the next message of a conversation.
pub(super) fn answer(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    let details = details::read(call)?;
    memory.policies.check(call.caller, Resource::Chat)?;
    let model = details::model(&details, &[Kind::OpenAi, Kind::Chat, Kind::Cohere])?;
    let Some(Value::Object(request)) = details.get("chatRequest") else {
        return Err(Answer::parameter("chatRequest is not an object"));
    };
    let format = Format::read(request, model)?;
    model.check_parameters(request)?;
    let told = told(request, format)?;
    let reply = text::reply(&told);
    let limit = ["maxTokens", "maxCompletionTokens"].into_iter().find_map(|name| request.get(name));
    let limit = limit.and_then(Value::as_u64).unwrap_or(WORDS);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let text: String = reply.split_inclusive(' ').take(limit).collect();
    let said = Said {
        format,
        id: memory.new_id("chat-"),
        time: call.timestamp(),
        finish: format.finish(text == reply),
        usage: details::usage(&told.join(" "), &text),
        text,
    };
    if request.get("isStream") == Some(&Value::Bool(true)) {
        let options =
            request.get("streamOptions").and_then(|options| options.get("isIncludeUsage"));
        return Ok(Answer::events(said.events(options == Some(&Value::Bool(true)))));
    }
    Ok(Answer::json(&json!({
        "modelId": model.id,
        "modelVersion": "1",
        "chatResponse": said.whole(),
    })))
}

/// Returns the texts of the user, the latest last.
fn told(request: &Map<String, Value>, format: Format) -> Result<Vec<String>, Answer> {
    match format {
        Format::Generic | Format::CohereV2 => {
            let messages = request.get("messages").and_then(Value::as_array);
            let messages = messages.filter(|messages| !messages.is_empty());
            messages
                .map(|messages| text::of_user(messages))
                .ok_or_else(|| Answer::parameter("messages is empty, or not a list"))
        }
        Format::Cohere => {
            let message = request.get("message").and_then(Value::as_str);
            let message = message.ok_or_else(|| Answer::parameter("message is not a text"))?;
            let history = request.get("chatHistory").and_then(Value::as_array);
            let before =
                history.into_iter().flatten().filter(|turn| text_of(turn, "role") == "USER");
            let before = before.map(|turn| text_of(turn, "message"));
            Ok(before.chain([message]).map(str::to_owned).collect())
        }
    }
}

impl Said {
    /// The answer in one object.
    fn whole(&self) -> Value {
        let mut answer = self.last();
        set(&mut answer, "apiFormat", self.format.name());
        set(&mut answer, "usage", self.usage.clone());
        match self.format {
            Format::Generic => {
                let message = message(&self.text);
                set(&mut answer, "timeCreated", self.time.as_str());
                set(
                    &mut answer,
                    "choices",
                    json!([{ "index": 0, "message": message, "finishReason": self.finish }]),
                );
            }
            Format::Cohere => set(&mut answer, "text", self.text.as_str()),
            Format::CohereV2 => {
                set(&mut answer, "id", self.id.as_str());
                set(&mut answer, "message", message(&self.text));
            }
        }
        answer
    }

    /// Returns the answer as one event a word, and a last one with the reason of the end. Each has
    /// padding of another length.
    fn events(&self, with_usage: bool) -> Vec<Event> {
        let word = |word: &str| match self.format {
            Format::Generic => json!({ "index": 0, "message": message(word) }),
            Format::Cohere => json!({ "apiFormat": self.format.name(), "text": word }),
            Format::CohereV2 => {
                json!({ "apiFormat": self.format.name(), "message": message(word) })
            }
        };
        let mut last = self.last();
        if with_usage {
            set(&mut last, "usage", self.usage.clone());
        }
        let padded = |(number, mut event): (usize, Value)| {
            set(&mut event, "pad", "a".repeat(number % 7 + 1));
            Event::Data(event)
        };
        let words = self.text.split_inclusive(' ').map(word);
        words.chain([last]).enumerate().map(padded).chain([Event::Done]).collect()
    }

    /// Returns the last event of a stream.
    fn last(&self) -> Value {
        match self.format {
            Format::Generic => json!({ "finishReason": self.finish }),
            Format::Cohere | Format::CohereV2 => {
                json!({ "apiFormat": self.format.name(), "finishReason": self.finish })
            }
        }
    }
}

fn message(text: &str) -> Value {
    json!({ "role": "ASSISTANT", "content": [{ "type": "TEXT", "text": text }] })
}
