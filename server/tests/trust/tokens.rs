//! Tokens that pass.

use emulator::identity::IdentityDomain;
use emulator::keys::Key;
use http::StatusCode;
use model_deployment_server::trust::{NotAdmitted, Trust};
use serde_json::{Value, json};

use crate::setup::{
    EcKey, application, bearer, claims, claims_with, client, domain, header, seconds, settings,
    token_settings,
};

/// Trust in tokens that keys of this set signed, which lies in a file.
async fn trust_in(set: &Value) -> Trust {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, set.to_string()).unwrap();
    let settings = token_settings(path.to_str().unwrap());
    assert!(!settings.is_open());
    Trust::new(settings, None, &client().await).unwrap()
}

async fn passes(trust: &Trust, token: &str) {
    trust.admit(&bearer(token)).await.unwrap_or_else(|refused| panic!("{refused}: {token}"));
}

async fn refused(trust: &Trust, token: &str) -> NotAdmitted {
    trust.admit(&bearer(token)).await.unwrap_err()
}

async fn domain_and_trust() -> (IdentityDomain, Trust) {
    let domain = domain().await;
    let trust = trust_in(&domain.jwks()).await;
    (domain, trust)
}

#[tokio::test]
async fn a_token_of_the_identity_domain_passes_as_the_domain_issues_it() {
    let (domain, trust) = domain_and_trust().await;
    passes(&trust, &domain.mint(&application(), &json!({}))).await;
    // Whoever writes the scheme in another letter case means the same.
    let token = domain.mint(&application(), &json!({}));
    trust.admit(&header("authorization", &format!("bEARER   {token} "))).await.unwrap();
}

#[tokio::test]
async fn an_audience_and_a_scope_may_be_one_of_several() {
    let (domain, trust) = domain_and_trust().await;
    for claims in [
        json!({ "aud": ["other", crate::setup::AUDIENCE] }),
        json!({ "scope": "read predict write" }),
        json!({ "scope": ["read", "predict"] }),
        json!({ "nbf": seconds() }),
    ] {
        passes(&trust, &domain.mint(&application(), &claims)).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_off_by_a_few_seconds_does_no_harm() {
    let (domain, trust) = domain_and_trust().await;
    for claims in [json!({ "exp": seconds() - 10 }), json!({ "nbf": seconds() + 10 })] {
        passes(&trust, &domain.mint(&application(), &claims)).await;
    }
}

#[tokio::test]
async fn a_token_is_found_its_key_by_name_and_algorithm() {
    let (rsa, other, elliptic) = (Key::generate(), Key::generate(), EcKey::generate());
    let set =
        json!({ "keys": [other.jwk("a"), rsa.jwk("a"), elliptic.jwk("a"), elliptic.jwk("b")] });
    let trust = trust_in(&set).await;
    // Domains call every key by the same name, and issuers with one key give it none.
    for header in [json!({ "alg": "RS256", "kid": "a" }), json!({ "alg": "RS256" })] {
        passes(&trust, &rsa.token(&header, &claims())).await;
    }
    for header in [
        json!({ "alg": "ES256", "kid": "a" }),
        json!({ "alg": "ES256", "kid": "b", "typ": "at+jwt" }),
        json!({ "alg": "ES256", "typ": "application/AT+JWT" }),
    ] {
        passes(&trust, &elliptic.token(&header, &claims())).await;
    }
}

#[tokio::test]
async fn a_key_may_be_written_in_standard_base64_with_a_zero_before_it() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let key = Key::generate();
    let mut jwk = key.jwk("a");
    let n = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    jwk["n"] = STANDARD.encode([&[0], &n[..]].concat()).into();
    jwk["key_ops"] = json!(["sig", "encrypt"]);
    jwk.as_object_mut().unwrap().remove("alg");
    let trust = trust_in(&json!({ "keys": [jwk] })).await;
    passes(&trust, &key.token(&json!({ "alg": "RS256", "kid": "a" }), &claims())).await;
}

#[tokio::test]
async fn a_key_that_is_not_for_this_is_passed_over() {
    let (good, bad) = (Key::generate(), Key::generate());
    let with = |name: &str, value: Value| {
        let mut jwk = bad.jwk("bad");
        jwk[name] = value;
        jwk
    };
    let unusable = [
        with("use", json!("enc")),
        with("use", json!("else")),
        with("use", json!(1)),
        with("alg", json!("RS512")),
        with("alg", json!("HS256")),
        with("alg", json!("RSA-OAEP")),
        with("alg", json!("ES256")),
        with("kty", json!("EC")),
        with("kty", json!("oct")),
        with("kid", json!(7)),
        with("n", json!("AQAB")),
        with("n", json!("")),
        with("n", json!("=?")),
        with("e", json!("")),
        json!("a text"),
        json!(null),
        json!([]),
    ];
    for jwk in unusable {
        let trust = trust_in(&json!({ "keys": [jwk.clone(), good.jwk("good")] })).await;
        passes(&trust, &good.token(&json!({ "alg": "RS256", "kid": "good" }), &claims())).await;
        for header in [json!({ "alg": "RS256", "kid": "bad" }), json!({ "alg": "RS256" })] {
            let refused = refused(&trust, &bad.token(&header, &claims())).await;
            assert_eq!(refused.answer().status, StatusCode::UNAUTHORIZED, "{jwk}");
        }
    }
}

#[tokio::test]
async fn a_file_with_keys_is_read_again_when_it_is_replaced() {
    let (old, new) = (Key::generate(), Key::generate());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let write = |key: &Key| {
        let next = folder.path().join("next");
        std::fs::write(&next, json!({ "keys": [key.jwk("a")] }).to_string()).unwrap();
        std::fs::rename(next, &path).unwrap();
    };
    write(&old);
    let trust = Trust::new(token_settings(path.to_str().unwrap()), None, &client().await).unwrap();
    let [old_token, new_token] = [&old, &new]
        .map(|key| key.token(&json!({ "alg": "RS256", "kid": "a" }), &claims_with(&json!({}))));
    passes(&trust, &old_token).await;
    write(&new);
    crate::setup::pass(std::time::Duration::from_secs(1)).await;
    passes(&trust, &new_token).await;
    assert_eq!(refused(&trust, &old_token).await.answer().status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn with_tokens_no_header_names_a_target_and_no_header_of_theirs_goes_on() {
    let (_domain, trust) = domain_and_trust().await;
    assert!(!trust.takes_target_header());
    let open = settings(&[]).unwrap();
    assert!(open.is_open());
    let open = Trust::new(open, None, &client().await).unwrap();
    assert!(open.takes_target_header());
    open.admit(&http::HeaderMap::new()).await.unwrap();
    assert_eq!(
        Trust::header_names().map(|name| name.to_string()),
        ["x-gateway-secret", "authorization"]
    );
}

/// Tokens and keys that another library made: `PyJWT`, unmodified.
#[tokio::test]
async fn tokens_of_another_library_pass_or_not_as_they_should() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/pyjwt.json")).unwrap();
    let trust = trust_in(&vectors["keys"]).await;
    let tokens = |kind: &str| vectors[kind].as_object().unwrap().clone();
    for (what, token) in tokens("pass") {
        let admitted = trust.admit(&bearer(token.as_str().unwrap())).await;
        assert!(admitted.is_ok(), "{what}: {admitted:?}");
    }
    let mut reasons = Vec::new();
    for (what, token) in tokens("refused") {
        let refused = refused(&trust, token.as_str().unwrap()).await;
        reasons.push(format!("{what}: {refused}"));
    }
    reasons.sort_unstable();
    let other = "the token's `alg` is another than `RS256` and `ES256`";
    let expected = [
        &format!("HS256: {other}"),
        &format!("PS256: {other}"),
        &format!("RS512: {other}"),
        "expired: the token has expired",
        "no scope: the token lacks the scope",
        "none: the token is not understood",
    ];
    assert_eq!(reasons, expected);
}
