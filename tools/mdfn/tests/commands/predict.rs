//! `mdfn predict`: a call as a client makes it, and in words what its failure probably means.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

use emulator::deployment::{Authority, Certificate, ModelDeployment};
use emulator::gateway::document::{Input, Keys};
use emulator::gateway::signing_key::static_keys;
use emulator::gateway::spec::Specification;
use emulator::gateway::{Functions, Gateway};
use emulator::identity::IdentityDomain;
use emulator::principal::Issuer;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use crate::token::client;
use crate::{Done, answering, mdfn_full, mdfn_with};

/// A gateway that answers itself, to those who have a token.
async fn gateway(identity: &IdentityDomain, answers: &[(&str, u16, &str)]) -> Gateway {
    let keys = Keys::Static(static_keys(&identity.jwks()).unwrap());
    let mut specification = Input::new("ocid1.fnfunc.x", &client().audience, keys).document();
    let route = |(path, status, body): &(&str, u16, &str)| {
        json!({
            "path": path,
            "methods": ["ANY"],
            "backend": { "type": "STOCK_RESPONSE_BACKEND", "status": status, "body": body },
        })
    };
    specification["routes"] = answers.iter().map(route).collect::<Value>();
    let specification = Specification::parse(&specification.to_string()).unwrap();
    Gateway::start(0, "/models", specification, Functions::new()).await.unwrap()
}

async fn predict(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Done {
    let owned = |text: &&str| (*text).to_owned();
    let arguments: Vec<String> = arguments.iter().map(owned).collect();
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| (owned(name), owned(value))).collect();
    let input = input.to_owned();
    let done = spawn_blocking(move || {
        let arguments = arguments.iter().map(String::as_str);
        let arguments: Vec<&str> = ["predict"].into_iter().chain(arguments).collect();
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        mdfn_with(&arguments, &variables, &input)
    });
    done.await.unwrap()
}

#[tokio::test]
async fn a_prediction_goes_to_stdout_and_timings_to_stderr() {
    let identity = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let gateway = gateway(&identity, &[("/iris", 200, "{\"prediction\":[1]}")]).await;
    let (url, domain) = (format!("{}/models/iris", gateway.url()), identity.url());
    let scope = client().qualified_scope();
    let variables = [
        ("MDFN_DOMAIN", domain.as_str()),
        ("MDFN_CLIENT_ID", "client"),
        ("MDFN_CLIENT_SECRET", &client().secret),
        ("MDFN_SCOPE", &scope),
    ];
    let done = predict(&[&url, "-v"], &variables, "{\"data\":[]}").await;
    assert_eq!((done.code, done.stdout.as_str()), (0, "{\"prediction\":[1]}"), "{done:?}");
    for said in [&format!("POST {url}"), "200 after ", "connection ", "waiting ", "opc-request-id "]
    {
        assert!(done.stderr.contains(said), "{said} {done:?}");
    }
    let done = predict(&[&url], &variables, "{}").await;
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
}

#[tokio::test]
async fn a_kept_token_that_is_refused_is_got_anew_once() {
    let identity = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let before = gateway(&identity, &[("/iris", 200, "[1]")]).await;
    let home = tempfile::tempdir().unwrap();
    let (domain, scope) = (identity.url(), client().qualified_scope());
    let variables = [
        ("HOME", home.path().to_str().unwrap()),
        ("MDFN_DOMAIN", &domain),
        ("MDFN_CLIENT_ID", "client"),
        ("MDFN_CLIENT_SECRET", &client().secret),
        ("MDFN_SCOPE", &scope),
    ];
    let done = predict(&[&format!("{}/models/iris", before.url())], &variables, "{}").await;
    assert_eq!(done.code, 0, "{done:?}");
    identity.rotate();
    let after = gateway(&identity, &[("/iris", 200, "[1]")]).await;
    let done = predict(&[&format!("{}/models/iris", after.url())], &variables, "{}").await;
    assert_eq!((done.code, done.stdout.as_str()), (0, "[1]"), "{done:?}");
    // A new one that is refused too is not had a third time.
    let done = predict(&[&format!("{}/models/iris", before.url())], &variables, "{}").await;
    assert!(done.code == 1 && done.stderr.contains("status 401"), "{done:?}");
}

#[tokio::test]
async fn an_error_is_explained_and_ends_with_1() {
    let identity = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let refused = "{\"code\":\"TargetNotAllowed\",\"message\":\"the address may not be called\"}";
    let missing = "{\"code\":\"NotAuthorizedOrNotFound\",\"message\":\"m\"}";
    let failed = "{\"code\":\"InternalServerError\",\"message\":\"score.py\"}";
    let gateways = "{\"code\":500,\"message\":\"Internal Server Error\"}";
    let answers = [
        ("/refused", 403, refused),
        ("/missing", 404, missing),
        ("/broken", 502, "<html>"),
        ("/failed", 500, failed),
        ("/gateways", 500, gateways),
        ("/streams", 409, "{\"code\":\"ExternalServerIncorrectState\"}"),
        ("/container", 404, "{\"object\":\"error\",\"code\":404}"),
    ];
    let gateway = gateway(&identity, &answers).await;
    let files = tempfile::tempdir().unwrap();
    let (valid, other) = (files.path().join("valid"), files.path().join("other"));
    fs::write(&valid, identity.mint(&client(), &json!({}))).unwrap();
    fs::write(&other, identity.mint(&client(), &json!({ "aud": "https://other/" }))).unwrap();
    let (valid, other) = (valid.to_str().unwrap(), other.to_str().unwrap());
    for (path, token, said) in [
        ("refused", valid, "status 403: the function does not sign for this address"),
        ("missing", valid, "status 404: OCI says this for a missing policy too"),
        ("broken", valid, "status 502: the function failed or did not start"),
        ("nothing", valid, "status 404: no route matches"),
        ("failed", valid, "status 500: the model failed, or took longer than 60 s"),
        ("gateways", valid, "status 500: the gateway could not call the function"),
        ("streams", valid, "status 409: the URL for streams was used"),
        ("container", valid, "status 404: the deployment is unknown or not active"),
        ("refused", other, "status 401: the gateway does not take the token"),
    ] {
        let url = format!("{}/models/{path}", gateway.url());
        let done = predict(&[&url, "--token-file", token], &[], "{}").await;
        assert!(done.code == 1 && done.stderr.contains(said), "{path} {done:?}");
        assert!(done.stdout.ends_with('\n') && !done.stderr.contains("eyJ"), "{path} {done:?}");
    }
}

#[tokio::test]
async fn a_get_has_no_body_and_does_not_wait_for_one() {
    let identity = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let gateway = gateway(&identity, &[("/llm/v1/{path*}", 200, "[]")]).await;
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token");
    fs::write(&token, identity.mint(&client(), &json!({}))).unwrap();
    let url = format!("{}/models/llm/v1/models", gateway.url());
    let done =
        predict(&[&url, "-X", "GET", "--token-file", token.to_str().unwrap()], &[], "").await;
    assert_eq!((done.code, done.stdout.as_str()), (0, "[]"), "{done:?}");
}

#[tokio::test]
async fn tls_is_verified_and_a_private_authority_is_named_by_a_variable() {
    let authority = Authority::new();
    let files = tempfile::tempdir().unwrap();
    let (roots, token) = (files.path().join("ca.pem"), files.path().join("token"));
    fs::write(&roots, authority.pem()).unwrap();
    fs::write(&token, "token").unwrap();
    let (roots, token) = (roots.to_str().unwrap(), token.to_str().unwrap());
    for (certificate, code) in
        [(Certificate::Valid, 1), (Certificate::OtherName, 3), (Certificate::Expired, 3)]
    {
        let deployment =
            ModelDeployment::start(Issuer::new(), &authority, certificate).await.unwrap();
        let url = deployment.url("localhost");
        // The deployment refuses a call that nobody signed: so far it came.
        let done = predict(&[&url, "--token-file", token], &[("SSL_CERT_FILE", roots)], "{}").await;
        assert_eq!(done.code, code, "{certificate:?} {done:?}");
        let done = predict(&[&url, "--token-file", token], &[], "{}").await;
        assert!(
            done.code == 3 && done.stderr.contains("SSL_CERT_FILE"),
            "{certificate:?} {done:?}"
        );
    }
    let done = predict(&["http://gateway.example/", "--token-file", token], &[], "{}").await;
    assert!(done.code == 2 && done.stderr.contains("expected https"), "{done:?}");
    let wrong = [("SSL_CERT_FILE", token)];
    let done = predict(&["https://localhost/", "--token-file", token], &wrong, "{}").await;
    assert!(done.code == 2 && done.stderr.contains("holds no certificate"), "{done:?}");
}

/// A file with a token that nobody checks.
fn token_file(text: impl AsRef<[u8]>) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn no_status_but_2xx_is_a_success() {
    let token = token_file("token");
    let token = token.path().to_str().unwrap();
    for (status, code) in [("200 OK", 0), ("204 No Content", 0), ("302 Found", 1), ("304 N", 1)] {
        let url = answering(status, "");
        let done = predict(&[&url, "--token-file", token], &[], "{}").await;
        assert_eq!(done.code, code, "{status} {done:?}");
        assert_eq!(done.stderr.contains("status 30"), code == 1, "{status} {done:?}");
    }
}

#[tokio::test]
async fn wrong_usage_ends_with_2() {
    let (good, split) = (token_file("token"), token_file("to\rken"));
    let wide = token_file(b"t\xff");
    let [good, split, wide] = [&good, &split, &wide].map(|file| file.path().to_str().unwrap());
    let url = answering("200 OK", "[]");
    for (arguments, said) in [
        (&["gateway.example/iris", "--token-file", good][..], "is not a URL"),
        (&["https://u:hunter2@gateway.example/", "--token-file", good], "leave it out"),
        (&[&url, "--token-file", good, "--content-type", "a\nb"], "`content-type`"),
        (&[&url, "--token-file", split], "`authorization`"),
        (&[&url, "--token-file", wide], "not UTF-8"),
        (&[&url, "--token-file", "-"], "more than once"),
        (&[&url, "-", "--client-secret-file", "-"], "more than once"),
    ] {
        let done = predict(arguments, &[], "{}").await;
        assert!(done.code == 2 && done.stderr.contains(said), "{arguments:?} {done:?}");
        assert!(!done.stderr.contains("hunter2") && done.stdout.is_empty(), "{done:?}");
    }
    // A GET reads no body, so the token may have standard input.
    let get = [&url, "-X", "GET", "--token-file", "-"];
    let done = predict(&get, &[], "\u{feff}token").await;
    assert_eq!((done.code, done.stdout.as_str()), (0, "[]"), "{done:?}");
}

#[test]
fn a_prediction_that_cannot_be_written_is_an_error() {
    let (token, url) = (token_file("token"), answering("200 OK", "[1]"));
    let token = token.path().to_str().unwrap();
    let done = mdfn_full(&["predict", &url, "--token-file", token], "{}");
    assert!(done.code == 1 && done.stderr.contains("cannot be written"), "{done:?}");
}

/// A proxy that notes what it is asked for, and opens no way.
fn proxy() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let (told, notes) = channel();
    spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while stream.read_line(&mut head).unwrap() > 2 {}
            drop(told.send(head));
            stream.get_mut().write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        }
    });
    (place, notes)
}

#[tokio::test]
async fn a_proxy_is_heeded_but_for_hosts_that_need_none_and_its_password_is_not_shown() {
    let (place, notes) = proxy();
    let named = format!("http://user:hunter2@{place}");
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), "token").unwrap();
    let token = file.path().to_str().unwrap();
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let url = "https://gateway.example/models/iris";
        let done = predict(&[url, "--token-file", token], &[(name, &named)], "{}").await;
        assert!(done.code == 3 && done.stderr.contains("the proxy opens no way"), "{done:?}");
        assert!(!done.stderr.contains("hunter2"), "{done:?}");
        let asked = notes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(asked.starts_with("CONNECT gateway.example:443 HTTP/1.1\r\n"), "{asked}");
        let sent = asked.contains("Proxy-Authorization: Basic dXNlcjpodW50ZXIy\r\n");
        assert!(sent && !asked.contains("Bearer"), "{asked}");
    }
    let except = [("HTTPS_PROXY", named.as_str()), ("NO_PROXY", "gateway.invalid")];
    let url = "https://gateway.invalid/";
    let done = predict(&[url, "--token-file", token], &except, "{}").await;
    assert!(done.stderr.contains("the name `gateway.invalid` is not found"), "{done:?}");
    let here = answering("200 OK", "{}");
    let done = predict(&[&here, "--token-file", token], &except, "{}").await;
    assert_eq!(done.code, 0, "{done:?}");
    for unusable in ["socks5://user:hunter2@h:1", "https://h:1", "http://", "not a url"] {
        let vars = [("HTTPS_PROXY", unusable)];
        let done = predict(&[url, "--token-file", token], &vars, "{}").await;
        assert!(done.code == 2 && done.stderr.contains("HTTPS_PROXY is not a proxy"), "{done:?}");
        assert!(!done.stderr.contains("hunter2"), "{done:?}");
    }
    assert!(notes.try_recv().is_err());
}

#[tokio::test]
async fn a_server_without_tls_is_said_to_be_one() {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), "token").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let done = predict(&[&url, "--token-file", file.path().to_str().unwrap()], &[], "{}").await;
    assert!(
        done.code == 3 && done.stderr.contains("127.0.0.1 does not speak TLS there"),
        "{done:?}"
    );
}
