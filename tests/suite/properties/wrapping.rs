//! What a gateway wraps, the function unwraps; what the function wraps, the gateway unwraps: nothing is lost, nothing is added.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use model_deployment_fn::fdk::{Call, Error, Reply};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::{cases, name, value};
use crate::agent::{Function, gateway_request};

const PREFIX: &str = "fn-http-h-";

/// Gives a caller its own headers back.
async fn mirror(call: Call) -> Result<Reply, Error> {
    let mut reply = Reply::empty();
    for (name, value) in call.headers() {
        reply = reply.with_header(name.clone(), value.clone())?;
    }
    Ok(reply)
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
fn items_44_to_57_wrapping_and_unwrapping_are_inverse() {
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
