//! Does the client send what it signed, renew what was refused, and try again only what may pass?

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use emulator::deployment::{Behaviour, Certificate, Received};
use http::{HeaderValue, Method, Request, StatusCode, Version};
use http_body_util::{Empty, Full};
use hyper::client::conn::http2 as client_http2;
use hyper::server::conn::http2 as server_http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use oracle_cloud_client::{
    Body, Client, ClientBuilder, Credentials, HttpClient, KeyId, Principal, PrivateKey,
    RequestOptions, Retry, Roots, SendError, ServiceError, SignableBody, SigningParams,
    TransportError, Trust, sign,
};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::data;
use crate::setup::{ROW, Setup};

/// Quick enough for a test, and as patient as the default otherwise.
pub(super) const QUICK: Retry = Retry::new()
    .attempts(4)
    .attempts_without_connection(4)
    .first_wait(Duration::from_millis(5))
    .longest_wait(Duration::from_secs(2));

pub(super) fn soon() -> RequestOptions {
    RequestOptions::default().timeout(Duration::from_secs(20))
}

/// Trusts the authority of a setup for these hosts.
pub(super) fn trust<const N: usize>(setup: &Setup, named: [&str; N]) -> Trust {
    let roots = Roots::read(setup.program.config["SSL_CERT_FILE"].as_ref()).unwrap();
    Trust::new(Some(&roots), named).unwrap()
}

pub(super) fn principal(setup: &Setup) -> Principal {
    let vars = &setup.program.config;
    Principal::from_vars(&|name| vars.get(name).cloned(), SystemTime::now()).unwrap()
}

/// A builder with connections to the services of a setup.
pub(super) fn builder(setup: &Setup, name: Option<&str>) -> ClientBuilder {
    let mut http = HttpClient::builder(&trust(setup, ["localhost", "elsewhere.example"]));
    if let Some(name) = name {
        let address = SocketAddr::from(([127, 0, 0, 1], setup.deployment.port()));
        http = http.address(name, address);
    }
    Client::builder().http(http.build().unwrap()).retry(QUICK)
}

pub(super) fn client_with(setup: &Setup, clock: fn() -> SystemTime, name: Option<&str>) -> Client {
    builder(setup, name).now(clock).build_as(principal(setup)).unwrap()
}

pub(super) fn client(setup: &Setup) -> Client {
    client_with(setup, SystemTime::now, None)
}

pub(super) fn origin(setup: &Setup) -> String {
    format!("https://localhost:{}", setup.deployment.port())
}

/// What arrived last; its signature is over the bytes that arrived.
pub(super) fn last(setup: &Setup) -> Received {
    let received = setup.deployment.received().pop().unwrap();
    assert!(received.verdict.is_ok(), "{:?}: {:?}", received.request.target, received.verdict);
    received
}

#[tokio::test]
async fn what_anybody_may_read_is_asked_for_once_and_without_a_signature() {
    let setup = Setup::new().await;
    let http = HttpClient::new(&trust(&setup, ["localhost"])).unwrap();
    let url = format!("{}/keys", origin(&setup)).parse().unwrap();
    let answer = http.get_unsigned(&url, &soon()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let received = setup.deployment.received();
    let [received] = &received[..] else { panic!("{} requests", received.len()) };
    assert_eq!((&*received.request.method, &*received.request.target), ("GET", "/keys"));
    assert_eq!(received.request.values("authorization").count(), 0);
    let large = http.get_unsigned(&url, &soon().max_answer(1)).await;
    let too_large = matches!(large, Err(SendError::Transport(TransportError::AnswerTooLarge(1))));
    assert!(too_large, "{large:?}");
    for (bad, expected) in [
        ("http://localhost/keys", SendError::Address),
        ("https://127.1/keys", SendError::Changed),
        ("https://localhost/a/../keys", SendError::Changed),
    ] {
        let refused = http.get_unsigned(&bad.parse().unwrap(), &soon()).await.unwrap_err();
        assert_eq!(refused.to_string(), expected.to_string(), "{bad}");
    }
}

#[tokio::test]
async fn oci_signing_7_to_9_and_12_the_signed_target_is_the_one_on_the_request_line() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for (typed, sent) in [
        ("", "/"),
        ("/", "/"),
        ("?a=b", "/?a=b"),
        ("/a/b", "/a/b"),
        ("//a//b", "//a//b"),
        ("/a/..b/.c/...", "/a/..b/.c/..."),
        ("/%2f%7E%41%zz", "/%2f%7E%41%zz"),
        ("/?z=1&a=2&a=&a&&b=+%2B%20", "/?z=1&a=2&a=&a&&b=+%2B%20"),
        ("/?a=[1]|{2}^`", "/?a=[1]|{2}^`"),
        ("/a?b=c#fragment", "/a?b=c"),
        // What is raw in a query means the same when it is encoded; `..` means nothing there.
        ("/a?b='c'&d=é&e=/../f", "/a?b=%27c%27&d=%C3%A9&e=/../f"),
    ] {
        for method in [Method::GET, Method::DELETE, Method::POST] {
            let uri = format!("{}{typed}", origin(&setup));
            let request = Request::builder().method(method).uri(&uri).body(()).unwrap();
            client.send_with(request, &soon()).await.unwrap();
            assert_eq!(last(&setup).request.target, sent, "{typed}");
        }
    }
}

#[tokio::test]
async fn oci_signing_10_the_host_that_is_sent_is_the_signed_one() {
    // A port that is not the default one stays.
    let setup = Setup::new().await;
    let request =
        Request::get(format!("{}/x", origin(&setup).to_uppercase().replace("HTTPS", "https")));
    client(&setup).send_with(request.body(()).unwrap(), &soon()).await.unwrap();
    let host = format!("localhost:{}", setup.deployment.port());
    assert_eq!(last(&setup).request.text("host"), Some(host.as_str()));
    // The default port goes, written or not; a host that the caller set is kept and signed.
    let setup = Setup::with(Certificate::OtherName).await;
    let client = client_with(&setup, SystemTime::now, Some("elsewhere.example"));
    for (uri, own, sent) in [
        ("https://elsewhere.example/x", None, "elsewhere.example"),
        ("https://elsewhere.example:443/x", None, "elsewhere.example"),
        ("https://elsewhere.example/x", Some("other.example:443"), "other.example:443"),
    ] {
        let mut request = Request::get(uri).body(()).unwrap();
        if let Some(own) = own {
            request.headers_mut().insert("host", HeaderValue::from_static(own));
        }
        client.send_with(request, &soon()).await.unwrap();
        assert_eq!(last(&setup).request.text("host"), Some(sent), "{uri}");
    }
}

#[tokio::test]
async fn oci_signing_10_over_http_2_the_authority_is_the_signed_host() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    tokio::spawn(async move {
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            assert_eq!(request.version(), Version::HTTP_2);
            let authority = request.uri().authority().unwrap().to_string();
            let host = request.headers()["host"].to_str().unwrap().to_owned();
            tell.lock().unwrap().take().unwrap().send((authority, host)).unwrap();
            async { Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new())) }
        });
        let server = server_http2::Builder::new(TokioExecutor::new());
        drop(server.serve_connection(TokioIo::new(far), service).await);
    });
    let (mut sender, connection) =
        client_http2::handshake(TokioExecutor::new(), TokioIo::new(near)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://example.com:8443/x").body(()).unwrap();
    let (mut head, ()) = request.into_parts();
    let key = PrivateKey::from_pem(&data::bytes("keys/test-rsa2048-a.pkcs8.pem"), None).unwrap();
    let credentials = Credentials::api_key(KeyId::new("a/b/c").unwrap(), key);
    let params = SigningParams::new(&credentials, SystemTime::now());
    sign(&mut head, SignableBody::Unsigned, &params).unwrap();
    let request = Request::from_parts(head, Full::new(Bytes::new()));
    assert_eq!(sender.send_request(request).await.unwrap().status(), StatusCode::OK);
    let signed = "example.com:8443".to_owned();
    assert_eq!(told.await.unwrap(), (signed.clone(), signed));
}

/// A body in two pieces that can be read once.
pub(super) fn stream() -> Body {
    let pieces = ["{\"a\"", ": 1}"].map(|text| Ok(Bytes::from(text)));
    Body::once(8, futures_util::stream::iter(pieces))
}

#[tokio::test]
async fn oci_signing_15_17_18_and_21_a_stream_is_signed_by_length_and_hash_and_never_chunked() {
    let setup = Setup::new().await;
    let client = client(&setup);
    let hash = STANDARD.encode(Sha256::digest(b"{\"a\": 1}"));
    let request = Request::put(format!("{}/x", origin(&setup)))
        .header("content-length", 8)
        .header("x-content-sha256", &hash);
    client.send_with(request.body(stream()).unwrap(), &soon()).await.unwrap();
    let request = last(&setup).request;
    assert_eq!(request.body, b"{\"a\": 1}");
    assert_eq!(request.text("content-type"), Some("application/octet-stream"));
    assert_eq!(request.text("transfer-encoding"), None);
    let covered = last(&setup).verdict.unwrap().headers;
    assert!(covered.ends_with("content-length content-type x-content-sha256"), "{covered}");

    // Left out of the signature, as for an upload: three headers are covered, and the others are sent all the same.
    let request = Request::put(format!("{}/x", origin(&setup)))
        .header("content-length", 8)
        .header("content-type", "text/csv");
    client.send_with(request.body(stream()).unwrap(), &soon()).await.unwrap();
    let received = setup.deployment.received().pop().unwrap();
    let authorization = received.request.text("authorization").unwrap().to_owned();
    assert!(authorization.contains("headers=\"date (request-target) host\""));
    assert_eq!(received.request.text("content-type"), Some("text/csv"));
    assert_eq!(
        (received.request.text("transfer-encoding"), received.request.body.len()),
        (None, 8)
    );

    // Its length is signed also where the caller did not write it.
    let request = Request::put(format!("{}/x", origin(&setup))).header("x-content-sha256", &hash);
    client.send_with(request.body(stream()).unwrap(), &soon()).await.unwrap();
    assert_eq!(last(&setup).request.text("content-length"), Some("8"));
}

#[tokio::test]
async fn oci_signing_50_a_stream_is_sent_once_whatever_comes_back() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for status in [401, 429, 503] {
        setup.deployment.behave(Behaviour::Answer(status, "application/json", "{}".into()));
        let before = setup.deployment.received().len();
        let request = Request::put(origin(&setup)).header("content-length", 8);
        let answer = client.send_with(request.body(stream()).unwrap(), &soon()).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(setup.deployment.received().len() - before, 1, "{status}");
    }
}

#[tokio::test]
async fn oci_signing_35_a_401_is_answered_by_one_renewal_and_the_second_is_returned() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for (refusals, status, requests) in [(1, 404, 2), (2, 401, 2)] {
        for _ in 0..refusals {
            setup.deployment.behave(Behaviour::Answer(401, "application/json", "{}".into()));
        }
        let before = setup.deployment.received().len();
        let request = Request::get(origin(&setup)).header("opc-request-id", "mine");
        let answer = client.send_with(request.body(()).unwrap(), &soon()).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["opc-request-id"], "mine");
        assert_eq!(setup.deployment.received().len() - before, requests);
    }
}

#[tokio::test]
async fn oci_signing_46_errors_of_services_are_typed_whatever_their_body() {
    let setup = Setup::new().await;
    let client = builder(&setup, None).retry(Retry::NEVER);
    let client = client.build_as(principal(&setup)).unwrap();
    let oci = r#"{"code": "Code", "message": "The message."}"#;
    for (status, body, code, message) in [
        (400, oci, Some("Code"), "The message."),
        (404, oci, Some("Code"), "The message."),
        (409, oci, Some("Code"), "The message."),
        (429, oci, Some("Code"), "The message."),
        (500, oci, Some("Code"), "The message."),
        (500, r#"{"code": "Code"}"#, Some("Code"), ""),
        (502, "<html>\n <b>Bad</b> Gateway</html>", None, "<html> <b>Bad</b> Gateway</html>"),
        (503, "", None, ""),
        (504, r#"{"error": 1}"#, None, r#"{"error": 1}"#),
    ] {
        setup.deployment.behave(Behaviour::Answer(status, "application/json", body.into()));
        let request = Request::get(origin(&setup)).header("opc-request-id", "mine");
        let answer = client.send_with(request.body(()).unwrap(), &soon()).await.unwrap();
        let error = ServiceError::check(answer).unwrap_err();
        assert_eq!(error.status, status);
        assert_eq!((error.code.as_deref(), error.message.as_str()), (code, message));
        assert_eq!(error.opc_request_id.as_deref(), Some("mine"));
        assert!(error.to_string().contains("opc-request-id mine"), "{error}");
    }
    setup.deployment.behave(Behaviour::Answer(200, "application/json", oci.into()));
    let answer =
        client.send_with(Request::get(origin(&setup)).body(()).unwrap(), &soon()).await.unwrap();
    assert!(ServiceError::check(answer).is_ok());
}

#[tokio::test]
async fn an_answer_up_to_the_limit_is_taken_however_it_is_framed() {
    let setup = Setup::new().await;
    for chunked in [false, true] {
        let sized = Behaviour::Answer(200, "text/plain", b"0123456789".into());
        let behaviour = if chunked { Behaviour::ChunkedWithLength } else { sized };
        let request = || {
            let request = Request::post(setup.url()).header("content-type", "application/json");
            request.body(ROW.to_owned()).unwrap()
        };
        setup.deployment.behave(behaviour.clone());
        let answer = client(&setup).send_with(request(), &soon()).await.unwrap();
        let length = answer.body().len();
        assert!(length >= 10 && chunked == answer.headers().contains_key("transfer-encoding"));
        for (limit, taken) in [(length + 1, true), (length, true), (length - 1, false)] {
            setup.deployment.behave(behaviour.clone());
            let options = soon().max_answer(limit);
            match client(&setup).send_with(request(), &options).await {
                Ok(whole) => assert!(taken && whole.body() == answer.body(), "{limit}"),
                Err(SendError::Transport(TransportError::AnswerTooLarge(said))) => {
                    assert!(!taken && said == limit, "{limit}");
                }
                Err(error) => panic!("{limit}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_or_past_the_time_is_an_error() {
    let setup = Setup::new().await;
    let request = || Request::get(origin(&setup)).body(()).unwrap();
    let small = soon().max_answer(10);
    let error = client(&setup).send_with(request(), &small).await.unwrap_err();
    assert!(matches!(error, SendError::Transport(TransportError::AnswerTooLarge(10))), "{error}");
    setup.deployment.behave(Behaviour::Hang);
    let brief = soon().timeout(Duration::from_secs(3));
    let error = client(&setup).send_with(request(), &brief).await.unwrap_err();
    assert!(matches!(error, SendError::Transport(TransportError::AttemptTimeout)), "{error}");
}

#[tokio::test]
async fn oci_signing_49_a_request_id_is_sent_and_nothing_secret_is_shown() {
    let setup = Setup::new().await;
    let client = client(&setup);
    let request = || Request::get(origin(&setup)).body(()).unwrap();
    client.send_with(request(), &soon()).await.unwrap();
    let received = last(&setup).request;
    let id = received.text("opc-request-id").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let shown = format!("{client:?}");
    let token = received.text("authorization").unwrap().split("ST$").nth(1).unwrap();
    assert!(!shown.contains(&token[..20]) && !shown.contains("PRIVATE KEY"), "{shown}");
}
