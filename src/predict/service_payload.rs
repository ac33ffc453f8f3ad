//! What is sent to another service: the caller's bytes, once they are what the operation takes and say nothing that is refused.
//!
//! Source: docs/spec/oci-services.md#service-bodies.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request};

use super::error::Error;
use super::payload::{Payload, check_unicode, content_encoding, media_type, not_utf8};
use super::service_error::ServiceError;
use crate::services::{BodyError, Media, Operation};
use fn_fdk::Intent;

impl Payload {
    /// Checks the body of a request against its operation, and says which of the listed models it names.
    pub(super) fn for_service<'o>(
        request: &Request<Bytes>,
        intent: Intent,
        operation: &'o Operation,
        body: Bytes,
    ) -> Result<(Self, Option<&'o str>), Error> {
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE) {
            return if body.is_empty() {
                Ok((Self { body, content_type: None, content_encoding: None }, None))
            } else {
                Err(Error::BodyUnsigned)
            };
        }
        let content_encoding = content_encoding(request.headers())?;
        let media = media(request.headers(), intent, operation)?;
        let (content_type, model) = match (media, &content_encoding) {
            (Media::Json(_), Some(_)) => return Err(ServiceError::Encoding.into()),
            (Media::Json(content_type), None) => (content_type, check(&body, operation)?),
            (Media::Bytes(content_type), _) => (content_type, None),
        };
        Ok((Self { body, content_type: Some(content_type), content_encoding }, model))
    }
}

/// What the body is, by its content type.
fn media(headers: &HeaderMap, intent: Intent, operation: &Operation) -> Result<Media, Error> {
    let named = headers.get(CONTENT_TYPE).filter(|value| !value.is_empty());
    let plain = named.map(media_type).transpose()?;
    // `fn invoke` calls everything `text/plain`.
    let plain = plain.filter(|plain| !(intent == Intent::Direct && plain == "text/plain"));
    let media = operation.media(named.zip(plain.as_deref()))?;
    Ok(media.ok_or(ServiceError::MediaType)?)
}

/// Checks that a body is JSON in UTF-8, or empty where nothing must be said, and that it may be said there.
fn check<'o>(body: &[u8], operation: &'o Operation) -> Result<Option<&'o str>, Error> {
    check_unicode(body)?;
    let json = str::from_utf8(body).map_err(|_not_utf8| not_utf8(body))?;
    let json = if json.trim_ascii().is_empty() { "{}" } else { json };
    operation.check_body(json).map_err(|error| match error {
        BodyError::NotJson(error) => Error::BodyNotJson(error),
        BodyError::Refused(refusal) => refusal.into(),
    })
}
