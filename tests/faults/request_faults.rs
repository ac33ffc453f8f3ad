//! What if the deployment fails while the request is still being sent to it?

use std::time::{Duration, Instant};

use crate::cloud::{Cloud, call, deadline};
use crate::function::{is_echo, refusal};
use crate::tally::tried;
use crate::upstream::{End, Fault, Script, Step, Upstream, answer};

/// How much of a request is read before it fails; it has more than 5 MiB.
const READ: [usize; 9] = [0, 1, 17, 500, 1_000, 20_000, 300_000, 1_000_000, 5_000_000];

#[tokio::test]
async fn a_request_that_is_broken_off_is_an_error_or_sent_again() {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let function = cloud.function([upstream.port()]).ready().await;
    let rest = function.descriptors();
    let body = format!("\"{}\"", "x".repeat(5 * 1024 * 1024));
    let mut faults = 0;
    for end in [End::Close, End::Vanish, End::Reset] {
        for read in READ {
            let after = format!("{end:?} after {read} bytes of a request");
            let broken = Fault::Early(read, Script::new([], end));
            upstream.fails(broken.clone());
            let once = function.exchange(call(&upstream.once(), "", &body)).await;
            let expected = (502, "DeploymentAnswerInvalid".to_owned());
            assert_eq!(refusal(&once), expected, "{after}: {}", function.last_line());
            upstream.fails(broken);
            let again = function.exchange(call(&upstream.url(), "", &body)).await;
            assert!(is_echo(&again, &body), "{after}: {:?}", refusal(&again));
            assert_eq!(upstream.unmet(), 0, "{after}");
            function.serves(&upstream.url(), &after).await;
            function.settles(|| rest + upstream.open(), &after).await;
            faults += 2;
        }
    }
    tried(faults, "requests broken off");
}

#[tokio::test]
async fn a_request_that_nobody_reads_is_given_up_by_the_deadline() {
    let cloud = Cloud::new();
    let mut upstreams = Vec::new();
    for _ in READ {
        upstreams.push(cloud.upstream().await);
    }
    let function = cloud.function(upstreams.iter().map(Upstream::port)).ready().await;
    let body = format!("\"{}\"", "x".repeat(5 * 1024 * 1024));
    let calls = upstreams.iter().zip(READ).map(async |(upstream, read)| {
        upstream.fails(Fault::Early(read, Script::new([], End::Silence)));
        let answer = function.exchange(call(&upstream.url(), &deadline(4.0), &body)).await;
        assert_eq!(refusal(&answer), (504, "DeploymentTimedOut".to_owned()), "{read} bytes read");
        assert_eq!(upstream.unmet(), 0, "{read} bytes read");
    });
    let mut calls = calls.collect::<Vec<_>>().into_iter();
    // Of large bodies two are held at once.
    while let Some(first) = calls.next() {
        let start = Instant::now();
        futures_util::future::join_all([first].into_iter().chain(calls.next())).await;
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    }
    for upstream in &upstreams {
        function.serves(&upstream.url(), "requests that nobody read").await;
    }
    tried(READ.len(), "requests that nobody read");
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_was_read_is_passed_on() {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let function = cloud.function([upstream.port()]).ready().await;
    let rest = function.descriptors();
    let body = format!("\"{}\"", "x".repeat(5 * 1024 * 1024));
    let early = b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let mut faults = 0;
    for end in [End::Silence, End::Close, End::Vanish, End::Reset] {
        for read in READ {
            let after = format!("an early answer and {end:?} after {read} bytes");
            upstream.fails(Fault::Early(read, Script::bytes(early, end)));
            let request = call(&upstream.once(), &deadline(10.0), &body);
            let (status, code) = refusal(&function.exchange(request).await);
            // Whoever closes with bytes unread resets, and a reset may overtake the answer.
            let lost = end != End::Silence && (status, &*code) == (502, "DeploymentAnswerInvalid");
            assert!(status == 413 || lost, "{after}: {status} {code}");
            function.serves(&upstream.url(), &after).await;
            function.settles(|| rest + upstream.open(), &after).await;
            faults += 1;
        }
    }
    tried(faults, "answers before their request was read");
}

#[tokio::test]
async fn an_answer_that_trickles_is_passed_on_whole() {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let function = cloud.function([upstream.port()]).ready().await;
    let body = function.body();
    let bytes = answer("", body.as_bytes()).into_iter().map(|byte| Step::Send(vec![byte]));
    upstream.fails(Fault::Answer(Script::new(bytes, End::Keep)));
    let answer = function.exchange(call(&upstream.once(), "", &body)).await;
    assert!(is_echo(&answer, &body), "{answer:?}");
    tried(1, "answer in packets of one byte");
}
