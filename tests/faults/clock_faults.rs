//! What if a clock jumps: the machine's, the agent's or a service's?

use std::time::{Duration, Instant};

use emulator::deployment::{Behaviour, ModelDeployment};

use crate::agent::Answer;
use crate::cloud::{Cloud, call};
use crate::function::{Function, refusal};
use crate::tally::tried;

const ROW: &str = r#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#;

async fn called(function: &Function, deployment: &ModelDeployment, headers: &str) -> Answer {
    function.exchange(call(&deployment.url("localhost"), headers, ROW)).await
}

/// A refusal of the signature by a service whose clock says this.
fn refused_at(date: &str) -> Behaviour {
    let headers = vec![
        ("date".to_owned(), date.to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    Behaviour::Reply(401, headers, b"{}".to_vec())
}

#[tokio::test]
async fn a_service_whose_clock_is_wild_spoils_no_later_call() {
    let cloud = Cloud::new();
    let (wild, right) = (cloud.deployment().await, cloud.deployment().await);
    let function = cloud.function([wild.port(), right.port()]).ready().await;
    let dates = [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 01 Jan 2001 00:00:00 GMT",
        "Fri, 01 Jan 2100 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "Thu, 01 Jan 1600 00:00:00 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "tomorrow",
        "",
    ];
    for date in dates {
        for _ in 0..2 {
            wild.behave(refused_at(date));
        }
        let (status, code) = refusal(&called(&function, &wild, "").await);
        assert!(matches!(status, 500 | 502) && code.starts_with("Credentials"), "{date}: {code}");
        for deployment in [&right, &wild] {
            deployment.behave_only(Behaviour::Slow(Duration::ZERO));
            let answer = called(&function, deployment, "").await;
            assert_eq!(answer.header("fn-http-status"), Some("200"), "after {date}: {answer:?}");
        }
    }
    tried(dates.len(), "wild clocks of a service");
}

#[tokio::test]
async fn a_machine_whose_clock_is_behind_a_service_signs_by_the_clock_of_the_service() {
    let cloud = Cloud::new();
    let deployment = cloud.deployment().await;
    let function = cloud.function([deployment.port()]).ready().await;
    // The token ends within the hour by whichever clock. More than a day is not believed, and a second may pass.
    let jumps = [600, -600, 1800, -1800, -86_000, 301, -301, 0];
    for jump in jumps {
        deployment.set_clock_offset(jump);
        let answer = called(&function, &deployment, "").await;
        assert_eq!(answer.header("fn-http-status"), Some("200"), "{jump} s: {answer:?}");
    }
    function.logs("the service's clock differs from ours by", 0).await;
    // By the clock of the service the token has expired: nothing helps but another one, or the right clock.
    for jump in [4000, 86_400] {
        deployment.set_clock_offset(jump);
        let (status, code) = refusal(&called(&function, &deployment, "").await);
        assert!(matches!(status, 500 | 502) && code.starts_with("Credentials"), "{jump}: {code}");
        deployment.set_clock_offset(0);
        let answer = called(&function, &deployment, "").await;
        assert_eq!(answer.header("fn-http-status"), Some("200"), "after {jump} s: {answer:?}");
    }
    tried(jumps.len() + 2, "jumps of a service's clock");
}

#[tokio::test]
async fn an_agent_whose_clock_jumps_gets_an_answer_to_every_call() {
    let cloud = Cloud::new();
    let deployment = cloud.deployment().await;
    let function = cloud.function([deployment.port()]).ready().await;
    let past = ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2020-02-29T23:59:60Z"];
    let other = [
        "9999-12-31T23:59:59Z",
        "2999-01-01T00:00:00+14:00",
        "99999-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "yesterday",
        "",
        "\u{ff}",
    ];
    for text in past {
        let start = Instant::now();
        let answer = called(&function, &deployment, &format!("Fn-Deadline: {text}\r\n")).await;
        assert!(answer.status() == 504 || refusal(&answer).0 == 504, "{text}: {answer:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{text}: {:?}", start.elapsed());
    }
    for text in other {
        let answer = called(&function, &deployment, &format!("Fn-Deadline: {text}\r\n")).await;
        assert_eq!(answer.header("fn-http-status"), Some("200"), "{text}: {answer:?}");
    }
    tried(past.len() + other.len(), "jumps of the agent's clock");
}

#[tokio::test]
async fn a_token_that_ends_at_a_jump_of_the_machine_is_replaced_without_a_start() {
    let cloud = Cloud::new();
    let deployment = cloud.deployment().await;
    let ends = [-1, -3600, -86_400 * 365 * 50, 0];
    for end in ends {
        cloud.principal.rotate(end).unwrap();
        let function = cloud.function([deployment.port()]).ready().await;
        let before = deployment.received().len();
        let answer = refusal(&called(&function, &deployment, "").await);
        assert_eq!(answer, (500, "CredentialsUnavailable".to_owned()), "{end} s");
        assert_eq!(deployment.received().len(), before, "an expired token was sent");
        // A valid one serves, and goes on to when an expired one is written over it.
        for end in [86_400 * 365 * 50, end] {
            cloud.principal.rotate(end).unwrap();
            let answer = called(&function, &deployment, "").await;
            assert_eq!(answer.header("fn-http-status"), Some("200"), "after {end} s: {answer:?}");
        }
    }
    tried(ends.len(), "tokens of another time");
}
