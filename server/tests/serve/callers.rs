//! Who may call, what the path means then, and with what the server does not start.

use crate::client::{exchange, request, status};
use crate::server::Setup;

use emulator::identity::{Client as Application, ISSUER, IdentityDomain};
use serde_json::json;

const GATEWAY_SECRET: &str = "a-secret-of-the-gateway";

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_secret_opens_and_goes_nowhere() {
    let setup = Setup::new().await;
    let file = setup.directory.path().join("secret");
    std::fs::write(&file, format!("{GATEWAY_SECRET}\n")).unwrap();
    let setup = setup.with("GATEWAY_SECRET_FILE", file.display().to_string());
    let server = setup.start().await;
    let url = setup.upstream.url();
    for (more, expected) in [
        (String::new(), 403),
        ("x-gateway-secret: a-secret-of-another-one\r\n".to_owned(), 403),
        (format!("x-gateway-secret: {GATEWAY_SECRET}\r\n"), 200),
    ] {
        let answer = exchange(&server.address, request(&url, "echo", &more, "{}")).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(!answer.contains(GATEWAY_SECRET), "{answer}");
    }
    let line = server.line(|line| line["status"] == 403).await;
    assert_eq!(line["code"], "CallerNotAllowed", "{line}");
    assert!(!server.text().contains(GATEWAY_SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_and_the_path_names_the_model() {
    let [id, secret, scope] = ["client", "client secret", "predict"].map(str::to_owned);
    let audience = "https://server.example/".to_owned();
    let application = Application { id, secret, audience: audience.clone(), scope };
    let domain = IdentityDomain::start(0, vec![application.clone()]).await.unwrap();
    let setup = Setup::new().await;
    let keys = setup.directory.path().join("keys.json");
    std::fs::write(&keys, domain.jwks().to_string()).unwrap();
    let aliases = json!({ "llm": setup.upstream.url() }).to_string();
    let setup = setup
        .with("MODEL_DEPLOYMENTS", aliases)
        .with("TOKEN_ISSUER", ISSUER)
        .with("TOKEN_AUDIENCE", audience)
        .with("TOKEN_SCOPE", "predict")
        .with("TOKEN_KEYS", keys.display().to_string());
    let server = setup.start().await;
    let token = domain.mint(&application, &json!({}));
    let call = async |path: &str, more: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: server\r\nconnection: close\r\n{more}");
        exchange(&server.address, format!("{head}content-length: 2\r\n\r\n{{}}")).await
    };
    let bearer = format!("authorization: Bearer {token}\r\n");
    let answer = call("/llm/v1/echo?q=1", &bearer).await;
    assert!(status(&answer) == 200 && answer.contains("/predict/echo?q=1"), "{answer}");
    assert!(!answer.contains(&token), "{answer}");
    let none = call("/llm/echo", "").await;
    assert!(status(&none) == 401 && none.contains("www-authenticate: Bearer"), "{none}");
    for (path, more, expected) in [
        ("/other/echo", String::new(), 404),
        ("/", String::new(), 404),
        ("/llm/echo/", String::new(), 404),
        ("/llm/echo", format!("model_deployment: {}\r\n", setup.upstream.url()), 400),
        ("/llm/echo", "model_deployment: llm\r\n".to_owned(), 400),
    ] {
        let answer = call(path, &format!("{bearer}{more}")).await;
        assert_eq!(status(&answer), expected, "{path}: {answer}");
        assert!(!answer.contains("this function"), "{answer}");
    }
    assert!(!server.text().contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_open_it_to_everybody_or_is_not_understood_keeps_it_from_starting() {
    for (variables, named) in [
        (&[("LISTEN_ADDRESS", "0.0.0.0:0")][..], &["LISTEN_ADDRESS", "GATEWAY_SECRET_FILE"][..]),
        (&[("LISTEN_ADDRESS", "[::]:0")], &["LISTEN_ADDRESS"]),
        (&[("LISTEN_ADDRESS", "8080")], &["LISTEN_ADDRESS is not an IP address"]),
        (&[("MAX_BODY", "20M"), ("MAX_CONCURRENT", "0")], &["MAX_BODY", "MAX_CONCURRENT"]),
        (&[("MAX_BODY", "2000"), ("MAX_BUFFERED", "1999")], &["MAX_BUFFERED is less"]),
        (&[("CALL_TIMEOUT", "+5"), ("DRAIN_TIMEOUT", "1h")], &["CALL_TIMEOUT", "DRAIN_TIMEOUT"]),
        (&[("METRICS_NAMESPACE", "mine")], &["METRICS_NAMESPACE is the function's"]),
        (&[("MAX_CONCURENT", "5")], &["MAX_CONCURENT is not a variable of this server"]),
        (&[("FORWARD_HEADERS", "x-gateway-secret")], &["FORWARD_HEADERS"]),
        (
            &[("TOKEN_ISSUER", "a"), ("TLS_KEY_FILE", "/x")],
            &["TOKEN_AUDIENCE", "TOKEN_KEYS", "MODEL_DEPLOYMENTS", "TLS_CERT_FILE"],
        ),
    ] {
        let setup = variables
            .iter()
            .fold(Setup::new().await, |setup, (name, value)| setup.with(name, *value));
        let output = setup.spawn().wait_with_output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{variables:?}: {said}");
        assert!(named.iter().all(|name| said.contains(name)), "{variables:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
