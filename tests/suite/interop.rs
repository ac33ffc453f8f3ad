//! Do Oracle's own SDK and this library sign alike, and verify each other? Do people's own clients get their answers?
//! `.ci/interop` installs them and runs these.

mod clients;
mod functions;
mod local;
mod probe;
mod routed;
mod services;
mod streaming;
mod traces;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::keys::Key;
use http::{HeaderMap, Method, Request};
use oracle_cloud_client::{
    Credentials, KeyId, PrivateKey, SessionToken, SignableBody, SigningParams, sign,
};
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::{Value, json};

use crate::data;
use crate::setup::{ROW, Setup};
use crate::verifier::refuses_every_changed_byte;

/// How many fresh requests are compared in a run.
const REQUESTS: usize = 600;

fn sdk(arguments: &[&str]) -> Command {
    python("sdk.py", arguments)
}

fn python(script: &str, arguments: &[&str]) -> Command {
    let python = std::env::var("INTEROP_PYTHON").expect("INTEROP_PYTHON; run .ci/interop");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script);
    let mut command = Command::new(python);
    command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A key, as this library and as the SDK take it.
struct Pair {
    pem: String,
    public: String,
    token: String,
}

fn pairs() -> Vec<Pair> {
    let token = data::text("rpst/valid-no-jwk.jwt").trim().to_owned();
    let kept = ["test-rsa2048-a", "test-rsa3072-b", "test-rsa4096-c"].map(|name| Pair {
        pem: data::text(&format!("keys/{name}.pkcs1.pem")),
        public: data::text(&format!("keys/{name}.public.pem")),
        token: token.clone(),
    });
    let fresh = (0..3).map(|_| {
        let key = Key::generate();
        let public = key.public().to_public_key_pem(LineEnding::LF).unwrap();
        Pair { pem: key.pem(), public, token: token.clone() }
    });
    kept.into_iter().chain(fresh).collect()
}

/// A part of an address, in the one form that every HTTP library leaves as it is.
fn part(random: &mut fastrand::Rng, more: &str) -> String {
    let plain: Vec<char> = "abcXYZ019-._~".chars().chain(more.chars()).collect();
    let one = |random: &mut fastrand::Rng| match random.u8(..10) {
        0 => ["%20", "%2F", "%C3%A9", "%25", "%3D", "%26", "%2B", "%22"][random.usize(..8)]
            .to_owned(),
        _ => plain[random.usize(..plain.len())].to_string(),
    };
    (0..random.usize(1..12)).map(|_| one(random)).collect()
}

fn target(random: &mut fastrand::Rng) -> String {
    let path: String = (0..random.usize(1..5))
        .map(|_| format!("/{}", part(random, "!$&'()*+,;=:@").replace(['.', '~'], "x")))
        .collect();
    let pair = |random: &mut fastrand::Rng| match random.u8(..4) {
        0 => part(random, ":@/?"),
        1 => format!("{}=", part(random, ":@/?")),
        _ => format!("{}={}", part(random, ""), part(random, "+:@/?=")),
    };
    match random.usize(..4) {
        0 => path,
        count => {
            let pairs: Vec<String> = (0..count).map(|_| pair(random)).collect();
            format!("{path}?{}", pairs.join("&"))
        }
    }
}

/// A random request, signed by this library, and all that the SDK needs to sign and to verify it.
fn case(random: &mut fastrand::Rng, pair: &Pair) -> Value {
    let methods =
        [Method::GET, Method::HEAD, Method::DELETE, Method::POST, Method::PUT, Method::PATCH];
    let method = methods[random.usize(..methods.len())].clone();
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
    let size = [0, 1, 100, 5000, 200_000][random.usize(..5)];
    let body: Vec<u8> = if has_body { (0..size).map(|_| random.u8(..)).collect() } else { vec![] };
    let sign_body = method != Method::PUT || random.bool();
    let port = if random.bool() { ":8443" } else { "" };
    let host = format!("service{}.example.com{port}", random.u16(..));
    let target = target(random);
    let url = format!("https://{host}{target}");
    let content_types = ["application/json", "text/csv; charset=UTF-8", "application/octet-stream"];
    let mut headers = HeaderMap::new();
    // The SDK gives its default to every request, signed or not.
    if has_body {
        headers.insert("content-type", content_types[random.usize(..3)].parse().unwrap());
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(random.u64(..4_000_000_000));
    headers.insert("date", httpdate::fmt_http_date(now).parse().unwrap());
    let text = |headers: &HeaderMap| -> Value {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), Value::from(value.to_str().unwrap())));
        pairs.collect::<serde_json::Map<_, _>>().into()
    };
    let given = text(&headers);

    let mut head = Request::builder().method(&method).uri(&url).body(()).unwrap().into_parts().0;
    head.headers = headers;
    let private = PrivateKey::from_pem(pair.pem.as_bytes(), None).unwrap();
    let (key_id, token, credentials) = if random.bool() {
        let token = SessionToken::parse(&pair.token).unwrap();
        let credentials = Credentials::session(token, private).unwrap();
        (format!("ST${}", pair.token), Value::from(pair.token.as_str()), credentials)
    } else {
        let fingerprint = private.public_key().fingerprint();
        let key_id = format!("ocid1.tenancy.oc1..aaaa/ocid1.user.oc1..bbbb/{fingerprint}");
        let credentials = Credentials::api_key(KeyId::new(key_id.clone()).unwrap(), private);
        (key_id, Value::Null, credentials)
    };
    let signable = if sign_body { SignableBody::Bytes(&body) } else { SignableBody::Unsigned };
    sign(&mut head, signable, &SigningParams::new(&credentials, now)).unwrap();
    json!({
        "method": method.as_str(),
        "url": url,
        "target": target,
        "headers": given,
        "body": STANDARD.encode(&body),
        "sign_body": sign_body,
        "key": pair.pem,
        "public": pair.public,
        "key_id": key_id,
        "token": token,
        "sent": text(&head.headers),
    })
}

#[test]
#[ignore = "needs Oracle's Python SDK; .ci/interop installs it"]
fn six_hundred_fresh_requests_are_signed_as_the_sdk_signs_them_and_verified_by_it() {
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    println!("seed {seed}");
    let (mut random, pairs) = (fastrand::Rng::with_seed(seed), pairs());
    let cases: Vec<String> = (0..REQUESTS)
        .map(|number| case(&mut random, &pairs[number % pairs.len()]).to_string())
        .collect();
    let mut python = sdk(&["compare"]).spawn().unwrap();
    let mut input = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // It stops reading at the first difference, and says which.
        cases.iter().all(|case| writeln!(input, "{case}").is_ok())
    });
    let output = python.wait_with_output().unwrap();
    assert!(writer.join().unwrap() && output.status.success(), "seed {seed}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), REQUESTS.to_string());
}

#[tokio::test]
#[ignore = "needs Oracle's Python SDK; .ci/interop installs it"]
async fn the_deployment_accepts_what_the_sdk_signed_and_refuses_it_with_any_byte_changed() {
    let setup = Setup::new().await;
    let mut command = sdk(&["predict", &setup.url()]);
    command.envs(setup.principal.variables());
    command.env("REQUESTS_CA_BUNDLE", &setup.program.config["SSL_CERT_FILE"]);
    let mut python = command.spawn().unwrap();
    python.stdin.take().unwrap().write_all(ROW.as_bytes()).unwrap();
    let output = tokio::task::spawn_blocking(|| python.wait_with_output()).await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("200 ") && printed.contains("virginica"), "{printed}");
    let received = setup.deployment.received().pop().unwrap();
    assert!(received.verdict.is_ok(), "{:?}", received.verdict);
    refuses_every_changed_byte(&received.request, setup.issuer.public(), SystemTime::now(), 1);
}

#[test]
#[ignore = "needs Oracle's Python SDK; .ci/interop installs it"]
fn the_sdk_finds_a_difference_where_there_is_one() {
    let (mut random, pairs) = (fastrand::Rng::with_seed(1), pairs());
    let mut case = case(&mut random, &pairs[0]);
    case["sent"]["authorization"] = case["sent"]["authorization"]
        .as_str()
        .unwrap()
        .replace("signature=\"", "signature=\"A")
        .into();
    let mut python = sdk(&["compare"]).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(python.stdin.take().unwrap(), "{case}").unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("authorization"));
}
