//! Does the function sign as Oracle's SDKs do? Every case is compared stage by stage, so that the first difference names
//! the stage that is wrong, and verified by an implementation that did not sign.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use oracle_cloud_client::signature::signature_headers;
use oracle_cloud_client::{
    Credentials, KeyId, PrivateKey, SignError, SignableBody, SigningParams, SigningSettings, sign,
    signing_string,
};
use rsa::PublicKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePublicKey;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::data;

const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

const SUITES: [&str; 7] = [
    "docs",
    "request_target",
    "host",
    "methods_and_bodies",
    "dates",
    "credentials",
    "model_deployment",
];

#[test]
fn oci_signing_1_to_3_and_5_every_stage_is_that_of_the_sdk() {
    let mut compared = 0;
    for suite in SUITES {
        let vectors = data::json(&format!("signature/{suite}.json"));
        for case in vectors["cases"].as_array().unwrap() {
            compare(case);
            compared += 1;
        }
    }
    assert_eq!(compared, 2 + 30 + 9 + 29 + 6 + 27 + 11);
}

fn compare(case: &Value) {
    let id = case["id"].as_str().unwrap();
    let expected = &case["expected"];
    let text = |name: &str| expected[name].as_str().unwrap();
    let body = data::body(&case["request"]["body"]).unwrap_or_default();
    let content = content(case, &body);
    // A vector's request may have a date and a hash of its own.
    let settings = SigningSettings::default()
        .without_host(case["credentials"]["kind"] == "x509_federation")
        .keep_existing(true);
    let settings = delegated(case, settings);
    let now = clock(case);

    let string = signing_string(&mut request(case), content, &settings, now)
        .unwrap_or_else(|e| panic!("{id}: {e}"));
    assert_eq!(string, text("signing_string"), "{id}: signing string");

    let key_file = case["credentials"]["key"]["file"].as_str().unwrap();
    let public = case["credentials"]["key"]["id"].as_str().unwrap();
    verify(public, &string, text("signature"))
        .unwrap_or_else(|e| panic!("{id}: the vector itself: {e}"));
    let passphrase = case["credentials"]["key"]["passphrase"].as_str().map(str::as_bytes);
    let key = match PrivateKey::from_pem(&data::bytes(&format!("keys/{key_file}")), passphrase) {
        Ok(key) => key,
        // The published sample has 1024 bits, which no product may sign with.
        Err(error) if public == "docs-sample-rsa1024" => {
            return assert!(!error.to_string().is_empty());
        }
        Err(error) => panic!("{id}: {key_file}: {error}"),
    };
    let key_id = KeyId::new(case["credentials"]["key_id"].as_str().unwrap()).unwrap();
    let mut head = request(case);
    let credentials = Credentials::api_key(key_id, key);
    sign(&mut head, content, &SigningParams::new(&credentials, now).settings(settings)).unwrap();
    let authorization = head.headers["authorization"].to_str().unwrap();
    assert!(head.headers["authorization"].is_sensitive(), "{id}");
    assert_eq!(authorization, text("authorization_go_layout"), "{id}: authorization");
    for (header, member) in [
        ("date", "date"),
        ("host", "host"),
        ("content-length", "content_length"),
        ("content-type", "content_type"),
        ("x-content-sha256", "x_content_sha256"),
    ] {
        if let Some(value) = expected[member].as_str() {
            assert_eq!(head.headers[header], value, "{id}: {header} as it is sent");
        }
    }
}

#[test]
fn oci_signing_1_with_x_date_the_string_is_that_of_the_typescript_sdk() {
    let mut compared = 0;
    for layout in data::json("signature/typescript.json")["cases"].as_array().unwrap() {
        let (id, expected) = (layout["id"].as_str().unwrap(), &layout["expected"]);
        let Some(string) = expected["signing_string"].as_str() else {
            continue;
        };
        let suite = data::json(&format!("signature/{}", layout["same_case_in"].as_str().unwrap()));
        let case = suite["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
        let mut head = request(case);
        let (host, target) =
            (expected["host"].as_str(), expected["request_target"].as_str().unwrap());
        let target = target.split_once(' ').unwrap().1;
        head.uri = format!("https://{}{target}", host.unwrap()).parse().unwrap();
        if let Some(date) = head.headers.remove("date") {
            head.headers.insert("x-date", date);
        }
        let body = data::body(&case["request"]["body"]).unwrap_or_default();
        let content = content(case, &body);
        let settings = SigningSettings::default().x_date(true).keep_existing(true);
        let settings = delegated(case, settings);
        assert_eq!(
            signing_string(&mut head, content, &settings, clock(case)).unwrap(),
            string,
            "{id}"
        );
        let key = case["credentials"]["key"]["id"].as_str().unwrap();
        verify(key, string, expected["signature"].as_str().unwrap()).unwrap();
        compared += 1;
    }
    assert_eq!(compared, 43);
}

/// The case's request before it is signed, with the URL as it goes on the wire.
fn request(case: &Value) -> Parts {
    let request = &case["request"];
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
    head.uri = request["url"].as_str().unwrap().parse().unwrap();
    for pair in request["headers"].as_array().unwrap() {
        let name: HeaderName = pair[0].as_str().unwrap().parse().unwrap();
        head.headers.append(name, pair[1].as_str().unwrap().parse().unwrap());
    }
    if let Some(token) = case["credentials"]["delegation_token"].as_str() {
        head.headers.insert("opc-obo-token", token.parse().unwrap());
    }
    // What a body is when it came as a stream is for the caller to know; a signer sees bytes.
    if request["body_is_stream"] == true && !head.headers.contains_key("content-type") {
        head.headers.insert("content-type", HeaderValue::from_static("application/octet-stream"));
    }
    head
}

/// The settings with the delegation token covered, where the case has one.
fn delegated(case: &Value, settings: SigningSettings) -> SigningSettings {
    if case["credentials"]["delegation_token"].is_string() {
        settings.cover(HeaderName::from_static("opc-obo-token"))
    } else {
        settings
    }
}

/// What of the body the case has signed.
fn content<'a>(case: &Value, body: &'a [u8]) -> SignableBody<'a> {
    if case["request"]["sign_body"] == false {
        SignableBody::Unsigned
    } else {
        SignableBody::Bytes(body)
    }
}

fn kept() -> SigningSettings {
    SigningSettings::default().keep_existing(true)
}

fn clock(case: &Value) -> SystemTime {
    let seconds = case["request"]["clock_epoch_seconds"].as_u64().unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Verifies with the `rsa` crate what aws-lc signed.
fn verify(key: &str, message: &str, signature: &str) -> Result<(), String> {
    let public = PublicKey::from_public_key_pem(&data::text(&format!("keys/{key}.public.pem")));
    let signature = STANDARD.decode(signature).map_err(|error| error.to_string())?;
    public
        .unwrap()
        .pkcs1v15_verify::<Sha256>(message.as_bytes(), &signature)
        .map_err(|error| error.to_string())
}

fn credentials() -> Credentials {
    let key = PrivateKey::from_pem(&data::bytes("keys/test-rsa2048-a.pkcs8.pem"), None).unwrap();
    Credentials::api_key(KeyId::new("tenancy/user/fingerprint").unwrap(), key)
}

fn post(uri: &str) -> Parts {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.parse::<Uri>().unwrap();
    request.into_parts().0
}

fn refusal(head: &mut Parts, settings: SigningSettings) -> SignError {
    let credentials = credentials();
    let params = SigningParams::new(&credentials, SystemTime::now()).settings(settings);
    sign(head, SignableBody::Bytes(b"{}"), &params).unwrap_err()
}

#[test]
fn the_verifier_refuses_what_was_not_signed() {
    let case = &data::json("signature/model_deployment.json")["cases"][0];
    let string = case["expected"]["signing_string"].as_str().unwrap();
    let signature = case["expected"]["signature"].as_str().unwrap();
    let key = case["credentials"]["key"]["id"].as_str().unwrap();
    assert!(verify(key, &string.replacen("post", "get", 1), signature).is_err());
}

#[test]
fn oci_signing_4_the_published_samples_match_also_in_their_signature() {
    for case in data::json("signature/docs.json")["cases"].as_array().unwrap() {
        let body = data::body(&case["request"]["body"]).unwrap_or_default();
        let string =
            signing_string(&mut request(case), content(case, &body), &kept(), clock(case)).unwrap();
        // The key of the samples has 1024 bits: no product signs with it, a test may.
        let pem = data::text("keys/docs-sample-rsa1024.pkcs1.pem");
        let key = rsa::PrivateKey::from_pkcs1_pem(&pem).unwrap();
        let signature = key.pkcs1v15_sign::<Sha256>(string.as_bytes()).unwrap();
        assert_eq!(STANDARD.encode(signature), case["expected"]["signature"], "{}", case["id"]);
    }
}

#[test]
fn oci_signing_6_the_method_is_in_lower_case_whatever_case_it_came_in() {
    for method in ["GET", "get", "GeT", "POST", "post", "pAtCh", "OPTIONS"] {
        let mut head = post("https://example.com/a");
        head.method = Method::from_bytes(method.as_bytes()).unwrap();
        let string =
            signing_string(&mut head, SignableBody::Bytes(b""), &SigningSettings::default(), EPOCH)
                .unwrap();
        let target = format!("(request-target): {} /a", method.to_lowercase());
        assert_eq!(string.lines().nth(1), Some(target.as_str()));
        let body = ["post", "put", "patch"].contains(&method.to_lowercase().as_str());
        assert_eq!(string.lines().count(), if body { 6 } else { 3 }, "{method}");
    }
}

#[test]
fn oci_signing_7_and_8_the_target_is_what_the_address_says_byte_for_byte() {
    for (uri, target) in [
        ("https://example.com", "/"),
        ("https://example.com?a=b", "/?a=b"),
        ("https://example.com/?b=1&a=&a&&b=2&c=+%2B%2b", "/?b=1&a=&a&&b=2&c=+%2B%2b"),
        ("https://example.com/a%2fb/../c//d", "/a%2fb/../c//d"),
    ] {
        let string = signing_string(
            &mut post(uri),
            SignableBody::Unsigned,
            &SigningSettings::default(),
            EPOCH,
        )
        .unwrap();
        assert!(string.contains(&format!("(request-target): post {target}\n")), "{string}");
    }
}

#[test]
fn oci_signing_13_and_16_length_and_hash_are_those_of_the_bytes() {
    let million = vec![0xff; 1024 * 1024];
    for body in ["{\"a\":\"é\"}".as_bytes(), b"\x00\xff\r\n", &million] {
        let mut head = post("https://example.com/");
        let credentials = credentials();
        let params = SigningParams::new(&credentials, EPOCH);
        sign(&mut head, SignableBody::Bytes(body), &params).unwrap();
        assert_eq!(head.headers["content-length"], body.len().to_string());
        assert_eq!(head.headers["x-content-sha256"], STANDARD.encode(Sha256::digest(body)));
    }
}

#[test]
fn oci_signing_19_a_given_date_is_kept_and_a_missing_one_is_made_from_the_clock() {
    let date = |head: &mut Parts| {
        let string = signing_string(head, SignableBody::Unsigned, &kept(), EPOCH).unwrap();
        string.lines().next().unwrap().to_owned()
    };
    assert_eq!(date(&mut post("https://example.com/")), "date: Thu, 01 Jan 1970 00:00:00 GMT");
    let mut head = post("https://example.com/");
    // The weekday of the published sample is wrong, and signed as it is.
    head.headers.insert("date", HeaderValue::from_static("Thu, 05 Jan 2014 21:31:40 GMT"));
    assert_eq!(date(&mut head), "date: Thu, 05 Jan 2014 21:31:40 GMT");
}

#[test]
fn a_time_that_is_no_http_date_is_refused() {
    let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    let late = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    for now in [early, late] {
        let mut head = post("https://example.com/");
        let result =
            signing_string(&mut head, SignableBody::Unsigned, &SigningSettings::default(), now);
        assert_eq!(result.unwrap_err(), SignError::Time);
    }
}

#[test]
fn oci_signing_11_user_info_is_refused() {
    let error = refusal(&mut post("https://user:pw@example.com/"), SigningSettings::default());
    assert_eq!(error, SignError::Host);
}

#[test]
fn oci_signing_14_an_empty_post_is_signed_with_its_length_type_and_hash() {
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        let mut head = post("https://example.com/");
        head.method = method;
        let credentials = credentials();
        let params = SigningParams::new(&credentials, SystemTime::now());
        sign(&mut head, SignableBody::Bytes(b""), &params).unwrap();
        assert_eq!(head.headers["content-length"], "0");
        assert_eq!(head.headers["content-type"], "application/json");
        assert_eq!(
            head.headers["x-content-sha256"],
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }
}

#[test]
fn oci_signing_17_a_given_hash_is_kept() {
    let mut head = post("https://example.com/");
    head.headers.insert("x-content-sha256", HeaderValue::from_static("given"));
    let string =
        signing_string(&mut head, SignableBody::Bytes(b"{}"), &kept(), SystemTime::now()).unwrap();
    assert!(string.ends_with("x-content-sha256: given"), "{string}");
}

#[test]
fn oci_signing_18_an_excluded_body_leaves_the_other_headers() {
    let mut head = post("https://example.com/");
    head.headers.insert("content-type", HeaderValue::from_static("text/csv"));
    let string = signing_string(
        &mut head,
        SignableBody::Unsigned,
        &SigningSettings::default(),
        SystemTime::now(),
    )
    .unwrap();
    assert_eq!(string.lines().count(), 3, "{string}");
    assert_eq!(head.headers["content-type"], "text/csv");
}

#[test]
fn oci_signing_20_what_would_break_out_of_a_header_is_refused() {
    for key_id in ["", "a\"b", "a\r\nb", "a b", "é"] {
        assert_eq!(KeyId::new(key_id).unwrap_err(), SignError::KeyId, "{key_id:?}");
    }
    let mut head = post("https://example.com/");
    head.headers.insert("content-type", HeaderValue::from_bytes("text/é".as_bytes()).unwrap());
    assert!(matches!(refusal(&mut head, SigningSettings::default()), SignError::NotAscii(_)));
    let mut head = post("https://example.com/");
    head.headers.append("content-type", HeaderValue::from_static("a/b"));
    head.headers.append("content-type", HeaderValue::from_static("c/d"));
    assert!(matches!(refusal(&mut head, SigningSettings::default()), SignError::Repeated(_)));
    let settings = SigningSettings::default().cover(HeaderName::from_static("x-absent"));
    assert!(matches!(refusal(&mut post("https://example.com/"), settings), SignError::Missing(_)));
}

#[test]
fn a_target_beyond_ascii_is_refused() {
    for uri in ["https://example.com/é", "https://example.com/?a=é", "https://example.com/a\u{7f}"]
    {
        let Ok(uri) = uri.parse::<Uri>() else { continue };
        let mut head = post("https://example.com/");
        head.uri = uri;
        for without_host in [false, true] {
            let settings = SigningSettings::default().without_host(without_host);
            assert_eq!(refusal(&mut head, settings), SignError::Target, "{}", head.uri);
        }
    }
}

#[test]
fn white_space_around_a_value_is_neither_signed_nor_sent() {
    let mut head = post("https://example.com/");
    head.headers.insert("content-type", HeaderValue::from_static("application/json \t"));
    head.headers.insert("date", HeaderValue::from_static(" Thu, 05 Jan 2014 21:31:40 GMT"));
    let string = signing_string(&mut head, SignableBody::Bytes(b"{}"), &kept(), EPOCH).unwrap();
    assert!(string.contains("\ncontent-type: application/json\n"), "{string}");
    assert!(string.starts_with("date: Thu, 05 Jan 2014 21:31:40 GMT\n"), "{string}");
    assert_eq!(head.headers["content-type"], "application/json");
    assert_eq!(head.headers["date"], "Thu, 05 Jan 2014 21:31:40 GMT");
}

#[test]
fn framing_that_is_not_the_bodys_is_not_signed() {
    for (name, value) in [
        ("transfer-encoding", "chunked"),
        ("content-length", "3"),
        ("content-length", "+2"),
        ("content-length", "two"),
    ] {
        let mut head = post("https://example.com/");
        head.headers.insert(name, value.parse().unwrap());
        let refused = refusal(&mut head, SigningSettings::default());
        assert_eq!(refused, SignError::Framing(name.parse().unwrap()), "{name}: {value}");
    }
}

#[test]
fn a_head_that_is_signed_again_has_the_new_date_and_the_hash_of_the_new_body() {
    let credentials = credentials();
    let mut head = post("https://example.com/");
    head.headers.insert("date", HeaderValue::from_static("Thu, 05 Jan 2014 21:31:40 GMT"));
    head.headers.insert("x-date", HeaderValue::from_static("Thu, 05 Jan 2014 21:31:40 GMT"));
    head.headers.insert("x-content-sha256", HeaderValue::from_static("another body's"));
    for (second, body) in [(0, "one"), (600, "two"), (1200, "a longer one")] {
        let time = EPOCH + Duration::from_secs(second);
        let params = SigningParams::new(&credentials, time);
        sign(&mut head, SignableBody::Bytes(body.as_bytes()), &params).unwrap();
        assert_eq!(head.headers["date"], httpdate::fmt_http_date(time));
        assert!(!head.headers.contains_key("x-date"));
        assert_eq!(head.headers["content-length"], body.len().to_string());
        assert_eq!(head.headers["x-content-sha256"], STANDARD.encode(Sha256::digest(body)));
        assert_eq!(head.headers.get_all("authorization").iter().count(), 1);
        let string = signing_string(
            &mut head.clone(),
            SignableBody::Precomputed,
            &SigningSettings::default().keep_existing(true),
            EPOCH,
        )
        .unwrap();
        let signature = head.headers["authorization"].to_str().unwrap().rsplit('"').nth(1).unwrap();
        verify("test-rsa2048-a", &string, signature).unwrap();
    }
}

#[test]
fn headers_for_another_client_are_those_that_signing_sets() {
    let (credentials, body) = (credentials(), SignableBody::Bytes(b"{}"));
    let params = SigningParams::new(&credentials, EPOCH);
    let mut head = post("https://example.com/a?b=c");
    head.headers.insert("content-type", HeaderValue::from_static("text/csv "));
    // Not signed, and not one of the headers that are set, however often it is there.
    for accepted in ["*/*", "text/csv"] {
        head.headers.append("accept", HeaderValue::from_static(accepted));
    }
    let url = "https://example.com/a?b=c";
    let set = signature_headers(&Method::POST, url, &head.headers, body, &params).unwrap();
    sign(&mut head, body, &params).unwrap();
    let mut expected = head.headers.clone();
    expected.remove("accept");
    assert_eq!(set, expected);
    let refused = signature_headers(&Method::GET, "no url", &head.headers, body, &params);
    assert_eq!(refused.unwrap_err(), SignError::Url);
    // Services read it in place of the date that is signed, and the caller would keep it.
    let stale = HeaderMap::from_iter([(
        HeaderName::from_static("x-date"),
        HeaderValue::from_static("long ago"),
    )]);
    let refused = signature_headers(&Method::GET, url, &stale, body, &params);
    assert_eq!(refused.unwrap_err(), SignError::OtherDate);
    let refused = signature_headers(&Method::GET, "/path", &HeaderMap::new(), body, &params);
    assert_eq!(refused.unwrap_err(), SignError::Host);
}
