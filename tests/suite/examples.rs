//! Do the examples do what they show?

use std::path::PathBuf;

use devkit::agent::{Agent, Invocation, Program};
use devkit::object_storage::{BUCKETS, COMPARTMENT, ObjectStorage};
use tokio::process::Command;

use crate::setup::Setup;

/// The program of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is built by `cargo build --examples`", path.display());
    path
}

#[tokio::test]
async fn hello_greets_whoever_the_body_names() {
    let function = Agent::start(Program::new(example("hello"))).await.unwrap();
    for (body, greeting) in [("", "Hello, World!\n"), ("Ada\n", "Hello, Ada!\n")] {
        let answer = function.call(Invocation { body: body.into(), ..Invocation::default() }).await;
        assert_eq!((answer.status, &answer.body[..]), (200, greeting.as_bytes()));
    }
}

#[tokio::test]
async fn buckets_lists_every_page_with_signed_requests() {
    let setup = Setup::new().await;
    let storage = ObjectStorage::start(setup.issuer.clone(), &setup.authority).await.unwrap();
    let run = async |compartment: &str| {
        let mut command = Command::new(example("buckets"));
        command.arg(compartment).env_clear().env("OCI_CLI_ENDPOINT", storage.url());
        command.env("SSL_CERT_FILE", &setup.program.config["SSL_CERT_FILE"]);
        let output = command.envs(setup.principal.variables()).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let (success, listed, errors) = run(COMPARTMENT).await;
    assert!(success, "{errors}");
    assert_eq!(listed.lines().collect::<Vec<_>>(), BUCKETS);
    let (success, _, errors) = run("ocid1.compartment.oc1..another").await;
    assert!(!success && errors.contains("BucketNotFound"), "{errors}");
}
