//! The parts of a call, each alone, for the counting of their instructions: `parts sign 100` signs a hundred times,
//! `parts parse` and `parts reply` serve as functions that do hardly anything else.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "it reads clock and environment itself and ends with a panic"
)]

use std::collections::BTreeSet;
use std::env;
use std::hint::black_box;
use std::path::Path;
use std::time::SystemTime;

use fn_fdk::{Call, Function, Platform, Reply};
use http::{HeaderName, HeaderValue, Request};
use model_deployment_fn::predict::{EndpointRule, Paths};
use oracle_cloud_client::{Credentials, KeyId, PrivateKey, SignableBody, SigningParams, sign};

const URL: &str = "https://modeldeployment.sa-saopaulo-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.aaaaaaaairisirisirisirisirisirisirisirisirisirisiris/predict";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let times = arguments.get(1).map_or(0, |times| times.parse().unwrap());
    match arguments.first().map(String::as_str) {
        Some("sign") => signed(times),
        Some("check") => checked(times),
        Some("parse") => served(Reply::empty),
        Some("reply") => served(large_reply),
        _ => panic!("expected sign, check, parse or reply"),
    }
}

fn signed(times: usize) {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/keys");
    let pem = std::fs::read(keys.join("test-rsa2048-a.pkcs8.pem")).unwrap();
    let key = PrivateKey::from_pem(&pem, None).unwrap();
    let credentials = Credentials::api_key(KeyId::new("a/b/c").unwrap(), key);
    let body = vec![b'x'; 1024];
    let (head, ()) = Request::post(URL).body(()).unwrap().into_parts();
    for _ in 0..times {
        let mut head = head.clone();
        let params = SigningParams::new(&credentials, SystemTime::UNIX_EPOCH);
        sign(&mut head, SignableBody::Bytes(&body), &params).unwrap();
        black_box(head);
    }
}

fn checked(times: usize) {
    let rule = EndpointRule::new(BTreeSet::new(), None, Paths::default());
    for _ in 0..times {
        black_box(rule.check(black_box(URL)).unwrap());
    }
}

fn served(reply: fn() -> Reply) {
    let function = Function::publish(Platform::from_env().unwrap()).unwrap();
    function.serve(async |_call: Call| reply()).unwrap();
}

/// As many headers as a chatty deployment sends, and 1 KiB.
fn large_reply() -> Reply {
    (0..20).fold(Reply::bytes("application/json", vec![b' '; 1024]), |reply, number| {
        let name = HeaderName::try_from(format!("x-header-{number}")).unwrap();
        reply.with_header(name, HeaderValue::from_static("0123456789abcdef"))
    })
}
