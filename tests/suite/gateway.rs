//! Does a client get from its secret to a prediction, and nobody else?
//!
//! The whole cloud, with the specification that `mdfn gateway-spec` prints executed by the emulated gateway.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use emulator::cloud::{Cloud, Function, Plan};
use emulator::deployment::OCID;
use emulator::gateway::document::{Input, Keys};
use emulator::gateway::signing_key::static_keys;
use emulator::principal::FUNCTION;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

const ROW: &str = r#"{"data": [[5.1, 3.5, 1.4, 0.2]]}"#;

async fn cloud() -> Cloud {
    let function = Function::Binary(env!("CARGO_BIN_EXE_func").into());
    Cloud::start(Plan::new(function)).await.unwrap()
}

pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (StatusCode, Value) {
    let uri: http::Uri = url.parse().unwrap();
    let stream = TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let target = uri.path_and_query().unwrap().as_str();
    let mut request =
        Request::builder().method(method).uri(target).header("host", "gateway.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    connection.abort();
    let text = || Value::from(String::from_utf8_lossy(&body));
    (head.status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

async fn predict(cloud: &Cloud, token: &str, more: &[(&str, &str)]) -> (StatusCode, Value) {
    let bearer = format!("Bearer {token}");
    let mut headers =
        vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    headers.extend(more);
    send(Method::POST, &cloud.route(), &headers, ROW).await
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn a_token_from_the_identity_domain_leads_to_a_prediction() {
    let cloud = cloud().await;
    let (client, url) = (&cloud.client, format!("{}/oauth2/v1/token", cloud.identity.url()));
    let basic = |id: &str, secret: &str| {
        use base64::Engine;
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"))
        )
    };
    let form = "grant_type=client_credentials&scope=https%3A%2F%2Fgateway.example%2Fpredict";
    let authorization = basic(&client.id, &client.secret);
    let (status, answer) =
        send(Method::POST, &url, &[("authorization", &authorization)], form).await;
    assert_eq!((status, &answer["token_type"]), (StatusCode::OK, &json!("Bearer")));
    let (status, prediction) = predict(&cloud, answer["access_token"].as_str().unwrap(), &[]).await;
    assert_eq!(
        (status, &prediction["prediction"]),
        (StatusCode::OK, &json!(["setosa"])),
        "{prediction}"
    );

    for (authorization, form, error) in [
        (basic(&client.id, "wrong"), form.to_owned(), "invalid_client"),
        (
            authorization.clone(),
            form.replace("client_credentials", "password"),
            "unsupported_grant_type",
        ),
        (authorization.clone(), form.replace("predict", "admin"), "unauthorized_client"),
        (authorization, form.replace("gateway", "other"), "invalid_scope"),
    ] {
        let (status, answer) =
            send(Method::POST, &url, &[("authorization", &authorization)], &form).await;
        assert!(status.is_client_error() && answer["error"] == error, "{error}: {answer}");
    }
}

#[tokio::test]
async fn the_local_cloud_has_an_openai_model_beside_the_classifier() {
    let cloud = cloud().await;
    let bearer = format!("Bearer {}", cloud.identity.mint(&cloud.client, &json!({})));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let base = cloud.route().replace("/iris", "/llm/v1");
    let chat = r#"{"model": "odsc-llm", "messages": [{"role": "user", "content": "Hello"}]}"#;
    let url = format!("{base}/chat/completions");
    let (status, answer) = send(Method::POST, &url, &headers, chat).await;
    assert_eq!(
        (status, &answer["object"]),
        (StatusCode::OK, &json!("chat.completion")),
        "{answer}"
    );
    let (status, answer) = send(Method::POST, &format!("{base}/files"), &headers, "{}").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
}

#[tokio::test]
async fn a_specification_and_a_configuration_of_ones_own_lead_into_the_local_cloud() {
    let host = "modeldeployment.eu-frankfurt-1.oci.customer-oci.com";
    let unique = "amaaaaaa".repeat(7) + "mine";
    let ocid = format!("ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.{unique}");
    let jwks = "https://idcs-mine.identity.oraclecloud.com/admin/v1/SigningCert/jwk".to_owned();
    let mut own = Input::new("ocid1.fnfunc.oc1.fra.mine", "https://api.example/", Keys::Jwks(jwks));
    own.issuers = vec!["https://idcs-mine.identity.oraclecloud.com".to_owned()];
    own.scope = "call".to_owned();
    own.models = BTreeMap::from([
        ("url".to_owned(), format!("https://{host}/{ocid}/predict")),
        ("alias".to_owned(), "mine".to_owned()),
    ]);
    let aliases = format!(r#"{{"mine": "https://{host}/{ocid}/predict"}}"#);
    let config = [("MODEL_DEPLOYMENTS", aliases.as_str()), ("ALLOWED_DEPLOYMENTS", ocid.as_str())];
    let config = config.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let function = Function::Binary(env!("CARGO_BIN_EXE_func").into());
    let specification = Some(own.document());
    let cloud = Cloud::start(Plan { specification, config, ..Plan::new(function) }).await.unwrap();
    assert_eq!(cloud.client.qualified_scope(), "https://api.example/call");
    let bearer = format!("Bearer {}", cloud.identity.mint(&cloud.client, &json!({})));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for route in ["/url", "/alias"] {
        let url = cloud.route().replace("/iris", route);
        let (status, answer) = send(Method::POST, &url, &headers, ROW).await;
        assert_eq!(
            (status, &answer["prediction"]),
            (StatusCode::OK, &json!(["setosa"])),
            "{answer}"
        );
        assert_eq!(send(Method::POST, &url, &headers[1..], ROW).await.0, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_token_that_says_something_else_does_not_pass() {
    let cloud = cloud().await;
    let past = now() - 120;
    for (claims, status) in [
        (json!({}), 200),
        (json!({ "aud": ["https://other/", "https://gateway.example/"] }), 200),
        (json!({ "exp": now() - 10 }), 200),
        (json!({ "iss": "https://elsewhere/" }), 401),
        (json!({ "iss": null }), 401),
        (json!({ "aud": "https://gateway.example" }), 401),
        (json!({ "aud": null }), 401),
        (json!({ "exp": past }), 401),
        (json!({ "exp": null }), 401),
        (json!({ "nbf": now() + 120 }), 401),
        (json!({ "scope": "admin" }), 403),
        (json!({ "scope": "Predict" }), 403),
        (json!({ "scope": null }), 403),
    ] {
        let token = cloud.identity.mint(&cloud.client, &claims);
        assert_eq!(predict(&cloud, &token, &[]).await.0, status, "{claims}");
    }
    assert_eq!(cloud.deployment.received().len(), 3);
}

#[tokio::test]
async fn a_token_of_another_key_or_with_a_changed_byte_does_not_pass() {
    let cloud = cloud().await;
    let token = cloud.identity.mint(&cloud.client, &json!({}));
    for at in [5, token.len() / 2, token.len() - 10] {
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        assert_eq!(predict(&cloud, &changed, &[]).await.0, 401, "{at}");
    }
    for nothing in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(predict(&cloud, nothing, &[]).await.0, 401, "{nothing}");
    }
    // The static key of the specification does not follow a rotation.
    cloud.identity.rotate();
    let rotated = cloud.identity.mint(&cloud.client, &json!({}));
    assert_eq!(
        (predict(&cloud, &rotated, &[]).await.0, predict(&cloud, &token, &[]).await.0),
        (StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
}

#[tokio::test]
async fn the_route_and_not_the_client_chooses_the_deployment() {
    let cloud = cloud().await;
    let token = cloud.identity.mint(&cloud.client, &json!({}));
    let own = ("model_deployment", "https://attacker.example/");
    assert_eq!(predict(&cloud, &token, &[own, own]).await.0, 200);
    assert_eq!(cloud.deployment.received()[0].request.target, format!("/{OCID}/predict"));
}

#[tokio::test]
async fn other_paths_methods_and_bodies_do_not_reach_the_function() {
    let cloud = cloud().await;
    let token = format!("Bearer {}", cloud.identity.mint(&cloud.client, &json!({})));
    let json = ("content-type", "application/json");
    let url = cloud.route();
    for (method, url, content_type, body, status) in [
        (Method::GET, url.clone(), json, "", 405),
        (Method::POST, format!("{url}/x"), json, ROW, 404),
        (Method::POST, url.replace("/models/iris", "/iris"), json, ROW, 404),
        (Method::POST, url.clone(), json, "", 400),
        (Method::POST, url.clone(), ("content-type", "text/csv"), ROW, 415),
    ] {
        let headers = [("authorization", token.as_str()), content_type];
        assert_eq!(send(method, &url, &headers, body).await.0, status, "{url} {body}");
    }
    let long = "x".repeat(9 * 1024);
    let headers = [("authorization", token.as_str()), json, ("x-long", long.as_str())];
    assert_eq!(send(Method::POST, &url, &headers, ROW).await.0, 431);
    assert!(cloud.deployment.received().is_empty());
}

#[tokio::test]
async fn the_local_gateway_executes_what_gateway_spec_prints() {
    let cloud = cloud().await;
    let keys = Keys::Static(static_keys(&cloud.identity.jwks()).unwrap());
    let mut input = Input::new(FUNCTION, &cloud.client.audience, keys);
    let url = cloud.deployment.url("localhost");
    let base = url.strip_suffix("/predict").unwrap().to_owned();
    input.models = BTreeMap::from([("iris".to_owned(), url)]);
    input.openai_models = BTreeMap::from([("llm".to_owned(), base)]);
    assert_eq!(cloud.specification, input.document());
}
