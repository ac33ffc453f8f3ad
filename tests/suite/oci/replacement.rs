//! What may take the place of a valid token and its key?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::principal::{Issuer, ResourcePrincipal};
use oracle_cloud_client::Principal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::data;
use crate::setup::Setup;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

/// A principal whose files hold this token and `key` of the vectors.
struct Files {
    directory: TempDir,
    principal: Principal,
}

impl Files {
    fn new(token: &str, key: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("private.pem"), data::bytes(&format!("keys/{key}")))
            .unwrap();
        fs::write(directory.path().join("rpst"), token).unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let vars = BTreeMap::from([
            ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_RPST", path("rpst")),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", path("private.pem")),
        ]);
        let principal = Principal::from_vars(&|name| vars.get(name).cloned(), now()).unwrap();
        Self { directory, principal }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        replace(self.directory.path(), name, bytes);
    }

    /// The token that is signed with.
    async fn token(&self) -> String {
        let credentials = self.principal.credentials(now()).await.unwrap();
        credentials.key_id().expose().trim_start_matches("ST$").to_owned()
    }
}

fn replace(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let new = directory.join("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, directory.join(name)).unwrap();
}

/// A token for no key in particular, whose signature has so many bytes.
fn token(claims: &Value, signature: usize) -> String {
    let header = json!({ "alg": "RS256", "kid": "one" });
    let [header, claims] = [&header, claims].map(|json| URL_SAFE_NO_PAD.encode(json.to_string()));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(vec![0; signature]))
}

#[tokio::test]
async fn a_token_file_that_is_cut_anywhere_leaves_the_valid_token_in_use() {
    let held = data::text("rpst/valid.jwt").trim().to_owned();
    let new = data::text("rpst/valid-rotated.jwt").trim().to_owned();
    let files = Files::new(&held, "test-rsa2048-a.pkcs8.pem");
    for at in 0..new.len() {
        files.write("rpst", &new[..at]);
        assert_eq!(files.token().await, held, "cut at {at} of {}", new.len());
    }
    files.write("rpst", &new);
    assert_eq!(files.token().await, new);
}

#[tokio::test]
async fn a_long_signature_is_not_taken_for_a_short_one_where_it_is_cut() {
    let claims = |n: u32| json!({ "exp": 4_102_444_800_u64, "iat": 1_795_514_000, "n": n });
    let (held, new) = (token(&claims(1), 512), token(&claims(2), 512));
    let files = Files::new(&held, "test-rsa2048-a.pkcs8.pem");
    // 256 and 384 bytes of it are signatures of smaller keys, to the bit.
    for at in new.len() - 400..new.len() {
        files.write("rpst", &new[..at]);
        assert_eq!(files.token().await, held, "cut at {at} of {}", new.len());
    }
    files.write("rpst", &new);
    assert_eq!(files.token().await, new);
}

#[tokio::test]
async fn a_key_file_that_is_cut_anywhere_leaves_the_valid_pair_in_use() {
    let held = data::text("rpst/valid-no-jwk.jwt").trim().to_owned();
    let files = Files::new(&held, "test-rsa2048-a.pkcs8.pem");
    let before = files.principal.credentials(now()).await.unwrap();
    let new = data::bytes("keys/test-rsa3072-b.pkcs8.pem");
    // Whole, it is still the key of another token: the token beside it is of the key before.
    for at in (0..new.len()).step_by(7).chain([new.len()]) {
        files.write("private.pem", &new[..at]);
        let credentials = files.principal.credentials(now()).await.unwrap();
        assert!(Arc::ptr_eq(&before, &credentials), "cut at {at} of {}", new.len());
    }
}

#[tokio::test]
async fn a_token_that_is_older_or_expired_leaves_the_valid_one_in_use() {
    let (exp, iat) = (1_795_518_000_u64, 1_795_514_000_u64);
    let held = token(&json!({ "exp": exp, "iat": iat }), 256);
    for (what, claims, taken) in [
        ("expired", json!({ "exp": 1_795_514_400_u64, "iat": iat + 1 }), false),
        ("long ago", json!({ "exp": 0, "iat": 0 }), false),
        ("ends before", json!({ "exp": exp - 1, "iat": iat }), false),
        ("issued before", json!({ "exp": exp, "iat": iat - 1 }), false),
        ("issued before, ends later", json!({ "exp": exp + 1, "iat": iat - 1 }), false),
        ("ends before, says no more", json!({ "exp": exp - 1 }), false),
        ("as old", json!({ "exp": exp, "iat": iat, "jti": "2" }), true),
        ("newer", json!({ "exp": exp + 1, "iat": iat + 1 }), true),
        ("says no more than its end", json!({ "exp": exp + 1 }), true),
    ] {
        let files = Files::new(&held, "test-rsa2048-a.pkcs8.pem");
        let new = token(&claims, 256);
        files.write("rpst", &new);
        assert_eq!(files.token().await == new, taken, "{what}");
        // Where nothing else is valid, whatever is valid serves.
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(exp + 1);
        let later = token(&json!({ "exp": exp + 2, "iat": 1 }), 256);
        files.write("rpst", &later);
        let credentials = files.principal.credentials(late).await.unwrap();
        assert!(credentials.key_id().expose().ends_with(&later), "{what}");
    }
}

#[tokio::test]
async fn a_refused_token_gives_way_to_an_older_one_that_is_valid() {
    let (exp, iat) = (1_795_518_000_u64, 1_795_514_000_u64);
    let files =
        Files::new(&token(&json!({ "exp": exp, "iat": iat }), 256), "test-rsa2048-a.pkcs8.pem");
    let refused = files.principal.credentials(now()).await.unwrap();
    let older = token(&json!({ "exp": exp - 1, "iat": iat - 1 }), 256);
    files.write("rpst", &older);
    let credentials = files.principal.refresh(&refused, now()).await.unwrap();
    assert!(credentials.key_id().expose().ends_with(&older));
}

#[tokio::test]
async fn a_token_that_names_no_key_is_signed_for_with_another_one_once_it_was_refused() {
    let token = data::text("rpst/valid-no-jwk.jwt");
    // At the start, the key was still to come.
    let files = Files::new(&token, "test-rsa3072-b.pkcs8.pem");
    let refused = files.principal.credentials(now()).await.unwrap();
    files.write("private.pem", data::bytes("keys/test-rsa2048-a.pkcs8.pem"));
    assert!(Arc::ptr_eq(&refused, &files.principal.credentials(now()).await.unwrap()));
    let renewed = files.principal.refresh(&refused, now()).await.unwrap();
    assert!(!Arc::ptr_eq(&refused, &renewed));
    assert!(Arc::ptr_eq(&renewed, &files.principal.credentials(now()).await.unwrap()));
}

#[tokio::test]
async fn an_expired_pair_that_is_written_over_a_valid_one_stops_no_call() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    assert_eq!(function.call(setup.call()).await.status, 200);
    setup.principal.rotate(-10).unwrap();
    for _ in 0..2 {
        assert_eq!(function.call(setup.call()).await.status, 200, "{:?}", function.lines());
    }
    setup.principal.rotate(3600).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    let log = function.lines().join("\n");
    assert_eq!(log.matches("not renewed").count(), 1, "{log}");
}

#[tokio::test]
async fn a_new_pair_that_a_service_refuses_gives_way_to_the_one_before_it() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let tried = async || {
        let before = setup.deployment.received().len();
        let status = function.call(setup.call()).await.status;
        (status, setup.deployment.received().len() - before)
    };
    assert_eq!(tried().await, (200, 1));
    // Whole in every way, and of an issuer that nobody knows.
    let hour = Duration::from_secs(3600);
    ResourcePrincipal::mint(Issuer::new(), setup.directory(), hour).unwrap();
    assert_eq!(tried().await, (200, 2), "{:?}", function.lines());
    for _ in 0..3 {
        assert_eq!(tried().await, (200, 1), "{:?}", function.lines());
    }
    assert!(function.lines().join("\n").contains("those before them are used again"));
    setup.principal.rotate(3600).unwrap();
    assert_eq!(tried().await, (200, 1), "{:?}", function.lines());
    // What was accepted once is not given up for what came before it.
    ResourcePrincipal::mint(Issuer::new(), setup.directory(), hour).unwrap();
    assert_eq!(tried().await, (200, 2), "{:?}", function.lines());
}
