//! Are configuration files and keys read as Oracle's Python SDK reads them, or refused with the reason? The rows are made, and what
//! the SDK says of them is held right, by `tests/referee/credentials.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fn_fdk::error_chain;
use oracle_cloud_client::region::identifier;
use oracle_cloud_client::{Principal, PrivateKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::reason;
use crate::data;

fn rows(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/referee").join(file);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn content(row: &Value) -> Vec<u8> {
    match row["text"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD.decode(row["base64"].as_str().unwrap()).unwrap(),
    }
}

/// What of a row is not as it is written there; and whether it is read by both.
fn difference(
    row: &Value,
    ours: &Result<Value, String>,
    same: impl Fn(&Value) -> bool,
) -> Option<String> {
    let (sdk, written) = (&row["sdk"], row["ours"].as_str().unwrap());
    let by_sdk = sdk["error"].is_null();
    let as_written = match ours {
        Ok(read) => written == "the same" && (!by_sdk || same(read)),
        Err(reason) => written == reason,
    };
    let why = row["why"].is_string() == (by_sdk != ours.is_ok());
    (!as_written || !why).then(|| format!("{}: {ours:?}, not {written}", row["name"]))
}

#[test]
fn keys_are_read_as_by_the_sdk_or_refused_with_the_reason() {
    let rows = rows("keys.json");
    let differences: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let passphrase = row["passphrase"].as_str().map(str::as_bytes);
            let key = PrivateKey::from_pem(&content(row), passphrase);
            let ours = key.map_err(|error| error.to_string()).map(|key| {
                let der = STANDARD.decode(key.public_key().sanitised()).unwrap();
                let digest = Sha256::digest(der);
                digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
            });
            difference(row, &ours, |digest| *digest == row["sdk"]["public_key_sha256"])
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(rows.len() >= 60, "{}", rows.len());
}

/// What a principal of this file would sign with: kind, key id and region.
async fn read(row: &Value, home: &Path) -> Result<Value, String> {
    let text = content(row);
    let place = home.to_str().unwrap().as_bytes();
    let mut file = Vec::new();
    let mut rest = text.as_slice();
    while let Some(at) = rest.windows(6).position(|window| window == b"{HOME}") {
        file.extend([&rest[..at], place].concat());
        rest = &rest[at + 6..];
    }
    file.extend(rest);
    fs::write(home.join("config"), file).unwrap();
    let vars = BTreeMap::from([
        ("HOME", home.to_str().unwrap().to_owned()),
        ("OCI_CONFIG_FILE", home.join("config").display().to_string()),
        ("OCI_CLI_PROFILE", row["profile"].as_str().unwrap().to_owned()),
    ]);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400);
    let principal = Principal::from_vars(&|name| vars.get(name).cloned(), now);
    let principal = principal.map_err(|error| {
        let chain = error_chain(&error);
        assert!(!chain.contains("ocid1."), "{chain}");
        let (profile, file) = (&vars["OCI_CLI_PROFILE"], home.join("config"));
        let place = format!("the profile `{profile}` of {} cannot be used: ", file.display());
        let said = reason(&error);
        let Some(said) = said.strip_prefix(&place) else { return said };
        // Where a file is differs from run to run.
        match said.split_once("names a file that cannot be read") {
            Some((name, _path)) => format!("{name}names a file that cannot be read"),
            None => said.to_owned(),
        }
    })?;
    let key_id = principal.credentials(now).await.unwrap().key_id().expose().to_owned();
    Ok(Value::from(vec![principal.source(), key_id.as_str(), principal.region().unwrap()]))
}

#[tokio::test]
async fn configuration_files_are_read_as_by_the_sdk_or_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    for (name, vector) in [
        ("key.pem", "keys/test-rsa2048-a.pkcs8.pem"),
        ("locked.pem", "keys/test-rsa2048-a.pkcs8-aes256-sha256.pem"),
        ("token", "rpst/valid.jwt"),
    ] {
        fs::write(home.path().join(name), data::bytes(vector)).unwrap();
    }
    let rows = rows("configs.json");
    let mut differences = Vec::new();
    for row in &rows {
        let ours = read(row, home.path()).await;
        let sdk = |name: &str| row["sdk"][name].as_str().unwrap_or_default();
        let key_id = format!("{}/{}/{}", sdk("tenancy"), sdk("user"), sdk("fingerprint"));
        let same = |ours: &Value| {
            let [source, own, region] = [0, 1, 2].map(|at| ours[at].as_str().unwrap());
            let session = source == "security_token" && own.starts_with("ST$");
            let as_said =
                if session { !sdk("security_token_file").is_empty() } else { own == key_id };
            as_said && region == identifier(sdk("region"))
        };
        differences.extend(difference(row, &ours, same));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(rows.len() >= 60, "{}", rows.len());
}
