//! One object: get, head, put, delete.

use std::time::SystemTime;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderName;
use percent_encoding::percent_decode_str;

use super::objects::{Object, Objects, Place};
use super::range;
use super::refusal::error;
use crate::deployment::Request;
use crate::http::Reply;

/// Decodes the name in a path. Returns None if it is invalid.
pub(super) fn decoded(name: &str) -> Option<String> {
    let name = percent_decode_str(name).decode_utf8().ok()?;
    (!name.contains('\0')).then(|| name.into_owned())
}

/// Answers a request for an object.
pub(super) fn answer(
    request: &Request,
    objects: &Objects,
    place: Place<'_>,
    now: SystemTime,
) -> Reply {
    let found = objects.find(place);
    if let Some(refusal) = precondition(request, found.as_ref()) {
        return refusal;
    }
    let missing = || error(404, "ObjectNotFound", "no such object, or no right to it");
    match request.method.as_str() {
        "PUT" => put(request, objects, place, now),
        "GET" => found.map_or_else(missing, |object| read(request, &object)),
        "HEAD" => found.map_or_else(
            || empty(404),
            |object| {
                let body = object.bytes.clone();
                described(200, &object, body)
            },
        ),
        "DELETE" => match objects.remove(place) {
            Some(_) => empty(204),
            None => missing(),
        },
        _ => error(405, "MethodNotAllowed", "there is no such operation"),
    }
}

/// Returns the refusal by the headers `if-match` and `if-none-match`.
fn precondition(request: &Request, found: Option<&Object>) -> Option<Reply> {
    let etag = found.map(Object::etag);
    let names = |header: &str| {
        header == "*" && etag.is_some() || etag.as_deref() == Some(header.trim_matches('"'))
    };
    let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
    if request.text("if-match").is_some_and(|header| !names(header)) {
        return Some(error(412, "IfMatchFailed", "the object is another one"));
    }
    match request.text("if-none-match") {
        Some(header) if names(header) && is_read => Some(empty(304)),
        Some(header) if names(header) => {
            Some(error(412, "IfNoneMatchFailed", "the object is there"))
        }
        _ => None,
    }
}

fn put(request: &Request, objects: &Objects, place: Place<'_>, now: SystemTime) -> Reply {
    let metadata = request.headers.iter().filter(|(name, _)| name.starts_with("opc-meta-"));
    let metadata =
        metadata.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()));
    let object = Object {
        bytes: Bytes::copy_from_slice(&request.body),
        content_type: request.text("content-type").unwrap_or("application/octet-stream").to_owned(),
        metadata: metadata.collect(),
        stored: now,
    };
    let md5 = object.md5();
    if request.text("content-md5").is_some_and(|sent| sent != md5) {
        return error(400, "UnmatchedContentMD5", "the bytes are not those that were hashed");
    }
    let reply = with(empty(200), &[("etag", &object.etag()), ("opc-content-md5", &md5)]);
    objects.put(place, object);
    reply
}

/// Answers with the object, or with the requested range.
fn read(request: &Request, object: &Object) -> Reply {
    let length = object.bytes.len();
    let Some(header) = request.text("range") else {
        let body = object.bytes.clone();
        return described(200, object, body);
    };
    let Some(range) = range::parse(header, length) else {
        return error(416, "InvalidRange", "the object does not have this range");
    };
    let of = format!("bytes {}-{}/{length}", range.start, range.end - 1);
    let part = object.bytes.slice(range);
    with(described(206, object, part), &[("content-range", &of)])
}

/// Returns an answer with the headers of an object.
fn described(status: u16, object: &Object, body: Bytes) -> Reply {
    let mut reply = empty(status);
    *reply.body_mut() = body.into();
    let modified = httpdate::fmt_http_date(object.stored);
    let reply = with(
        reply,
        &[
            ("content-type", &object.content_type),
            ("etag", &object.etag()),
            ("content-md5", &object.md5()),
            ("last-modified", &modified),
            ("accept-ranges", "bytes"),
        ],
    );
    let metadata: Vec<(&str, &str)> =
        object.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    with(reply, &metadata)
}

fn empty(status: u16) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::from_u16(status).expect("a status of this file");
    reply
}

fn with(mut reply: Reply, headers: &[(&str, &str)]) -> Reply {
    for (name, value) in headers {
        // What came as a header can be sent as one.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}
