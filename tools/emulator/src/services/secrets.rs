//! Secrets: the bundle of a secret, by its id and by its name.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::Call;
use super::document::set;

/// The vault that holds all secrets.
pub const VAULT: &str = "ocid1.vault.oc1.sa-saopaulo-1.aaaaaaaavault";

const BASE: &str = "/20190301/secretbundles";

/// All secrets with their versions.
#[derive(Default)]
pub struct Secrets(Mutex<Vec<Secret>>);

struct Secret {
    id: String,
    name: String,
    versions: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Stores a secret, or a new version of the secret with this name. Returns its OCID.
    pub fn put(&self, name: &str, content: &[u8]) -> String {
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = secrets.iter_mut().find(|secret| secret.name == name) {
            secret.versions.push(content.to_vec());
            return secret.id.clone();
        }
        let id = format!("ocid1.vaultsecret.oc1.sa-saopaulo-1.aaaaaaaa{name}");
        let versions = vec![content.to_vec()];
        secrets.push(Secret { id: id.clone(), name: name.to_owned(), versions });
        id
    }
}

/// Answers a call.
pub(super) fn answer(call: &Call<'_>, secrets: &Secrets) -> Outcome {
    let segments = call.below(BASE).unwrap_or_default();
    let secrets = secrets.0.lock().unwrap_or_else(PoisonError::into_inner);
    match (call.method(), segments.as_slice()) {
        ("POST", ["actions", "getByName"]) => {
            let named = |name: &str| {
                let missing = || Answer::parameter(&format!("{name} is missing"));
                call.parameter(name).ok_or_else(missing)
            };
            let (name, vault) = (named("secretName")?, named("vaultId")?);
            let found = secrets.iter().find(|secret| vault == VAULT && secret.name == name);
            bundle(call, found.ok_or_else(Answer::hidden)?)
        }
        ("GET", [id]) => {
            let found = secrets.iter().find(|secret| secret.id == *id);
            bundle(call, found.ok_or_else(Answer::hidden)?)
        }
        ("GET", [id, "versions"]) => {
            let found = secrets.iter().find(|secret| secret.id == *id);
            let found = found.ok_or_else(Answer::hidden)?;
            let count = found.versions.len();
            let versions: Vec<Value> =
                (1..=count).map(|number| version(call, found, number)).collect();
            Ok(Answer::json(&json!(versions)))
        }
        _ => Err(Answer::unmapped()),
    }
}

/// Returns the bundle of the requested version.
fn bundle(call: &Call<'_>, secret: &Secret) -> Outcome {
    let latest = secret.versions.len();
    let number = match call.parameter("versionNumber").map(|number| number.parse()) {
        None => latest,
        Some(Ok(number)) => number,
        Some(Err(_)) => return Err(Answer::parameter("versionNumber is not a number")),
    };
    match call.parameter("stage").as_deref() {
        None | Some("LATEST" | "CURRENT") => {}
        Some(_) => return Err(Answer::hidden()),
    }
    let content = number.checked_sub(1).and_then(|place| secret.versions.get(place));
    let content = content.ok_or_else(Answer::hidden)?;
    let mut bundle = version(call, secret, number);
    set(
        &mut bundle,
        "secretBundleContent",
        json!({ "contentType": "BASE64", "content": STANDARD.encode(content) }),
    );
    Ok(Answer::json(&bundle))
}

/// Returns the description of a version, without its content.
fn version(call: &Call<'_>, secret: &Secret, number: usize) -> Value {
    let is_latest = number == secret.versions.len();
    json!({
        "secretId": secret.id,
        "versionNumber": number,
        "timeCreated": call.timestamp(),
        "stages": if is_latest { vec!["CURRENT", "LATEST"] } else { vec!["PREVIOUS"] },
    })
}
