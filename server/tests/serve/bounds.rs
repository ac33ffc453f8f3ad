//! Is there an end to everything that clients can ask for?

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::client::{Client, exchange, request, status};
use crate::server::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_beyond_the_bound_is_told_when_to_come_again_and_the_others_go_on() {
    let setup = Setup::new().await.with("MAX_CONCURRENT", "1");
    let server = setup.start().await;
    let url = setup.upstream.url();
    let mut first = Client::connect(&server.address).await;
    first.send(request(&url, "ticks", "", "{}")).await;
    first.read_until("\"n\": 0").await;
    let second = exchange(&server.address, request(&url, "echo", "", "{}")).await;
    assert_eq!(status(&second), 503);
    assert!(second.contains("retry-after: 1") && second.contains("TooManyCalls"), "{second}");
    assert!(first.read_to_end().await.contains("\"n\": 9"));
    // The place is given back with the end of the answer.
    let third = exchange(&server.address, request(&url, "echo", "", "{}")).await;
    assert_eq!(status(&third), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_not_admitted_is_told_so_when_the_limit_of_calls_is_reached() {
    let setup = Setup::new().await.with("MAX_CONCURRENT", "1");
    let file = setup.directory.path().join("secret");
    std::fs::write(&file, "a-secret-of-the-gateway").unwrap();
    let setup = setup.with("GATEWAY_SECRET_FILE", file.display().to_string());
    let server = setup.start().await;
    let url = setup.upstream.url();
    let secret = "x-gateway-secret: a-secret-of-the-gateway\r\n";
    let mut first = Client::connect(&server.address).await;
    first.send(request(&url, "endless", secret, "{}")).await;
    first.read_until("\"n\": 0").await;
    for (more, expected) in [("", 403), (secret, 503)] {
        let answer = exchange(&server.address, request(&url, "echo", more, "{}")).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_one_by_one_and_together() {
    let setup = Setup::new().await.with("MAX_BODY", "100000").with("MAX_BUFFERED", "200000");
    let server = setup.start().await;
    let url = setup.upstream.url();
    let body = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
    for (size, expected) in [(100_000, 200), (100_001, 413)] {
        let answer = exchange(&server.address, request(&url, "echo", "", &body(size))).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
    let chunked = |size: usize| {
        let head = request(&url, "echo", "", "")
            .replace("content-length: 0", "transfer-encoding: chunked");
        format!("{head}{size:x}\r\n{}\r\n0\r\n\r\n", body(size))
    };
    assert_eq!(status(&exchange(&server.address, chunked(100_000)).await), 200);
    assert_eq!(status(&exchange(&server.address, chunked(100_001)).await), 413);
    // Who asks first is not asked for a body that is too large.
    let asking =
        request(&url, "echo", "expect: 100-continue\r\n", "").replace(": 0\r", ": 200000\r");
    let refused = exchange(&server.address, asking).await;
    assert_eq!(status(&refused), 413, "{refused}");
    // Two that wait for their answers hold what there is.
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(&server.address).await;
        client.send(request(&url, "silent", "", &body(90_000))).await;
        waiting.push(client);
    }
    setup.upstream.received(4).await;
    let third = exchange(&server.address, request(&url, "echo", "", &body(90_000))).await;
    assert!(status(&third) == 503 && third.contains("BuffersFull"), "{third}");
    assert!(third.contains("retry-after: 1"), "{third}");
    drop(waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_limits_let_small_bodies_in() {
    let setup = Setup::new().await.with("MAX_BODY", "1000").with("MAX_BUFFERED", "1000");
    let server = setup.start().await;
    let url = setup.upstream.url();
    for (size, expected) in [(2, 200), (1000, 200), (1001, 413)] {
        let body = format!("\"{}\"", "x".repeat(size - 2));
        let answer = exchange(&server.address, request(&url, "echo", "", &body)).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_more_than_8_kib_is_refused_as_the_function_does() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let url = setup.upstream.url();
    for (length, expected) in [(8192, 200), (8193, 400), (64_000, 400)] {
        let query = "a".repeat(length - "/m/echo".len());
        let answer =
            exchange(&server.address, request(&url, &format!("echo?{query}"), "", "{}")).await;
        assert_eq!(status(&answer), expected, "{length}: {answer}");
        assert_eq!(answer.contains("the URL is longer than 8192 bytes"), expected == 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_1000_connections_at_once_twice_all_are_told_that_they_are_too_many_and_a_stream_goes_on()
 {
    raise_open_files();
    let setup = Setup::new().await.with("MAX_CONCURRENT", "1");
    let server = setup.start().await;
    let url = setup.upstream.url();
    let mut stream = Client::connect(&server.address).await;
    stream.send(request(&url, "endless", "", "{}")).await;
    stream.read_until("\"n\": 0}").await;
    // They are taken in order: these come before those beyond.
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(Client::connect(&server.address).await);
    }
    let turned_away = async {
        // As many at once as may wait to be taken: of more the kernel drops some in silence.
        for _ in 0..2 {
            let mut beyond = JoinSet::new();
            for _ in 0..1000 {
                let address = server.address.clone();
                beyond.spawn(async move { Client::connect(&address).await.read_to_end().await });
            }
            while let Some(answer) = beyond.join_next().await {
                let answer = answer.unwrap();
                assert!(status(&answer) == 503 && answer.ends_with("at the moment\"}"), "{answer}");
            }
        }
    };
    tokio::pin!(turned_away);
    let before = stream.came.len();
    loop {
        tokio::select! {
            () = &mut turned_away => break,
            went_on = stream.read() => assert!(went_on, "{}", stream.text()),
        }
    }
    // Ten more events, and none is missing.
    let last = stream.text().matches("data: ").count() + 9;
    let text = stream.read_until(&format!("\"n\": {last}}}")).await;
    let events = text.split("data: {\"n\": ").skip(1).enumerate();
    assert!(events.clone().all(|(at, event)| event.starts_with(&format!("{at}}}"))), "{text}");
    let times = stream.came.iter().skip(before).map(|(at, _)| *at);
    let pause = times.clone().zip(times.skip(1)).map(|(earlier, later)| later - earlier).max();
    assert!(pause < Some(Duration::from_secs(5)), "{pause:?}");
    // A line a second at most says so.
    let lines = server.lines().iter().filter(|line| line["code"] == "TooManyConnections").count();
    assert!((1..60).contains(&lines), "{lines}");
    // Whoever was there before is served, once the stream has given back its place.
    drop(stream);
    server.line(|line| line["status"] == 499).await;
    let mut answers = Vec::new();
    for mut first in idle {
        first.send(request(&url, "echo", "", "{}")).await;
        answers.push(status(&first.read_to_end().await));
    }
    assert!(answers.ends_with(&[200]), "{answers:?}");
}

/// Lets this process open as many files as it may.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_drip_are_given_up_and_others_are_served_meanwhile() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let url = setup.upstream.url();
    let start = Instant::now();
    let mut head = Client::connect(&server.address).await;
    head.send("POST / HTTP/1.1\r\nhost: ").await;
    let mut body = Client::connect(&server.address).await;
    body.send(request(&url, "echo", "", &"x".repeat(100)).trim_end_matches('x')).await;
    let other = exchange(&server.address, request(&url, "echo", "", "{}")).await;
    assert_eq!(status(&other), 200);
    assert_eq!(head.read_to_end().await, "");
    let took = start.elapsed();
    assert!((9..14).contains(&took.as_secs()), "{took:?}");
    let late = body.read_to_end().await;
    assert!(status(&late) == 408 && late.contains("RequestTimeout"), "{late}");
    assert!(start.elapsed().as_secs() < 25, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_with_its_time_in_the_middle_of_its_answer_too() {
    let setup = Setup::new().await.with("CALL_TIMEOUT", "2");
    let server = setup.start().await;
    let url = setup.upstream.url();
    let endless = exchange(&server.address, request(&url, "endless", "", "{}")).await;
    assert!(
        endless.contains("event: error") && endless.contains("DeploymentTimedOut"),
        "{endless}"
    );
    let silent = exchange(&server.address, request(&url, "silent", "", "{}")).await;
    assert!(status(&silent) == 504 && silent.contains("DeploymentTimedOut"), "{silent}");
}
