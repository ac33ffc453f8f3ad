//! Which addresses does the function sign for? The hostile ones are refused, every legitimate form is accepted.

use std::collections::BTreeSet;

use model_deployment_fn::predict::{EndpointRule, Refusal};
use proptest::prelude::*;

const OCID: &str = "ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.aaaaaaaaexampleexampleexampleexampleexampleexampleexample";
const HOST: &str = "modeldeployment.sa-saopaulo-1.oci.customer-oci.com";

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

fn oracle() -> EndpointRule {
    EndpointRule::default()
}

#[test]
fn both_oracle_hosts_are_accepted_in_every_realm() {
    let oc1 = OCID;
    let oc2 = OCID.replace(".oc1.", ".oc2.");
    let oc19 = OCID.replace(".oc1.sa-saopaulo-1.", ".oc19.eu-frankfurt-2.");
    let short = OCID.replace(".sa-saopaulo-1.", ".iad.");
    for url in [
        format!("https://{HOST}/{oc1}/predict"),
        format!("https://{HOST}/{oc1}/predictWithResponseStream"),
        format!("https://modeldeployment.us-ashburn-1.oci.customer-oci.com/{short}/predict"),
        format!("https://md.datascience.us-ashburn-1.oci.oraclecloud.com/{oc1}/predict"),
        format!("https://md.datascience.us-gov-phoenix-1.oci.oraclegovcloud.com/{oc2}/predict"),
        format!("https://md.datascience.eu-frankfurt-2.oci.oraclecloud.eu/{oc19}/predict"),
    ] {
        assert!(oracle().check(&url).is_ok(), "{url}: {:?}", oracle().check(&url));
    }
}

#[test]
fn a_base_url_capitals_and_the_default_port_mean_the_same_address() {
    let plain = oracle().check(&format!("https://{HOST}/{OCID}/predict")).unwrap();
    assert_eq!(plain.ocid(), OCID);
    for url in [
        format!("https://{HOST}/{OCID}"),
        format!("https://{HOST}/{OCID}/"),
        format!("https://{HOST}:443/{OCID}/predict"),
        format!("HTTPS://{}/{OCID}/predict", HOST.to_uppercase()),
    ] {
        assert_eq!(oracle().check(&url).as_ref(), Ok(&plain), "{url}");
    }
}

#[test]
fn hostile_addresses_are_refused() {
    let realm = OCID.replace(".oc1.", ".oc2.");
    let mut hostile: Vec<String> = include_str!("../data/hostile_addresses.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace("{HOST}", HOST).replace("{OCID}", OCID).replace("{REALM}", &realm))
        .collect();
    assert!(hostile.len() >= 90, "{}", hostile.len());
    hostile.push(String::new());
    hostile.push(format!("https://{HOST}/{OCID}/predict\n"));
    hostile.push(format!("https://{HOST}/{OCID}/pre\tdict"));
    hostile.push(format!("https://{HOST}\0/{OCID}/predict"));
    hostile.push(format!("https://{HOST}/{OCID}/predict{}", "a".repeat(2048)));
    for url in hostile {
        assert!(oracle().check(&url).is_err(), "accepted: {url:?}");
    }
}

#[test]
fn a_listed_host_is_accepted_with_its_port_and_no_other() {
    let rule = EndpointRule::new(
        set(&["localhost:8443", "10.0.0.7", "[::1]:9443", "private.example"]),
        None,
    );
    let check = |host: &str| rule.check(&format!("https://{host}/{OCID}/predict"));
    for host in
        ["localhost:8443", "10.0.0.7", "[::1]:9443", "private.example", "private.example:443", HOST]
    {
        assert!(check(host).is_ok(), "{host}: {:?}", check(host));
    }
    for host in [
        "localhost",
        "localhost:8444",
        "10.0.0.8",
        "10.0.0.7:8443",
        "0xa.0.0.7",
        "10.7",
        "[::1]",
        "a.private.example",
    ] {
        assert!(check(host).is_err(), "{host}");
    }
}

#[test]
fn a_list_of_deployments_is_the_whole_list() {
    let url = format!("https://{HOST}/{OCID}/predict");
    assert!(EndpointRule::new(set(&[]), Some(set(&[OCID]))).check(&url).is_ok());
    let other = OCID.replace("example", "another");
    assert_eq!(
        EndpointRule::new(set(&[]), Some(set(&[&other]))).check(&url),
        Err(Refusal::Deployment)
    );
}

proptest! {
    #[test]
    fn an_accepted_address_is_within_the_rule(text in address()) {
        if let Ok(endpoint) = oracle().check(&text) {
            let rest = text.to_ascii_lowercase();
            let (authority, path) = rest.strip_prefix("https://").unwrap().split_once('/').unwrap();
            let labels: Vec<&str> = authority.strip_suffix(":443").unwrap_or(authority).split('.').collect();
            let (["modeldeployment", region, "oci", "customer-oci", "com"]
            | ["md", "datascience", region, "oci", "oraclecloud", "com"]) = labels.as_slice() else {
                return Err(TestCaseError::fail(text));
            };
            prop_assert!(region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{}", text);
            let tail = path.strip_prefix(endpoint.ocid()).unwrap();
            prop_assert!(["", "/", "/predict", "/predictwithresponsestream"].contains(&tail), "{}", text);
        }
    }
}

/// Texts near the accepted ones: their own pieces, put together in any order with what breaks parsers.
fn address() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "https://",
        "http://",
        "//",
        HOST,
        "md.datascience.us-ashburn-1.oci.oraclecloud.com",
        "evil.example",
        "@",
        ":",
        ":443",
        ":8443",
        "/",
        "\\",
        OCID,
        "/predict",
        "predictWithResponseStream",
        "?",
        "#",
        "..",
        "%2e",
        "%2f",
        ".",
        ";",
        "[::1]",
        "127.0.0.1",
        "xn--",
        " ",
        "\t",
        "HTTPS://",
    ]);
    let noise = prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat());
    let whole = Just(format!("https://{HOST}/{OCID}/predict"));
    let broken = (whole.clone(), any::<prop::sample::Index>(), any::<char>()).prop_map(
        |(text, at, character)| {
            let at = at.index(text.len());
            format!("{}{character}{}", &text[..at], &text[at..])
        },
    );
    prop_oneof![noise, whole, broken]
}
