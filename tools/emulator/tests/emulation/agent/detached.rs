//! Calls whose caller does not wait.

use std::time::Duration;

use emulator::agent::{Agent, BODY_LIMIT, Invocation, Outcome, Program, WAITING};
use emulator::clock;
use tokio::sync::mpsc::{Receiver, channel, error::TryRecvError};
use tokio::task::yield_now;

use super::{OK, bounded, call, failure, message, misbehave, start, state, until};

/// The function with a destination for each way to end.
struct Destinations {
    success: Receiver<Outcome>,
    failure: Receiver<Outcome>,
}

fn with_destinations(program: Program) -> (Program, Destinations) {
    let (on_success, success) = channel(1);
    let (on_failure, failure) = channel(1);
    let program = program.on_success(on_success).on_failure(on_failure);
    (program, Destinations { success, failure })
}

async fn started(arguments: &[&str]) -> (Agent, Destinations) {
    let (program, destinations) = with_destinations(misbehave(arguments));
    (start(program).await, destinations)
}

fn accepted(agent: &Agent) -> String {
    let answer = agent.call_detached(Invocation::json("{}"));
    assert_eq!((answer.status, answer.body.len()), (202, 0), "{answer:?}");
    let id = String::from_utf8(answer.header("fn-call-id").unwrap().to_vec()).unwrap();
    assert_eq!(id.len(), 26);
    id
}

#[tokio::test]
async fn a_detached_call_is_accepted_at_once_and_its_success_goes_to_one_destination() {
    let (agent, mut destinations) = started(&["link", "report"]).await;
    let id = accepted(&agent);
    let outcome = bounded(destinations.success.recv()).await.unwrap();
    assert_eq!((outcome.call_id.as_str(), outcome.is_success()), (id.as_str(), true));
    let report = String::from_utf8(outcome.answer.body.to_vec()).unwrap();
    assert!(report.contains(&format!("\r\nFn-Call-Id: {id}\r\n")), "{report}");
    assert!(report.contains("\r\nFn-Invoke-Type: detached\r\n"), "{report}");
    assert!(!report.contains("Fn-Intent"), "{report}");
    assert_eq!(destinations.failure.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn a_failure_goes_to_the_other_destination_without_the_functions_body() {
    for (status, text) in [(502, "function failed"), (504, "Timed out")] {
        let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\ninner");
        let (agent, mut destinations) = started(&["link", "reply", &reply]).await;
        let id = accepted(&agent);
        let outcome = bounded(destinations.failure.recv()).await.unwrap();
        assert_eq!((outcome.call_id.as_str(), outcome.is_success()), (id.as_str(), false));
        assert_eq!(message(&outcome.answer), failure(status, text, true));
        assert_eq!(destinations.success.try_recv(), Err(TryRecvError::Empty));
    }
}

#[tokio::test]
async fn a_detached_call_has_a_limit_of_its_own() {
    let hour = Duration::from_secs(3600);
    let program = misbehave(&["link", "report"]).detached_timeout(hour);
    let (program, mut destinations) = with_destinations(program);
    let agent = start(program).await;
    let before = clock::rfc3339(clock::now() + hour);
    accepted(&agent);
    let outcome = bounded(destinations.success.recv()).await.unwrap();
    let after = clock::rfc3339(clock::now() + hour);
    let report = String::from_utf8(outcome.answer.body.to_vec()).unwrap();
    let deadline = report.split("\r\nFn-Deadline: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(*before <= *deadline && *deadline <= *after, "{before} {deadline} {after}");

    let program = misbehave(&["link", "hang"]).detached_timeout(Duration::from_millis(100));
    let (program, mut destinations) = with_destinations(program);
    let agent = start(program).await;
    accepted(&agent);
    let outcome = bounded(destinations.failure.recv()).await.unwrap();
    assert_eq!(message(&outcome.answer), failure(504, "Timed out", false));
}

#[tokio::test]
async fn detached_calls_and_others_wait_for_each_other_in_one_container() {
    let (agent, mut destinations) = started(&["link", "report"]).await;
    let ids = [accepted(&agent), accepted(&agent)];
    assert_eq!(call(&agent).await.status, 200);
    for id in ids {
        assert_eq!(bounded(destinations.success.recv()).await.unwrap().call_id, id);
    }
    assert_eq!(agent.starts(), 1);
}

#[tokio::test]
async fn what_no_function_gets_is_refused_and_not_accepted() {
    let (agent, mut destinations) = started(&["link", "report"]).await;
    let large = Invocation::json(vec![b'x'; BODY_LIMIT + 1]);
    assert_eq!(agent.call_detached(large).status, 413);
    let broken = agent.call_detached(Invocation::json("{}").header("no name", "1"));
    assert_eq!(broken.status, 400);
    let gateway = agent.call_detached(Invocation::json("{}").through_gateway("POST", "/p"));
    assert_eq!(message(&gateway), failure(400, "a gateway calls nothing detached", true));
    // Nothing of them reached the function.
    assert_eq!(call(&agent).await.status, 200);
    assert_eq!(agent.lines().iter().filter(|line| *line == "called out").count(), 1);
    assert_eq!(destinations.success.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(destinations.failure.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn no_more_detached_calls_wait_than_the_bound_and_those_that_end_make_room() {
    let (agent, mut destinations) = started(&["link", "reply", OK]).await;
    for _ in 0..WAITING {
        accepted(&agent);
    }
    let refused = agent.call_detached(Invocation::json("{}"));
    assert_eq!(message(&refused), failure(429, "Too many requests", true));
    bounded(destinations.success.recv()).await.unwrap();
    bounded(async {
        while agent.call_detached(Invocation::json("{}")).status != 202 {
            yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_outcome_without_a_destination_is_lost_and_the_call_was_made() {
    let agent = start(misbehave(&["link", "report"])).await;
    accepted(&agent);
    let (program, destinations) = with_destinations(misbehave(&["link", "report"]));
    let other = start(program).await;
    drop(destinations);
    accepted(&other);
    for agent in [agent, other] {
        until(|| agent.lines().iter().any(|line| line == "called out")).await;
    }
}

#[tokio::test]
async fn stopping_and_dropping_end_the_calls_that_go_on() {
    let (stopped, mut one) = started(&["link", "hang"]).await;
    let (dropped, mut two) = started(&["link", "hang"]).await;
    let pids = [&stopped, &dropped].map(|agent| {
        accepted(agent);
        accepted(agent);
        agent.pid().unwrap()
    });
    bounded(stopped.stop()).await;
    // None that waited started another container.
    assert_eq!(stopped.starts(), 1);
    drop(dropped);
    for pid in pids {
        until(|| state(pid).is_none_or(|state| state == "Z")).await;
    }
    assert_eq!(bounded(two.failure.recv()).await, None);
    drop(stopped);
    assert_eq!(bounded(one.failure.recv()).await, None);
}
