//! Oracle's own SDK against the emulated services that `mdfn probe` asks beside Functions.

use std::fs;

use emulator::api_gateway::{ApiGateway, GATEWAY, KeySet};
use emulator::deployment::Authority;
use emulator::streaming::Streaming;
use emulator::user::User;
use tokio::task::spawn_blocking;

use super::python;

#[tokio::test]
#[ignore = "needs Oracle's Python SDK; .ci/interop installs it"]
async fn the_sdk_makes_a_deployment_and_reads_a_stream_in_the_emulated_services() {
    let (user, tls, files) = (User::new(), Authority::new(), tempfile::tempdir().unwrap());
    let config = user.write(files.path()).unwrap();
    let key_set = KeySet::Takes("a token");
    let gateway = ApiGateway::start(user.clone(), &tls, key_set).await.unwrap();
    let streaming = Streaming::start(user, &tls).await.unwrap();
    let stream = streaming.add_stream("results");
    streaming.streams().put(&stream, b"the first");
    let roots = files.path().join("ca.pem");
    fs::write(&roots, tls.pem()).unwrap();
    let (gateway_url, stream_url) = (gateway.url(), streaming.url());
    let arguments = [config.to_str().unwrap(), &gateway_url, GATEWAY, &stream_url, &stream];
    let mut command = python("probe.py", &arguments);
    command.env("REQUESTS_CA_BUNDLE", roots);
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "['the first']");
    assert!(gateway.deployments().is_empty());
}
