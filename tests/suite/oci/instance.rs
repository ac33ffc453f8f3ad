//! Does an instance get its token by the rules of its metadata and token services, and sign with it?

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use emulator::agent::Agent;
use emulator::instance::{ComputeInstance, INSTANCE};
use oracle_cloud_client::Principal;
use oracle_cloud_client::signature::CredentialsErrorKind;

use super::reason;
use crate::setup::Setup;

/// What is asked for one token.
pub(super) const EXCHANGE: [&str; 4] = [
    "/opc/v2/identity/cert.pem",
    "/opc/v2/identity/intermediate.pem",
    "/opc/v2/identity/key.pem",
    "/v1/x509",
];

pub(super) async fn instance(setup: &Setup, lifetime: i64) -> ComputeInstance {
    ComputeInstance::start(setup.issuer.clone(), &setup.authority, lifetime).await.unwrap()
}

pub(super) fn principal(setup: &Setup, instance: &ComputeInstance) -> Principal {
    let roots = setup.program.config["SSL_CERT_FILE"].clone();
    let vars: Vec<_> = instance.variables().into_iter().chain([("SSL_CERT_FILE", roots)]).collect();
    let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone());
    Principal::from_vars(&var, SystemTime::now()).unwrap()
}

#[tokio::test]
async fn oci_signing_45_the_function_signs_as_the_instance_it_runs_on() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 3600).await;
    let function = Agent::start(setup.program_as(instance.variables())).await.unwrap();
    for _ in 0..2 {
        let answer = function.call(setup.call()).await;
        assert_eq!(answer.status, 200, "{:?} {:?}", function.lines(), instance.asked());
    }
    // Asked once for two calls, and the region once for good.
    let mut asked = vec!["/opc/v2/instance/region"];
    asked.extend(EXCHANGE);
    assert_eq!(instance.asked(), asked);
    let verified = setup.deployment.received()[1].verdict.clone().unwrap();
    assert_eq!(verified.resource, INSTANCE);
    assert!(function.lines().join("\n").contains("source=instance_principal"));
}

#[tokio::test]
async fn an_answer_with_a_secret_takes_no_more_memory_than_it_needs() {
    let setup = Setup::new().await;
    let peak = async |variables: &[(&'static str, String)]| {
        let function = Agent::start(setup.program_as(variables.to_vec())).await.unwrap();
        assert_eq!(function.call(setup.call()).await.status, 200);
        let status = format!("/proc/{}/status", function.pid().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
    };
    let files = peak(&setup.principal.variables()).await;
    let instance = instance(&setup, 3600).await;
    let renewed = peak(&instance.variables()).await;
    assert!(renewed < files + 8 * 1024, "{files} KiB with files, {renewed} KiB on an instance");
}

#[tokio::test]
async fn oci_signing_45_region_and_claims_are_those_of_the_instance() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 3600).await;
    let principal = principal(&setup, &instance);
    assert_eq!(principal.region(), None);
    let host = principal.host("iaas").await.unwrap();
    assert_eq!(host.as_deref(), Some("iaas.sa-saopaulo-1.oraclecloud.com"));
    assert_eq!(principal.region(), Some("sa-saopaulo-1"));
    let credentials = principal.credentials(SystemTime::now()).await.unwrap();
    assert_eq!(credentials.claim("res_id").unwrap(), INSTANCE);
}

#[tokio::test]
async fn oci_signing_45_a_token_near_its_end_is_renewed_with_the_newest_certificate() {
    let setup = Setup::new().await;
    let in_seconds = |seconds| SystemTime::now() + Duration::from_secs(seconds);
    let instance = instance(&setup, 200).await;
    let principal = principal(&setup, &instance);
    let first = principal.credentials(in_seconds(0)).await.unwrap();
    instance.renew(emulator::principal::TENANCY);
    // A token of 200 s has never 300 s left: it is renewed at the middle of its life.
    let before = principal.credentials(in_seconds(90)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &before));
    assert_eq!(instance.asked().len(), 5, "{:?}", instance.asked());
    // No call waits long for that while it is valid, and a busy machine may take longer.
    principal.credentials(in_seconds(110)).await.unwrap();
    assert_eq!(instance.asked()[5], EXCHANGE[0]);
    instance.set_lifetime(3600);
    let second = principal.credentials(in_seconds(300)).await.unwrap();
    assert_ne!(first.key_id().expose(), second.key_id().expose());
    // While the service is down, the old token serves as long as it is valid.
    instance.fail(400);
    let asked = instance.asked().len();
    for _ in 0..3 {
        let third = principal.credentials(in_seconds(3400)).await.unwrap();
        assert!(Arc::ptr_eq(&second, &third));
    }
    assert_eq!(instance.asked()[asked..], EXCHANGE[..1]);
}

#[tokio::test]
async fn oci_signing_45_the_tenancy_may_not_change() {
    let setup = Setup::new().await;
    let instance = instance(&setup, -10).await;
    let principal = principal(&setup, &instance);
    let expired = principal.credentials(SystemTime::now()).await.unwrap_err();
    assert_eq!(expired.kind(), CredentialsErrorKind::Expired, "{expired:?}");
    instance.renew("ocid1.tenancy.oc1..another");
    let error = principal.credentials(SystemTime::now()).await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused, "{error:?}");
    assert!(reason(&error).contains("names another tenancy"), "{error:?}");
}

#[tokio::test]
async fn oci_signing_45_what_passes_is_asked_again_and_a_refusal_is_not() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 3600).await;
    // The metadata service of an instance that has just started, then one that is overloaded.
    for status in [404, 503] {
        instance.fail(status);
    }
    assert!(principal(&setup, &instance).credentials(SystemTime::now()).await.is_ok());
    assert_eq!(instance.asked()[..3], ["/opc/v2/instance/region"; 3]);

    let refused = self::instance(&setup, 3600).await;
    let asking = principal(&setup, &refused);
    refused.fail(403);
    let error = asking.credentials(SystemTime::now()).await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused, "{error:?}");
    assert_eq!(refused.asked().len(), 1);
    assert!(reason(&error).contains("403"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oci_signing_38_a_hundred_refusals_at_once_cause_one_renewal() {
    let setup = Setup::new().await;
    let instance = instance(&setup, 3600).await;
    let principal = Arc::new(principal(&setup, &instance));
    let refused = principal.credentials(SystemTime::now()).await.unwrap();
    // What is younger than a second is taken for the answer to a refusal before it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (principal, refused) = (principal.clone(), refused.clone());
        tasks.spawn(async move { principal.refresh(&refused, SystemTime::now()).await.unwrap() });
    }
    let renewed = tasks.join_all().await;
    assert!(!Arc::ptr_eq(&renewed[0], &refused));
    assert!(renewed.iter().all(|credentials| Arc::ptr_eq(credentials, &renewed[0])));
    assert_eq!(instance.asked()[5..], EXCHANGE);
}

#[test]
fn a_url_that_is_none_is_named_at_start() {
    for name in ["OCI_METADATA_BASE_URL", "OCI_SDK_AUTH_CLIENT_REGION_URL"] {
        let var = |asked: &str| match asked {
            "OCI_CLI_AUTH" => Some("instance_principal".to_owned()),
            _ if asked == name => Some("no url".to_owned()),
            _ => None,
        };
        let error = reason(&Principal::from_vars(&var, SystemTime::now()).unwrap_err());
        assert!(error.contains(name) && !error.contains("no url"), "{error}");
    }
}
