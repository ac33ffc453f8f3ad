//! The messages of the protocol: what a request is answered with.

use serde_json::{Value, json};

use crate::deployment::model::Model;

/// The versions of the protocol that are spoken, the latest last.
pub(super) const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The one tool.
const TOOL: &str = "classify";

/// The messages that answer a request of this id: what tells of progress, then the result.
pub(super) fn answers(model: &Model, id: &Value, request: &Value) -> Vec<String> {
    let absent = Value::Null;
    let params = request.get("params").unwrap_or(&absent);
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let result = match text(request, "method").as_str() {
        "initialize" => Ok(initialized(&text(params, "protocolVersion"))),
        "ping" | "logging/setLevel" => Ok(json!({})),
        "tools/list" => Ok(json!({ "tools": [tool()] })),
        "tools/call" if text(params, "name") == TOOL => {
            let said = model.reply(&text(params.get("arguments").unwrap_or(&absent), "text"));
            let token = params.pointer("/_meta/progressToken");
            let progress = token.map(|token| progress(token, &said)).unwrap_or_default();
            let content = json!([{ "type": "text", "text": said }]);
            let result = json!({ "content": content, "isError": false });
            let result = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            return progress.into_iter().chain([result.to_string()]).collect();
        }
        "tools/call" => Err((-32_602, "there is no such tool")),
        _ => Err((-32_601, "there is no such method")),
    };
    let answer = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err((code, message)) => {
            let error = json!({ "code": code, "message": message });
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        }
    };
    vec![answer.to_string()]
}

/// What the server says of its own accord when it is listened to.
pub(super) fn greeting() -> String {
    notification("message", &json!({ "level": "info", "logger": "emulator", "data": "ready" }))
}

fn initialized(version: &str) -> Value {
    let [.., latest] = VERSIONS;
    let version = if VERSIONS.contains(&version) { version } else { latest };
    json!({
        "protocolVersion": version,
        "capabilities": { "logging": {}, "tools": {} },
        "serverInfo": { "name": "emulator", "version": env!("CARGO_PKG_VERSION") },
    })
}

fn tool() -> Value {
    json!({
        "name": TOOL,
        "description": "Says which Iris a text with four numbers is about",
        "inputSchema": {
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "required": ["text"],
        },
    })
}

/// A text word by word, as progress.
fn progress(token: &Value, text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let said = |(number, word): (usize, &&str)| {
        let params = json!({
            "progressToken": token,
            "progress": number + 1,
            "total": words.len(),
            "message": word,
        });
        notification("progress", &params)
    };
    words.iter().enumerate().map(said).collect()
}

fn notification(kind: &str, params: &Value) -> String {
    let method = format!("notifications/{kind}");
    json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}
