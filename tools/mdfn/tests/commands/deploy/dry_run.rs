//! `--dry-run` sends nothing, and shows what would be sent.

use std::fs;

use emulator::user::User;
use serde_json::Value;

use super::{HERE, SECRET, Setup, archive, ended};
use crate::mdfn_with;

#[test]
fn a_machine_without_a_network_shows_every_request_without_values() {
    let files = tempfile::tempdir().unwrap();
    let config = User::new().write(files.path()).unwrap();
    let function = files.path().join("function.zip");
    fs::write(&function, archive(10)).unwrap();
    let arguments = [
        "deploy",
        "--dry-run",
        "--config-location",
        config.to_str().unwrap(),
        "--archive",
        function.to_str().unwrap(),
        "--application",
        "models",
        "--compartment",
        "ocid1.compartment.oc1..a",
        "--config",
        "TOKEN_OF_MINE",
        "--memory",
        "256",
        "--tag",
        "team=ml",
    ];
    let done = mdfn_with(&arguments, &[("TOKEN_OF_MINE", SECRET)], "");
    let service = "https://functions.sa-saopaulo-1.oci.oraclecloud.com/20260325";
    let get = format!(
        "GET {service}/applications?compartmentId=ocid1.compartment.oc1..a&displayName=models"
    );
    let size = archive(10).len();
    ended(
        &done,
        0,
        &[
            "Nothing is sent.",
            &get,
            &format!("GET {service}/applications/<OCID of the application models>"),
            &format!("GET {service}/functionsRuntimes?lifecycleState=ACTIVE"),
            &format!("POST {service}/functions"),
            &format!("PUT {service}/functions/<OCID of the function>"),
            &format!("\"archiveFile\": \"<base64 of {size} bytes, SHA-256 "),
            "\"functionsRuntimeName\": \"<name of the active runtime for Go>\"",
            "\"TOKEN_OF_MINE\": \"<value of TOKEN_OF_MINE>\"",
            "\"memoryInMBs\": 256",
            "\"team\": \"ml\"",
        ],
    );
    assert!(!done.stdout.contains(SECRET) && done.stderr.is_empty(), "{done:?}");
}

#[tokio::test]
async fn what_is_shown_is_what_is_sent() {
    let setup = Setup::new(HERE).await;
    let archive = setup.path("function.zip");
    let known = ["--archive", &archive, "--application", &setup.application];
    let done = setup.run(&[&known[..], &["--dry-run"]].concat()).await;
    ended(&done, 0, &[]);
    assert!(setup.functions.asked().is_empty());
    let shown = &done.stdout;
    ended(&setup.run(&[&known[..], &["--yes"]].concat()).await, 0, &["is ACTIVE"]);
    ended(
        &setup.run(&[&known[..], &["--yes", "--memory", "256"]].concat()).await,
        0,
        &["is ACTIVE"],
    );
    let id = setup.function()["id"].as_str().unwrap().to_owned();
    let sent = setup.functions.asked();
    assert!(sent.len() >= 8, "{sent:?}");
    for asked in sent {
        let target = asked.target.replace(&id, "<OCID of the function>");
        let work = target.find("ocid1.functionsworkrequest.").map(|at| target.split_at(at).0);
        let target =
            work.map_or(target.clone(), |start| format!("{start}<OCID of the work request>"));
        let line = format!(
            "  {} {}{target}\n    {}\n",
            asked.method,
            setup.functions.url(),
            asked.headers.join(" ")
        );
        assert!(format!("{shown}\n").contains(&line), "{line}\n{shown}");
    }
    let body = shown.split("POST ").nth(1).unwrap();
    let (_, body) = body.split_once('{').unwrap();
    let (body, _) = body.split_once("\nWhere").unwrap();
    let body: Value = serde_json::from_str(&format!("{{{body}")).unwrap();
    assert_eq!(body["displayName"], "model-deployment-fn");
    assert_eq!(body["applicationId"], setup.application);
}
