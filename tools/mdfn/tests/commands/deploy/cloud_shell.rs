//! The sign-in of Cloud Shell: an instance that acts for the user who is signed in.

use std::fs;

use emulator::deployment::Authority;
use emulator::functions::FunctionsService;
use emulator::instance::ComputeInstance;
use emulator::principal::Issuer;
use tokio::task::spawn_blocking;

use super::{COMPARTMENT, HERE, archive, ended};
use crate::{Done, mdfn_with};

const TOKEN: &str = "eyJ.delegated-by-the-user.c2lnbmF0dXJl";

#[tokio::test]
async fn in_cloud_shell_it_acts_for_the_user_with_a_signed_delegation_token() {
    let (issuer, tls) = (Issuer::new(), Authority::new());
    let service = FunctionsService::start_delegated(issuer.clone(), TOKEN, &tls).await.unwrap();
    let application = service.add_application("models", COMPARTMENT, HERE);
    let instance = ComputeInstance::start(issuer, &tls, 3600).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).display().to_string();
    fs::write(path("ca.pem"), tls.pem()).unwrap();
    fs::write(path("function.zip"), archive(10)).unwrap();
    let deploy = async |file: &str| -> Done {
        let mut variables =
            instance.variables().map(|(name, value)| (name.to_owned(), value)).to_vec();
        variables.retain(|(name, _)| name != "OCI_CLI_AUTH" && name != "SSL_CERT_FILE");
        for (name, value) in [
            ("OCI_CLI_AUTH", "instance_obo_user".to_owned()),
            ("OCI_CLI_DELEGATION_TOKEN_FILE", file.to_owned()),
            ("SSL_CERT_FILE", path("ca.pem")),
        ] {
            variables.push((name.to_owned(), value));
        }
        let known = ["deploy", "--archive", &path("function.zip"), "--application", &application];
        let places = ["--endpoint", &service.url(), "--yes"];
        let arguments: Vec<String> = known.iter().chain(&places).map(ToString::to_string).collect();
        let done = spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let variables: Vec<(&str, &str)> =
                variables.iter().map(|(name, value)| (&**name, &**value)).collect();
            mdfn_with(&arguments, &variables, "")
        });
        let done = done.await.unwrap();
        assert!(!done.stdout.contains(TOKEN) && !done.stderr.contains(TOKEN), "{done:?}");
        done
    };
    fs::write(path("token"), format!("{TOKEN}\n")).unwrap();
    ended(&deploy(&path("token")).await, 0, &["is ACTIVE"]);
    fs::write(path("other"), "another-token").unwrap();
    ended(&deploy(&path("other")).await, 3, &["status 401", "code NotAuthenticated"]);
    fs::write(path("bad"), "two words of\nmore lines").unwrap();
    ended(&deploy(&path("bad")).await, 2, &["the delegation token cannot be sent in a header"]);
    let none = deploy(&path("none")).await;
    ended(&none, 2, &["the delegation token cannot be read from", "No such file"]);
}
