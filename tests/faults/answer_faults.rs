//! What if the deployment's answer fails, at any byte, or is no answer at all?

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::agent::Answer;
use crate::cloud::{Cloud, call, deadline};
use crate::function::{Function, is_echo, refusal};
use crate::tally::tried;
use crate::upstream::{End, Fault, Script, Step, Upstream, answer, chunked};

/// A function and its deployments, each of which fails on its own.
struct Scene {
    function: Function,
    upstreams: Vec<Upstream>,
    rest: usize,
    _cloud: Cloud,
}

impl Scene {
    async fn new(upstreams: usize) -> Self {
        let cloud = Cloud::new();
        let upstreams = join_all((0..upstreams).map(|_| cloud.upstream())).await;
        let function = cloud.function(upstreams.iter().map(Upstream::port)).ready().await;
        let rest = function.descriptors();
        Self { function, upstreams, rest, _cloud: cloud }
    }

    async fn recovered(&self, at: &Upstream, after: &str) {
        assert_eq!(at.unmet(), 0, "{after} was not met");
        self.function.serves(&at.url(), after).await;
        let open = || self.upstreams.iter().map(Upstream::open).sum::<usize>();
        self.function.settles(|| self.rest + open(), after).await;
    }

    /// One call of what is not called again.
    async fn once(&self, at: &Upstream, script: Script, headers: &str, body: &str) -> Answer {
        at.fails(Fault::Answer(script));
        self.function.exchange(call(&at.once(), headers, body)).await
    }
}

type Framing = fn(&str, &[u8]) -> Vec<u8>;

#[tokio::test]
async fn an_answer_that_is_cut_at_any_byte_is_never_taken_for_a_whole_one() {
    let scene = Scene::new(1).await;
    let upstream = &scene.upstreams[0];
    let (mut faults, mut memory) = (0, 0);
    let framings: [Framing; 2] = [answer, chunked];
    for framing in framings {
        for end in [End::Close, End::Vanish, End::Reset] {
            let body = scene.function.body();
            let whole = framing("", body.as_bytes());
            for cut in 0..=whole.len() {
                if faults == 100 {
                    memory = scene.function.status("VmRSS");
                }
                let after = format!("{end:?} at byte {cut} of {}", whole.len());
                let script = Script::bytes(&whole[..cut], end);
                let answer = scene.once(upstream, script, "", &body).await;
                let refused = refusal(&answer) == (502, "DeploymentAnswerInvalid".to_owned());
                let fits = match (cut == whole.len(), end) {
                    (true, End::Close | End::Vanish) => is_echo(&answer, &body),
                    // A reset may overtake what was sent before it.
                    (true, _) => is_echo(&answer, &body) || refused,
                    (false, _) => refused,
                };
                assert!(fits, "{after}: {answer:?}\n{}", scene.function.last_line());
                scene.recovered(upstream, &after).await;
                faults += 1;
            }
        }
    }
    let after = scene.function.status("VmRSS");
    println!("{memory} KiB after 100 faults, {after} KiB after {faults}");
    assert!(after < memory + 1024, "{memory} KiB, then {after} KiB");
    tried(faults, "answers cut");
}

#[tokio::test]
async fn a_prediction_outlives_a_cut_at_any_byte() {
    let scene = Scene::new(16).await;
    let length = answer("", scene.function.body().as_bytes()).len();
    let lanes = scene.upstreams.iter().enumerate().map(async |(lane, upstream)| {
        let cuts = (lane..length).step_by(scene.upstreams.len());
        for cut in cuts.clone() {
            let body = scene.function.body();
            let whole = answer("", body.as_bytes());
            let end = if cut % 2 == 0 { End::Vanish } else { End::Reset };
            upstream.fails(Fault::Answer(Script::bytes(&whole[..cut.min(whole.len() - 1)], end)));
            let before = upstream.requests();
            let answer = scene.function.exchange(call(&upstream.url(), "", &body)).await;
            assert!(is_echo(&answer, &body), "{end:?} at byte {cut}: {answer:?}");
            assert_eq!(upstream.requests() - before, 2, "{end:?} at byte {cut}");
        }
        cuts.count()
    });
    let faults = join_all(lanes).await.into_iter().sum();
    for upstream in &scene.upstreams {
        scene.recovered(upstream, "cut answers").await;
    }
    tried(faults, "answers cut and asked for again");
}

#[tokio::test]
async fn an_answer_that_stalls_at_any_byte_is_given_up_by_the_deadline() {
    let body = "{\"stalled\":true}";
    let stalled = [answer("", body.as_bytes()), chunked("", body.as_bytes())]
        .into_iter()
        .flat_map(|whole| (0..whole.len()).map(move |cut| whole[..cut].to_vec()));
    let stalled: Vec<Vec<u8>> = stalled.collect();
    // All at once: a stall costs nothing but time.
    let scene = Scene::new(stalled.len()).await;
    let (start, headers) = (Instant::now(), deadline(6.0));
    let calls = scene.upstreams.iter().zip(&stalled).map(async |(upstream, sent)| {
        let answer = scene.once(upstream, Script::bytes(&**sent, End::Silence), &headers, body);
        let (answer, at) = (answer.await, sent.len());
        assert_eq!(refusal(&answer), (504, "DeploymentTimedOut".to_owned()), "at byte {at}");
        assert_eq!(upstream.unmet(), 0, "at byte {at}");
    });
    join_all(calls).await;
    // The limit counts from the second of the call, which this machine may have been late to dispatch.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    for upstream in &scene.upstreams {
        scene.function.serves(&upstream.url(), "stalls").await;
    }
    tried(stalled.len(), "answers that stalled");
}

/// Answers, and what becomes of each: the caller's status and the code of the function, where it is not the deployment's answer.
fn strange() -> Vec<(&'static str, Script, u16, &'static str)> {
    let invalid = "DeploymentAnswerInvalid";
    let known: [(&str, &[u8], End, u16, &str); 33] = [
        ("nothing of HTTP", b"\x00\x01\x02\r\n\r\n", End::Keep, 502, invalid),
        ("HTTP/0.9", b"<html>hello</html>", End::Close, 502, invalid),
        ("the preface of HTTP/2", b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64", End::Keep, 502, invalid),
        ("TLS in TLS", b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\r\n\r\n", End::Keep, 502, invalid),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("a status below 100", b"HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("status 999", b"HTTP/1.1 999 OK\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("status 600", b"HTTP/1.1 600 OK\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("a header without a colon", b"HTTP/1.1 200 OK\r\nnone\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("a header without a name", b"HTTP/1.1 200 OK\r\n: x\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("a header with a zero", b"HTTP/1.1 200 OK\r\nx: \0\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 502, invalid),
        ("a length that is no number", b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}", End::Keep, 502, invalid),
        ("a negative length", b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}", End::Keep, 502, invalid),
        ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", End::Keep, 502, invalid),
        ("a length beyond 64 bits", b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}", End::Keep, 502, invalid),
        ("the largest length", b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551613\r\n\r\n{}", End::Keep, 502, "DeploymentAnswerTooLarge"),
        ("a length too long by 1", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}", End::Close, 502, invalid),
        ("a length too long by much", b"HTTP/1.1 200 OK\r\ncontent-length: 6291456\r\n\r\n{}", End::Vanish, 502, invalid),
        ("a length too long, and silence", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}", End::Silence, 504, "DeploymentTimedOut"),
        ("a length too short", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}{}", End::Keep, 200, ""),
        ("a chunk of 2^64", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n{}", End::Keep, 502, invalid),
        ("a chunk of almost 2^64 that ends", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}", End::Close, 502, invalid),
        ("a chunk size that is none", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxy\r\n{}", End::Keep, 502, invalid),
        ("a negative chunk size", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", End::Keep, 502, invalid),
        ("a chunk without its end", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", End::Keep, 502, invalid),
        ("a trailer without a colon", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nnone\r\n\r\n", End::Keep, 502, invalid),
        ("trailers", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-a: 1\r\nx-b: 2\r\n\r\n", End::Keep, 200, ""),
        ("another protocol", b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x02{}", End::Keep, 502, invalid),
        ("another protocol, unnamed", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", End::Close, 502, invalid),
        ("a 100 that no answer follows", b"HTTP/1.1 100 Continue\r\n\r\n", End::Close, 502, invalid),
        ("100, 102 and 103 before the answer", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", End::Keep, 200, ""),
        ("HTTP/1.0 until the end", b"HTTP/1.0 200 OK\r\n\r\n{}", End::Close, 200, ""),
        ("HTTP/1.0 until a cut", b"HTTP/1.0 200 OK\r\n\r\n{", End::Vanish, 502, invalid),
    ];
    let known = known
        .map(|(what, bytes, end, status, code)| (what, Script::bytes(bytes, end), status, code));
    let head = |text: &str| format!("HTTP/1.1 200 OK\r\n{text}").into_bytes();
    let flood = |first: &str, again: &[u8]| {
        Script::new(
            [Step::Send(first.into()), Step::Flood(again.repeat(4096 / again.len()))],
            End::Close,
        )
    };
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let many = "x: 1\r\n".repeat(20_000);
    let built = [
        ("a head without end", flood(ok, b"x"), 502, invalid),
        ("a header without end", flood("HTTP/1.1 200 OK\r\nx: ", b"y"), 502, invalid),
        ("headers without end", flood(ok, b"x: y\r\n"), 502, invalid),
        ("a reason without end", flood("HTTP/1.1 200 ", b"OK"), 502, invalid),
        ("empty lines without end", flood("", b"\r\n"), 502, invalid),
        (
            "20,000 headers",
            Script::bytes(head(&format!("{many}content-length: 2\r\n\r\n{{}}")), End::Close),
            502,
            invalid,
        ),
        (
            "a body without end",
            flood("HTTP/1.1 200 OK\r\n\r\n", b"0"),
            502,
            "DeploymentAnswerTooLarge",
        ),
        (
            "chunks without end",
            flood(chunks, &[b"400\r\n", &[b'0'; 1024][..], b"\r\n"].concat()),
            502,
            "DeploymentAnswerTooLarge",
        ),
        (
            "a chunk without end",
            flood(&format!("{chunks}ffffffffffffff\r\n"), b"1"),
            502,
            "DeploymentAnswerTooLarge",
        ),
        ("an extension without end", flood(&format!("{chunks}1;"), b"x"), 502, invalid),
        ("extensions without end", flood(chunks, b"1;xxxxxxxx\r\n1\r\n"), 502, invalid),
        ("a chunk size without end", flood(chunks, b"0"), 504, "DeploymentTimedOut"),
        (
            "trailers without end",
            flood(&format!("{chunks}1\r\n1\r\n0\r\n"), b"x: y\r\n"),
            502,
            invalid,
        ),
        ("100 without end", flood("", b"HTTP/1.1 100 Continue\r\n\r\n"), 504, "DeploymentTimedOut"),
        (
            "103 without end",
            flood("", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
            504,
            "DeploymentTimedOut",
        ),
    ];
    known.into_iter().chain(built).collect()
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_and_bounded() {
    let strange = strange();
    let scene = Scene::new(1).await;
    let upstream = &scene.upstreams[0];
    let memory = scene.function.status("VmRSS");
    for (what, script, status, code) in &strange {
        let start = Instant::now();
        let answer = scene.once(upstream, script.clone(), &deadline(3.0), "{}").await;
        assert!(start.elapsed() < Duration::from_secs(5), "{what}: {:?}", start.elapsed());
        assert_eq!(
            refusal(&answer),
            (*status, (*code).to_owned()),
            "{what}: {answer:?}\n{}",
            scene.function.last_line()
        );
        assert!(*status != 200 || answer.body == b"{}", "{what}: {answer:?}");
        scene.recovered(upstream, what).await;
    }
    let (peak, after) = (scene.function.status("VmHWM"), scene.function.status("VmRSS"));
    println!("{memory} KiB before strange answers, {peak} KiB at the peak, {after} KiB after");
    assert!(peak - memory < 32 * 1024, "{peak} KiB");
    tried(strange.len(), "answers that are none");
}

#[tokio::test]
async fn a_second_answer_behind_the_first_is_never_taken_for_that_of_another_call() {
    let scene = Scene::new(1).await;
    let upstream = &scene.upstreams[0];
    let forged = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n\"forged\"";
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let mut faults = 0;
    for behind in [
        &forged[..],
        &forged[..10],
        b"X",
        b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n",
    ] {
        for end in [End::Keep, End::Close, End::Vanish, End::Reset, End::Silence] {
            let script = Script::bytes([first, behind].concat(), end);
            upstream.fails(Fault::Answer(script));
            let answer = scene.function.exchange(call(&upstream.url(), "", "{}")).await;
            assert_eq!(answer.status(), 200);
            scene.recovered(upstream, &format!("two answers and {end:?}")).await;
            faults += 1;
        }
    }
    tried(faults, "answers with another one behind them");
}

#[tokio::test]
async fn a_flood_on_one_connection_stops_no_other_call() {
    let scene = Scene::new(2).await;
    let (flooding, other) = (&scene.upstreams[0], &scene.upstreams[1]);
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let floods = [
        (&b""[..], &b"HTTP/1.1 100 Continue\r\n\r\n"[..]),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (chunked, b"1\r\n1\r\n"),
    ];
    for (first, flood) in floods {
        let steps = [Step::Send(first.to_vec()), Step::Flood(flood.repeat(100))];
        let script = Script::new(steps, End::Close);
        flooding.fails(Fault::Answer(script));
        let mut connection = scene.function.connect().await;
        connection.send(call(&flooding.url(), &deadline(3.0), "{}")).await;
        let mut calls = 0;
        let flooded = async {
            let answer = connection.answer().await;
            assert!(matches!(refusal(&answer).0, 502 | 504), "{answer:?}");
        };
        let others = async {
            loop {
                scene.function.serves(&other.url(), "a flood").await;
                calls += 1;
            }
        };
        tokio::select! { () = flooded => {}, () = others => {} }
        println!("{calls} calls were answered beside a flood");
        assert!(calls > 0);
    }
    scene.recovered(flooding, "floods").await;
    tried(floods.len(), "floods beside other calls");
}
