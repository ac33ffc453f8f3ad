//! Does the gateway execute a deployment specification, and refuse one that the service would
//! refuse?

use std::time::Duration;

use emulator::gateway::spec::Specification;
use emulator::gateway::{Functions, Gateway};
use emulator::identity::{Client, IdentityDomain};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

fn client() -> Client {
    let text = |text: &str| text.to_owned();
    Client {
        id: text("id"),
        secret: text("secret"),
        audience: text("https://gw/"),
        scope: text("predict"),
    }
}

fn parse(specification: &Value) -> Result<Specification, String> {
    Specification::parse(&specification.to_string())
}

fn stock(path: &str) -> Value {
    json!({ "path": path, "methods": ["ANY"], "backend": { "type": "STOCK_RESPONSE_BACKEND", "status": 200, "body": path } })
}

fn authentication(policy: &Value) -> Value {
    json!({ "type": "TOKEN_AUTHENTICATION", "tokenHeader": "Authorization", "tokenAuthScheme": "Bearer", "validationPolicy": policy })
}

fn static_key(key: &Value) -> Value {
    let additional = json!({ "issuers": ["x"], "audiences": ["y"] });
    authentication(
        &json!({ "type": "STATIC_KEYS", "keys": [key], "additionalValidationPolicy": additional }),
    )
}

async fn gateway(specification: &Value) -> Gateway {
    Gateway::start(0, "/v1", parse(specification).unwrap(), Functions::new()).await.unwrap()
}

/// The status and the body of the answer to a GET.
async fn get(gateway: &Gateway, path: &str, header: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n{header}\r\n");
    answer(gateway, &head).await
}

/// The same of any request, which is sent to its last byte before the answer is read.
async fn answer(gateway: &Gateway, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(gateway.url().trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn what_the_service_refuses_or_is_not_executed_is_refused_with_its_name() {
    let small = "_".repeat(170) + "8";
    let jwk = json!({ "format": "JSON_WEB_KEY", "kid": "k", "kty": "RSA", "alg": "RS256", "n": small, "e": "AQAB" });
    let with = |member: &str, value: &str| {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().insert(member.to_owned(), json!(value));
        jwk
    };
    let set = json!({ "items": [{ "name": "a", "values": [] }] });
    let both = json!({ "setHeaders": { "items": [{ "name": "A", "values": ["1"] }] },
        "filterHeaders": { "type": "BLOCK", "items": [{ "name": "a" }] } });
    let route = |policies: Value| {
        let mut route = stock("/a");
        route.as_object_mut().unwrap().insert("requestPolicies".to_owned(), policies);
        json!({ "routes": [route] })
    };
    let server = |more: Value| {
        let mut backend = json!({ "type": "HTTP_BACKEND" });
        backend.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "routes": [{ "path": "/a", "methods": ["ANY"], "backend": backend }] })
    };
    let authenticated =
        |policy: Value| json!({ "requestPolicies": { "authentication": policy }, "routes": [] });
    for (specification, named) in [
        (json!({}), "routes"),
        (json!({ "routes": [], "requestPolicies": { "mutualTls": {} } }), "mutualTls"),
        (json!({ "routes": vec![stock("/a"); 51] }), "51"),
        (authenticated(static_key(&jwk)), "2048"),
        (authenticated(static_key(&with("kty", "EC"))), "kty"),
        (authenticated(static_key(&with("use", "enc"))), "use"),
        (authenticated(static_key(&with("x5c", "x"))), "x5c"),
        (
            authenticated(static_key(&json!({ "format": "PEM", "kid": "k", "key": "no pem" }))),
            "`k`",
        ),
        (route(json!({ "headerTransformations": { "setHeaders": set } })), "`a`"),
        (route(json!({ "headerTransformations": both })), "more than one"),
        (server(json!({ "url": "ftp://a/" })), "`ftp://a/`"),
        (server(json!({ "url": "http:///a" })), "`http:///a`"),
        (server(json!({ "url": "http://a", "connectTimeoutInSeconds": 76 })), "between 1 and 75"),
        (server(json!({ "url": "http://a", "readTimeoutInSeconds": 301 })), "readTimeoutInSeconds"),
        (server(json!({ "url": "http://a", "sendTimeoutInSeconds": 0.5 })), "sendTimeoutInSeconds"),
        (server(json!({ "url": "http://a", "idleTimeout": 1 })), "idleTimeout"),
        (server(json!({})), "url"),
    ] {
        let error = parse(&specification).map(drop).unwrap_err();
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[tokio::test]
async fn a_remote_key_set_follows_a_rotation_and_a_lost_one_is_an_error_of_the_gateway() {
    let identity = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let remote = |uri: String| {
        let additional = json!({ "issuers": ["https://identity.oraclecloud.com/"], "audiences": ["https://gw/"],
            "verifyClaims": [{ "key": "client_id", "values": ["id"], "isRequired": true }] });
        let policy = json!({ "type": "REMOTE_JWKS", "uri": uri, "maxCacheDurationInHours": 1, "additionalValidationPolicy": additional });
        json!({ "requestPolicies": { "authentication": authentication(&policy) }, "routes": [stock("/a")] })
    };
    let gateway_of = |uri: String| async move { gateway(&remote(uri)).await };
    let reachable = gateway_of(format!("{}/admin/v1/SigningCert/jwk", identity.url())).await;
    for _ in 0..2 {
        let bearer = |claims: Value| {
            format!("authorization: Bearer {}\r\n", identity.mint(&client(), &claims))
        };
        assert_eq!(get(&reachable, "/v1/a", &bearer(json!({}))).await, (200, "/a".to_owned()));
        assert_eq!(get(&reachable, "/v1/a", &bearer(json!({ "client_id": "other" }))).await.0, 401);
        assert_eq!(get(&reachable, "/v1/a", &bearer(json!({ "client_id": null }))).await.0, 401);
        identity.rotate();
    }
    let lost = gateway_of("http://127.0.0.1:1/jwk".to_owned()).await;
    let bearer = format!("authorization: Bearer {}\r\n", identity.mint(&client(), &json!({})));
    assert_eq!(get(&lost, "/v1/a", &bearer).await.0, 500);
}

#[tokio::test]
async fn a_required_claim_without_values_must_be_there_with_any_value() {
    let identity = IdentityDomain::start(0, vec![client()]).await.unwrap();
    for values in [json!({}), json!({ "values": null }), json!({ "values": [] })] {
        let mut claim = json!({ "key": "client_id", "isRequired": true });
        claim.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        let additional = json!({ "issuers": ["https://identity.oraclecloud.com/"],
            "audiences": ["https://gw/"], "verifyClaims": [claim] });
        let policy = json!({ "type": "REMOTE_JWKS", "uri": format!("{}/admin/v1/SigningCert/jwk", identity.url()),
            "maxCacheDurationInHours": 1, "additionalValidationPolicy": additional });
        let gateway = gateway(
            &json!({ "requestPolicies": { "authentication": authentication(&policy) }, "routes": [stock("/a")] }),
        )
        .await;
        for (changed, status) in [(json!({}), 200), (json!({ "client_id": null }), 401)] {
            let bearer =
                format!("authorization: Bearer {}\r\n", identity.mint(&client(), &changed));
            assert_eq!(get(&gateway, "/v1/a", &bearer).await.0, status, "{values} {changed}");
        }
    }
}

#[tokio::test]
async fn the_first_route_that_fits_answers() {
    let gateway =
        gateway(&json!({ "routes": [stock("/a"), stock("/b/{x}"), stock("/c/{rest*}")] })).await;
    for (path, status, body) in [
        ("/v1/a", 200, "/a"),
        ("/v1/b/1", 200, "/b/{x}"),
        ("/v1/c/1/2", 200, "/c/{rest*}"),
        ("/v1/c/", 200, "/c/{rest*}"),
    ] {
        assert_eq!(get(&gateway, path, "").await, (status, body.to_owned()), "{path}");
    }
    for path in ["/v1", "/v1/", "/v1/a/", "/v1/b", "/v1/b/", "/v1/b/1/2", "/a", "//v1/a"] {
        assert_eq!(get(&gateway, path, "").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn calls_beyond_the_rate_are_429() {
    let limit = json!({ "rateInRequestsPerSecond": 2, "rateKey": "TOTAL" });
    let gateway =
        gateway(&json!({ "requestPolicies": { "rateLimiting": limit }, "routes": [stock("/a")] }))
            .await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(get(&gateway, "/v1/a", "").await.0);
    }
    assert_eq!(statuses.iter().take(2).filter(|status| **status == 200).count(), 2, "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_client_that_sends_before_it_reads_learns_why_its_large_body_was_refused() {
    let gateway = gateway(&json!({ "routes": [stock("/a")] })).await;
    let body = "x".repeat(20_000_000);
    for (path, status, message) in [("a", 413, "Payload Too Large"), ("b", 404, "Not Found")] {
        let head = format!("POST /v1/{path} HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n");
        let length = body.len();
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        let (seen, said) = answer(&gateway, &request).await;
        assert!(seen == status && said.contains(message), "{seen} {said}");
    }
}
