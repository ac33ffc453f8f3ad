//! What a gateway wraps, the function unwraps; what the function wraps, the gateway unwraps: nothing is lost, nothing is added.

use std::collections::BTreeMap;
use std::time::SystemTime;

use fn_fdk::{Call, Reply};
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::{cases, name, value};
use crate::agent::{Function, gateway_request};

const PREFIX: &str = "fn-http-h-";

/// Gives a caller its own headers back.
async fn mirror(call: Call) -> Reply {
    let headers = call.headers().iter();
    headers.fold(Reply::empty(), |reply, (name, value)| reply.with_header(name, value))
}

/// Headers that belong to the caller, some of them repeated, in any letter case.
fn headers() -> impl Strategy<Value = Vec<(String, HeaderValue)>> {
    let own = "[xX]-[a-zA-Z0-9_.-]{1,12}";
    let known = prop::sample::select(vec!["Accept", "cookie", "X-A", "x-a", "Fn-Other", "ETag"]);
    let names = prop_oneof![own, known.prop_map(str::to_owned)];
    prop::collection::vec((names, value()), 0..20)
}

/// All values of each name, in order.
fn grouped<'a>(
    headers: impl Iterator<Item = (HeaderName, &'a [u8])>,
) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut groups: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (name, value) in headers {
        groups.entry(name.to_string()).or_default().push(value.to_vec());
    }
    groups
}

#[test]
fn fn_contract_44_to_57_wrapping_and_unwrapping_are_inverse() {
    let runtime = Runtime::new().unwrap();
    let function = runtime.block_on(async { Function::start(mirror) });
    proptest!(cases(300), |(headers in headers(), body in "[a-z]{0,20}")| {
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("Fn-Http-H-{name}: {}\r\n", text(value)))
            .collect();
        let answer = runtime.block_on(function.exchange(gateway_request(&lines, &body)));
        prop_assert_eq!(answer.status(), 200);
        let lines = answer.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let back = lines.filter_map(|(own, value)| Some((own.strip_prefix(PREFIX)?, value)));
        let back = grouped(back.map(|(own, value)| (name(own), value.as_bytes())));
        let sent = grouped(headers.iter().map(|(own, value)| (name(own), value.as_bytes())));
        prop_assert_eq!(back, sent);
    });
}

/// URLs that a client may write, and those that nobody should.
fn url() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "/",
        "//",
        "http://gw/",
        "https://gw:1/v1",
        "x",
        "",
        "ftp://gw/",
    ]);
    let plain = "[a-zA-Z0-9/%._~!$&'()*+,;=:@-]{0,12}".prop_map(String::into_bytes);
    let any = prop::collection::vec(prop_oneof![32..127_u8, 128..=255_u8, Just(b'\t')], 0..12);
    let query = prop::option::of(prop_oneof![plain.clone(), any.clone()]);
    (start, prop_oneof![4 => plain, 1 => any], query).prop_map(|(start, path, query)| {
        let query = query.map(|query| [b"?", &query[..]].concat()).unwrap_or_default();
        [start.as_bytes(), &path, &query].concat()
    })
}

/// What a percent-encoded text stands for, byte by byte.
fn decoded(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let [first, more @ ..] = rest {
        let escape = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escape = escape.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(hex) = escape.filter(|_| *first == b'%') {
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    bytes
}

/// The rule in its own words: what is raw in a path, or ends a URL, is refused; a query stands for what it stood for.
#[test]
fn a_url_is_read_as_it_is_written_or_refused() {
    let raw = |byte: &u8| !byte.is_ascii_graphic() || b"\"<>[]\\^`{|}#".contains(byte);
    proptest!(cases(5_000), |(written in url())| {
        let value = HeaderValue::from_bytes(&written).unwrap();
        let headers = [("fn-intent", HeaderValue::from_static("httprequest")), ("fn-http-request-url", value)];
        let headers = headers.into_iter().map(|(own, value)| (name(own), value));
        let call = Call::from_agent(headers.collect(), "", SystemTime::UNIX_EPOCH);
        let end = written.iter().position(|byte| *byte == b'?').unwrap_or(written.len());
        let (target, query) = (&written[..end], written.get(end + 1..));
        let text = String::from_utf8_lossy(target);
        let path = match text.strip_prefix("http://").or(text.strip_prefix("https://")) {
            Some(rest) => rest.find('/').map(|at| rest[at..].to_owned()),
            None => text.starts_with('/').then(|| text.clone().into_owned()),
        };
        let broken = text.split('%').skip(1).any(|rest| {
            !rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()) || rest.len() < 2
        });
        let ended = query.is_some_and(|query| query.iter().any(|byte| *byte == b'#' || *byte < b' '));
        let refused = path.is_none() || target.iter().any(raw) || broken || ended;
        match call {
            Err(_) => prop_assert!(refused, "{}", String::from_utf8_lossy(&written)),
            Ok(call) => {
                prop_assert!(!refused, "{}", String::from_utf8_lossy(&written));
                prop_assert_eq!(call.uri().path(), path.unwrap());
                let own = call.uri().query().map(str::as_bytes);
                prop_assert_eq!(own.map(decoded), query.map(decoded));
                let kept = own.unwrap_or_default().iter().all(|byte| !raw(byte) || b"[]".contains(byte));
                prop_assert!(kept, "{}", call.uri());
            }
        }
    });
}
