//! What if the process is stopped in any phase of a call, as the platform and a busy machine do, and goes on after a while?

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use crate::agent::{Connection, PATIENCE};
use crate::cloud::{Cloud, call};
use crate::function::{Function, is_echo};
use crate::tally::tried;
use crate::upstream::{End, Fault, Gate, Script, Step, answer, chunked};

/// Where the process is stopped.
#[derive(Clone, Copy, Debug)]
enum Phase {
    BeforeTheRequest,
    InTheHead,
    InTheBody,
    Connecting,
    Waiting,
    InTheAnswersHead,
    InTheAnswer,
    InTheAnswersChunks,
    BeforeTheAnswerIsRead,
}

const PHASES: [Phase; 9] = [
    Phase::BeforeTheRequest,
    Phase::InTheHead,
    Phase::InTheBody,
    Phase::Connecting,
    Phase::Waiting,
    Phase::InTheAnswersHead,
    Phase::InTheAnswer,
    Phase::InTheAnswersChunks,
    Phase::BeforeTheAnswerIsRead,
];

/// A function of its own, which is stopped for this long in this phase.
async fn stopped(phase: Phase, time: Duration) {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let function = cloud.function([upstream.port()]).ready().await;
    let rest = function.descriptors();
    if !matches!(phase, Phase::Connecting) {
        function.serves(&upstream.url(), "nothing").await;
    }
    let body = function.body();
    // A POST that is not repeated has to outlive it as well, but for a connection that is older than the stop.
    let request = call(&upstream.once(), "", &body);
    let mut agent = function.connect().await;
    let cut = match phase {
        Phase::BeforeTheRequest => 0,
        Phase::InTheHead => 40,
        Phase::InTheBody => request.len() - 3,
        _ => request.len(),
    };
    let gate = Gate::new();
    if let Some(fault) = held(phase, &body, &gate) {
        upstream.fails(fault);
    }
    agent.send(&request[..cut]).await;
    match phase {
        Phase::BeforeTheRequest => {}
        // Another call's answer says that these bytes have been read.
        Phase::InTheHead | Phase::InTheBody => function.serves(&upstream.url(), "half").await,
        Phase::BeforeTheAnswerIsRead => function.logs("message=predicted", 0).await,
        _ => gate.reached().await,
    }
    function.signal("STOP");
    function.is_stopped().await;
    // What comes while it is stopped, comes: the rest of the request, the rest of the answer.
    agent.send(&request[cut..]).await;
    gate.open();
    sleep(time).await;
    function.signal("CONT");
    answered(&function, &mut agent, &body, phase).await;
    drop(agent);
    function.serves(&upstream.url(), &format!("a stop {phase:?}")).await;
    function.settles(|| rest + upstream.open(), &format!("a stop {phase:?}")).await;
}

async fn answered(function: &Function, agent: &mut Connection, body: &str, phase: Phase) {
    let answer = agent.answer().await;
    assert!(is_echo(&answer, body), "stopped {phase:?}: {answer:?}\n{}", function.last_line());
}

/// How the deployment waits for the stop, if it does.
fn held(phase: Phase, body: &str, gate: &Arc<Gate>) -> Option<Fault> {
    let wait = || Step::Wait(gate.clone());
    let split = |whole: Vec<u8>, at: usize| {
        let steps = [Step::Send(whole[..at].to_vec()), wait(), Step::Send(whole[at..].to_vec())];
        Fault::Answer(Script::new(steps, End::Keep))
    };
    let whole = answer("", body.as_bytes());
    let length = whole.len();
    match phase {
        Phase::Connecting => Some(Fault::Clear(Script::new([wait()], End::Keep))),
        Phase::Waiting => Some(split(whole, 0)),
        Phase::InTheAnswersHead => Some(split(whole, 20)),
        Phase::InTheAnswer => Some(split(whole, length - 5)),
        Phase::InTheAnswersChunks => {
            let whole = chunked("", body.as_bytes());
            let length = whole.len();
            Some(split(whole, length - 25))
        }
        _ => None,
    }
}

async fn stopped_in_every_phase(time: Duration) {
    join_all(PHASES.map(|phase| stopped(phase, time))).await;
    tried(PHASES.len(), &format!("stops of {time:?}"));
}

/// What is asked on each connection before the function is told to end.
const ASKED: usize = 20;

/// One connection's requests in one piece, each with a body of its own, and how many answers have come in the end.
async fn asked(stream: &mut UnixStream, url: &str, connection: usize) {
    let fill = "x".repeat(2000);
    let requests = (0..ASKED)
        .flat_map(|number| call(url, "", format!("{{\"call\":\"{connection}-{number}-{fill}\"}}")));
    let requests: Vec<u8> = requests.collect();
    timeout(PATIENCE, stream.write_all(&requests)).await.unwrap().unwrap();
}

/// Reads to the end, which is no reset, and has the answer to each request in turn.
async fn all_answered(mut stream: UnixStream, connection: usize, how: &str) {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it ends in time");
    let text = String::from_utf8_lossy(&bytes);
    assert!(read.is_ok(), "{how}, {connection}: {read:?} after {} bytes", bytes.len());
    for number in 0..ASKED {
        let echo = format!("{{\"echo\":{{\"call\":\"{connection}-{number}-");
        assert!(text.contains(&echo), "{how}: no answer to {connection}-{number}");
    }
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), ASKED, "{how}, {connection}");
}

#[tokio::test]
async fn what_was_asked_on_32_connections_before_the_end_is_answered() {
    for (how, frozen) in [("while it runs", false), ("while it is frozen", true)] {
        let cloud = Cloud::new();
        let upstream = cloud.upstream().await;
        let function = cloud.function([upstream.port()]).ready().await;
        let mut streams = Vec::new();
        for _ in 0..16 {
            streams.push(function.raw().await);
        }
        // Those are accepted, and the others wait for it in the kernel.
        function.serves(&upstream.url(), "nothing").await;
        if frozen {
            function.signal("STOP");
            function.is_stopped().await;
        }
        for _ in 0..16 {
            streams.push(function.raw().await);
        }
        // Two that nobody asks anything on: they end at once, and keep nobody waiting.
        let silent = [function.raw().await, function.raw().await];
        for (number, stream) in streams.iter_mut().enumerate() {
            asked(stream, &upstream.url(), number).await;
        }
        function.signal("TERM");
        if frozen {
            function.signal("CONT");
        }
        let answers = streams.into_iter().enumerate();
        join_all(answers.map(|(number, stream)| all_answered(stream, number, how))).await;
        for mut stream in silent {
            assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), 0, "{how}");
        }
        let log = function.ended().await;
        assert!(!log.contains("unfinished"), "{log}");
    }
    tried(2 * 32 * ASKED, "requests that were written before the end");
}

/// Longer than an answer of announced length may pause.
#[tokio::test]
async fn a_stop_of_seconds_in_any_phase_loses_no_call() {
    stopped_in_every_phase(Duration::from_millis(3500)).await;
}

/// Longer than a connection may take to be made, or be kept.
#[tokio::test]
async fn a_stop_of_a_minute_in_any_phase_loses_no_call() {
    stopped_in_every_phase(Duration::from_secs(61)).await;
}
