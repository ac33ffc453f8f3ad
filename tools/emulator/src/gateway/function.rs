//! A request as a call of a function, and the function's answer as the reply.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::agent::{Agent, Answer, Intent, Invocation};
use crate::http::Reply;

/// What the gateway says about its client, and the client cannot change.
const CLIENT_HEADERS: [(&str, &str); 3] =
    [("x-forwarded-for", "127.0.0.1"), ("x-real-ip", "127.0.0.1"), ("forwarded", "for=127.0.0.1")];

/// Calls the function with the headers that its route lets through.
pub(super) async fn call(
    agent: &Agent,
    intent: Intent,
    headers: &HeaderMap,
    body: Bytes,
) -> Answer {
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let client = headers.iter().filter(|(name, _)| {
        *name != CONTENT_TYPE && CLIENT_HEADERS.iter().all(|(own, _)| name != own)
    });
    let client = client.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let own =
        CLIENT_HEADERS.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    let headers = client.chain(own).collect();
    agent.call(Invocation { intent, content_type, headers, body, ..Invocation::default() }).await
}

/// Returns what the client gets of the answer.
pub(super) fn reply(answer: Answer) -> Reply {
    let mut reply = Response::new(Full::from(answer.body));
    *reply.status_mut() = answer.status.try_into().unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            reply.headers_mut().append(name, value);
        }
    }
    reply.headers_mut().remove(CONTENT_LENGTH);
    reply
}
