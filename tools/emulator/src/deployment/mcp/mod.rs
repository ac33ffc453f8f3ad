//! A server of the Model Context Protocol over streamable HTTP, with the Iris model as its tool.
//!
//! Source: docs/spec/oci-services.md#mcp.

mod rpc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;

/// The methods of the endpoint.
pub(super) const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

/// Answers a message, opens a stream or ends a session.
pub(super) fn answer(call: &Call<'_>) -> Answer {
    match answered(call) {
        Ok(answer) => answer,
        Err(Wrong(status, message)) => {
            let error = json!({ "code": -32_600, "message": message });
            let body = json!({ "jsonrpc": "2.0", "id": null, "error": error });
            Answer::json(&body).with_status(status)
        }
    }
}

/// A request that is no message of the protocol: the status, and why.
struct Wrong(u16, &'static str);

fn answered(call: &Call<'_>) -> Result<Answer, Wrong> {
    let request = call.request;
    if request.text(VERSION).is_some_and(|version| !rpc::VERSIONS.contains(&version)) {
        return Err(Wrong(400, "mcp-protocol-version is not one of this server's"));
    }
    match request.method.as_str() {
        "POST" => post(call),
        "GET" => get(call),
        _ => {
            call.sessions.end(session(call)?);
            Ok(Answer::bare(204, vec![], vec![]))
        }
    }
}

/// The session that a request names.
fn session<'a>(call: &Call<'a>) -> Result<&'a str, Wrong> {
    let id = call.request.text(SESSION).ok_or(Wrong(400, "mcp-session-id is missing"))?;
    if call.sessions.has(id) { Ok(id) } else { Err(Wrong(404, "there is no such session")) }
}

/// Answers a message: what expects an answer with events, the last of which it is.
fn post(call: &Call<'_>) -> Result<Answer, Wrong> {
    accepts(call, &["application/json", "text/event-stream"])?;
    let message: Value = serde_json::from_slice(&call.request.body)
        .map_err(|_invalid| Wrong(400, "the body is not JSON"))?;
    if message.get("jsonrpc") != Some(&json!("2.0")) {
        return Err(Wrong(400, "the body is not one message of JSON-RPC 2.0"));
    }
    let opens = message.get("method").is_some_and(|method| method == "initialize");
    let opened = if opens { Some(call.sessions.open(call.number)) } else { None };
    let id = opened.as_deref().map_or_else(|| session(call), Ok)?;
    let answer = match message.get("id").filter(|_| message.get("method").is_some()) {
        Some(request) => {
            let messages = rpc::answers(call.model, request, &message);
            Answer::told(call.sessions.stream(id, call.number, &messages))
        }
        None => Answer::bare(202, vec![], vec![]),
    };
    Ok(opened.iter().fold(answer, |answer, id| answer.with_header(SESSION, id)))
}

/// Opens a stream for what the server says of its own accord, or takes one up where it broke off.
fn get(call: &Call<'_>) -> Result<Answer, Wrong> {
    accepts(call, &["text/event-stream"])?;
    let id = session(call)?;
    let Some(event) = call.request.text("last-event-id") else {
        let messages = [rpc::greeting()];
        return Ok(Answer::told(call.sessions.stream(id, call.number, &messages)).open());
    };
    let rest = call.sessions.after(id, event);
    rest.map(Answer::told).ok_or(Wrong(400, "last-event-id is none of this session"))
}

fn accepts(call: &Call<'_>, types: &[&str]) -> Result<(), Wrong> {
    let accepted: Vec<String> = call
        .request
        .values("accept")
        .map(|value| String::from_utf8_lossy(value).to_ascii_lowercase())
        .collect();
    let named = |name: &&str| accepted.iter().any(|value| value.contains(*name));
    if types.iter().all(named) {
        Ok(())
    } else {
        Err(Wrong(406, "accept lacks a type that the answer may have"))
    }
}
