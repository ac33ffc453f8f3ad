//! Does a resource principal come out of every environment as Oracle's documents want it, and out of no other?

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fn_fdk::error_chain;
use oracle_cloud_client::Principal;
use oracle_cloud_client::signature::{CredentialsError, CredentialsErrorKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::reason;
use crate::data;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

fn principal(vars: &BTreeMap<String, String>) -> Result<Principal, CredentialsError> {
    Principal::from_vars(&|name| vars.get(name).cloned(), now())
}

/// The environment of a case, with its placeholders filled in.
fn environment(case: &Value) -> BTreeMap<String, String> {
    let folder = |name: &str| data::path(name).display().to_string();
    let value = |value: &Value| match value["inline_file"].as_str() {
        Some(file) => data::text(file),
        None => value
            .as_str()
            .unwrap()
            .replace("${KEYS}", &folder("keys"))
            .replace("${RPST}", &folder("rpst")),
    };
    case["env"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, text)| (name.clone(), value(text)))
        .collect()
}

fn files(directory: &Path) -> BTreeMap<String, String> {
    let path = |name: &str| directory.join(name).display().to_string();
    [
        ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
        ("OCI_RESOURCE_PRINCIPAL_RPST", path("rpst")),
        ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", path("private.pem")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn write(directory: &Path, token: &str, key: &str) {
    fs::write(directory.join("private.pem"), data::bytes(&format!("keys/{key}"))).unwrap();
    fs::write(directory.join("rpst"), data::bytes(&format!("rpst/{token}"))).unwrap();
}

#[tokio::test]
async fn oci_signing_27_to_31_40_and_41_every_environment_gives_what_is_recommended() {
    let mut cases = 0;
    for case in data::json("rpst/env_cases.json")["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let (recommended, vars) = (&case["recommended"], environment(case));
        cases += 1;
        match (principal(&vars), recommended["ok"] == true) {
            (Ok(principal), true) => check(id, &principal, recommended).await,
            (Err(error), false) => {
                assert_eq!(
                    kind(&error),
                    expected_kind(recommended["error"].as_str().unwrap()),
                    "{id}: {error}"
                );
                let shown = format!("{error} {error:?}");
                for value in
                    vars.values().filter(|value| value.len() > 8 && !value.starts_with('/'))
                {
                    assert!(!shown.contains(value.trim()), "{id}: shows a value: {shown}");
                }
            }
            (result, _) => panic!("{id}: {result:?}"),
        }
    }
    assert!(cases >= 36, "{cases}");
}

async fn check(id: &str, principal: &Principal, recommended: &Value) {
    assert_eq!(principal.region(), recommended["region"].as_str(), "{id}");
    // An expired token is looked at before it expired: what counts here is which one was read.
    let before =
        if recommended["token_state"] == "expired" { SystemTime::UNIX_EPOCH } else { now() };
    let credentials = principal.credentials(before).await.unwrap();
    let digest: String =
        Sha256::digest(credentials.key_id().expose()).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest, recommended["key_id_sha256_hex"], "{id}: key id");
    assert_eq!(credentials.claim("res_tenant"), Some(&recommended["tenancy"]), "{id}");
    assert_eq!(credentials.claim("res_compartment"), Some(&recommended["compartment"]), "{id}");
    if recommended["token_state"] == "expired" {
        let error = principal.credentials(now()).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Expired, "{id}: {error:?}");
    }
}

/// What is wrong with a variable or its file, the version first.
fn kind(error: &CredentialsError) -> &'static str {
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{error:?}");
    let said = reason(error);
    let kinds = [
        ("names a file that cannot be read", "file_not_found"),
        ("OCI_RESOURCE_PRINCIPAL_VERSION is not set", "missing_version"),
        ("OCI_RESOURCE_PRINCIPAL_VERSION", "unsupported_version"),
        ("are not of one kind", "mixed_path_and_value"),
        ("no passphrase was given", "passphrase_missing"),
        ("the passphrase is wrong", "invalid_key_or_wrong_passphrase"),
        ("cannot be used", "token_malformed or invalid_key"),
        ("OCI_RESOURCE_PRINCIPAL_RPST is not set", "missing_rpst"),
        ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM is not set", "missing_private_pem"),
    ];
    kinds.iter().find(|(words, _)| said.contains(words)).unwrap_or_else(|| panic!("{said}")).1
}

/// The versions that OCI Functions does not use are refused as versions, before anything of theirs is missed.
fn expected_kind(name: &str) -> &str {
    match name {
        "missing_rpt_endpoint" | "unsupported_leaf_version" => "unsupported_version",
        "token_malformed" => "token_malformed or invalid_key",
        other => other,
    }
}

#[test]
fn oci_signing_41_versions_that_exist_are_told_from_those_that_do_not() {
    for (version, said) in [
        ("1.1", "not supported"),
        ("2.1", "not supported"),
        ("2.1.1", "not supported"),
        ("2.1.2", "not supported"),
        ("3.0", "not supported"),
        ("2.20", "not a version"),
        ("2 .2", "not a version"),
        ("", "is not set"),
    ] {
        let vars = [("OCI_RESOURCE_PRINCIPAL_VERSION".to_owned(), version.to_owned())].into();
        let error = reason(&principal(&vars).unwrap_err());
        assert!(error.contains(said) && error.contains("`2.2`"), "{version}: {error}");
    }
}

#[test]
fn a_token_file_of_64_kib_is_refused_unread() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let token = data::text("rpst/valid.jwt");
    // Blanks around a token are no part of it.
    let of_length = |length: usize| format!("{token}{}", " ".repeat(length - token.len()));
    for (length, taken) in [(65_534, true), (65_535, false), (1 << 20, false)] {
        fs::write(directory.path().join("rpst"), of_length(length)).unwrap();
        let principal = principal(&files(directory.path()));
        assert_eq!(principal.is_ok(), taken, "{length}: {principal:?}");
        let said = principal.err().map(|error| error_chain(&error)).unwrap_or_default();
        assert!(taken || said.contains("OCI_RESOURCE_PRINCIPAL_RPST"), "{length}: {said}");
    }
}

#[tokio::test]
async fn oci_signing_36_replaced_files_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let first = principal.credentials(now()).await.unwrap();
    write(directory.path(), "valid-key-b.jwt", "test-rsa3072-b.pkcs8.pem");
    let second = principal.credentials(now()).await.unwrap();
    assert_ne!(first.key_id().expose(), second.key_id().expose());
    assert_eq!(
        second.key_id().expose(),
        format!("ST${}", data::text("rpst/valid-key-b.jwt").trim())
    );
}

#[tokio::test]
async fn oci_signing_34_unchanged_files_are_not_read_again() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let (first, second) =
        (principal.credentials(now()).await.unwrap(), principal.credentials(now()).await.unwrap());
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn oci_signing_37_a_half_written_rotation_keeps_the_old_pair() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let old = principal.credentials(now()).await.unwrap();

    // The key is replaced and the token not yet; then the token is half there; then both are gone.
    fs::write(directory.path().join("private.pem"), data::bytes("keys/test-rsa3072-b.pkcs8.pem"))
        .unwrap();
    assert_eq!(
        principal.credentials(now()).await.unwrap().key_id().expose(),
        old.key_id().expose()
    );
    fs::write(directory.path().join("rpst"), &data::bytes("rpst/valid-key-b.jwt")[..100]).unwrap();
    assert_eq!(
        principal.credentials(now()).await.unwrap().key_id().expose(),
        old.key_id().expose()
    );
    fs::remove_file(directory.path().join("rpst")).unwrap();
    fs::remove_file(directory.path().join("private.pem")).unwrap();
    assert_eq!(
        principal.credentials(now()).await.unwrap().key_id().expose(),
        old.key_id().expose()
    );

    write(directory.path(), "valid-key-b.jwt", "test-rsa3072-b.pkcs8.pem");
    assert_ne!(
        principal.credentials(now()).await.unwrap().key_id().expose(),
        old.key_id().expose()
    );
}

#[tokio::test]
async fn oci_signing_39_an_expired_token_is_an_error_until_the_file_has_a_newer_one() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "expired.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let error = principal.credentials(now()).await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Expired, "{error:?}");
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    assert!(principal.credentials(now()).await.is_ok());
}

#[tokio::test]
async fn oci_signing_39_the_switch_leaves_expiry_to_the_service() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "expired.jwt", "test-rsa2048-a.pkcs8.pem");
    let mut vars = files(directory.path());
    vars.insert("SEND_EXPIRED_TOKENS".to_owned(), "true".to_owned());
    assert!(principal(&vars).unwrap().credentials(now()).await.is_ok());
}

#[tokio::test]
async fn oci_signing_34_a_token_near_its_end_is_read_again_and_a_fresh_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let first = principal.credentials(now()).await.unwrap();
    let near = first.expires().unwrap() - Duration::from_secs(300);
    let before = principal.credentials(near - Duration::from_secs(1)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &before));
    assert!(!Arc::ptr_eq(&first, &principal.credentials(near).await.unwrap()));
}

#[tokio::test]
async fn oci_signing_33_claims_are_readable_by_name_and_follow_a_refresh() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let fixtures = data::json("rpst/index.json");
    for file in ["valid.jwt", "valid-rotated.jwt"] {
        write(directory.path(), file, "test-rsa2048-a.pkcs8.pem");
        let credentials = principal.credentials(now()).await.unwrap();
        let fixture = fixtures["fixtures"].as_array().unwrap();
        let fixture = fixture.iter().find(|fixture| fixture["file"] == file).unwrap();
        for (name, value) in fixture["claims"].as_object().unwrap() {
            assert_eq!(credentials.claim(name), Some(value), "{file}: {name}");
        }
        assert_eq!(credentials.claim("no_such_claim"), None);
    }
}

/// A rotation that is under way: the key is new, and the token becomes new while the first look reads the old one.
fn rotate_while_it_is_read(directory: &Path) -> std::thread::JoinHandle<()> {
    write(directory, "valid.jwt", "test-rsa3072-b.pkcs8.pem");
    let pipe = directory.join("rpst");
    fs::remove_file(&pipe).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::thread::spawn(move || {
        // It opens when somebody opens it to read.
        let mut old = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        fs::write(pipe.with_extension("new"), data::bytes("rpst/valid-key-b.jwt")).unwrap();
        fs::rename(pipe.with_extension("new"), &pipe).unwrap();
        old.write_all(&data::bytes("rpst/valid.jwt")).unwrap();
    })
}

#[tokio::test]
async fn oci_signing_36_a_rotation_that_is_under_way_at_start_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let rotation = rotate_while_it_is_read(directory.path());
    let credentials = principal(&files(directory.path())).unwrap().credentials(now()).await;
    let expected = format!("ST${}", data::text("rpst/valid-key-b.jwt").trim());
    assert_eq!(credentials.unwrap().key_id().expose(), expected);
    rotation.join().unwrap();
}

#[tokio::test]
async fn oci_signing_37_a_rotation_that_is_under_way_at_a_refusal_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let refused = principal.credentials(now()).await.unwrap();
    let rotation = rotate_while_it_is_read(directory.path());
    let credentials = principal.refresh(&refused, now()).await;
    let expected = format!("ST${}", data::text("rpst/valid-key-b.jwt").trim());
    assert_eq!(credentials.unwrap().key_id().expose(), expected);
    rotation.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn oci_signing_37_the_other_half_is_looked_for_three_times_after_a_refusal_and_once_otherwise()
 {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let old = principal.credentials(now()).await.unwrap();
    write(directory.path(), "valid.jwt", "test-rsa3072-b.pkcs8.pem");
    // The clock stands still but for what is waited for.
    let start = tokio::time::Instant::now();
    assert!(Arc::ptr_eq(&principal.credentials(now()).await.unwrap(), &old));
    assert_eq!(start.elapsed().as_millis(), 0);
    assert!(Arc::ptr_eq(&principal.refresh(&old, now()).await.unwrap(), &old));
    assert!((200..210).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn oci_signing_39_a_token_is_valid_until_the_second_in_which_it_expires() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let expires = principal.credentials(now()).await.unwrap().expires().unwrap();
    let second = Duration::from_secs(1);
    assert!(principal.credentials(expires - second).await.is_ok());
    for late in [expires, expires + second] {
        let error = principal.credentials(late).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Expired, "{error:?}");
    }
}

#[test]
fn oci_signing_36_a_token_of_another_key_is_refused_at_start() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid-key-b.jwt", "test-rsa2048-a.pkcs8.pem");
    let error = principal(&files(directory.path())).unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{error:?}");
    assert!(reason(&error).contains("was issued for another key"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn oci_signing_38_refusals_cause_one_re_read_a_second() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "valid.jwt", "test-rsa2048-a.pkcs8.pem");
    let principal = principal(&files(directory.path())).unwrap();
    let refused = principal.credentials(now()).await.unwrap();
    let at_once = principal.refresh(&refused, now()).await.unwrap();
    assert!(Arc::ptr_eq(&refused, &at_once), "read again within the second");
    tokio::time::advance(Duration::from_secs(1)).await;
    let renewed = principal.refresh(&refused, now()).await.unwrap();
    assert!(!Arc::ptr_eq(&refused, &renewed));
    assert!(Arc::ptr_eq(&renewed, &principal.refresh(&refused, now()).await.unwrap()));
}
