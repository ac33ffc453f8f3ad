//! Which texts are session tokens, and until when?

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model_deployment_fn::oci::{SessionToken, TokenError};

use crate::data;

#[test]
fn item_32_tokens_are_accepted_or_refused_as_recommended() {
    let mut seen = 0;
    for fixture in data::json("rpst/index.json")["fixtures"].as_array().unwrap() {
        let file = fixture["file"].as_str().unwrap();
        let parsed = SessionToken::parse(&data::text(&format!("rpst/{file}")));
        let recommended = fixture["recommended"].as_str().unwrap();
        assert_eq!(parsed.is_err(), recommended.starts_with("refuse"), "{file}: {parsed:?}");
        let (shown, text) = (format!("{parsed:?}"), data::text(&format!("rpst/{file}")));
        for part in text.split(['.', '\n', '\r']).filter(|part| part.len() > 8) {
            assert!(!shown.contains(part), "{file} is shown: {shown}");
        }
        if let (Ok(token), Some(expiry)) = (parsed, fixture["claims"]["exp"].as_f64()) {
            let expires = token.expires().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            assert!((expires.as_secs_f64() - expiry.floor()).abs() < 1e-9, "{file}");
        }
        seen += 1;
    }
    assert!(seen >= 25, "{seen}");
}

#[test]
fn item_32_an_expiry_is_taken_as_far_as_it_can_be_told() {
    let parsed = |exp: &str| {
        let payload = URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{exp}}}"));
        let token = format!("{}.{payload}.c2ln", URL_SAFE_NO_PAD.encode("{}"));
        let expires = SessionToken::parse(&token).map(|token| token.expires());
        expires.map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    };
    let farthest = 4_294_967_295 * 64;
    for (exp, seconds) in [
        ("0", 0),
        ("1795514400", 1_795_514_400),
        ("1795514400.9", 1_795_514_400),
        ("10000000000", 10_000_000_000),
        ("274877906880", farthest),
        ("274877906881", farthest),
        ("18446744073709551615", farthest),
    ] {
        assert_eq!(parsed(exp), Ok(seconds), "{exp}");
    }
    for exp in ["-1", "1e300", "\"1\"", "null"] {
        assert_eq!(parsed(exp), Err(TokenError::Expiry), "{exp}");
    }
}
