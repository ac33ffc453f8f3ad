//! What is made and what is changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::deployment::OCID;
use emulator::functions::Runtime;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{COMPARTMENT, ELSEWHERE, HERE, SECRET, Setup, archive, archive_of_both, ended};

#[tokio::test]
async fn a_function_is_made_with_all_that_is_named_and_its_defaults() {
    let setup = Setup::new(HERE).await;
    let host = "modeldeployment.sa-saopaulo-1.oci.customer-oci.com";
    let aliases = format!("MODEL_DEPLOYMENTS={{\"iris\": \"https://{host}/{OCID}/predict\"}}");
    let file = setup.write("settings.json", br#"{"LOG_FORMAT": "json"}"#);
    let settings = ["--config", "MODEL_DEPLOYMENT=iris", "--config", "FORWARD_HEADERS=x-a"];
    let more = ["--config", &aliases, "--config-file", &file, "--tag", "team=ml"];
    let done = setup.deploy(&[&settings[..], &more].concat()).await;
    ended(&done, 0, &[]);
    let function = setup.function();
    let id = function["id"].as_str().unwrap();
    let size = archive(10).len();
    ended(
        &done,
        0,
        &[
            &format!("application models ({}), {HERE}", setup.application),
            "function model-deployment-fn will be made:",
            &format!("archive for {HERE}, {size} bytes, SHA-256 "),
            "emulated-go-ol9, its newest version at every update",
            "128 MB",
            "120 s",
            "FORWARD_HEADERS, LOG_FORMAT, MODEL_DEPLOYMENT, MODEL_DEPLOYMENTS\n",
            "team=ml",
            "note: whether the service takes an executable that Go did not build is not known",
            &format!("{id} is accepted; waiting for up to 600 s\n{id} is ACTIVE\n"),
            &format!("mdfn policy --function {id} --models "),
        ],
    );
    assert!(!done.stdout.contains("x-a"), "{done:?}");
    assert_eq!(function["displayName"], "model-deployment-fn");
    assert_eq!(
        (&function["memoryInMBs"], &function["timeoutInSeconds"]),
        (&json!(128), &json!(120))
    );
    assert_eq!(function["config"]["LOG_FORMAT"], "json");
    assert_eq!(function["freeformTags"], json!({ "team": "ml" }));
    assert_eq!(function["lifecycleState"], "ACTIVE");
    let sha256 = STANDARD.encode(Sha256::digest(archive(10)));
    assert_eq!(function["sourceDetails"]["sourceCodeSha256"], sha256);
}

#[tokio::test]
async fn an_update_says_member_by_member_what_changes_and_leaves_the_rest() {
    let setup = Setup::new(HERE).await;
    let first = ["--config", "LOG_LEVEL=info", "--config", "RETURN_HEADERS=x-b", "--tag", "a=1"];
    ended(&setup.deploy(&first).await, 0, &["will be made"]);
    let before = setup.function();
    let same = setup.deploy(&first).await;
    ended(&same, 0, &["is up to date; nothing changes"]);
    assert_eq!(setup.changes(), ["POST"]);
    setup.write("function.zip", &archive(11));
    let second = [
        "--memory",
        "256",
        "--config",
        "LOG_LEVEL=debug",
        "--config",
        "LOG_FORMAT=json",
        "--tag",
        "b=2",
    ];
    let done = setup.deploy(&second).await;
    let (old, new) = (Sha256::digest(archive(10)), Sha256::digest(archive(11)));
    let hex =
        |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    ended(
        &done,
        0,
        &[
            "will change:",
            &format!("SHA-256 {} → archive for {HERE}", hex(&old)),
            &format!("SHA-256 {}\n", hex(&new)),
            "128 MB → 256 MB",
            "new: LOG_FORMAT; another value: LOG_LEVEL",
            "b=2",
            "is ACTIVE",
        ],
    );
    assert!(!done.stdout.contains("timeout") && !done.stdout.contains("runtime"), "{done:?}");
    assert!(!done.stdout.contains("mdfn policy"), "{done:?}");
    let after = setup.function();
    assert_eq!(before["id"], after["id"]);
    let settings = json!({ "LOG_LEVEL": "debug", "RETURN_HEADERS": "x-b", "LOG_FORMAT": "json" });
    assert_eq!(after["config"], settings);
    assert_eq!(after["freeformTags"], json!({ "a": "1", "b": "2" }));
    assert_eq!(after["timeoutInSeconds"], 120);
    assert_eq!(setup.changes(), ["POST", "PUT"]);
    let asked = setup.functions.asked();
    let update = asked.iter().find(|asked| asked.method == "PUT").unwrap();
    assert!(update.headers.contains(&"if-match".to_owned()), "{update:?}");
}

#[tokio::test]
async fn a_runtime_is_pinned_and_let_go_again() {
    let setup = Setup::new(HERE).await;
    let version = Runtime::new("emulated-go-ol9", "Go").version();
    let pinned = ["--runtime-version", version.as_str()];
    let said = format!("emulated-go-ol9, version {version}");
    ended(&setup.deploy(&pinned).await, 0, &[&said]);
    assert_eq!(setup.function()["sourceDetails"]["runtimeConfig"]["runtimeConfigType"], "MANUAL");
    ended(&setup.deploy(&pinned).await, 0, &["nothing changes"]);
    let done = setup.deploy(&["--runtime", "emulated-go-ol9"]).await;
    ended(&done, 0, &["emulated-go-ol9 → emulated-go-ol9, its newest version at every update"]);
    let source = setup.function()["sourceDetails"].clone();
    assert_eq!(source["runtimeConfig"]["runtimeConfigType"], "FUNCTION_UPDATE");
    let other = ["--runtime", "emulated-java-ol9"];
    ended(&setup.deploy(&other).await, 0, &["emulated-go-ol9 → emulated-java-ol9"]);
}

#[tokio::test]
async fn an_image_becomes_a_function_and_its_digest_is_looked_up_again() {
    // An image may be for any processor.
    let setup = Setup::new(ELSEWHERE).await;
    let deploy = async |image: &str| {
        setup.run(&["--image", image, "--application", &setup.application, "--yes"]).await
    };
    ended(&deploy("gru.ocir.io/ns/f:1").await, 0, &["image gru.ocir.io/ns/f:1", "is ACTIVE"]);
    let again = deploy("gru.ocir.io/ns/f:1").await;
    ended(&again, 0, &["image gru.ocir.io/ns/f:1, whose digest is looked up again"]);
    let other = deploy("gru.ocir.io/ns/f:2").await;
    ended(&other, 0, &["gru.ocir.io/ns/f:1 → image gru.ocir.io/ns/f:2"]);
    assert_eq!(setup.function()["sourceDetails"]["image"], "gru.ocir.io/ns/f:2");
    assert_eq!(setup.changes(), ["POST", "PUT", "PUT"]);
}

#[tokio::test]
async fn an_application_is_found_by_its_name_in_its_compartment() {
    let setup = Setup::new(HERE).await;
    let archive = setup.path("function.zip");
    let known = ["--archive", &archive, "--application", "models", "--yes"];
    let done = setup.run(&known).await;
    ended(&done, 2, &["name that with --compartment"]);
    assert!(setup.functions.asked().is_empty());
    let by_name = [&known[..], &["--compartment", COMPARTMENT]].concat();
    ended(&setup.run(&by_name).await, 0, &["is ACTIVE"]);
    let unknown = ["--archive", &archive, "--application", "other", "--yes"];
    let done = setup.run(&[&unknown[..], &["--compartment", COMPARTMENT]].concat()).await;
    ended(&done, 1, &["the compartment has 0 applications named other"]);
}

#[tokio::test]
async fn an_archive_over_25_mb_goes_through_object_storage_by_its_hash() {
    let setup = Setup::new(HERE).await;
    let large = archive(25_000_000);
    setup.write("function.zip", &large);
    let done = setup.deploy(&[]).await;
    ended(&done, 2, &["name a bucket with --bucket"]);
    assert!(setup.functions.asked().is_empty());
    let none = setup.deploy(&["--bucket", "other"]).await;
    ended(&none, 3, &["the archive cannot be uploaded", "code BucketNotFound", "manage objects"]);
    assert!(setup.functions.functions().is_empty());
    let done = setup.deploy(&["--bucket", "archive"]).await;
    ended(&done, 0, &["note: the application itself", "the archive is uploaded", "is ACTIVE"]);
    let hash = Sha256::digest(&large);
    let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let name = format!("{hex}.zip");
    assert_eq!(setup.storage.objects().get("emulated", "archive", &name).unwrap(), large);
    let from = setup.function()["sourceDetails"]["archiveSourceDetails"].clone();
    assert_eq!(from["objectName"], name);
    ended(&setup.deploy(&["--bucket", "archive"]).await, 0, &["nothing changes"]);
}

#[tokio::test]
async fn a_secret_setting_is_taken_from_the_environment_or_a_file_and_never_shown() {
    let setup = Setup::new(HERE).await;
    let file = setup.write("settings.json", format!(r#"{{"OTHER": "{SECRET}"}}"#).as_bytes());
    let arguments = ["--config", "TOKEN_OF_MINE", "--config-file", &file];
    ended(&setup.deploy(&arguments).await, 0, &["OTHER, TOKEN_OF_MINE", "is ACTIVE"]);
    assert_eq!(setup.function()["config"]["TOKEN_OF_MINE"], SECRET);
    assert_eq!(setup.function()["config"]["OTHER"], SECRET);
    setup.deploy(&["--config", "TOKEN_OF_MINE=another"]).await;
    assert_eq!(setup.function()["config"]["TOKEN_OF_MINE"], "another");
}

#[tokio::test]
async fn an_application_of_both_shapes_takes_an_archive_of_both() {
    let setup = Setup::new("GENERIC_X86_ARM").await;
    setup.write("function.zip", &archive_of_both());
    ended(&setup.deploy(&[]).await, 0, &["archive for GENERIC_X86_ARM", "is ACTIVE"]);
}

#[tokio::test]
async fn a_region_of_a_realm_without_archives_is_told_before_the_question() {
    let setup = Setup::new(HERE).await;
    let done = setup.deploy(&["--region", "us-langley-1"]).await;
    let note = "note: functions of archives are for realm oc1, and this region is of oc2";
    ended(&done, 0, &[note]);
}

#[tokio::test]
async fn the_remains_of_a_deleted_function_are_not_updated() {
    let setup = Setup::new(HERE).await;
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    let deleted = setup.function()["id"].clone();
    setup.functions.delete_functions();
    ended(&setup.deploy(&[]).await, 0, &["will be made", "is ACTIVE"]);
    assert_ne!(setup.function()["id"], deleted);
    assert_eq!(setup.changes(), ["POST", "POST"]);
}
