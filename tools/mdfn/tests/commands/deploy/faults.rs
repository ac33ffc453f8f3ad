//! The network and the service fail on the way.

use std::net::Ipv4Addr;
use std::time::Duration;

use emulator::functions::Fault;
use http::Method;
use tokio::net::TcpSocket;

use super::{HERE, Setup, archive, ended};

#[tokio::test]
async fn an_upload_that_breaks_off_makes_nothing_and_says_how_to_look() {
    let setup = Setup::new(HERE).await;
    setup.write("function.zip", &archive(5_000_000));
    setup.functions.add_fault(Method::POST, Fault::BreaksOff(1_000_000));
    let done = setup.deploy(&[]).await;
    let advice = "It is unknown whether it was made: run the same command again";
    ended(&done, 3, &["the function cannot be made", advice]);
    assert!(setup.functions.functions().is_empty());
    // The create is not sent a second time by itself, and is by the person.
    assert_eq!(setup.changes(), ["POST"]);
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_by_its_name() {
    let setup = Setup::new(HERE).await;
    setup.functions.add_fault(Method::POST, Fault::LosesAnswer);
    ended(&setup.deploy(&[]).await, 3, &["finds it by its name if it was"]);
    let id = setup.function()["id"].as_str().unwrap().to_owned();
    ended(&setup.deploy(&[]).await, 0, &[&format!("{id} is up to date; nothing changes")]);
    assert_eq!(setup.changes(), ["POST"]);
}

#[tokio::test]
async fn an_update_that_breaks_off_is_sent_again() {
    let setup = Setup::new(HERE).await;
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    setup.write("function.zip", &archive(2_000_000));
    setup.functions.add_fault(Method::PUT, Fault::BreaksOff(500_000));
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    assert_eq!(setup.changes(), ["POST", "PUT", "PUT"]);
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_not_carried_out_twice() {
    let setup = Setup::new(HERE).await;
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    setup.functions.add_fault(Method::PUT, Fault::LosesAnswer);
    let memory = ["--memory", "256"];
    let advice = "or by an attempt whose answer was lost: run the same command again";
    ended(&setup.deploy(&memory).await, 3, &["status 412, code NoEtagMatch", advice]);
    assert_eq!(setup.function()["memoryInMBs"], 256);
    ended(&setup.deploy(&memory).await, 0, &["nothing changes"]);
    assert_eq!(setup.changes(), ["POST", "PUT", "PUT"]);
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    let setup = Setup::new(HERE).await;
    setup.functions.add_fault(Method::POST, Fault::Answers(429, "TooManyRequests", Some(1)));
    setup.functions.add_fault(Method::POST, Fault::Answers(503, "ServiceUnavailable", None));
    setup.functions.add_fault(Method::GET, Fault::IsSlow(Duration::from_millis(300)));
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    assert_eq!(setup.changes(), ["POST", "POST", "POST"]);
    for _ in 0..4 {
        setup.functions.add_fault(Method::POST, Fault::Answers(429, "TooManyRequests", Some(1)));
    }
    let done = setup.deploy(&["--name", "b"]).await;
    ended(&done, 3, &["status 429, code TooManyRequests", "wait a minute"]);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_as_that() {
    let setup = Setup::new(HERE).await;
    // A port that is taken, where nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let (archive, config) = (setup.path("function.zip"), setup.path("config"));
    let url = format!("http://{}", silent.local_addr().unwrap());
    let done = tokio::task::spawn_blocking({
        let application = setup.application.clone();
        move || {
            let arguments = ["deploy", "--config-location", &config, "--endpoint", &url];
            let more = ["--archive", &archive, "--application", &application, "--yes"];
            crate::mdfn_with(&[&arguments[..], &more].concat(), &[], "")
        }
    });
    let done = done.await.unwrap();
    ended(&done, 3, &["the application cannot be read", "Nothing was sent: is the region right"]);
}
