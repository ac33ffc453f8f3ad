//! Does a call outlive what passes, without harm where nobody knows whether it was carried out?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use emulator::agent::{Agent, Invocation};
use emulator::deployment::Behaviour;
use serde_json::json;

use crate::end_to_end::{body, refused};
use crate::setup::{GRACE, ROW, Setup, targeted};

/// As many tries as a call has.
const TRIES: usize = 8;

fn status(status: u16) -> Behaviour {
    let text = json!({ "code": "x", "message": "x" }).to_string();
    Behaviour::Answer(status, "application/json", text.into())
}

/// What may pass, and what is left of it if it does not.
fn passing() -> Vec<(Behaviour, u16)> {
    let statuses = [429, 500, 502, 503, 504].map(|number| (status(number), number));
    let broken = [
        Behaviour::Close,
        Behaviour::Cut,
        Behaviour::Garbage,
        Behaviour::Reset,
        Behaviour::ResetStream,
    ];
    statuses.into_iter().chain(broken.map(|behaviour| (behaviour, 502))).collect()
}

#[tokio::test]
async fn a_prediction_outlives_what_passes_and_each_try_is_signed_anew() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for (behaviour, _) in passing() {
        let before = setup.deployment.received().len();
        setup.deployment.behave(behaviour.clone());
        let answer = function.call(setup.call()).await;
        assert_eq!((answer.status, &body(&answer)["prediction"][0]), (200, &json!("virginica")));
        let tries = setup.deployment.received().split_off(before);
        assert_eq!(tries.len(), 2, "{behaviour:?}");
        assert!(tries.iter().all(|received| received.verdict.is_ok()));
    }
    // Across a second of the clock, the date is another one and the signature with it.
    setup.deployment.behave(Behaviour::Busy(503, "1".to_owned()));
    let before = setup.deployment.received().len();
    assert_eq!(function.call(setup.call()).await.status, 200);
    let tries = setup.deployment.received().split_off(before);
    for name in ["date", "authorization"] {
        assert_ne!(tries[0].request.text(name), tries[1].request.text(name), "{name}");
    }
    let id = |at: usize| tries[at].request.text("opc-request-id").map(str::to_owned);
    assert_eq!(id(0), id(1));
}

#[tokio::test]
async fn what_does_not_pass_is_given_back_before_the_deadline() {
    for (behaviour, expected) in passing() {
        let mut setup = Setup::new().await;
        // As little as two seconds of it are left if the clock's second ends between the agent and the function.
        setup.program = setup.program.timeout(Duration::from_secs(3)).grace(GRACE);
        let function = setup.start().await;
        for _ in 0..TRIES {
            setup.deployment.behave(behaviour.clone());
        }
        let start = Instant::now();
        let answer = function.call(setup.call()).await;
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        assert_eq!(answer.status, expected, "{behaviour:?}");
        let tries = setup.deployment.received().len();
        // A model that failed once is asked once more.
        let expected =
            if matches!(behaviour, Behaviour::Answer(500, ..)) { 2..=2 } else { 3..=TRIES };
        assert!(expected.contains(&tries), "{behaviour:?}: {tries} tries");
        match behaviour {
            Behaviour::Answer(..) => assert_eq!(body(&answer)["code"], "x"),
            _ => refused(&answer, 502, "DeploymentAnswerInvalid"),
        }
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_and_too_long_a_one_is_given_to_the_caller() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    setup.deployment.behave(Behaviour::Busy(429, "1".to_owned()));
    let start = Instant::now();
    assert_eq!(function.call(setup.call()).await.status, 200);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    setup.deployment.behave(Behaviour::Busy(429, "11".to_owned()));
    let answer = function.call(setup.call()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some(&b"11"[..])));
    assert_eq!(setup.deployment.received().len(), 3);
}

#[tokio::test]
async fn a_post_to_a_custom_path_is_repeated_only_if_it_was_not_carried_out_or_may_be() {
    let setup = Setup::new().await;
    let target = setup.url() + "/echo";
    let program = setup.program.clone().config("ALLOWED_PATHS", "/echo");
    let careful = Agent::start(program.clone()).await.unwrap();
    let opened = Agent::start(program.config("RETRY_PATHS", "/echo")).await.unwrap();
    let call = |method: &str| {
        let sent = if method == "GET" || method == "DELETE" { "" } else { "{}" };
        let mut call = targeted(&target, sent).through_gateway(method, "/echo");
        call.content_type = (!sent.is_empty()).then(|| "application/json".to_owned());
        call
    };
    for (behaviour, left) in passing() {
        let refused = matches!(behaviour, Behaviour::Answer(429 | 503, ..));
        for (function, method, repeated) in [
            (&careful, "POST", refused),
            (&opened, "POST", true),
            (&careful, "GET", true),
            (&careful, "PUT", true),
            (&careful, "DELETE", true),
        ] {
            let before = setup.deployment.received().len();
            setup.deployment.behave(behaviour.clone());
            let answer = function.call(call(method)).await;
            let tries = setup.deployment.received().len() - before;
            let expected = if repeated { (2, 200) } else { (1, left) };
            assert_eq!((tries, answer.status), expected, "{method} {behaviour:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_died_in_a_long_freeze_harms_no_call() {
    let setup = Setup::new().await;
    let target = setup.url() + "/echo";
    let program = setup.program.clone().config("ALLOWED_PATHS", "/echo");
    let function = Agent::start(program).await.unwrap();
    // A POST to a custom path is not repeated, so that the dead connection has to be noticed before it is used.
    for round in 1..=20 {
        let answer = function.call(targeted(&target, "{}")).await;
        assert_eq!(answer.status, 200, "round {round}: {answer:?}");
        setup.deployment.close_idle().await;
    }
    assert_eq!((setup.deployment.connections(), setup.deployment.received().len()), (20, 20));
    for _ in 0..20 {
        setup.deployment.behave(Behaviour::CloseAfter);
        assert_eq!(function.call(setup.call()).await.status, 200);
    }
    assert_eq!(function.starts(), 1);
}

/// What goes wrong with a call of the storm, by its number: three in ten.
fn fault(number: usize) -> Option<Behaviour> {
    let mut random = fastrand::Rng::with_seed(u64::try_from(number).unwrap());
    match random.usize(..1000) {
        0..100 => Some(Behaviour::Reset),
        100..200 => Some(Behaviour::Busy(503, "0".to_owned())),
        200..290 => Some(Behaviour::CloseAfter),
        290..295 => Some(Behaviour::Cut),
        295..300 => Some(Behaviour::Stall),
        _ => None,
    }
}

/// The calls of one function, one after the other; how many stalled.
async fn storm(next: Arc<AtomicUsize>, calls: usize) -> usize {
    const LIMIT: Duration = Duration::from_secs(6);
    let mut setup = Setup::new().await;
    setup.program = setup.program.timeout(LIMIT);
    let function = setup.start().await;
    let mut stalls = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= calls {
            break;
        }
        let (fault, before) = (fault(number), setup.deployment.received().len());
        if let Some(fault) = fault.clone() {
            setup.deployment.behave(fault);
        }
        let (rows, class) = if number.is_multiple_of(2) {
            (ROW.to_owned(), "virginica")
        } else {
            (r#"{"data": [[5.1, 3.5, 1.4, 0.2]]}"#.to_owned(), "setosa")
        };
        let start = Instant::now();
        let answer = function.call(targeted(&setup.url(), rows)).await;
        assert!(start.elapsed() < LIMIT, "call {number} took {:?}", start.elapsed());
        stalls += usize::from(matches!(fault, Some(Behaviour::Stall)));
        assert_eq!(answer.status, 200, "call {number} {fault:?}: {answer:?}");
        assert_eq!(body(&answer)["prediction"], json!([class]), "call {number}");
        let tries = setup.deployment.received().len() - before;
        let most = if matches!(fault, None | Some(Behaviour::CloseAfter)) { 1..=2 } else { 1..=3 };
        assert!(most.contains(&tries), "call {number} {fault:?}: {tries} tries");
    }
    assert_eq!(function.starts(), 1, "the process died");
    stalls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_calls_with_three_faults_in_ten_give_no_wrong_answer() {
    const CALLS: usize = 2_500;
    let next = Arc::new(AtomicUsize::new(0));
    let storms: Vec<_> = (0..8).map(|_| tokio::spawn(storm(next.clone(), CALLS))).collect();
    let mut stalls = 0;
    for one in storms {
        stalls += one.await.unwrap();
    }
    let faults = (0..CALLS).filter(|number| fault(*number).is_some()).count();
    println!("{CALLS} calls, {faults} faults, {stalls} of them stalls");
    assert!((700..800).contains(&faults) && stalls > 4, "{faults} {stalls}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_no_matter_of_time() {
    let setup = Setup::with(emulator::deployment::Certificate::Expired).await;
    let function = setup.start().await;
    let start = Instant::now();
    refused(&function.call(setup.call()).await, 502, "DeploymentUnreachable");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let lines = function.lines().join("\n");
    assert!(lines.contains("its certificate is not trusted"), "{lines}");
    assert_eq!(function.call(Invocation::json(ROW)).await.status, 502);
}
