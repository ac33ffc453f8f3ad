//! What the destination of a detached call gets: a function with a stream for its results, called
//! once without waiting, and the stream read until something comes.
//!
//! Source: docs/spec/oci-services.md#detached.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oracle_cloud_client::Service;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::address;
use super::call::Call;
use super::evidence::{Evidence, asked};
use super::subject::Subject;
use super::trial::{Bench, Outcome, make, refusal};

/// Between two looks into a stream.
const PAUSE: Duration = Duration::from_secs(1);
/// The most partitions that are read.
const PARTITIONS: u32 = 10;
/// How many members of a record are reported.
const MEMBERS: usize = 50;

/// The outcome: the records by their form, never by their content.
#[derive(Debug)]
pub(super) struct Detached {
    pub(super) evidence: Vec<Evidence>,
    pub(super) found: Result<Value, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stream {
    messages_endpoint: String,
    partitions: u32,
}

#[derive(Deserialize)]
struct Cursor {
    value: String,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    key: Option<String>,
    value: String,
}

impl Detached {
    pub(super) async fn run(
        subject: &Subject,
        runtime: &str,
        stream: &str,
        bench: &Bench<'_>,
    ) -> Self {
        let mut evidence = Vec::new();
        let found = found(subject, runtime, stream, bench, &mut evidence).await;
        for seen in &mut evidence {
            seen.subject = Some(subject.kind.word());
        }
        Self { evidence, found }
    }
}

async fn found(
    subject: &Subject,
    runtime: &str,
    stream: &str,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<Value, String> {
    let (messages, mut cursors) = opened(stream, bench, evidence).await?;
    let made = make(subject, runtime, bench, evidence).await;
    let (function, service) = made.map_err(|outcome| match outcome {
        Outcome::Unknown(why) => why,
        Outcome::Refused => "the service refused a function with a stream for results".to_owned(),
        Outcome::Failed | Outcome::Active { .. } => "it was accepted and failed".to_owned(),
    })?;
    let call = Call::invoke_detached(&function.id, json!({ "data": [] }));
    let (seen, answer) = asked("call it detached", &call, &service).await;
    evidence.push(seen);
    let status = answer.map_err(|error| refusal(&error))?.status().as_u16();
    let end = Instant::now() + Duration::from_secs(bench.options.wait);
    let begin = Instant::now();
    loop {
        let records = read(stream, &messages, &mut cursors, evidence).await?;
        let seconds = begin.elapsed().as_secs();
        if !records.is_empty() {
            let forms = records.iter().map(|record| form(record, &function.id));
            let forms: Vec<Value> = forms.collect::<Result<_, _>>()?;
            return Ok(json!({ "status": status, "records": forms, "after_s": seconds }));
        }
        if Instant::now() >= end {
            return Ok(json!({ "status": status, "records": [], "after_s": seconds }));
        }
        sleep(PAUSE).await;
    }
}

/// Returns the service that has the stream's messages, and where each partition ends now.
async fn opened(
    stream: &str,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<(Service, Vec<String>), String> {
    let place = bench.options.stream_endpoint.as_deref();
    let service = bench.access.service("streaming", place).await;
    let service = service.map_err(|error| error.to_string())?;
    let (seen, answer) = asked("look at the stream", &Call::stream(stream), &service).await;
    evidence.push(seen);
    let answer = answer.map_err(|error| refusal(&error))?;
    let found: Stream = answer.json().map_err(|error| error.to_string())?;
    if !(1..=PARTITIONS).contains(&found.partitions) {
        return Err(format!(
            "the stream has {} partitions; 1 to {PARTITIONS} are read",
            found.partitions
        ));
    }
    let place = match place {
        Some(given) => given.to_owned(),
        None if address::is_of_streaming(&found.messages_endpoint, bench.regions) => {
            found.messages_endpoint
        }
        None => {
            return Err("the service names an address for messages that is not Oracle's; `--stream-endpoint` names one".to_owned());
        }
    };
    let service = bench.access.service("streaming", Some(&place)).await;
    let service = service.map_err(|error| error.to_string())?;
    let mut cursors = Vec::new();
    for partition in 0..found.partitions {
        let call = Call::cursor(stream, partition);
        let (seen, answer) = asked("find the stream's end", &call, &service).await;
        evidence.push(seen);
        let answer = answer.map_err(|error| refusal(&error))?;
        let cursor: Cursor = answer.json().map_err(|error| error.to_string())?;
        cursors.push(cursor.value);
    }
    Ok((service, cursors))
}

/// Returns the new messages of the partitions.
async fn read(
    stream: &str,
    service: &Service,
    cursors: &mut [String],
    evidence: &mut Vec<Evidence>,
) -> Result<Vec<Message>, String> {
    const STEP: &str = "read the stream";
    let mut all = Vec::new();
    // The last answers are enough.
    evidence.retain(|earlier| earlier.step != STEP);
    for cursor in cursors {
        let (seen, answer) = asked(STEP, &Call::messages(stream, cursor), service).await;
        evidence.push(seen);
        let answer = answer.map_err(|error| refusal(&error))?;
        let messages: Vec<Message> = answer.json().map_err(|error| error.to_string())?;
        all.extend(messages);
        if let Some(next) = answer.header("opc-next-cursor") {
            next.clone_into(cursor);
        }
    }
    Ok(all)
}

/// Returns the form of a record: its size, whether it names the function, and the kinds of its
/// members.
fn form(record: &Message, function: &str) -> Result<Value, String> {
    let bytes = STANDARD.decode(&record.value);
    let bytes = bytes.map_err(|_invalid| "a message of the stream is not base64".to_owned())?;
    let text = String::from_utf8_lossy(&bytes);
    let json = serde_json::from_slice::<Value>(&bytes).ok();
    Ok(json!({
        "bytes": bytes.len(),
        "has_key": record.key.is_some(),
        "names_the_function": text.contains(function),
        "kinds": json.as_ref().map(kinds),
    }))
}

/// Returns the kinds of values, with the names of members, three levels deep at most.
fn kinds(value: &Value) -> Value {
    fn down(value: &Value, levels: u32) -> Value {
        match value {
            Value::Object(members) if levels > 0 => {
                let members = members.iter().take(MEMBERS);
                let told = members.map(|(name, value)| (name.clone(), down(value, levels - 1)));
                Value::Object(told.collect::<Map<_, _>>())
            }
            Value::Object(_) => json!("object"),
            Value::Array(_) => json!("array"),
            Value::String(_) => json!("text"),
            Value::Number(_) => json!("number"),
            Value::Bool(_) => json!("boolean"),
            Value::Null => json!("null"),
        }
    }
    down(value, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_base64_is_no_record() {
        let message = |value: &str| Message { key: None, value: value.to_owned() };
        let told = form(&message("eyJhIjogMX0="), "ocid1.fnfunc.oc1..a").unwrap();
        assert_eq!((&told["bytes"], &told["kinds"]), (&json!(8), &json!({ "a": "number" })));
        let error = form(&message("{\"secret\": 1}"), "ocid1.fnfunc.oc1..a").unwrap_err();
        assert_eq!(error, "a message of the stream is not base64");
    }
}
