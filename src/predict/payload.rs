//! The body that is sent to a deployment: the caller's bytes, once they are checked against the
//! path and the content type.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Method, Request};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::error::Error;
use fn_fdk::Intent;

/// The methods of a custom path, as `Allow` lists them.
const CUSTOM_METHODS: &str = "GET, POST, PUT, DELETE";
/// Content types that clients send with JSON when they set none: curl has a form, others have text.
const UNNAMED_JSON: [&str; 2] = ["text/plain", "application/x-www-form-urlencoded"];

/// A body that may be forwarded unchanged.
pub(super) struct Payload {
    /// The caller's own bytes.
    pub(super) body: Bytes,
    /// Their content type; None for a method without a body.
    pub(super) content_type: Option<HeaderValue>,
    /// Their content encoding, if any.
    pub(super) content_encoding: Option<HeaderValue>,
}

impl Payload {
    /// Checks method, content type and body of a request against its endpoint.
    ///
    /// A prediction is a POST. Its body must be JSON, unless the content type is something else:
    /// then it is forwarded with its type, as on custom paths.
    pub(super) fn of(
        request: &Request<Bytes>,
        intent: Intent,
        endpoint: &Endpoint,
        body: Bytes,
    ) -> Result<Self, Error> {
        let custom = !endpoint.suffix().is_empty();
        match (custom, request.method()) {
            (true, &Method::GET | &Method::DELETE) if body.is_empty() => {
                Ok(Self { body, content_type: None, content_encoding: None })
            }
            (true, &Method::GET | &Method::DELETE) => Err(Error::BodyUnsigned),
            (true, &Method::POST | &Method::PUT) | (false, &Method::POST) => {
                Self::with_body(request.headers(), intent, custom, body)
            }
            (true, _) => Err(Error::MethodNotAllowed(CUSTOM_METHODS)),
            (false, _) => Err(Error::MethodNotAllowed("POST")),
        }
    }

    fn with_body(
        headers: &HeaderMap,
        intent: Intent,
        custom: bool,
        body: Bytes,
    ) -> Result<Self, Error> {
        let content_encoding = content_encoding(headers)?;
        let named = headers.get(CONTENT_TYPE).filter(|value| !value.is_empty());
        let media_type = named.map(media_type).transpose()?;
        let is_json = match media_type.as_deref() {
            None => true,
            // `fn invoke` calls everything `text/plain`.
            Some("text/plain") if intent == Intent::Direct => true,
            Some(unnamed) if UNNAMED_JSON.contains(&unnamed) => !custom,
            Some(media_type) => media_type == "application/json" || media_type.ends_with("+json"),
        };
        match (is_json, &content_encoding) {
            // The service accepts only unencoded JSON; a custom path accepts whatever its server
            // understands.
            (true, Some(codings)) if !custom => return Err(Error::encoding(codings)),
            (true, None) if !(custom && body.is_empty()) => check_json(&body)?,
            (_, _) => {}
        }
        let unnamed = media_type.is_none_or(|named| UNNAMED_JSON.contains(&named.as_str()));
        let content_type = match named {
            Some(named) if !(is_json && unnamed) => named.clone(),
            Some(_) | None => HeaderValue::from_static("application/json"),
        };
        Ok(Self { body, content_type: Some(content_type), content_encoding })
    }
}

/// Refuses a text in another encoding than UTF-8, or with its mark.
pub(super) fn check_unicode(body: &[u8]) -> Result<(), Error> {
    other_unicode(body).map_or(Ok(()), |encoding| Err(Error::BodyNotUtf8(encoding)))
}

/// Where a body that is not UTF-8 ceases to be JSON.
pub(super) fn not_utf8(body: &[u8]) -> Error {
    match serde_json::from_slice::<&RawValue>(body) {
        Err(error) => Error::BodyNotJson(error),
        Ok(_) => Error::BodyMissing,
    }
}

/// Checks that a body is one JSON value in UTF-8, without building it.
fn check_json(body: &[u8]) -> Result<(), Error> {
    check_unicode(body)?;
    if body.trim_ascii().is_empty() {
        return Err(Error::BodyMissing);
    }
    // This is faster than checking UTF-8 while strings are skipped; the errors are the same.
    let checked = match str::from_utf8(body) {
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).map(drop),
        Err(_not_utf8) => serde_json::from_slice::<&RawValue>(body).map(drop),
    };
    checked.map_err(Error::BodyNotJson)
}

/// Returns the Unicode encoding that a body begins with, if it is not plain UTF-8. JSON begins with
/// ASCII: one of its first two bytes in UTF-16 is zero.
/// Source: docs/spec/oci-services.md#json-text.
fn other_unicode(body: &[u8]) -> Option<&'static str> {
    match body {
        [0xef, 0xbb, 0xbf, ..] => Some("a UTF-8 byte order mark"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("a UTF-32 byte order mark"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("a UTF-16 byte order mark"),
        [0, 0, ..] | [_, 0, 0, ..] => Some("UTF-32"),
        [0, _, ..] | [_, 0, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// Returns the codings of a body; None without any, and for `identity`, which means none.
pub(super) fn content_encoding(headers: &HeaderMap) -> Result<Option<HeaderValue>, Error> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter().filter(|value| !value.is_empty());
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(coding) if coding.trim().eq_ignore_ascii_case("identity") => Ok(None),
            Ok(_) => Ok(Some(value.clone())),
            Err(_not_ascii) => Err(Error::ContentEncoding),
        },
        (Some(_), Some(_)) => Err(Error::ContentEncoding),
    }
}

/// Returns the media type of a content type, in lower case and without its parameters.
pub(super) fn media_type(named: &HeaderValue) -> Result<String, Error> {
    let text = named.to_str().map_err(|_not_ascii| Error::ContentType)?;
    let media_type = text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase();
    let is_token = |text: &str| http::HeaderName::try_from(text).is_ok();
    match media_type.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => Ok(media_type),
        Some(_) | None => Err(Error::ContentType),
    }
}

/// Returns whether a client takes server-sent events, as those of the Model Context Protocol say.
pub(super) fn accepts_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|one| {
        let media_type = one.split(';').next().unwrap_or(one).trim();
        media_type.eq_ignore_ascii_case("text/event-stream")
    })
}

/// Returns whether a body asks for a stream, in the form of OpenAI's protocol. Any other form is
/// left for the model to refuse.
pub(super) fn wants_stream(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Wish {
        stream: bool,
    }
    serde_json::from_slice(body).is_ok_and(|Wish { stream }| stream)
}
