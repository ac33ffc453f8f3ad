//! Is a request tried again where that may help, and nowhere else?

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use emulator::deployment::Behaviour;
use http::{Method, Request};
use oracle_cloud_client::{Client, SendError, TransportError};
use tokio::net::TcpSocket;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use super::client::{QUICK, builder, client, client_with, origin, principal, soon};
use crate::agent::PATIENCE;
use crate::setup::Setup;

/// Long ago, by whichever clock.
const PAST: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// Sends one request after these misbehaviours: the status of its answer, and how many requests arrived.
async fn tried(
    setup: &Setup,
    client: &Client,
    method: Method,
    failures: &[Behaviour],
) -> (u16, usize) {
    for failure in failures {
        setup.deployment.behave(failure.clone());
    }
    let before = setup.deployment.received().len();
    let request = Request::builder().method(method).uri(setup.url());
    let answer = client.send_with(request.body("{}".to_owned()).unwrap(), &soon()).await;
    let status = answer.map_or(0, |answer| answer.status().as_u16());
    (status, setup.deployment.received().len() - before)
}

#[tokio::test]
async fn oci_signing_47_what_may_pass_is_tried_again_and_nothing_else() {
    let setup = Setup::new().await;
    let client = client(&setup);
    let answer = |status, code: &str| {
        let body = format!(r#"{{"code": "{code}", "message": ""}}"#);
        Behaviour::Answer(status, "application/json", body.into())
    };
    let two = |behaviour: Behaviour| [behaviour.clone(), behaviour];
    // Nothing was done yet: any method is tried again. The model says 400 to an empty object.
    for failure in [answer(429, "TooManyRequests"), answer(503, "x"), answer(409, "IncorrectState")]
    {
        assert_eq!(tried(&setup, &client, Method::POST, &two(failure)).await, (400, 3));
    }
    // It may have been done: only what may be done twice is tried again.
    for failure in [answer(500, "x"), answer(502, "x"), answer(504, "x")] {
        assert_eq!(tried(&setup, &client, Method::GET, &two(failure.clone())).await, (405, 3));
        let (status, tries) = tried(&setup, &client, Method::POST, &[failure]).await;
        assert!(status >= 500 && tries == 1);
    }
    for failure in [Behaviour::Close, Behaviour::Cut] {
        assert_eq!(tried(&setup, &client, Method::GET, &two(failure.clone())).await, (405, 3));
        assert_eq!(tried(&setup, &client, Method::POST, &[failure]).await, (0, 1));
    }
    // Trying again would change nothing.
    for failure in [answer(400, "x"), answer(403, "x"), answer(409, "Other"), answer(501, "x")] {
        assert_eq!(tried(&setup, &client, Method::GET, &[failure]).await.1, 1);
    }
    // No more than it was told.
    let four = [&two(answer(503, "x"))[..], &two(answer(503, "x"))[..]].concat();
    assert_eq!(tried(&setup, &client, Method::GET, &four).await, (503, 4));
}

#[tokio::test]
async fn oci_signing_47_a_post_with_a_retry_token_is_tried_again() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for (token, failures, expected) in [(Some("once-only"), 2, (400, 3)), (None, 1, (500, 1))] {
        for _ in 0..failures {
            setup.deployment.behave(Behaviour::Answer(500, "application/json", "{}".into()));
        }
        let before = setup.deployment.received().len();
        let request = Request::post(setup.url()).header("content-type", "application/json");
        let request = token
            .into_iter()
            .fold(request, |request, token| request.header("opc-retry-token", token));
        let answer =
            client.send_with(request.body("{}".to_owned()).unwrap(), &soon()).await.unwrap();
        let tries = setup.deployment.received().split_off(before);
        assert_eq!((answer.status().as_u16(), tries.len()), expected);
        assert!(tries.iter().all(|received| received.request.body == b"{}"));
    }
}

#[tokio::test]
async fn a_404_is_asked_again_with_the_token_that_came_meanwhile() {
    let setup = Setup::new().await;
    let client = client(&setup);
    setup.deployment.behave(Behaviour::Slow(Duration::from_millis(500)));
    let request = Request::get(format!("{}/nothing", origin(&setup))).body(()).unwrap();
    let arrived = async {
        while setup.deployment.received().is_empty() {
            yield_now().await;
        }
    };
    let rotated = async {
        timeout(PATIENCE, arrived).await.expect("a request that waits for its answer");
        setup.principal.rotate(3600).unwrap();
    };
    let options = soon();
    let (answer, ()) = tokio::join!(client.send_with(request, &options), rotated);
    assert_eq!(answer.unwrap().status(), 404);
    let tries = setup.deployment.received();
    assert_eq!(tries.len(), 2);
    assert!(tries.iter().all(|received| received.verdict.is_ok()));
    let token = |at: usize| {
        let authorization = tries[at].request.text("authorization").unwrap();
        authorization.split('"').find(|part| part.starts_with("ST$")).unwrap().to_owned()
    };
    assert_ne!(token(0), token(1));
}

#[tokio::test]
async fn oci_signing_47_retry_after_is_honoured_and_too_long_a_wait_is_none() {
    let setup = Setup::new().await;
    let client = client(&setup);
    let start = Instant::now();
    let busy = |wait: &str| [Behaviour::Busy(429, wait.to_owned())];
    assert_eq!(tried(&setup, &client, Method::POST, &busy("1")).await, (400, 2));
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    // Longer than the longest wait, and past the end of the call.
    assert_eq!(tried(&setup, &client, Method::POST, &busy("3")).await, (429, 1));
    let patient = builder(&setup, None).retry(QUICK.longest_wait(Duration::from_secs(5)));
    let patient = patient.build_as(principal(&setup)).unwrap();
    setup.deployment.behave(Behaviour::Busy(503, "4".to_owned()));
    let request = Request::get(origin(&setup)).body(()).unwrap();
    let (start, brief) = (Instant::now(), Duration::from_secs(3));
    let answer = patient.send_with(request, &soon().timeout(brief)).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(start.elapsed() < brief);
}

#[tokio::test]
async fn no_retry_after_makes_a_wait_shorter_than_the_backoff() {
    const FIRST: Duration = Duration::from_millis(40);
    let setup = Setup::new().await;
    let client = builder(&setup, None).retry(QUICK.first_wait(FIRST));
    let client = client.build_as(principal(&setup)).unwrap();
    // What were 9 s would be waited for by nobody.
    for asked in ["0", " 0 ", "00", "+9", "-9", "9.5", "9e0", "9 s", "soon", "", PAST, "9, 0"] {
        let busy = Behaviour::Busy(503, asked.to_owned());
        let start = Instant::now();
        assert_eq!(tried(&setup, &client, Method::POST, &[busy.clone(), busy]).await, (400, 3));
        let took = start.elapsed();
        assert!(took >= 3 * FIRST && took < Duration::from_secs(10), "{asked:?}: {took:?}");
    }
    // More than is ever waited is more, however it is written.
    for asked in ["3", "18446744073709551616", "99999999999999999999999999"] {
        let busy = Behaviour::Busy(503, asked.to_owned());
        assert_eq!(tried(&setup, &client, Method::POST, &[busy]).await, (503, 1), "{asked}");
    }
}

#[tokio::test]
async fn oci_signing_47_a_service_that_cannot_be_reached_is_tried_again_and_named() {
    let setup = Setup::new().await;
    let client = client(&setup);
    // A port that is taken, where nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let uri = format!("https://localhost:{}/", silent.local_addr().unwrap().port());
    let start = Instant::now();
    let error = client.send_with(Request::post(uri).body(()).unwrap(), &soon()).await.unwrap_err();
    assert!(matches!(error, SendError::Transport(TransportError::Unreachable(_))), "{error}");
    // Three waits lie between four tries.
    assert!(start.elapsed() >= Duration::from_millis(5 + 10 + 20), "{:?}", start.elapsed());
}

#[tokio::test]
async fn oci_signing_19_each_try_has_a_new_date() {
    static SECONDS: AtomicU64 = AtomicU64::new(0);
    fn clock() -> SystemTime {
        SystemTime::now() + Duration::from_secs(SECONDS.fetch_add(2, Ordering::Relaxed))
    }
    let setup = Setup::new().await;
    let client = client_with(&setup, clock, None);
    let failures = [Behaviour::Busy(503, "0".to_owned()), Behaviour::Busy(503, "0".to_owned())];
    assert_eq!(tried(&setup, &client, Method::POST, &failures).await, (400, 3));
    let received = setup.deployment.received();
    let mut dates: Vec<_> =
        received.iter().map(|received| received.request.text("date").unwrap()).collect();
    dates.dedup();
    assert_eq!(dates.len(), 3, "{dates:?}");
    assert!(received.iter().all(|received| received.verdict.is_ok()));
}
