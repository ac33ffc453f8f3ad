//! The text of a session token, to what it says about itself and to the key id that carries it.
#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fuzz::cloud::KEY;
use fuzz::secret;
use fuzz::world::now;
use http::Request;
use libfuzzer_sys::fuzz_target;
use oracle_cloud_client::{
    Credentials, KeyId, PrivateKey, SessionToken, SignableBody, SigningParams, sign,
};

static JWK: LazyLock<String> = LazyLock::new(|| {
    let key = PrivateKey::from_pem(KEY.as_bytes(), None).expect("it is a key");
    URL_SAFE_NO_PAD.encode(key.public_key().modulus())
});

/// A token out of its parts: mutations then reach what is inside of the encoding.
fn encoded(input: &[u8]) -> String {
    let parts: Vec<String> =
        input.split(|byte| *byte == 0).map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    parts.join(".")
}

fuzz_target!(|input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    let text = match (choice & 1, std::str::from_utf8(rest)) {
        (0, Ok(text)) => text.to_owned(),
        _ => encoded(rest),
    };
    let token = match SessionToken::parse(&text) {
        Ok(token) => token,
        Err(error) => return secret::kept_by(&error),
    };
    let expires = token.expires();
    assert_eq!(format!("{token:?}"), format!("SessionToken {{ expires: {expires:?}, .. }}"));
    // White space around it means nothing.
    let padded = SessionToken::parse(&format!(" \n{text}\r\n\t")).expect("it is a token");
    assert_eq!(padded.expires(), expires);
    let bare = text.trim_ascii();
    assert_eq!(KeyId::session(&padded).expose(), format!("ST${bare}"));
    // Another reader finds the same time in it.
    let read = emulator::keys::Token::parse(bare).expect("it is a token to others too");
    let seconds = read.seconds("exp").expect("it has an expiry");
    let told = expires.duration_since(SystemTime::UNIX_EPOCH).expect("it is no time before 1970");
    let farthest = Duration::from_secs(u64::from(u32::MAX) * 64);
    assert!(told <= farthest && told.subsec_nanos() == 0);
    assert!((told.as_secs_f64() - seconds.trunc().min(farthest.as_secs_f64())).abs() < 1.0);
    // It goes only with the key that it names, if it names one, and what it signs carries it whole.
    let named = read.claims.get("jwk").cloned();
    let key = PrivateKey::from_pem(KEY.as_bytes(), None).expect("it is a key");
    let Ok(credentials) = Credentials::session(token, key) else {
        return assert!(named.is_some());
    };
    assert_eq!(
        format!("{credentials:?}"),
        format!("Credentials {{ expires: {:?}, .. }}", Some(expires))
    );
    if let Some(named) = named {
        let named = named.as_str().map_or(named.to_string(), str::to_owned);
        assert!(unescaped(&named).contains(JWK.as_str()), "another key: {named}");
    }
    let request = Request::post("https://localhost/x").body(()).expect("it is a request");
    let (mut head, ()) = request.into_parts();
    let params = SigningParams::new(&credentials, now());
    let signed = sign(&mut head, SignableBody::Bytes(b"{}"), &params);
    signed.expect("every token fits into a header");
    let authorization = head.headers["authorization"].to_str().expect("it is text");
    assert!(authorization.contains(&format!("keyId=\"ST${bare}\",")));
    assert!(head.headers["authorization"].is_sensitive());
});

/// The JSON again, without the escapes in its texts.
fn unescaped(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json).unwrap_or_default().to_string()
}
