//! Which source does a program find without being told? Each case is a process of its own, since
//! that has an environment.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use oracle_cloud_client::signature::CredentialsErrorKind;
use oracle_cloud_client::{Client, Error};
use tokio::process::Command;

use crate::service::{Service, answer, causes};

/// How often something is tried that has to be quick, on a machine that does other things as well.
const ATTEMPTS: usize = 3;

/// What the process does: makes a client of its environment, and says what came of it.
#[tokio::test]
#[ignore = "the other tests run it in environments of their own"]
async fn client_of_the_environment() {
    match Client::from_env().await {
        Ok(client) => {
            let source = client.principal().map_or("none", |principal| principal.source());
            let storage = client.service("objectstorage").await;
            println!(
                "found: {source} {}",
                storage.map_or_else(|error| format!("{error:?}"), |own| own.url().to_owned())
            );
        }
        Err(Error::Credentials(error)) => {
            let is_missing = error.kind() == CredentialsErrorKind::NotConfigured;
            assert!(is_missing || error.kind() == CredentialsErrorKind::Invalid, "{error:?}");
            let kind = if is_missing { "not configured" } else { "invalid" };
            println!("found: {kind}: {}", causes(&error)[1..].join(": "));
        }
        Err(error) => println!("found: {error:?}"),
    }
}

/// What a program finds in this environment.
async fn found(home: &Path, metadata: &Service, vars: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "chain::client_of_the_environment", "--ignored", "--nocapture"]);
    command.env_clear().env("HOME", home).env("OCI_METADATA_BASE_URL", &metadata.url);
    let output = command.envs(vars.iter().copied()).stdin(Stdio::null()).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| Some(line.split_once("found: ")?.1.to_owned()));
    line.unwrap_or_else(|| panic!("{text}"))
}

/// The same where the metadata service says a region, and that service. It has a second to answer:
/// a process that was too slow for it on a busy machine is followed by another one.
async fn found_instance(home: &Path, vars: &[(&str, &str)]) -> (String, Service) {
    let mut attempts = 0;
    loop {
        let metadata = Service::saying("fra").await;
        let said = found(home, &metadata, vars).await;
        attempts += 1;
        if said.starts_with("instance_principal") || attempts == ATTEMPTS {
            return (said, metadata);
        }
    }
}

struct Home(std::path::PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chain-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join(".oci")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[tokio::test]
async fn where_nothing_is_configured_the_metadata_service_is_asked_once_for_a_second() {
    let home = Home::new("nothing");
    let mut asked = Vec::new();
    while !asked.contains(&(1, 1, 1, true)) && asked.len() < ATTEMPTS {
        let silent = Service::start(|_, _| vec![(Duration::from_secs(60), Vec::new())]).await;
        let start = Instant::now();
        let said = found(&home.0, &silent, &[]).await;
        assert!(said.starts_with("not configured: nothing is configured"), "{said}");
        let took = start.elapsed().as_secs_f64();
        assert!(took >= 1.0, "{took}");
        let broken = Service::start(|_, _| answer(503, &[], "")).await;
        let said = found(&home.0, &broken, &[]).await;
        assert!(said.starts_with("not configured"), "{said}");
        let received = [&silent, &broken].map(|service| service.received().len());
        asked.push((silent.connections(), received[0], received[1], took < 5.0));
    }
    // A process that is slow to ask gives up before; none asks twice.
    assert!(asked.contains(&(1, 1, 1, true)), "{asked:?}");
    assert!(asked.iter().all(|&(to, silent, broken, _)| to <= 1 && silent <= 1 && broken <= 1));
}

#[tokio::test]
async fn where_the_metadata_service_answers_it_is_an_instance_in_its_region() {
    let home = Home::new("instance");
    let (said, metadata) = found_instance(&home.0, &[]).await;
    let expected = "instance_principal https://objectstorage.eu-frankfurt-1.oraclecloud.com";
    assert_eq!(said, expected);
    assert_eq!(metadata.received().len(), 1);
    assert_eq!(metadata.received()[0].target, "/instance/region");
    // The region of the CLI counts for every source; a profile that is named is no instance.
    let (said, metadata) = found_instance(&home.0, &[("OCI_CLI_REGION", "us-phoenix-1")]).await;
    assert_eq!(said, expected.replace("eu-frankfurt-1", "us-phoenix-1"));
    let said = found(&home.0, &metadata, &[("OCI_CLI_PROFILE", "TEST")]).await;
    assert!(said.contains("OCI_CLI_PROFILE is set and there is no configuration file"), "{said}");
}

#[tokio::test]
async fn what_is_configured_comes_before_the_metadata_service() {
    let home = Home::new("file");
    home.write("key.pem", include_str!("../../testdata/rsa2048.pkcs8.pem"));
    home.write(
        ".oci/config",
        "[DEFAULT]\nuser=u\ntenancy=t\nfingerprint=f\nkey_file=~/key.pem\nregion=us-phoenix-1\n",
    );
    let metadata = Service::saying("fra").await;
    let said = found(&home.0, &metadata, &[]).await;
    assert_eq!(said, "api_key https://objectstorage.us-phoenix-1.oraclecloud.com");
    // An explicit choice comes first.
    let said = found(&home.0, &metadata, &[("OCI_CLI_AUTH", "instance_principal")]).await;
    assert_eq!(said, "instance_principal https://objectstorage.eu-frankfurt-1.oraclecloud.com");
    assert_eq!(metadata.received().len(), 1);
}

#[tokio::test]
async fn what_is_configured_and_cannot_be_used_stops_the_chain_and_is_named() {
    let home = Home::new("broken");
    home.write(
        ".oci/config",
        "[DEFAULT]\nuser=u\ntenancy=t\nfingerprint=f\nkey_file=/nowhere/key.pem\n",
    );
    let metadata = Service::saying("fra").await;
    let said = found(&home.0, &metadata, &[]).await;
    let file = home.0.join(".oci/config").display().to_string();
    assert!(said.starts_with("invalid: the profile `DEFAULT` of "), "{said}");
    assert!(said.contains(&file) && said.contains("key_file names a file"), "{said}");
    let said = found(&home.0, &metadata, &[("OCI_CLI_PROFILE", "TEST")]).await;
    assert!(said.contains("the profile `TEST`") && said.contains(&file), "{said}");
    let said = found(&home.0, &metadata, &[("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")]).await;
    assert!(
        said.starts_with("invalid: ") && said.contains("OCI_RESOURCE_PRINCIPAL_RPST"),
        "{said}"
    );
    assert_eq!(metadata.connections(), 0);
}
