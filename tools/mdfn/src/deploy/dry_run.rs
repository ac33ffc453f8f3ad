//! The requests of a deployment, shown and not sent.

use http::Method;
use oracle_cloud_client::Service;
use serde_json::{Map, Value, json};

use super::access::Access;
use super::body::{self, Runtime};
use super::call::{Call, Payload};
use super::code::{Code, Place};
use super::wanted::{Wanted, is_ocid};

/// What every request has, and one with a body.
const HEADERS: [&str; 6] =
    ["accept", "authorization", "date", "host", "opc-request-id", "user-agent"];
const BODY_HEADERS: [&str; 3] = ["content-length", "content-type", "x-content-sha256"];
/// Where an archive is in a body.
const ARCHIVE: &str = "/sourceDetails/archiveSourceDetails/archiveFile";

/// Returns all requests in their order. Values that only an answer has are written as `<...>`.
pub(super) fn text(wanted: &Wanted<'_>, access: &Access) -> String {
    let options = wanted.options;
    let (functions, storage) = (&access.functions, &access.storage);
    let mut parts = vec!["Nothing is sent. It would be, in this order:".to_owned()];
    let mut application = options.application.clone();
    if let Some(compartment) = options.compartment.as_ref().filter(|_| !is_ocid(&application)) {
        parts.push(shown(functions, &Call::applications(compartment, &application), wanted));
        application = format!("<OCID of the application {application}>");
    }
    parts.push(shown(functions, &Call::application(&application), wanted));
    parts.push(shown(functions, &Call::functions(&application, &options.name), wanted));
    let mut place = Place::Direct;
    if let (Some(packed), Some(bucket)) = (wanted.code.large(), &options.bucket) {
        let namespace = "<namespace>".to_owned();
        parts.push(shown(storage, &Call::namespace(), wanted));
        place = Place::Object { namespace, bucket: bucket.clone(), name: packed.object() };
    }
    parts.push(format!("Where the application has no function {}:", options.name));
    let otherwise = "<name of the active runtime for Go>".to_owned();
    let runtime = match &wanted.code {
        Code::Archive(_) => {
            if options.runtime.is_none() {
                parts.push(shown(functions, &Call::runtimes(), wanted));
            }
            Runtime::of(options, Some(otherwise))
        }
        Code::Image(_) => None,
    };
    parts.extend(upload(storage, &place, wanted));
    let source = body::source(Some(&wanted.code), &place, runtime.as_ref());
    let create = Call::create(body::create(wanted, &application, &source));
    parts.push(shown(functions, &create, wanted));
    parts.push("Where it has one, without members that are as they are, and with the settings and tags that stay:".to_owned());
    let function = "<OCID of the function>";
    parts.push(shown(functions, &Call::function(function), wanted));
    parts.extend(upload(storage, &place, wanted));
    let update = Call::update(function, "<etag of the function>", changes(wanted, &place));
    parts.push(shown(functions, &update, wanted));
    parts.push("Then, until it is done and ACTIVE:".to_owned());
    parts.push(shown(functions, &Call::work_request("<OCID of the work request>"), wanted));
    parts.push(shown(functions, &Call::function(function), wanted));
    parts.join("\n")
}

/// Returns the upload of a large archive.
fn upload(storage: &Service, place: &Place, wanted: &Wanted<'_>) -> Option<String> {
    match (place, wanted.code.large()) {
        (Place::Object { namespace, bucket, .. }, Some(packed)) => {
            Some(shown(storage, &Call::upload(namespace, bucket, packed), wanted))
        }
        _ => None,
    }
}

/// Returns the body of an update that changes all that is named.
fn changes(wanted: &Wanted<'_>, place: &Place) -> Value {
    let options = wanted.options;
    let runtime = Runtime::of(options, None);
    let source = body::source(Some(&wanted.code), place, runtime.as_ref());
    let settings = (!wanted.settings.is_empty()).then(|| json!(wanted.settings));
    let tags = (!wanted.tags.is_empty()).then(|| json!(wanted.tags));
    let members = [
        ("sourceDetails", Some(source)),
        ("memoryInMBs", options.memory.map(Value::from)),
        ("timeoutInSeconds", options.timeout.map(Value::from)),
        ("config", settings),
        ("freeformTags", tags),
    ];
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// Returns one request: the line, the names of its headers, and its body without what is secret or
/// long.
fn shown(service: &Service, call: &Call, wanted: &Wanted<'_>) -> String {
    let path = call.path.join("/");
    let query: Vec<String> =
        call.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut headers = HEADERS.to_vec();
    if call.method != Method::GET {
        headers.extend(BODY_HEADERS);
    }
    headers.extend(call.if_match.as_ref().map(|_| "if-match"));
    headers.sort_unstable();
    let mut lines = vec![
        format!("  {} {}/{path}{query}", call.method, service.url()),
        format!("    {}", headers.join(" ")),
    ];
    match (&call.payload, &wanted.code) {
        (Payload::None, _) => {}
        (Payload::Bytes(_), Code::Archive(packed)) => lines.push(format!("    <{packed}>")),
        (Payload::Bytes(bytes), Code::Image(_)) => {
            lines.push(format!("    <{} bytes>", bytes.len()));
        }
        (Payload::Json(body), code) => {
            let body = format!("{:#}", without_values(body, code));
            lines.extend(body.lines().map(|line| format!("    {line}")));
        }
    }
    lines.join("\n")
}

/// Returns a body whose archive is told by its hash, and whose settings by their names.
fn without_values(body: &Value, code: &Code) -> Value {
    let mut body = body.clone();
    if let (Some(archive), Code::Archive(packed)) = (body.pointer_mut(ARCHIVE), code) {
        *archive = Value::from(format!("<base64 of {packed}>"));
    }
    if let Some(settings) = body.get_mut("config").and_then(Value::as_object_mut) {
        for (name, value) in settings {
            *value = Value::from(format!("<value of {name}>"));
        }
    }
    body
}
