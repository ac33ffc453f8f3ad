//! Does a renewal that fails, or hangs, leave calls alone that have a valid token?

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use emulator::agent::Agent;
use emulator::instance::ComputeInstance;
use emulator::trouble::Trouble;
use futures_util::FutureExt;
use oracle_cloud_client::Principal;
use oracle_cloud_client::signature::CredentialsError;
use tokio::task::JoinSet;

use super::instance::{EXCHANGE, instance, principal};
use super::reason;
use crate::agent::PATIENCE;
use crate::setup::{GRACE, Setup};

/// What a renewal may cost with a valid token, 500 ms, and room for a slow machine.
const BRIEF: Duration = Duration::from_secs(4);

fn answers(status: u16) -> Trouble {
    Trouble::Answers(status, "SECRET".to_owned())
}

fn in_seconds(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

/// An instance and its principal with a first token of an hour, and the time at which that has 290 s left.
async fn near_its_end(setup: &Setup) -> (ComputeInstance, Principal, SystemTime) {
    let instance = instance(setup, 3600).await;
    let principal = principal(setup, &instance);
    principal.credentials(in_seconds(0)).await.unwrap();
    (instance, principal, in_seconds(3310))
}

#[tokio::test]
async fn a_valid_token_serves_whatever_its_services_do_and_they_are_left_alone() {
    let setup = Setup::new().await;
    for (path, trouble) in [
        ("/opc", answers(500)),
        ("/opc", answers(404)),
        ("/opc", answers(403)),
        ("/opc", answers(200)),
        ("/opc", Trouble::IsSilent),
        ("/opc/v2/identity/key.pem", Trouble::IsSilent),
        ("/v1", answers(500)),
        ("/v1", answers(401)),
        ("/v1", answers(200)),
        ("/v1", Trouble::IsSilent),
    ] {
        let (instance, principal, late) = near_its_end(&setup).await;
        let first = principal.credentials(in_seconds(0)).await.unwrap();
        let what = format!("{path}: {trouble:?}");
        instance.trouble(path, Some(trouble));
        let start = Instant::now();
        assert!(Arc::ptr_eq(&first, &principal.credentials(late).await.unwrap()), "{what}");
        assert!(start.elapsed() < BRIEF, "{what}: {:?}", start.elapsed());
        let asked = instance.asked().len();
        assert!(asked > 5, "{what}: nobody was asked");
        for _ in 0..100 {
            assert!(Arc::ptr_eq(&first, &principal.credentials(late).await.unwrap()), "{what}");
        }
        assert!(start.elapsed() < BRIEF, "{what}: {:?}", start.elapsed());
        assert_eq!(instance.asked().len(), asked, "{what}");
    }
}

#[tokio::test]
async fn a_valid_token_serves_where_its_services_are_gone() {
    let setup = Setup::new().await;
    let (instance, principal, late) = near_its_end(&setup).await;
    let first = principal.credentials(in_seconds(0)).await.unwrap();
    drop(instance);
    let start = Instant::now();
    for _ in 0..100 {
        assert!(Arc::ptr_eq(&first, &principal.credentials(late).await.unwrap()));
    }
    assert!(start.elapsed() < BRIEF, "{:?}", start.elapsed());
}

#[tokio::test]
async fn one_call_renews_and_the_others_do_not_wait_for_it() {
    let setup = Setup::new().await;
    let (instance, principal, late) = near_its_end(&setup).await;
    instance.trouble("/opc", Some(Trouble::IsSilent));
    let start = Instant::now();
    let mut first = pin!(principal.credentials(late));
    assert!((&mut first).now_or_never().is_none(), "nobody renews");
    for _ in 0..19 {
        let other = principal.credentials(late).now_or_never();
        other.expect("it does not wait").unwrap();
    }
    first.await.unwrap();
    assert!(start.elapsed() < BRIEF, "{:?}", start.elapsed());
    assert_eq!(instance.asked().len(), 6, "{:?}", instance.asked());
}

#[tokio::test]
async fn a_newer_token_than_a_refused_one_is_waited_for_5_s_and_then_not_again() {
    let setup = Setup::new().await;
    let (instance, principal, _) = near_its_end(&setup).await;
    let refused = principal.credentials(in_seconds(0)).await.unwrap();
    // What is younger than a second is taken for the answer to a refusal before it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    instance.trouble("/opc", Some(Trouble::IsSilent));
    let start = Instant::now();
    for _ in 0..10 {
        let again = principal.refresh(&refused, in_seconds(0)).await.unwrap();
        assert!(Arc::ptr_eq(&refused, &again));
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(instance.asked().len(), 6, "{:?}", instance.asked());
}

#[tokio::test]
async fn calls_without_a_token_share_one_exchange_and_its_failure() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 3600).await;
    let principal = Arc::new(principal(&setup, &instance));
    let all = async || {
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let principal = principal.clone();
            calls.spawn(async move { principal.credentials(in_seconds(0)).await });
        }
        calls.join_all().await
    };
    instance.fail(403);
    let failed = all().await;
    assert_eq!(instance.asked(), ["/opc/v2/instance/region"]);
    let says_why = |error: &CredentialsError| reason(error).contains("status 403");
    assert!(failed.iter().all(|result| result.as_ref().is_err_and(says_why)), "{failed:?}");
    // Nothing is valid, so nobody is kept waiting for a better time to ask.
    let taken = all().await;
    let first = taken[0].as_ref().unwrap();
    assert!(taken.iter().all(|result| Arc::ptr_eq(first, result.as_ref().unwrap())));
    assert_eq!(instance.asked()[2..], EXCHANGE);
}

#[tokio::test]
async fn one_line_says_that_a_renewal_fails_why_and_how_long_the_token_lives() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 12).await;
    let function = Agent::start(setup.program_as(instance.variables())).await.unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    instance.trouble("/", Some(answers(500)));
    let said = |function: &Agent| {
        let lines = function.lines();
        lines.into_iter().filter(|line| line.contains("not renewed")).collect::<Vec<String>>()
    };
    let start = Instant::now();
    while said(&function).is_empty() {
        assert!(start.elapsed() < PATIENCE, "{:?}", function.lines());
        assert_eq!(function.call(setup.call()).await.status, 200, "{:?}", function.lines());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for _ in 0..5 {
        assert_eq!(function.call(setup.call()).await.status, 200, "{:?}", function.lines());
    }
    let [line] = &said(&function)[..] else { panic!("{:?}", function.lines()) };
    for part in [
        "level=warn",
        "the metadata service of the instance",
        "status 500, code none",
        "expires=20",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!function.lines().join("\n").contains("SECRET"));
}

#[tokio::test]
async fn a_call_without_any_token_ends_before_its_deadline_and_says_what_it_waited_for() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 3600).await;
    instance.trouble("/opc", Some(Trouble::IsSilent));
    let program =
        setup.program_as(instance.variables()).timeout(Duration::from_secs(2)).grace(GRACE);
    let function = Agent::start(program).await.unwrap();
    let start = Instant::now();
    let answer = function.call(setup.call()).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(answer.status, 500, "{:?}", function.lines());
    let log = function.lines().join("\n");
    assert!(log.contains("the metadata service of the instance did not answer"), "{log}");
}
