//! Is what is asked for what arrives, and is what comes back told as it is?

use std::error::Error as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Method, Response, StatusCode};
use oracle_cloud_client::signature::{
    CredentialsError, CredentialsErrorKind, CredentialsRequest, ProvideCredentials,
};
use oracle_cloud_client::{
    Client, Credentials, Error, RequestOptions, Retry, ServiceError, TransportError,
};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::service::{Service, answer, builder, client, credentials};

#[tokio::test]
async fn an_object_is_stored_under_its_own_name_whatever_characters_it_has() {
    let service = Service::saying("").await;
    let storage = service.service().await;
    for (name, sent) in [
        ("report#1.csv", "report%231.csv"),
        ("what?.csv", "what%3F.csv"),
        ("back\\slash", "back%5Cslash"),
        ("a b.csv", "a%20b.csv"),
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("é", "%C3%A9"),
    ] {
        storage.put(["n", "ns", "b", "bucket", "o", name]).body("x").send().await.unwrap();
        let received = service.received().pop().unwrap();
        assert_eq!(received.target, format!("/n/ns/b/bucket/o/{sent}"), "{name}");
        // As one text it is no path, and nothing is sent.
        let before = service.received().len();
        let path = format!("/n/ns/b/bucket/o/{name}");
        let error = storage.put(&path).body("x").send().await;
        assert_eq!(error.is_err(), !["a/b", "50%"].contains(&name), "{name}");
        let sent = usize::from(error.is_ok());
        assert_eq!(service.received().len() - before, sent, "{name}");
    }
    for segment in ["", ".", ".."] {
        let error = storage.get(["n", segment]).send().await.unwrap_err();
        assert!(matches!(error, Error::Request(_)), "{error:?}");
    }
    let error = storage.get("/n/../x").send().await.unwrap_err();
    assert!(matches!(error, Error::Request(_)), "{error:?}");
}

#[tokio::test]
async fn methods_parameters_headers_and_json_arrive_signed() {
    let service = Service::saying("{}").await;
    let api = client().await.endpoint(&format!("{}/20180418/", service.url)).unwrap();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"] {
        let request = match method {
            "GET" => api.get("/x"),
            "HEAD" => api.head("/x"),
            "POST" => api.post("/x"),
            "PUT" => api.put("/x"),
            "DELETE" => api.delete("/x"),
            _ => api.request(Method::PATCH, "/x"),
        };
        let request = request.query("a", "b c&d/é").query("limit", 2).header("if-match", "*");
        request.send().await.unwrap();
        let received = service.received().pop().unwrap();
        assert_eq!(received.method, method);
        assert_eq!(received.target, "/20180418/x?a=b%20c%26d%2F%C3%A9&limit=2");
        assert_eq!(received.header("if-match"), Some("*"));
        let with_body = ["POST", "PUT", "PATCH"].contains(&method);
        let covered =
            ["date (request-target) host", " content-length content-type x-content-sha256"];
        assert_eq!(received.covered(), covered[..=usize::from(with_body)].concat(), "{method}");
    }
    api.post("/x").json(&json!({ "a": 1 })).send().await.unwrap();
    let received = service.received().pop().unwrap();
    assert_eq!(
        (received.header("content-type"), &received.body[..]),
        (Some("application/json"), &b"{\"a\":1}"[..])
    );
    let error = api.get("/x").header("a b", "c").send().await.unwrap_err();
    assert!(matches!(error, Error::Request(_)), "{error:?}");
}

#[tokio::test]
async fn no_limit_of_an_attempt_is_too_long() {
    let service = Service::saying("{}").await;
    let options = RequestOptions::default().attempt_timeout(Duration::MAX).timeout(Duration::MAX);
    service.service().await.get("/x").options(options).send().await.unwrap();
}

#[tokio::test]
async fn the_user_agent_is_the_applications_choice() {
    let service = Service::saying("{}").await;
    let own = format!("oracle-cloud-client/{}", env!("CARGO_PKG_VERSION"));
    for (chosen, sent) in [(None, own.as_str()), (Some("billing/1.2"), "billing/1.2")] {
        let builder = match chosen {
            Some(agent) => builder().user_agent(agent),
            None => builder(),
        };
        let client = builder.build().await.unwrap();
        client.endpoint(&service.url).unwrap().get("/x").send().await.unwrap();
        assert_eq!(service.received().pop().unwrap().header("user-agent"), Some(sent));
    }
}

#[tokio::test]
async fn a_delegation_token_is_sent_signed_and_not_shown() {
    let service = Service::saying("{}").await;
    let request = service.service().await.get("/x").delegation_token("delegated");
    assert!(!format!("{request:?}").contains("delegated"));
    request.send().await.unwrap();
    let received = service.received().pop().unwrap();
    assert_eq!(received.header("opc-obo-token"), Some("delegated"));
    assert_eq!(received.covered(), "date (request-target) host opc-obo-token");
}

#[tokio::test]
async fn a_refusal_is_an_error_with_status_code_message_and_request_id() {
    let body = r#"{"code": "BucketNotFound", "message": "There is none."}"#;
    let service =
        Service::start(move |_, _| answer(404, &[("opc-request-id", "mine")], body)).await;
    let error = service.service().await.get("/x").send().await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        (error.status(), error.code()),
        (Some(StatusCode::NOT_FOUND), Some("BucketNotFound"))
    );
    let said = error.as_service().unwrap();
    assert_eq!(
        (said.message.as_str(), said.opc_request_id.as_deref()),
        ("There is none.", Some("mine"))
    );
    assert!(!error.to_string().contains("There is none."), "{error}");
    assert!(error.source().unwrap().to_string().contains("There is none."));
}

#[tokio::test]
async fn a_redirect_is_neither_followed_nor_a_success() {
    let service = Service::start(|_, _| answer(302, &[("location", "/y")], "")).await;
    let storage = service.service().await;
    for streaming in [false, true] {
        let error = if streaming {
            storage.get("/x").send_streaming().await.map(drop).unwrap_err()
        } else {
            storage.get("/x").send().await.map(drop).unwrap_err()
        };
        assert_eq!(error.status(), Some(StatusCode::FOUND), "{error:?}");
    }
    assert_eq!(service.received().len(), 2);
    for (status, passes) in [(200, true), (204, true), (301, false), (304, false), (400, false)] {
        let answer = Response::builder().status(status).body(bytes::Bytes::new()).unwrap();
        assert_eq!(ServiceError::check(answer).is_ok(), passes, "{status}");
    }
}

#[tokio::test]
async fn without_tls_only_this_machine_is_called() {
    let client = client().await;
    for url in ["http://127.0.0.1:1", "http://[::1]:1/x", "http://localhost:1", "https://a.example"]
    {
        assert!(client.endpoint(url).is_ok(), "{url}");
    }
    for url in [
        "http://a.example",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "https://user@a.example",
        "https://a.example/?a=b",
        "https://a.example/#a",
        "a.example",
        "",
    ] {
        let error = client.endpoint(url).unwrap_err();
        assert!(matches!(error, Error::Request(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_told_after_two_attempts() {
    // A port that is taken, where nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    // With the waits of the default.
    let client = Client::builder().credentials(credentials()).build().await.unwrap();
    let start = Instant::now();
    let error = client.endpoint(&url).unwrap().get("/x").send().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    let Error::Transport { was_sent, source } = error else { panic!("{error:?}") };
    assert!(!was_sent);
    assert!(matches!(source.downcast_ref(), Some(TransportError::Unreachable(_))), "{source:?}");
}

#[tokio::test]
async fn a_post_is_sent_again_with_a_retry_token_and_not_without() {
    let service = Service::start(|number, _| answer([500, 200][number % 2], &[], "{}")).await;
    let api = service.service().await;
    api.post("/x").retry_token("once").send().await.unwrap();
    assert_eq!(service.received().len(), 2);
    assert!(service.received().iter().all(|own| own.header("opc-retry-token") == Some("once")));
    let error = api.post("/x").send().await.unwrap_err();
    assert_eq!(
        (error.status(), service.received().len()),
        (Some(StatusCode::INTERNAL_SERVER_ERROR), 3)
    );
}

#[tokio::test]
async fn options_bound_the_attempts_the_time_and_the_answer() {
    let service = Service::start(|_, received| match &*received.target {
        "/busy" => answer(503, &[], "{}"),
        "/large" => answer(200, &[], "0123456789"),
        // It never answers.
        _ => vec![(Duration::from_secs(60), Vec::new())],
    })
    .await;
    let api = service.service().await;
    let once = RequestOptions::default().attempts(1);
    let error = api.get("/busy").options(once).send().await.unwrap_err();
    assert_eq!(
        (error.status(), service.received().len()),
        (Some(StatusCode::SERVICE_UNAVAILABLE), 1)
    );
    let error = api.get("/large").options(RequestOptions::default().max_answer(9)).send().await;
    assert!(matches!(error, Err(Error::Transport { was_sent: true, .. })), "{error:?}");
    let start = Instant::now();
    let error = api.get("/silent").timeout(Duration::from_millis(200)).send().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let Error::Transport { was_sent: true, source } = error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(TransportError::AttemptTimeout)), "{source:?}");
}

#[tokio::test]
async fn what_is_polled_for_is_asked_for_until_it_is_there() {
    let service = Service::start(|number, _| {
        let status = ["ACCEPTED", "IN_PROGRESS", "SUCCEEDED"][number];
        answer(200, &[("retry-after", "0")], &json!({ "status": status, "id": 7 }).to_string())
    })
    .await;
    let work = service.service().await.get("/20210201/workRequests/w");
    let start = Instant::now();
    let id = work
        .poll_until(async |work: Value| {
            Ok::<_, Error>((work["status"] == "SUCCEEDED").then(|| work["id"].clone()))
        })
        .await
        .unwrap();
    assert_eq!((id, service.received().len()), (json!(7), 3));
    // A service that asks for no wait is not flooded.
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    let refused = Service::start(|_, _| answer(404, &[], "{}")).await;
    let work = refused.service().await.get("/w");
    let error = work.poll_until(async |_: Value| Ok(Some(()))).await.unwrap_err();
    assert!(error.is_not_found());
}

/// Has other credentials after the first ones were refused.
#[derive(Clone, Debug, Default)]
struct Renewing(Arc<Mutex<Vec<bool>>>);

impl ProvideCredentials for Renewing {
    async fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        self.0.lock().unwrap().push(request.refused.is_some());
        Ok(credentials())
    }

    async fn region(&self) -> Result<Option<String>, CredentialsError> {
        Ok(Some("fra".to_owned()))
    }
}

#[tokio::test]
async fn a_source_of_anybody_is_asked_again_after_a_401_and_for_the_region() {
    let service = Service::start(|number, _| answer([401, 200][number.min(1)], &[], "{}")).await;
    let source = Renewing::default();
    let client = Client::builder().credentials(source.clone()).build().await.unwrap();
    client.endpoint(&service.url).unwrap().get("/x").send().await.unwrap();
    assert_eq!(*source.0.lock().unwrap(), [false, true]);
    let storage = client.service("objectstorage").await.unwrap();
    assert_eq!(storage.url(), "https://objectstorage.eu-frankfurt-1.oraclecloud.com");
    let queue = client.service("cell-1.queue.messaging").await.unwrap();
    let expected = "https://cell-1.queue.messaging.eu-frankfurt-1.oci.oraclecloud.com";
    assert_eq!(queue.url(), expected);
    let other = builder().region("us-langley-1").build().await.unwrap();
    let expected = "https://iaas.us-langley-1.oraclegovcloud.com";
    assert_eq!(other.service("iaas").await.unwrap().url(), expected);
    for name in ["", "a/b", "a@b", "a b"] {
        assert!(matches!(other.service(name).await, Err(Error::Request(_))), "{name}");
    }
}

/// Never has any.
#[derive(Debug)]
struct Silent;

impl ProvideCredentials for Silent {
    async fn credentials(
        &self,
        _: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_source_that_does_not_come_back_is_not_waited_for_longer_than_the_request_may_take() {
    let service = Service::saying("{}").await;
    let client = Client::builder().credentials(Silent).build().await.unwrap();
    let request = client.endpoint(&service.url).unwrap().get("/x");
    let error = request.timeout(Duration::from_millis(100)).send().await.unwrap_err();
    let Error::Credentials(error) = error else { panic!("{error:?}") };
    assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
    assert_eq!(service.connections(), 0);
}

#[tokio::test]
async fn a_client_and_its_requests_go_to_other_tasks() {
    let service = Service::saying("[1]").await;
    let client = builder().retry(Retry::NEVER).build().await.unwrap();
    let tasks = (0..4).map(|_| {
        let (client, url) = (client.clone(), service.url.clone());
        tokio::spawn(async move {
            client.endpoint(&url).unwrap().get("/x").send().await.unwrap().json::<Vec<u8>>()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().unwrap(), [1]);
    }
}
