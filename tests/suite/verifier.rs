//! Is the emulated deployment a judge to be trusted? It accepts what Oracle's SDK signed, and nothing that was changed.

use std::time::{Duration, SystemTime};

use emulator::deployment::{Request, verify};
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey;
use serde_json::Value;

use crate::data;

fn issuer() -> PublicKey {
    PublicKey::from_public_key_pem(&data::text("keys/test-rsa2048-issuer.public.pem")).unwrap()
}

/// The cases of the vectors that a model deployment takes: signed with a session token that names its key.
fn requests() -> Vec<(String, Request, SystemTime)> {
    let vectors = data::json("signature/model_deployment.json");
    let cases = vectors["cases"].as_array().unwrap().iter();
    let fitting = cases.filter(|case| {
        case["credentials"]["kind"] == "security_token" && case["request"]["method"] == "POST"
    });
    fitting
        .map(|case| (case["id"].as_str().unwrap().to_owned(), request(case), date(case)))
        .collect()
}

fn date(case: &Value) -> SystemTime {
    httpdate::parse_http_date(case["expected"]["date"].as_str().unwrap()).unwrap()
}

/// The request as the SDK put it on the wire.
fn request(case: &Value) -> Request {
    let expected = &case["expected"];
    let target = expected["request_target"].as_str().unwrap().strip_prefix("post ").unwrap();
    let names =
        ["date", "host", "content-length", "content-type", "x-content-sha256", "authorization"];
    let value = |name: &str| {
        expected[name.replace('-', "_").as_str()].as_str().unwrap().as_bytes().to_vec()
    };
    Request {
        method: "POST".to_owned(),
        target: target.to_owned(),
        headers: names.map(|name| (name.to_owned(), value(name))).into(),
        body: data::body(&case["request"]["body"]).unwrap_or_default(),
    }
}

#[test]
fn it_accepts_every_request_that_the_sdk_signed() {
    let requests = requests();
    assert!(requests.len() >= 9, "{}", requests.len());
    for (id, request, now) in requests {
        assert!(
            verify(&request, &issuer(), now).is_ok(),
            "{id}: {:?}",
            verify(&request, &issuer(), now)
        );
    }
}

#[test]
fn it_refuses_every_request_with_one_byte_changed() {
    let (_, request, now) =
        requests().into_iter().min_by_key(|(_, request, _)| request.body.len().max(4)).unwrap();
    refuses_every_changed_byte(&request, &issuer(), now, 7);
}

/// Changes a valid request in every byte that its signature covers, and in every `step`th of the authorization.
pub(crate) fn refuses_every_changed_byte(
    request: &Request,
    issuer: &PublicKey,
    now: SystemTime,
    step: usize,
) {
    let refused = |changed: &Request| verify(changed, issuer, now).is_err();
    assert!(!refused(request));
    for at in 1..request.target.len() {
        let mut changed = request.clone();
        changed
            .target
            .replace_range(at..=at, if request.target.as_bytes()[at] == b'x' { "y" } else { "x" });
        assert!(refused(&changed), "target {at}");
    }
    for at in 0..request.body.len() {
        let mut changed = request.clone();
        changed.body[at] ^= 1;
        assert!(refused(&changed), "body {at}");
    }
    let covered = verify(request, issuer, now).unwrap().headers + " authorization";
    for (header, (name, value)) in request.headers.iter().enumerate() {
        if !covered.split(' ').any(|covered| covered == name) {
            continue;
        }
        for at in (0..value.len()).step_by(if name == "authorization" { step } else { 1 }) {
            let mut changed = request.clone();
            changed.headers[header].1[at] ^= 1;
            assert!(refused(&changed), "{name} {at}");
        }
        let mut missing = request.clone();
        missing.headers.remove(header);
        assert!(refused(&missing), "without {name}");
        let mut repeated = request.clone();
        repeated.headers.push(request.headers[header].clone());
        assert!(refused(&repeated), "{name} twice");
    }
}

#[test]
fn it_refuses_another_issuer_and_another_time() {
    let (_, request, now) = requests().remove(0);
    let stranger =
        PublicKey::from_public_key_pem(&data::text("keys/test-rsa2048-a.public.pem")).unwrap();
    assert!(verify(&request, &stranger, now).is_err());
    for seconds in [301, 86_400] {
        let skew = Duration::from_secs(seconds);
        assert!(
            verify(&request, &issuer(), now + skew).is_err()
                && verify(&request, &issuer(), now - skew).is_err()
        );
    }
    assert!(verify(&request, &issuer(), now + Duration::from_secs(299)).is_ok());
}
