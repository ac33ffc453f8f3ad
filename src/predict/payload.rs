//! What is sent to a deployment: the caller's bytes, once they are what the path and the content type promise.

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Endpoint, Error};
use crate::fdk::{Call, Intent};

/// A body that may be forwarded as it is.
pub(super) struct Payload {
    /// The caller's own bytes.
    pub(super) body: Bytes,
    /// What they are; None without a body.
    pub(super) content_type: Option<HeaderValue>,
}

impl Payload {
    /// Checks method, content type and body of a call against its endpoint: a prediction takes a POST of JSON; a custom path
    /// takes more methods, and whatever its content type names.
    pub(super) fn of(call: &Call, endpoint: &Endpoint, body: Bytes) -> Result<Self, Error> {
        let custom = !endpoint.suffix().is_empty();
        let named = call.content_type().filter(|named| !says_nothing(named, call.intent()));
        if named.is_some_and(|named| named.to_str().is_err()) {
            return Err(Error::ContentType);
        }
        match (custom, call.method()) {
            (true, &Method::GET | &Method::DELETE) if body.is_empty() => {
                Ok(Self { body, content_type: None })
            }
            (true, &Method::GET | &Method::DELETE) => Err(Error::BodyUnsigned),
            (true, &Method::POST | &Method::PUT) => match named {
                Some(named) if !is_json(named) => {
                    Ok(Self { body, content_type: Some(named.clone()) })
                }
                named if body.is_empty() => Ok(Self { body, content_type: named.cloned() }),
                named => Self::json(named, body),
            },
            // The body was always JSON here, whatever it was called.
            (false, &Method::POST) => Self::json(named.filter(|named| is_json(named)), body),
            (true, _) => Err(Error::MethodNotAllowed("GET, POST, PUT or DELETE")),
            (false, _) => Err(Error::MethodNotAllowed("POST")),
        }
    }

    /// Checks that a body is one JSON value, without building it.
    fn json(named: Option<&HeaderValue>, body: Bytes) -> Result<Self, Error> {
        if body.trim_ascii().is_empty() {
            return Err(Error::BodyMissing);
        }
        serde_json::from_slice::<&RawValue>(&body).map_err(Error::BodyNotJson)?;
        let json = HeaderValue::from_static("application/json");
        Ok(Self { body, content_type: Some(named.cloned().unwrap_or(json)) })
    }
}

/// Whether a body asks for an answer piece by piece, in the words of OpenAI's protocol.
pub(super) fn wants_stream(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Wish {
        stream: bool,
    }
    serde_json::from_slice(body).is_ok_and(|Wish { stream }| stream)
}

/// `fn invoke` calls everything `text/plain`.
fn says_nothing(named: &HeaderValue, intent: Intent) -> bool {
    intent == Intent::Direct && media_type(named) == "text/plain"
}

/// Whether a content type is JSON: `application/json` or a type that ends in `+json`, whatever its parameters.
fn is_json(named: &HeaderValue) -> bool {
    let media_type = media_type(named);
    media_type == "application/json" || media_type.ends_with("+json")
}

fn media_type(named: &HeaderValue) -> String {
    let media_type = named.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}
