//! Headers that never pass, whatever is configured.
//!
//! Source: docs/spec/oci-services.md#item-11.

/// Headers that carry a target, an identity, a signature, the framing or a client's address. No
/// configuration passes them on.
const NEVER_FORWARDED: [&str; 44] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "model-deployment",
    "model_deployment",
    "opc-obo-token",
    "opc-principal",
    "referer",
    "remote-user",
    "service-target",
    "service_target",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-api-key",
    "x-client-ip",
    "x-content-sha256",
    "x-date",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-model-deployment",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-service-target",
];
const NEVER_FORWARDED_PREFIXES: [&str; 8] = [
    "fn-",
    "oci-",
    "opc-principal",
    "proxy-",
    "x-amz-",
    "x-cross-tenancy-",
    "x-forwarded",
    "x-remote-",
];
/// Headers that set what a browser stores, redirect it, or frame an answer.
const NEVER_RETURNED: [&str; 18] = [
    "alt-svc",
    "authorization",
    "clear-site-data",
    "connection",
    "content-length",
    "content-location",
    "keep-alive",
    "location",
    "refresh",
    "server",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];
const NEVER_RETURNED_PREFIXES: [&str; 2] = ["fn-", "proxy-"];
/// Whether a header of a request never passes.
pub(crate) fn is_never_forwarded(name: &str) -> bool {
    is_listed(name, &NEVER_FORWARDED, &NEVER_FORWARDED_PREFIXES)
}

/// Whether a header of an answer never passes.
pub(crate) fn is_never_returned(name: &str) -> bool {
    is_listed(name, &NEVER_RETURNED, &NEVER_RETURNED_PREFIXES)
}

fn is_listed(name: &str, names: &[&str], prefixes: &[&str]) -> bool {
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}
