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
    let deploy = async |auth: &str, set: &[(&str, &str)], more: &[&str]| -> Done {
        let mut variables =
            instance.variables().map(|(name, value)| (name.to_owned(), value)).to_vec();
        variables.retain(|(name, _)| name != "OCI_CLI_AUTH" && name != "SSL_CERT_FILE");
        let roots = path("ca.pem");
        for (name, value) in [("OCI_CLI_AUTH", auth), ("SSL_CERT_FILE", &roots)].iter().chain(set) {
            variables.push(((*name).to_owned(), (*value).to_owned()));
        }
        let known = ["deploy", "--archive", &path("function.zip"), "--application", &application];
        let places = ["--endpoint", &service.url(), "--yes"];
        let arguments = known.iter().chain(&places).chain(more);
        let arguments: Vec<String> = arguments.map(ToString::to_string).collect();
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
    let with_token = async |file: &str| {
        let file = [("OCI_CLI_DELEGATION_TOKEN_FILE", file)];
        deploy("instance_obo_user", &file, &[]).await
    };
    // An instance signs, and no profile: one that is named would be passed over.
    for auth in ["instance_obo_user", "instance_principal"] {
        for option in ["--profile", "--config-location"] {
            let done = deploy(auth, &[], &[option, "other"]).await;
            let said = format!("OCI_CLI_AUTH={auth} has the instance sign, so `{option}` has no");
            ended(&done, 2, &[&said]);
        }
    }
    assert!(service.asked().is_empty());
    fs::write(path("token"), format!("{TOKEN}\n")).unwrap();
    ended(&with_token(&path("token")).await, 0, &["is ACTIVE"]);
    // The region that the user chose, before that of the instance.
    let token = path("token");
    let elsewhere =
        [("OCI_CLI_DELEGATION_TOKEN_FILE", token.as_str()), ("OCI_CLI_REGION", "us-langley-1")];
    let done = deploy("instance_obo_user", &elsewhere, &["--memory", "256"]).await;
    ended(&done, 0, &["this region is of oc2"]);
    let here = ["--region", "sa-saopaulo-1", "--memory", "512"];
    let done = deploy("instance_obo_user", &elsewhere, &here).await;
    assert!(done.code == 0 && !done.stdout.contains("this region is of oc2"), "{done:?}");
    fs::write(path("other"), "another-token").unwrap();
    ended(&with_token(&path("other")).await, 3, &["status 401", "code NotAuthenticated"]);
    fs::write(path("bad"), "two words of\nmore lines").unwrap();
    let bad = with_token(&path("bad")).await;
    ended(&bad, 2, &["the delegation token cannot be sent in a header"]);
    let none = with_token(&path("none")).await;
    ended(&none, 2, &["the delegation token cannot be read from", "No such file"]);
}
