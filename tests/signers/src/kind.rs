//! What a case is about.

use crate::case::Case;

/// The kinds of cases in the order in which they are printed: what is said of a case first is its kind.
pub(crate) const KINDS: [&str; 24] = [
    "the two samples of Oracle's page, with a key of 1024 bits",
    "GET: paths",
    "GET: queries with reserved characters",
    "GET: hosts with a port, an address, a name in punycode",
    "HEAD, DELETE, GET with other headers",
    "GET, DELETE with a body",
    "POST, PUT, PATCH without a body",
    "POST with an empty body",
    "POST, PUT, PATCH with a body",
    "POST with a body and no content type",
    "POST with a hash of the caller's",
    "PUT of an object, body not signed",
    "a method in lower case",
    "a date made from a clock that is set",
    "a date that the request has already",
    "API key: other forms of OCID",
    "private keys: PKCS#1, PKCS#8, up to 4096 bits",
    "private keys: encrypted PKCS#8",
    "private keys: encrypted by older OpenSSL",
    "session token",
    "session token and delegation token",
    "key pair of a resource",
    "instance's certificate, `host` not signed",
    "`x-date` instead of `date`",
];

/// The kind of a case, one of `KINDS`.
pub(crate) fn of(case: &Case) -> &'static str {
    let tagged = |tag: &str| case.tags.iter().any(|other| other == tag);
    let bodiless = case.body.is_none();
    let place = match case.suite {
        "typescript" => 23,
        "docs" => 0,
        "request_target" if case.id.starts_with("query") => 2,
        "request_target" => 1,
        "host" => 3,
        "dates" if case.clock.is_some() => 13,
        "dates" => 14,
        "methods_and_bodies" if tagged("exclude-body") => 11,
        "methods_and_bodies" if tagged("given-hash") => 10,
        "methods_and_bodies" if tagged("default-content-type") => 9,
        "methods_and_bodies" if tagged("method-case") => 12,
        "methods_and_bodies" if tagged("body") => 5,
        "methods_and_bodies" if tagged("empty") && bodiless => 6,
        "methods_and_bodies" if tagged("empty") => 7,
        "methods_and_bodies" if bodiless => 4,
        "methods_and_bodies" => 8,
        "credentials" if tagged("delegation") => 20,
        "credentials" if tagged("rp-key-pair") => 21,
        "credentials" if tagged("federation") => 22,
        "credentials" if case.id.contains("legacy") && !tagged("security-token") => 18,
        "credentials" if tagged("key-format") && case.passphrase.is_some() => 17,
        "credentials" if tagged("key-format") => 16,
        "credentials" if tagged("api-key") => 15,
        "model_deployment" if case.id == "md-predict-api-key" => 8,
        _ => 19,
    };
    KINDS[place]
}
