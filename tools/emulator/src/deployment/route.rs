//! Which part of the deployment answers a request, by its target and method.
//!
//! Source: docs/spec/oci-services.md#custom-paths.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Action, Call, Target};
use super::echo;
use super::mcp;
use super::openai;
use super::request::Request;

type Handler = fn(&Call<'_>, Target<'_>) -> Answer;

/// Returns what a suffix answers to, and with what; None if there is nothing behind it.
fn endpoint(suffix: &str) -> Option<(&'static [&'static str], Handler)> {
    let (get, post): (&[&str], &[&str]) = (&["GET"], &["POST"]);
    Some(match suffix {
        "" => (post, predict),
        "/v1/models" => (get, |call, _| openai::models(call)),
        "/v1/chat/completions" => (post, |call, _| openai::chat(call)),
        "/v1/completions" => (post, |call, _| openai::completions(call)),
        "/v1/messages" => (post, |call, _| openai::messages(call)),
        "/v1/responses" => (post, |call, _| openai::responses(call)),
        "/mcp" => (&mcp::METHODS, |call, _| mcp::answer(call)),
        "/v1/embeddings" => (post, |call, _| openai::embeddings(call)),
        "/metrics" => (get, |call, _| metrics(call)),
        "/version" => (get, |_, _| Answer::json(&json!({ "version": env!("CARGO_PKG_VERSION") }))),
        // They change the deployment for everybody: the function must keep its callers from them.
        "/v1/load_lora_adapter"
        | "/v1/unload_lora_adapter"
        | "/start_profile"
        | "/stop_profile" => (post, |_, _| Answer::json(&json!({}))),
        "/echo" => (&echo::METHODS, echo::answer),
        _ if suffix.starts_with("/echo/") => (&echo::METHODS, echo::answer),
        _ => return None,
    })
}

/// Answers a call as the part behind its target does.
pub(super) fn answer(call: &Call<'_>) -> Answer {
    let target = Target::parse(&call.request.target);
    let found = target.and_then(|target| Some((target, endpoint(target.suffix)?)));
    let Some((target, (methods, handler))) = found else {
        return Answer::error(
            404,
            "NotAuthorizedOrNotFound",
            "Authorization failed or requested resource not found",
        );
    };
    let method = call.request.method.as_str();
    if !methods.contains(&method) {
        return Answer::error(405, "MethodNotAllowed", &format!("{method} is not allowed here"));
    }
    let answer = handler(call, target);
    match target.action {
        Action::Predict => answer.whole(),
        Action::Stream if answer.is_success() && !answer.is_streamed() => Answer::error(
            409,
            "ExternalServerIncorrectState",
            "the model server did not answer with a stream",
        ),
        Action::Stream => answer,
    }
}

/// Returns the model's own endpoint.
fn predict(call: &Call<'_>, target: Target<'_>) -> Answer {
    let prediction = match call.model.predict(&call.request.body) {
        Ok(prediction) => prediction,
        Err(problem) => return Answer::error(400, "InvalidParameter", &problem),
    };
    match target.action {
        Action::Predict => Answer::json(&prediction),
        Action::Stream if accepts_events(call.request) => Answer::events(&rows(&prediction)),
        Action::Stream => {
            let json = prediction.to_string().into_bytes();
            let third = json.len().div_ceil(3);
            Answer::streamed("application/json", json.chunks(third).map(<[u8]>::to_vec).collect())
        }
    }
}

fn accepts_events(request: &Request) -> bool {
    let names_events = |value: &[u8]| {
        String::from_utf8_lossy(value).to_ascii_lowercase().contains("text/event-stream")
    };
    request.values("accept").any(names_events)
}

/// Returns a prediction as events: how many rows there are, then each.
fn rows(prediction: &Value) -> Vec<Value> {
    let column =
        |name| prediction.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let rows = column("prediction").iter().zip(column("probability"));
    let rows: Vec<Value> =
        rows.map(|(class, shares)| json!({ "prediction": class, "probability": shares })).collect();
    [vec![json!({ "rows": rows.len() })], rows].concat()
}

/// Returns what a monitoring system scrapes.
fn metrics(call: &Call<'_>) -> Answer {
    let text = format!(
        "# HELP deployment_requests_total Requests that arrived, this one included.\n\
         # TYPE deployment_requests_total counter\n\
         deployment_requests_total {}\n",
        call.number + 1
    );
    Answer::new(200, "text/plain; version=0.0.4", text)
}
