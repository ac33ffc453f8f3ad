//! Does a pod of a cluster get its token by the rules of the node's service, and sign with it?

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use emulator::agent::Agent;
use emulator::cluster::{Cluster, WORKLOAD};
use emulator::deployment::Authority;
use emulator::trouble::Trouble;
use fn_fdk::error_chain;
use oracle_cloud_client::Principal;

use super::reason;
use crate::setup::Setup;

fn principal(cluster: &Cluster) -> Principal {
    let vars = cluster.variables();
    let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone());
    Principal::from_vars(&var, SystemTime::now()).unwrap()
}

/// One test, since the port of the node's service is the same in every cluster.
#[tokio::test]
async fn a_pod_signs_with_the_token_that_its_service_account_earned() {
    let setup = Setup::new().await;
    let mount = tempfile::tempdir().unwrap();
    let cluster =
        Cluster::start(setup.issuer.clone(), &setup.authority, mount.path()).await.unwrap();
    let function = Agent::start(setup.program_as(cluster.variables())).await.unwrap();
    for _ in 0..2 {
        let answer = function.call(setup.call()).await;
        assert_eq!(answer.status, 200, "{:?} {:?}", function.lines(), cluster.asked());
    }
    assert_eq!(cluster.asked(), ["issued"]);
    let verified = setup.deployment.received()[1].verdict.clone().unwrap();
    assert_eq!(verified.resource, WORKLOAD);
    let log = function.lines().join("\n");
    assert!(log.contains("source=oke_workload_identity region=sa-saopaulo-1"), "{log}");

    // An expired account is not shown to anybody; a newer one is taken as soon as it is mounted.
    let expired = principal(&cluster);
    cluster.mount_account(-10).unwrap();
    let error = expired.credentials(SystemTime::now()).await.unwrap_err();
    assert!(reason(&error).contains("expired"), "{error:?}");
    assert_eq!(cluster.asked(), ["issued"]);
    cluster.mount_account(3600).unwrap();
    assert!(expired.credentials(SystemTime::now()).await.is_ok());

    // A token that lives for less than 300 s is renewed at the middle of its life, and valid whatever the service does.
    cluster.set_lifetime(200);
    let short = principal(&cluster);
    let in_seconds = |seconds| SystemTime::now() + Duration::from_secs(seconds);
    let first = short.credentials(in_seconds(0)).await.unwrap();
    let asked = cluster.asked().len();
    assert!(Arc::ptr_eq(&first, &short.credentials(in_seconds(90)).await.unwrap()));
    assert_eq!(cluster.asked().len(), asked);
    for trouble in [Trouble::Answers(500, "SECRET".to_owned()), Trouble::IsSilent] {
        let principal = principal(&cluster);
        let first = principal.credentials(in_seconds(0)).await.unwrap();
        cluster.trouble(Some(trouble));
        let start = Instant::now();
        for _ in 0..10 {
            assert!(Arc::ptr_eq(&first, &principal.credentials(in_seconds(110)).await.unwrap()));
        }
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        cluster.trouble(None);
    }
    cluster.set_lifetime(3600);
    assert!(!Arc::ptr_eq(&first, &short.credentials(in_seconds(300)).await.unwrap()));
    // What it says is nobody's business.
    cluster
        .trouble(Some(Trouble::Answers(400, "{\"code\":\"a b\",\"message\":\"SECRET\"}".into())));
    let error = principal(&cluster).credentials(in_seconds(0)).await.unwrap_err();
    let said = format!("{} {error:?}", error_chain(&error));
    assert!(said.contains("status 400, code none") && !said.contains("SECRET"), "{said}");
    cluster.trouble(None);
    let asked = cluster.asked().len();

    // A basic cluster says so, and is not asked again.
    cluster.make_basic();
    let error = principal(&cluster).credentials(SystemTime::now()).await.unwrap_err();
    assert!(reason(&error).contains("not an enhanced cluster"), "{error:?}");
    assert_eq!(cluster.asked().len(), asked + 1);

    // Only the cluster's own authority is trusted for it.
    std::fs::write(mount.path().join("ca.crt"), Authority::new().pem()).unwrap();
    let error = principal(&cluster).credentials(SystemTime::now()).await.unwrap_err();
    let said = error_chain(&error);
    assert!(said.contains("certificate is not trusted"), "{said}");
    assert_eq!(cluster.asked().len(), asked + 1);
}

#[test]
fn a_pod_without_its_cluster_is_told_what_is_missing() {
    for (host, ca, named) in [
        (None, "/no/such/file", "KUBERNETES_SERVICE_HOST"),
        (Some("127.0.0.2"), "/no/such/file", "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"),
        (Some("127.0.0.2"), "/dev/null", "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"),
        (Some("no host"), "/dev/null", "KUBERNETES"),
    ] {
        let var = |name: &str| match name {
            "OCI_CLI_AUTH" => Some("oke_workload_identity".to_owned()),
            "KUBERNETES_SERVICE_HOST" => host.map(str::to_owned),
            "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH" => Some(ca.to_owned()),
            _ => None,
        };
        let error = Principal::from_vars(&var, SystemTime::now()).unwrap_err();
        assert!(reason(&error).contains(named), "{named}: {error:?}");
    }
}

#[test]
fn a_cluster_with_an_ipv6_address_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.crt");
    std::fs::write(&ca, Authority::new().pem()).unwrap();
    let var = |name: &str| match name {
        "OCI_CLI_AUTH" => Some("oke_workload_identity".to_owned()),
        "KUBERNETES_SERVICE_HOST" => Some("fd00::1".to_owned()),
        "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH" => Some(ca.display().to_string()),
        _ => None,
    };
    let principal = Principal::from_vars(&var, SystemTime::now());
    assert!(principal.is_ok(), "{principal:?}");
}
