//! Does rotation under load mix generations, or leave a signer without credentials?

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::keys::{from_jwk, verifies};
use http::Request;
use oracle_cloud_client::{
    Credentials, Principal, SignableBody, SigningParams, SigningSettings, sign, signing_string,
};

use tokio::runtime::Builder;

use crate::data;

const PAIRS: [(&str, &str); 2] =
    [("valid.jwt", "test-rsa2048-a.pkcs8.pem"), ("valid-key-b.jwt", "test-rsa3072-b.pkcs8.pem")];

/// What all of it may take at the most.
const PATIENCE: Duration = Duration::from_secs(600);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

/// Ends the signers, also when the test fails before its end.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Replaces one file at once, as the platform does.
fn replace(directory: &Path, name: &str, bytes: &[u8]) {
    let new = directory.join(format!("{name}.new"));
    fs::write(&new, bytes).unwrap();
    fs::rename(new, directory.join(name)).unwrap();
}

/// Whether what these credentials sign is valid for the key that their own token names.
fn is_of_one_generation(credentials: &Credentials) -> bool {
    let (mut head, ()) = Request::get("https://example.com/").body(()).unwrap().into_parts();
    let (body, settings) = (SignableBody::Unsigned, SigningSettings::default());
    sign(&mut head, body, &SigningParams::new(credentials, now())).unwrap();
    let string = signing_string(&mut head, body, &settings, now()).unwrap();
    let authorization = head.headers["authorization"].to_str().unwrap();
    let signature = authorization.split("signature=\"").nth(1).unwrap().trim_end_matches('"');
    let jwk = serde_json::from_str(credentials.claim("jwk").unwrap().as_str().unwrap()).unwrap();
    verifies(&from_jwk(&jwk).unwrap(), string.as_bytes(), &STANDARD.decode(signature).unwrap())
}

#[test]
fn oci_signing_36_eight_signers_never_mix_generations_nor_stand_without_one() {
    let directory = tempfile::tempdir().unwrap();
    let pairs = PAIRS.map(|(token, key)| {
        (data::bytes(&format!("rpst/{token}")), data::bytes(&format!("keys/{key}")))
    });
    let write = |(token, key): &(Vec<u8>, Vec<u8>)| {
        replace(directory.path(), "private.pem", key);
        replace(directory.path(), "rpst", token);
    };
    write(&pairs[0]);
    let path = |name: &str| directory.path().join(name).display().to_string();
    let var = |name: &str| match name {
        "OCI_RESOURCE_PRINCIPAL_VERSION" => Some("2.2".to_owned()),
        "OCI_RESOURCE_PRINCIPAL_RPST" => Some(path("rpst")),
        "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM" => Some(path("private.pem")),
        _ => None,
    };
    let principal = Principal::from_vars(&var, now()).unwrap();
    let (rotated, signed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    while !rotated.load(Ordering::Relaxed) {
                        let credentials = principal.credentials(now()).await.unwrap();
                        assert!(is_of_one_generation(&credentials));
                        signed.fetch_add(1, Ordering::Relaxed);
                    }
                });
            });
        }
        let _end = Ended(&rotated);
        for turn in 1..=1000 {
            write(&pairs[turn % 2]);
            let before = signed.load(Ordering::Relaxed);
            while signed.load(Ordering::Relaxed) == before {
                assert!(start.elapsed() < PATIENCE, "no signature after turn {turn}");
                thread::yield_now();
            }
        }
    });
    assert!(signed.load(Ordering::Relaxed) >= 1000);
}
