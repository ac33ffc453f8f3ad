//! The messages of a queue: put, received, updated, and deleted.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome};
use super::call::Call;
use crate::clock::rfc3339;

/// The OCID of the queue.
pub const QUEUE: &str = "ocid1.queue.oc1.sa-saopaulo-1.aaaaaaaaqueue";

const BASE: &str = "/20210201/queues";
/// The most messages of a request, and of the queue.
const MAX_BATCH: usize = 20;
const MAX_MESSAGES: usize = 1000;
/// The most bytes of a message.
const MAX_BYTES: usize = 256 * 1024;
/// How long a message is kept, and how long it is hidden after somebody received it, in seconds.
const RETENTION: Duration = Duration::from_secs(24 * 3600);
const VISIBILITY: u64 = 30;
const MAX_VISIBILITY: u64 = 12 * 3600;

/// The messages of the queue.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    messages: Vec<Message>,
    made: u64,
}

struct Message {
    id: u64,
    content: String,
    metadata: Value,
    created: SystemTime,
    visible: SystemTime,
    deliveries: u64,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({}, {} bytes)", self.id, self.content.len())
    }
}

impl Message {
    /// Returns the receipt of the latest delivery; each delivery has another.
    fn receipt(&self) -> String {
        format!("receipt-{}-{}", self.id, self.deliveries)
    }

    fn channel(&self) -> &str {
        self.metadata.get("channelId").and_then(Value::as_str).unwrap_or(QUEUE)
    }
}

/// Answers a call.
pub(super) fn answer(call: &Call<'_>, queues: &Queues) -> Outcome {
    let segments = call.below(BASE).unwrap_or_default();
    let [id, rest @ ..] = segments.as_slice() else { return Err(Answer::unmapped()) };
    if *id != QUEUE {
        return Err(Answer::hidden());
    }
    let mut queue = queues.0.lock().unwrap_or_else(PoisonError::into_inner);
    queue.messages.retain(|message| message.created + RETENTION > call.time);
    match (call.method(), rest) {
        ("POST", ["messages"]) => queue.put(call),
        ("GET", ["messages"]) => queue.get(call),
        ("POST", ["messages", "actions", "deleteMessages"]) => {
            queue.each(call, |queue, receipt, _| {
                queue.delete(receipt)?;
                Ok(json!({}))
            })
        }
        ("POST", ["messages", "actions", "updateMessages"]) => {
            queue.each(call, |queue, receipt, entry| queue.update(receipt, entry, call.time))
        }
        ("DELETE", ["messages", receipt]) => {
            queue.delete(receipt)?;
            Ok(Answer::empty(204))
        }
        ("PUT", ["messages", receipt]) => {
            let details = object(call)?;
            Ok(Answer::json(&queue.update(receipt, &details, call.time)?))
        }
        ("GET", ["stats"]) => Ok(Answer::json(&queue.stats(call.time))),
        ("GET", ["channels"]) => {
            let mut channels: Vec<&str> = queue.messages.iter().map(Message::channel).collect();
            channels.sort_unstable();
            channels.dedup();
            Ok(Answer::json(&json!({ "items": channels })))
        }
        _ => Err(Answer::unmapped()),
    }
}

fn object(call: &Call<'_>) -> Result<Map<String, Value>, Answer> {
    call.object().map_err(|message| Answer::parameter(&message))
}

/// Returns the entries of a list in a body, at most as many as a request may have.
fn entries(call: &Call<'_>, name: &str) -> Result<Vec<Map<String, Value>>, Answer> {
    let mut details = object(call)?;
    let wrong = || Answer::parameter(&format!("{name} is not a list of 1 to {MAX_BATCH} objects"));
    let Some(Value::Array(entries)) = details.remove(name) else { return Err(wrong()) };
    let objects: Option<Vec<_>> = entries.iter().map(|entry| entry.as_object().cloned()).collect();
    objects.filter(|objects| (1..=MAX_BATCH).contains(&objects.len())).ok_or_else(wrong)
}

/// Returns a number of the query within bounds.
fn number(call: &Call<'_>, name: &str, otherwise: u64, most: u64) -> Result<u64, Answer> {
    match call.parameter(name).map(|number| number.parse()) {
        None => Ok(otherwise),
        Some(Ok(number)) if number <= most => Ok(number),
        Some(_) => Err(Answer::parameter(&format!("{name} is not a number up to {most}"))),
    }
}

impl Queue {
    fn put(&mut self, call: &Call<'_>) -> Outcome {
        let entries = entries(call, "messages")?;
        let content = |entry: &Map<String, Value>| {
            let content = entry.get("content").and_then(Value::as_str);
            content.filter(|content| (1..=MAX_BYTES).contains(&content.len())).map(str::to_owned)
        };
        let contents: Option<Vec<String>> = entries.iter().map(content).collect();
        let contents = contents
            .ok_or_else(|| Answer::parameter("a message has no content, or it is too long"))?;
        if self.messages.len() + contents.len() > MAX_MESSAGES {
            return Err(Answer::error(400, "LimitExceeded", "The queue is full."));
        }
        let mut put = Vec::new();
        for (content, entry) in contents.into_iter().zip(entries) {
            self.made += 1;
            put.push(json!({ "id": self.made, "expireAfter": rfc3339(call.time + RETENTION) }));
            self.messages.push(Message {
                id: self.made,
                content,
                metadata: entry.get("metadata").cloned().unwrap_or_default(),
                created: call.time,
                visible: call.time,
                deliveries: 0,
            });
        }
        Ok(Answer::json(&json!({ "messages": put })))
    }

    /// Returns visible messages, and hides them for a while. It does not wait for messages.
    fn get(&mut self, call: &Call<'_>) -> Outcome {
        let limit = number(call, "limit", 1, 20)?;
        let visibility = number(call, "visibilityInSeconds", VISIBILITY, MAX_VISIBILITY)?;
        number(call, "timeoutInSeconds", 0, 30)?;
        let channel = call.parameter("channelFilter");
        let is_wanted = |message: &&mut Message| {
            message.visible <= call.time
                && channel.as_deref().is_none_or(|channel| message.channel() == channel)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut got = Vec::new();
        for message in self.messages.iter_mut().filter(is_wanted).take(limit) {
            message.deliveries += 1;
            message.visible = call.time + Duration::from_secs(visibility);
            got.push(json!({
                "id": message.id,
                "content": message.content,
                "receipt": message.receipt(),
                "deliveryCount": message.deliveries,
                "visibleAfter": rfc3339(message.visible),
                "expireAfter": rfc3339(message.created + RETENTION),
                "createdAt": rfc3339(message.created),
                "metadata": message.metadata,
            }));
        }
        Ok(Answer::json(&json!({ "messages": got })))
    }

    fn place(&self, receipt: &str) -> Result<usize, Answer> {
        let place = self.messages.iter().position(|message| message.receipt() == receipt);
        place.ok_or_else(|| Answer::error(404, "NotFound", "There is no message of this receipt."))
    }

    fn delete(&mut self, receipt: &str) -> Result<(), Answer> {
        let place = self.place(receipt)?;
        self.messages.remove(place);
        Ok(())
    }

    fn update(
        &mut self,
        receipt: &str,
        details: &Map<String, Value>,
        now: SystemTime,
    ) -> Result<Value, Answer> {
        let seconds = details.get("visibilityInSeconds").and_then(Value::as_u64);
        let seconds = seconds.filter(|seconds| *seconds <= MAX_VISIBILITY);
        let seconds =
            seconds.ok_or_else(|| Answer::parameter("visibilityInSeconds is not 0 to 43200"))?;
        let place = self.place(receipt)?;
        let message = self.messages.get_mut(place).ok_or_else(Answer::hidden)?;
        message.visible = now + Duration::from_secs(seconds);
        Ok(json!({ "id": message.id, "visibleAfter": rfc3339(message.visible) }))
    }

    /// Handles every entry of a request, and answers with the result of each.
    fn each(
        &mut self,
        call: &Call<'_>,
        carry_out: impl Fn(&mut Self, &str, &Map<String, Value>) -> Result<Value, Answer>,
    ) -> Outcome {
        let (mut results, mut failures) = (Vec::new(), 0);
        for entry in entries(call, "entries")? {
            let receipt = entry.get("receipt").and_then(Value::as_str).unwrap_or_default();
            results.push(carry_out(self, receipt, &entry).unwrap_or_else(|refusal| {
                failures += 1;
                json!({ "errorCode": refusal.status, "errorMessage": "There is no such message." })
            }));
        }
        Ok(Answer::json(&json!({
            "serverFailures": 0,
            "clientFailures": failures,
            "entries": results,
        })))
    }

    fn stats(&self, now: SystemTime) -> Value {
        let visible = self.messages.iter().filter(|message| message.visible <= now).count();
        let bytes: usize = self.messages.iter().map(|message| message.content.len()).sum();
        json!({
            "queue": {
                "visibleMessages": visible,
                "inFlightMessages": self.messages.len() - visible,
                "sizeInBytes": bytes,
            },
            "dlq": { "visibleMessages": 0, "inFlightMessages": 0, "sizeInBytes": 0 },
        })
    }
}
