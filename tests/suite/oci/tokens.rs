//! Which texts are session tokens, and until when?

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oracle_cloud_client::{SessionToken, TokenError};

use crate::data;

#[test]
fn oci_signing_32_tokens_are_accepted_or_refused_as_recommended() {
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
fn oci_signing_32_an_expiry_is_taken_as_far_as_it_can_be_told() {
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

/// A token of this header and these claims, whose signature has so many bytes.
fn token(header: &str, claims: &str, signature: usize) -> String {
    let [header, claims] = [header, claims].map(|json| URL_SAFE_NO_PAD.encode(json));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(vec![0x5a; signature]))
}

#[test]
fn a_signature_is_as_long_as_its_algorithm_makes_it_or_the_token_is_cut() {
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    let mut rows: Vec<(&str, Vec<usize>)> =
        rsa.into_iter().map(|name| (name, vec![256, 384, 512, 1024, 2048])).collect();
    rows.extend([
        ("ES256", vec![64]),
        ("ES256K", vec![64]),
        ("ES384", vec![96]),
        ("ES512", vec![132]),
        ("EdDSA", vec![64, 114]),
        ("HS256", vec![32]),
        ("HS384", vec![48]),
        ("HS512", vec![64]),
        ("none", vec![0]),
    ]);
    for (algorithm, whole) in rows {
        let header = format!("{{\"alg\":\"{algorithm}\"}}");
        for length in 0..=2049 {
            let parsed = SessionToken::parse(&token(&header, "{\"exp\":1}", length));
            let rsa = algorithm.contains('S') && !algorithm.starts_with(['E', 'H']);
            let expected = whole.contains(&length) || rsa && length > 255 && length % 128 == 0;
            assert_eq!(parsed.is_ok(), expected, "{algorithm} {length}");
            assert!(expected || parsed.is_err_and(|error| error == TokenError::Signature));
        }
    }
    for header in ["{}", "{\"alg\":\"ML-DSA-65\"}", "{\"alg\":\"rs256\"}"] {
        for length in [0, 1, 255, 3309] {
            let parsed = SessionToken::parse(&token(header, "{\"exp\":1}", length));
            assert!(parsed.is_ok(), "{header} {length}: nobody knows how long it is");
        }
    }
}

#[test]
fn what_a_token_says_and_nobody_can_read_is_refused_by_name() {
    for (header, claims, error) in [
        ("{\"alg\":256}", "{\"exp\":1}", TokenError::Malformed),
        ("{\"alg\":null}", "{\"exp\":1}", TokenError::Malformed),
        ("{}", "{\"exp\":1,\"iat\":\"yesterday\"}", TokenError::Issued),
        ("{}", "{\"exp\":1,\"iat\":null}", TokenError::Issued),
        ("{}", "{\"exp\":1,\"jwk\":null}", TokenError::Jwk),
        ("{}", "{\"exp\":1,\"jwk\":\"{\"}", TokenError::Jwk),
        ("{}", "{\"exp\":1,\"jwk\":\"null\"}", TokenError::Jwk),
        ("{}", "{\"exp\":1,\"jwk\":7}", TokenError::Jwk),
    ] {
        let parsed = SessionToken::parse(&token(header, claims, 0));
        assert_eq!(parsed.map(drop), Err(error), "{header} {claims}");
    }
}

#[test]
fn a_token_is_refused_at_every_place_where_it_may_be_cut() {
    for file in ["valid.jwt", "valid-big.jwt", "valid-no-jwk.jwt", "valid-padded.jwt"] {
        let whole = data::text(&format!("rpst/{file}"));
        let whole = whole.trim();
        // Without its padding it is the same token.
        let least = whole.trim_end_matches('=').len();
        for at in 0..least {
            assert!(SessionToken::parse(&whole[..at]).is_err(), "{file}, cut at {at} of {least}");
        }
        assert!(SessionToken::parse(whole).is_ok(), "{file}");
    }
}
