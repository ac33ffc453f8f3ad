//! What an instance does when the token service refuses it, and what is told of that.

use std::time::{Duration, Instant, SystemTime};

use emulator::trouble::Trouble;
use fn_fdk::error_chain;
use oracle_cloud_client::signature::CredentialsErrorKind;

use super::instance::{instance, principal};
use super::reason;
use crate::setup::Setup;

const SECRET: &str = "somebody's text";

fn exchanges(asked: &[String]) -> usize {
    asked.iter().filter(|path| *path == "/v1/x509").count()
}

#[tokio::test]
async fn nothing_of_what_a_service_says_is_told_but_its_status_and_its_code() {
    let setup = Setup::new().await;
    let long = "a".repeat(64);
    for (text, code) in [
        (SECRET.to_owned(), "none"),
        (SECRET.repeat(100), "none"),
        (format!(r#"{{"message":"{SECRET}"}}"#), "none"),
        (format!(r#"{{"code":"NotAuthorized","message":"{SECRET}"}}"#), "NotAuthorized"),
        (format!(r#"{{"code":"{long}","message":"{SECRET}"}}"#), &long),
        (format!(r#"{{"code":"{long}a","message":"{SECRET}"}}"#), "none"),
        (format!(r#"{{"code":"{SECRET}","message":"x"}}"#), "none"),
        (r#"{"code":"somebody's\ntext"}"#.to_owned(), "none"),
        (r#"{"code":""}"#.to_owned(), "none"),
        (r#"{"code":403}"#.to_owned(), "none"),
    ] {
        for path in ["/opc", "/v1"] {
            let instance = instance(&setup, 3600).await;
            instance.trouble(path, Some(Trouble::Answers(403, text.clone())));
            let error = principal(&setup, &instance).credentials(SystemTime::now()).await;
            let error = error.unwrap_err();
            let said = error_chain(&error);
            assert!(said.ends_with(&format!("refused with status 403, code {code}")), "{said}");
            let shown = format!("{said} {error:?}");
            assert!(!shown.contains("somebody"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_region_that_is_no_name_is_refused_and_not_told() {
    let setup = Setup::new().await;
    for text in [SECRET.to_owned(), String::new(), "a/b".to_owned(), "x".repeat(64), "é".to_owned()]
    {
        let instance = instance(&setup, 3600).await;
        instance.trouble("/opc/v2/instance/region", Some(Trouble::Answers(200, text.clone())));
        let principal = principal(&setup, &instance);
        let error = principal.credentials(SystemTime::now()).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Unavailable, "{text}: {error:?}");
        let said = reason(&error);
        assert!(said.ends_with("does not have the documented form"), "{text}: {said}");
        assert_eq!(principal.region(), None);
        assert_eq!(instance.asked().len(), 1, "{text}");
    }
}

#[tokio::test]
async fn certificate_and_key_that_are_replaced_one_after_the_other_are_waited_for() {
    let setup = Setup::new().await;
    for reads in 1..=3 {
        let instance = instance(&setup, 3600).await;
        instance.renew_slowly(reads);
        let credentials = principal(&setup, &instance).credentials(SystemTime::now()).await;
        assert!(credentials.is_ok(), "{reads}: {credentials:?}");
        assert_eq!(exchanges(&instance.asked()), 1, "{:?}", instance.asked());
    }
    let instance = instance(&setup, 3600).await;
    instance.renew_slowly(u32::MAX);
    let start = Instant::now();
    let error = principal(&setup, &instance).credentials(SystemTime::now()).await.unwrap_err();
    let said = reason(&error);
    assert!(said.ends_with("is for another key than the instance has"), "{said}");
    assert_eq!(exchanges(&instance.asked()), 0, "the mismatch was sent");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_clock_that_only_the_token_service_finds_wrong_is_corrected_once() {
    let setup = Setup::new().await;
    for offset in [1200, -1200, 400, -400, 80_000, -80_000] {
        let instance = instance(&setup, 90_000).await;
        instance.set_clock_offset(offset);
        let principal = principal(&setup, &instance);
        let first = principal.credentials(SystemTime::now()).await;
        assert!(first.is_ok(), "{offset}: {first:?} {:?}", instance.asked());
        assert_eq!(exchanges(&instance.asked()), 2, "{offset}");
        // The next token is asked for by the right time at once.
        let late = first.unwrap().expires().unwrap() + Duration::from_secs(1);
        let asked = instance.asked().len();
        instance.set_clock_offset(offset + 90_001);
        instance.set_lifetime(180_000);
        assert!(principal.credentials(late).await.is_ok(), "{offset}");
        assert_eq!(exchanges(&instance.asked()[asked..]), 1, "{offset}: {:?}", instance.asked());
    }
}

#[tokio::test]
async fn a_time_that_cannot_be_or_explains_nothing_is_not_taken() {
    let setup = Setup::new().await;
    for offset in [0, 2 * 86_400, -2 * 86_400] {
        let instance = instance(&setup, 3600).await;
        instance.set_clock_offset(offset);
        if offset == 0 {
            instance.trouble("/v1", Some(Trouble::Answers(401, "{}".to_owned())));
        }
        let error = principal(&setup, &instance).credentials(SystemTime::now()).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Refused, "{offset}: {error:?}");
        assert_eq!(exchanges(&instance.asked()), 1, "{offset}: {:?}", instance.asked());
    }
}
