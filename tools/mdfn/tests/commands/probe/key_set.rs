//! The key set of an identity domain, by its address.

use std::fs;

use emulator::api_gateway::{ApiGateway, GATEWAY, Habit, KeySet};
use serde_json::json;

use super::{Setup, ended};
use crate::Done;

const TOKEN: &str = "eyJ.a-token-of-the-domain.c2ln";

/// Asks the fourth question of a gateway, with a token or without.
async fn probed(setup: &Setup, gateway: &ApiGateway, token: Option<&str>) -> Done {
    let (url, file) = (gateway.url(), setup.path("token"));
    let mut options =
        vec!["--yes", "--only", "4", "--gateway", GATEWAY, "--gateway-endpoint", &url];
    options.extend(["--domain", "https://idcs-0.identity.example.com"]);
    if let Some(token) = token {
        fs::write(&file, token).unwrap();
        options.extend(["--token-file", &file]);
    }
    let done = setup.run(&options).await;
    assert!(!done.stdout.contains("a-token") && !done.stderr.contains("a-token"), "{done:?}");
    done
}

#[tokio::test]
async fn a_gateway_that_takes_the_key_set_takes_or_refuses_a_token_by_it() {
    let setup = Setup::new().await;
    let takes = KeySet::Takes(TOKEN);
    let gateway = ApiGateway::start(setup.user.clone(), &setup.tls, takes).await.unwrap();
    let done = probed(&setup, &gateway, Some(TOKEN)).await;
    ended(
        &done,
        0,
        &["yes: the deployment is active, and a token passes", "Nothing is left behind."],
    );
    let evidence = setup.question(4)["evidence"].clone();
    let statuses: Vec<_> =
        evidence.as_array().unwrap().iter().map(|seen| seen["status"].clone()).collect();
    assert_eq!(statuses, [200, 200, 200, 401, 200].map(|status| json!(status)), "{evidence}");
    assert!(!setup.report().to_string().contains("a-token"));
    let done = probed(&setup, &gateway, Some("eyJ.another-a-token.c2ln")).await;
    ended(&done, 0, &["no: the deployment is active, and the token does not pass"]);
    let done = probed(&setup, &gateway, None).await;
    ended(&done, 0, &["whether a token passes was not asked: it needs --token-file"]);
    assert!(gateway.deployments().is_empty());
    assert!(setup.functions.asked().is_empty());
}

#[tokio::test]
async fn a_proxy_is_not_heeded_not_even_one_that_cannot_be_used() {
    let setup = Setup::new().await;
    let arguments = setup.arguments(&["--yes", "--only", "3"]);
    for proxy in ["no proxy at all", "http://127.0.0.1:1"] {
        let done = setup.run_all(arguments.clone(), &[("HTTPS_PROXY", proxy)]).await;
        ended(&done, 0, &["emulated-go-ol9"]);
    }
}

#[tokio::test]
async fn a_gateway_that_refuses_the_key_set_or_fails_with_it_is_a_no() {
    for (key_set, said) in [
        (KeySet::Refuses, "no: the service refuses the deployment"),
        (KeySet::Fails, "no: the deployment failed"),
    ] {
        let setup = Setup::new().await;
        let gateway = ApiGateway::start(setup.user.clone(), &setup.tls, key_set).await.unwrap();
        ended(&probed(&setup, &gateway, Some(TOKEN)).await, 0, &[said]);
        assert!(gateway.deployments().is_empty());
    }
}

#[tokio::test]
async fn a_deployment_that_cannot_be_deleted_is_named_with_its_ocid() {
    let setup = Setup::new().await;
    let takes = KeySet::Takes(TOKEN);
    let gateway =
        ApiGateway::start_with(setup.user.clone(), &setup.tls, takes, Habit::Keeps).await.unwrap();
    let done = probed(&setup, &gateway, None).await;
    let left = gateway.deployments();
    ended(&done, 1, &[&format!("-key-set ({}): it cannot be deleted", left[0]), "code NoWay"]);
    assert_eq!(setup.report()["left"][0]["id"], left[0]);
}

#[tokio::test]
async fn an_address_that_is_no_domain_and_a_token_file_that_is_not_there_are_refused() {
    let setup = Setup::new().await;
    for domain in
        ["http://idcs-0.example.com", "https://user@idcs-0.example.com", "https://a/b", "a"]
    {
        let options = ["--yes", "--gateway", GATEWAY, "--domain", domain];
        ended(&setup.run(&options).await, 2, &["expected the https address of an identity domain"]);
    }
    let known = ["--yes", "--gateway", GATEWAY, "--domain", "https://idcs-0.example.com"];
    let none = setup.path("none");
    let done = setup.run(&[&known[..], &["--token-file", &none]].concat()).await;
    ended(&done, 2, &["the token cannot be read from"]);
    let other =
        ["--yes", "--gateway", "ocid1.vcn.oc1..a", "--domain", "https://idcs-0.example.com"];
    ended(&setup.run(&other).await, 2, &["expected the OCID of a gateway"]);
    assert!(setup.functions.asked().is_empty());
}
