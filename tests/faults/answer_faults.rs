//! What if the deployment's answer fails, at any byte, or is no answer at all?

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::agent::Answer;
use crate::cloud::{Cloud, call, deadline};
use crate::function::{Function, is_echo, refusal};
use crate::strange::{bodies, endless, heads};
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
    // All at once, a stall costs nothing but time; on connections that are there, since so many take some.
    let scene = Scene::new(stalled.len()).await;
    for upstream in &scene.upstreams {
        scene.function.serves(&upstream.url(), "nothing").await;
    }
    let (start, headers) = (Instant::now(), deadline(5.0));
    let calls = scene.upstreams.iter().zip(&stalled).map(async |(upstream, sent)| {
        let answer = scene.once(upstream, Script::bytes(&**sent, End::Silence), &headers, body);
        let (answer, at) = (answer.await, sent.len());
        assert_eq!(refusal(&answer), (504, "DeploymentTimedOut".to_owned()), "at byte {at}");
        assert_eq!(upstream.unmet(), 0, "at byte {at}");
    });
    join_all(calls).await;
    // The limit counts from the second of the call, which this machine may have been late to dispatch.
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());
    for upstream in &scene.upstreams {
        scene.function.serves(&upstream.url(), "stalls").await;
    }
    tried(stalled.len(), "answers that stalled");
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_and_bounded() {
    let strange = [heads(), bodies(), endless()].concat();
    let scene = Scene::new(1).await;
    let upstream = &scene.upstreams[0];
    let memory = scene.function.status("VmRSS");
    for (what, script, status, code) in &strange {
        let start = Instant::now();
        // Where it is read to its limit, a machine that does other things as well takes a while.
        let seconds: f64 = if *status == 504 { 2.0 } else { 10.0 };
        let answer = scene.once(upstream, script.clone(), &deadline(seconds), "{}").await;
        assert!(start.elapsed().as_secs_f64() < seconds + 3.0, "{what}: {:?}", start.elapsed());
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
async fn an_answer_that_comes_late_on_a_kept_connection_is_never_that_of_another_deployment() {
    let scene = Scene::new(1).await;
    let upstream = &scene.upstreams[0];
    let forged = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n\"forged\"";
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let rounds = 5;
    for round in 0..rounds {
        // The first deployment answers, keeps its connection, and has another answer ready for whoever asks there next.
        let late = [Step::Send(first.to_vec()), Step::Hear, Step::Send(forged.to_vec())];
        upstream.fails(Fault::Answer(Script::new(late, End::Close)));
        let answer = scene.function.exchange(call(&upstream.url(), "", "{}")).await;
        assert_eq!((answer.status(), &answer.body[..]), (200, &b"{}"[..]));
        scene.function.serves(&upstream.url_of(round), "a late answer").await;
        // It deceives nobody but its own callers.
        let answer = scene.function.exchange(call(&upstream.url(), "", "{}")).await;
        assert_eq!(answer.body, b"\"forged\"");
    }
    tried(rounds, "answers that came late");
}

#[tokio::test]
async fn a_deployment_keeps_its_connection_and_those_of_many_are_bounded() {
    let scene = Scene::new(1).await;
    let upstream = &scene.upstreams[0];
    for round in 0..3 {
        for number in 0..16 {
            scene.function.serves(&upstream.url_of(number), "others").await;
        }
        assert_eq!(upstream.connections(), 16, "in round {round}");
    }
    for number in 16..64 {
        scene.function.serves(&upstream.url_of(number), "many").await;
    }
    assert_eq!(upstream.connections(), 64);
    scene.function.settles(|| scene.rest + 16, "connections of 64 deployments").await;
    tried(64, "deployments on one host");
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
        connection.send(call(&flooding.url(), &deadline(2.0), "{}")).await;
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
