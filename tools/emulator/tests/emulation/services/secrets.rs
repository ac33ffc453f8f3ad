//! Secrets by id and by name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::services::{Service, VAULT};
use serde_json::json;

use super::client::Setup;

const BASE: &str = "/20190301/secretbundles";

#[tokio::test]
async fn a_secret_is_read_by_its_id_by_its_name_and_in_an_older_version() {
    let setup = Setup::new().await;
    let secrets = setup.services.secrets();
    let id = secrets.put("password", b"first");
    assert_eq!(secrets.put("password", b"second"), id);
    let by_id = format!("{BASE}/{id}");
    let older = format!("{by_id}?versionNumber=1");
    let by_name = format!("{BASE}/actions/getByName?secretName=password&vaultId={VAULT}");
    for (method, target, expected) in [
        ("GET", by_id.as_str(), "second"),
        ("GET", older.as_str(), "first"),
        ("POST", by_name.as_str(), "second"),
    ] {
        let answer = match method {
            "GET" => setup.bare(Service::Secrets, method, target, "").await,
            _ => setup.json(Service::Secrets, target, "", &json!({})).await,
        };
        let content = answer.json()["secretBundleContent"]["content"].clone();
        assert_eq!(STANDARD.decode(content.as_str().unwrap()).unwrap(), expected.as_bytes());
    }
    let versions = setup.bare(Service::Secrets, "GET", &format!("{by_id}/versions"), "").await;
    assert_eq!(versions.json().as_array().unwrap().len(), 2);
    let debug = format!("{:?}", setup.services);
    assert!(!debug.contains("first") && !debug.contains("second"));
}

#[tokio::test]
async fn what_is_not_there_looks_like_what_one_has_no_right_to() {
    let setup = Setup::new().await;
    let id = setup.services.secrets().put("password", b"first");
    for target in [
        format!("{BASE}/{id}0"),
        format!("{BASE}/{id}?versionNumber=2"),
        format!("{BASE}/{id}?stage=PENDING"),
    ] {
        let refusal = setup.bare(Service::Secrets, "GET", &target, "").await.refusal();
        assert_eq!(refusal, (404, "NotAuthorizedOrNotFound".to_owned()), "{target}");
    }
    let target = format!("{BASE}/actions/getByName?secretName=password&vaultId=other");
    assert_eq!(setup.json(Service::Secrets, &target, "", &json!({})).await.status, 404);
}
