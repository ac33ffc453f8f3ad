//! Oracle's own SDK against the emulated service that makes functions: what it sends is taken, and
//! what it gets it understands.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::deployment::Authority;
use emulator::functions::FunctionsService;
use emulator::object_storage::Objects;
use emulator::user::User;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::python;

const COMPARTMENT: &str = "ocid1.compartment.oc1..functions";

#[tokio::test]
#[ignore = "needs Oracle's Python SDK; .ci/interop installs it"]
async fn the_sdk_makes_changes_and_deletes_a_function_in_the_emulated_service() {
    let (user, tls, files) = (User::new(), Authority::new(), tempfile::tempdir().unwrap());
    let config = user.write(files.path()).unwrap();
    let service = FunctionsService::start(user, Objects::default(), &tls).await.unwrap();
    for number in 0..12 {
        service.add_application(&format!("other{number}"), COMPARTMENT, "GENERIC_ARM");
    }
    service.add_application("models", COMPARTMENT, "GENERIC_X86");
    let (archive, roots) = (files.path().join("function.zip"), files.path().join("ca.pem"));
    fs::write(&archive, b"PK\x03\x04 whatever").unwrap();
    fs::write(&roots, tls.pem()).unwrap();
    let url = service.url();
    let arguments = [config.to_str().unwrap(), &url, COMPARTMENT, archive.to_str().unwrap()];
    let mut command = python("functions.py", &arguments);
    command.env("REQUESTS_CA_BUNDLE", roots);
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.trim(), STANDARD.encode(Sha256::digest(b"PK\x03\x04 whatever")));
    assert!(service.functions().is_empty());
}
