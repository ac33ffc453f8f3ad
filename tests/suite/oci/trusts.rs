//! For which hosts do the roots of an operator count?

use std::fs;
use std::net::SocketAddr;

use emulator::deployment::Certificate;
use http::Request;
use oracle_cloud_client::{
    Client, HttpClient, Retry, Roots, SendError, TransportError, Trust, TrustError,
};

use super::client::{principal, soon, trust};
use crate::setup::Setup;

/// Asks a service that has a certificate of the operator's authority for this name.
async fn asked(setup: &Setup, trust: &Trust, name: &str) -> Result<u16, SendError> {
    let address = SocketAddr::from(([127, 0, 0, 1], setup.deployment.port()));
    let http = HttpClient::builder(trust).address(name, address).build().unwrap();
    let client = Client::builder().http(http).retry(Retry::NEVER);
    let client = client.build_as(principal(setup)).unwrap();
    let request = Request::get(format!("https://{name}/x")).body(()).unwrap();
    let answer = client.send_with(request, &soon()).await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn a_private_authority_speaks_for_hosts_that_are_named_and_for_no_other() {
    let setup = Setup::with(Certificate::OtherName).await;
    for named in ["elsewhere.example", "ELSEWHERE.example", "elsewhere.example:8443"] {
        let trust = trust(&setup, ["localhost", named]);
        assert_eq!(asked(&setup, &trust, "elsewhere.example").await.unwrap(), 404, "{named}");
    }
    let before = setup.deployment.connections();
    for named in [
        "localhost:8443",
        "example",
        "a.elsewhere.example",
        "elsewhere.example.org",
        "elsewhere-example",
        "127.0.0.1",
        "[::1]:443",
    ] {
        let trust = trust(&setup, [named]);
        let error = asked(&setup, &trust, "elsewhere.example").await.unwrap_err();
        let untrusted = matches!(error, SendError::Transport(TransportError::Untrusted(_)));
        assert!(untrusted, "{named}: {error:?}");
    }
    let public = Trust::public().unwrap();
    let error = asked(&setup, &public, "elsewhere.example").await.unwrap_err();
    assert!(matches!(error, SendError::Transport(TransportError::Untrusted(_))), "{error:?}");
    assert_eq!((setup.deployment.connections(), setup.deployment.received().len()), (before, 3));
    let roots = Roots::read(setup.program.config["SSL_CERT_FILE"].as_ref()).unwrap();
    for named in ["", ":", "a b", "https://elsewhere.example", "*.example", "[::1"] {
        let refused = Trust::new(Some(&roots), [named]).unwrap_err();
        assert!(matches!(refused, TrustError::Host), "{named}");
    }
}

#[tokio::test]
async fn an_address_is_named_as_a_name_is() {
    let setup = Setup::new().await;
    let port = setup.deployment.port();
    for (named, trusted) in [("127.0.0.1", true), ("127.0.0.1:1", true), ("127.0.0.2", false)] {
        let trust = trust(&setup, [named]);
        let answer = asked(&setup, &trust, &format!("127.0.0.1:{port}")).await;
        assert_eq!(answer.is_ok(), trusted, "{named}: {answer:?}");
    }
}

#[tokio::test]
async fn a_bundle_with_something_else_than_certificates_is_refused() {
    let setup = Setup::new().await;
    let (good, path) = (setup.authority.pem(), setup.directory().join("bundle.pem"));
    let damaged = good.replacen("MI", "AA", 1);
    let cut = &good[..good.len() / 2];
    for (text, expected) in [
        (String::new(), "without a usable PEM certificate"),
        ("no PEM".to_owned(), "without a usable PEM certificate"),
        (damaged.clone(), "certificate number 1 cannot be read"),
        (format!("{good}{damaged}{good}"), "certificate number 2 cannot be read"),
        (format!("{good}{cut}"), "certificate number 2 cannot be read"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = Roots::read(&path).unwrap_err().to_string();
        assert!(error.starts_with("SSL_CERT_FILE") && error.ends_with(expected), "{error}: {text}");
    }
    fs::write(&path, format!("# a note\n{good}\n{good}")).unwrap();
    assert!(Roots::read(&path).is_ok());
    let error = Roots::read(&setup.directory().join("nothing")).unwrap_err();
    assert!(matches!(error, TrustError::Unreadable("SSL_CERT_FILE", _)), "{error}");
}
