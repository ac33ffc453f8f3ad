//! Is what cannot be signed as it would arrive refused, and never sent?

use http::{Method, Request};
use oracle_cloud_client::{Body, SendError, SignError};

use super::client::{client, last, origin, soon, stream};
use crate::setup::Setup;

#[tokio::test]
async fn oci_signing_11_addresses_that_must_not_be_signed_for_are_refused() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for uri in ["http://localhost/x", "https://user:pw@localhost/x", "/x"] {
        let error =
            client.send_with(Request::get(uri).body(()).unwrap(), &soon()).await.unwrap_err();
        let refused = matches!(error, SendError::Address | SendError::Signing(SignError::Host));
        assert!(refused, "{uri}: {error}");
    }
    assert_eq!(setup.deployment.connections(), 0);
}

#[tokio::test]
async fn an_address_that_parsing_changes_is_refused_and_never_sent() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for path in [
        "/n/a/b/c/o/%2E%2E",
        "/n/a/b/c/o/%2e.",
        "/n/a/b/c/o/.%2E/d",
        "/o/%2e",
        "/o/.",
        "/o/..",
        "/o/../p",
        "/../p",
        "/o/a\\b",
        "/o/..\\b",
        "/o/é",
        "/é",
        "/o/a\"b",
        "/o/{a}",
        "/o/a`b",
        "/o/../p?a=b",
    ] {
        for method in [Method::GET, Method::DELETE, Method::POST] {
            let uri = format!("{}{path}", origin(&setup));
            // What is no URI to begin with cannot be asked for.
            let Ok(request) = Request::builder().method(method).uri(&uri).body(()) else {
                continue;
            };
            let error = client.send_with(request, &soon()).await.unwrap_err();
            assert!(matches!(error, SendError::Changed), "{path}: {error:?}");
        }
    }
    let port = setup.deployment.port();
    for host in ["127.1", "0x7f.0.0.1", "2130706433", "127.0.0.01", "[0:0::1]", "localhos%74"] {
        let Ok(request) = Request::get(format!("https://{host}:{port}/x")).body(()) else {
            continue;
        };
        let error = client.send_with(request, &soon()).await.unwrap_err();
        assert!(matches!(error, SendError::Changed | SendError::Address), "{host}: {error:?}");
    }
    assert_eq!((setup.deployment.connections(), setup.deployment.received().len()), (0, 0));
}

#[tokio::test]
async fn a_value_with_white_space_around_it_is_sent_as_it_is_signed() {
    let setup = Setup::new().await;
    let client = client(&setup);
    for (typed, sent) in [
        ("application/json ", "application/json"),
        ("\t text/csv \t", "text/csv"),
        ("a/b; c=\" d \" ", "a/b; c=\" d \""),
    ] {
        let request = Request::post(format!("{}/x", origin(&setup)))
            .header("content-type", typed)
            .header("opc-client-info", " x\t")
            .body("{}".to_owned());
        client.send_with(request.unwrap(), &soon()).await.unwrap();
        let request = last(&setup).request;
        assert_eq!(request.text("content-type"), Some(sent), "{typed:?}");
        assert_eq!(request.text("opc-client-info"), Some("x"));
    }
}

#[tokio::test]
async fn framing_that_is_not_the_bodys_is_refused_and_never_sent() {
    let setup = Setup::new().await;
    let client = client(&setup);
    let wrong = [
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"),
        ("content-length", "3"),
        ("content-length", "1"),
        ("content-length", "02x"),
        ("content-length", ""),
    ];
    for (name, value) in wrong {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::GET, Method::DELETE] {
            for body in [Body::from("{}"), Body::from("{}").unsigned()] {
                let request = Request::builder().method(&method).uri(origin(&setup));
                let request = request.header(name, value).body(body).unwrap();
                let error = client.send_with(request, &soon()).await.unwrap_err();
                let refused = matches!(error, SendError::Signing(SignError::Framing(_)));
                assert!(refused, "{method} {name}: {value}: {error:?}");
            }
        }
    }
    let request = Request::put(origin(&setup)).header("transfer-encoding", "chunked");
    let request = request.header("content-length", 8).body(stream()).unwrap();
    let error = client.send_with(request, &soon()).await.unwrap_err();
    assert!(matches!(error, SendError::Signing(SignError::Framing(_))), "{error:?}");
    let twice = Request::post(origin(&setup)).header("content-length", 2);
    let twice = twice.header("content-length", 2).body("{}".to_owned()).unwrap();
    let error = client.send_with(twice, &soon()).await.unwrap_err();
    assert!(matches!(error, SendError::Signing(SignError::Framing(_))), "{error:?}");
    assert_eq!(setup.deployment.received().len(), 0);
    // The right length is no mistake.
    let request = Request::post(format!("{}/x", origin(&setup))).header("content-length", "2");
    client.send_with(request.body("{}".to_owned()).unwrap(), &soon()).await.unwrap();
    assert_eq!(last(&setup).request.text("content-length"), Some("2"));
}
