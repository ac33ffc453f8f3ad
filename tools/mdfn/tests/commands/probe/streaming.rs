//! Whether an answer passes the gateway in pieces.

use std::net::Ipv4Addr;
use std::time::Duration;

use emulator::api_gateway::{ApiGateway, GATEWAY, Habit, KeySet};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Setup, ended};
use crate::Done;

/// A server that answers each request with this many events, so long apart.
async fn server(events: u32, gap: Duration) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut head).await.unwrap() > 0);
            }
            let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
            assert!(head.starts_with("get /events http/1.1"), "{head}");
            let start = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(start.as_bytes()).await.unwrap();
            for number in 0..events {
                if number > 0 {
                    sleep(gap).await;
                }
                stream.write_all(b"9\r\ndata: x\n\n\r\n").await.unwrap();
            }
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
    });
    (url, serving)
}

/// Asks the fifth question of a gateway.
async fn probed(setup: &Setup, gateway: &ApiGateway, backend: &str) -> Done {
    let url = gateway.url();
    let options = ["--yes", "--only", "5", "--gateway", GATEWAY, "--gateway-endpoint", &url];
    setup.run(&[&options[..], &["--stream-backend", backend]].concat()).await
}

#[tokio::test]
async fn a_gateway_that_passes_pieces_on_is_told_from_one_that_collects_them() {
    let (backend, serving) = server(6, Duration::from_millis(500)).await;
    for (habit, said) in [(Habit::None, "yes: "), (Habit::Collects, "no: the answer came after ")] {
        let setup = Setup::new().await;
        let gateway =
            ApiGateway::start_with(setup.user.clone(), &setup.tls, KeySet::Refuses, habit);
        let gateway = gateway.await.unwrap();
        let done = probed(&setup, &gateway, &backend).await;
        ended(&done, 0, &[said, "Nothing is left behind."]);
        if habit == Habit::None {
            // Those of the six that arrive together are one.
            let count =
                done.stdout.split(said).nth(1).unwrap().split_once(" pieces in ").unwrap().0;
            assert!((3..=6).contains(&count.parse().unwrap()), "{done:?}");
        }
        let evidence = setup.question(5)["evidence"].clone();
        let statuses: Vec<_> =
            evidence.as_array().unwrap().iter().map(|seen| seen["status"].clone()).collect();
        assert_eq!(statuses, [200, 200, 200, 200].map(|status| json!(status)), "{evidence}");
        assert!(!setup.report().to_string().contains("eyJ"), "a token is in the report");
        assert!(gateway.deployments().is_empty());
    }
    serving.abort();
}

#[tokio::test]
async fn a_server_that_is_short_or_not_there_gives_no_answer() {
    let (short, serving) = server(3, Duration::from_millis(10)).await;
    // A port that is taken, where nobody listens.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let gone = format!("http://{}/", nobody.local_addr().unwrap());
    for (backend, said) in [
        (&short, "no answer: the server's answer was over after"),
        (&gone, "no answer: the server behind the gateway is answered with 502"),
    ] {
        let setup = Setup::new().await;
        let gateway = ApiGateway::start(setup.user.clone(), &setup.tls, KeySet::Refuses).await;
        ended(&probed(&setup, &gateway.unwrap(), backend).await, 3, &[said]);
    }
    serving.abort();
}

#[tokio::test]
async fn it_is_asked_with_a_gateway_and_a_server_only_and_shown_before() {
    let setup = Setup::new().await;
    let done = setup.run(&["--yes", "--only", "5", "--gateway", GATEWAY]).await;
    ended(&done, 2, &["question 5: it needs --stream-backend"]);
    for url in ["10.0.0.2/x", "ftp://a/", "http://user@a/", "http://a/${request.path[x]}"] {
        let options = ["--yes", "--gateway", GATEWAY, "--stream-backend", url];
        ended(&setup.run(&options).await, 2, &["expected the http or https URL of a server"]);
    }
    let known = ["--only", "5", "--gateway", GATEWAY, "--stream-backend", "http://10.0.0.2/x"];
    let done = setup.run(&[&known[..], &["--dry-run"]].concat()).await;
    ended(
        &done,
        0,
        &[
            "A deployment that leads to http://10.0.0.2/x, to API Gateway:",
            "POST /20190501/deployments",
            "GET its own address, with a token of this probe",
        ],
    );
    assert!(setup.functions.asked().is_empty());
}
