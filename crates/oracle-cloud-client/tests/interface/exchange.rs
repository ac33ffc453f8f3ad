//! Is a token of an identity provider exchanged for a session token, and renewed?

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oracle_cloud_client::signature::{
    CredentialsErrorKind, CredentialsRequest, ProvideCredentials,
};
use oracle_cloud_client::{Client, TokenExchange, Trust};
use serde_json::json;

use crate::service::{Received, Service, answer, token};

const HOUR: u64 = 3600;

fn at(second: u64) -> CredentialsRequest {
    CredentialsRequest::at(SystemTime::UNIX_EPOCH + Duration::from_secs(second))
}

/// The fields of a form.
fn form(received: &Received) -> BTreeMap<String, String> {
    let text = String::from_utf8(received.body.clone()).unwrap();
    let fields = text.split('&').map(|field| {
        let (name, value) = field.split_once('=').unwrap();
        (name.to_owned(), decoded(value))
    });
    fields.collect()
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).unwrap()
}

/// A domain that gives tokens of an hour, from the time of the last one on.
async fn domain() -> Service {
    let given = Mutex::new(0);
    Service::start(move |number, _| {
        let mut hours = given.lock().unwrap();
        *hours += 1;
        answer(200, &[], &json!({ "token": token(*hours * HOUR, number) }).to_string())
    })
    .await
}

fn exchange(domain: &Service) -> TokenExchange {
    let asked = Arc::new(Mutex::new(0));
    let subject = move || {
        let asked = asked.clone();
        async move {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            Ok(format!("subject+/{asked}\n"))
        }
    };
    let trust = Trust::public().unwrap();
    TokenExchange::new(&domain.url, "client", "s3cret", &trust, subject).unwrap()
}

#[tokio::test]
async fn a_subject_token_becomes_a_session_token_for_a_key_of_ours() {
    let domain = domain().await;
    let exchange = exchange(&domain);
    let credentials = exchange.credentials(at(0)).await.unwrap();
    let received = domain.received().pop().unwrap();
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/oauth2/v1/token"));
    let basic = format!("Basic {}", STANDARD.encode("client:s3cret"));
    assert_eq!(received.header("authorization"), Some(basic.as_str()));
    assert_eq!(received.header("content-type"), Some("application/x-www-form-urlencoded"));
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".to_owned()),
        ("public_key", credentials.public_key().sanitised()),
        ("requested_token_type", "urn:oci:token-type:oci-upst".to_owned()),
        ("subject_token", "subject+/1".to_owned()),
        ("subject_token_type", "jwt".to_owned()),
    ];
    assert_eq!(form(&received), expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert_eq!(credentials.key_id().expose(), format!("ST${}", token(HOUR, 0)));
    let shown = format!("{exchange:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("subject"), "{shown}");
}

#[tokio::test]
async fn it_is_renewed_before_its_end_with_a_new_subject_and_a_new_key() {
    let domain = domain().await;
    let exchange = exchange(&domain);
    let first = exchange.credentials(at(0)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &exchange.credentials(at(3299)).await.unwrap()));
    assert_eq!(domain.received().len(), 1);
    // The key of the next session is made beside the calls, for half a second at most.
    let mut second = exchange.credentials(at(3300)).await.unwrap();
    while Arc::ptr_eq(&first, &second) {
        second = exchange.credentials(at(3601)).await.unwrap();
    }
    assert_ne!(first.public_key(), second.public_key());
    assert_ne!(form(&domain.received()[1])["subject_token"], "subject+/1");
}

#[tokio::test]
async fn a_client_signs_with_it() {
    let (domain, service) = (domain().await, Service::saying("{}").await);
    let client = Client::builder().credentials(exchange(&domain)).region("fra");
    let client = client.now(|| SystemTime::UNIX_EPOCH).build().await.unwrap();
    client.endpoint(&service.url).unwrap().get("/x").send().await.unwrap();
    assert_eq!(service.received()[0].key_id(), format!("ST${}", token(HOUR, 0)));
}

#[tokio::test]
async fn a_refusal_a_broken_answer_and_a_missing_subject_are_told_apart_and_show_no_secret() {
    for (status, body, kind) in [
        (401, r#"{"error": "invalid_client s3cret"}"#, CredentialsErrorKind::Refused),
        (200, r#"{"access_token": "s3cret"}"#, CredentialsErrorKind::Unavailable),
        (200, "s3cret", CredentialsErrorKind::Unavailable),
    ] {
        let domain = Service::start(move |_, _| answer(status, &[], body)).await;
        let error = exchange(&domain).credentials(at(0)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let shown = format!("{error} {} {error:?}", error.source().unwrap());
        assert!(shown.contains("the identity domain") && !shown.contains("s3cret"), "{shown}");
        assert_eq!(domain.received().len(), 1);
    }
    let domain = domain().await;
    let subject = || async { Err("the file is gone".into()) };
    let trust = Trust::public().unwrap();
    let exchange = TokenExchange::new(&domain.url, "client", "s3cret", &trust, subject).unwrap();
    let error = exchange.credentials(at(0)).await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
    let cause = error.source().unwrap().source().unwrap().to_string();
    assert_eq!((cause.as_str(), domain.received().len()), ("the file is gone", 0));
}

#[test]
fn a_domain_without_tls_is_one_of_this_machine() {
    let trust = Trust::public().unwrap();
    for (url, fits) in [
        ("https://idcs-1.identity.example", true),
        ("https://idcs-1.identity.example/", true),
        ("http://127.0.0.1:1", true),
        ("http://idcs-1.identity.example", false),
        ("https://user@idcs-1.identity.example", false),
        ("https://idcs-1.identity.example?a=b", false),
        ("idcs-1", false),
    ] {
        let made =
            TokenExchange::new(url, "client", "secret", &trust, || async { Ok(String::new()) });
        assert_eq!(made.is_ok(), fits, "{url}");
    }
}
