//! Which addresses does the function sign for? The hostile ones are refused, every legitimate form is accepted.

use std::collections::BTreeSet;

use emulator::agent::Invocation;
use model_deployment_fn::predict::{EndpointRule, Paths, Refusal, is_model_deployment};
use proptest::prelude::*;

use crate::data;
use crate::setup::{PATH, ROW, Setup, header};

const OCID: &str = "ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.aaaaaaaaexampleexampleexampleexampleexampleexampleexample";
const HOST: &str = "modeldeployment.sa-saopaulo-1.oci.customer-oci.com";

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

fn oracle() -> EndpointRule {
    EndpointRule::default()
}

fn listing(hosts: &[&str]) -> EndpointRule {
    EndpointRule::new(set(hosts), None, Paths::default())
}

fn opening(paths: &str) -> EndpointRule {
    EndpointRule::new(set(&[]), None, Paths::new("ALLOWED_PATHS", Some(paths)).unwrap())
}

/// The corpus, with what a line of a file cannot hold.
pub(crate) fn hostile() -> Vec<String> {
    let realm = OCID.replace(".oc1.", ".oc2.");
    let filled = |line: &str| {
        line.replace("{HOST}", HOST).replace("{OCID}", OCID).replace("{REALM}", &realm)
    };
    let lines = include_str!("../data/hostile_addresses.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(filled);
    let others = [
        String::new(),
        format!("https://{HOST}/{OCID}/predict\n"),
        format!("https://{HOST}/{OCID}/pre\tdict"),
        format!("https://{HOST}\0/{OCID}/predict"),
        format!("https://{HOST}/{OCID}/predict{}", "a".repeat(2048)),
        format!("https://{HOST}/{OCID}/predict/open/{}", "a".repeat(2048)),
    ];
    lines.chain(others).collect()
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
fn what_no_address_looks_like_is_refused_by_its_name() {
    let of_length = |length: usize| {
        let url = format!("https://{HOST}/{OCID}/predict/open/");
        format!("{url}{}", "a".repeat(length - url.len()))
    };
    let rule = opening("/open/{}");
    assert!(rule.check(&of_length(2048)).is_ok());
    assert_eq!(rule.check(&of_length(2049)), Err(Refusal::Length));
    let url = format!("https://{HOST}/{OCID}/predict");
    for odd in [String::new(), format!("{url} "), format!("{url}\n"), url.replace('m', "\u{e4}")] {
        assert_eq!(rule.check(&odd), Err(Refusal::Characters), "{odd}");
    }
}

#[test]
fn a_realm_is_oc_and_up_to_three_letters_or_digits() {
    let ocid = |realm: &str| OCID.replace(".oc1.", &format!(".{realm}."));
    for (realm, known) in [
        ("oc1", true),
        ("oc19", true),
        ("oc123", true),
        ("oc", false),
        ("oc1234", false),
        ("ocA", false),
        ("oc-", false),
        ("xc1", false),
        ("", false),
    ] {
        assert_eq!(is_model_deployment(&ocid(realm)), known, "{realm}");
    }
}

#[test]
fn every_region_of_every_realm_has_its_host() {
    let vectors = data::json("regions.json");
    let rows = vectors["regions"].as_array().unwrap();
    assert!(rows.len() > 80, "{}", rows.len());
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap();
        let (region, realm) = (text("region"), text("realm"));
        for place in [region, text("short_code")] {
            let ocid = OCID.replace(".oc1.sa-saopaulo-1.", &format!(".{realm}.{place}."));
            let url =
                format!("https://md.datascience.{region}.oci.{}/{ocid}/predict", text("domain"));
            assert!(oracle().check(&url).is_ok(), "{url}: {:?}", oracle().check(&url));
        }
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
        assert_eq!(oracle().check(&url).unwrap().uri(), plain.uri(), "{url}");
    }
}

#[test]
fn custom_paths_are_accepted_as_they_are_opened_and_queries_only_there() {
    let rule = opening("openai,/items/{}");
    for tail in [
        "predict/v1/chat/completions",
        "predictWithResponseStream/v1/chat/completions",
        "predict/v1/responses/resp_1",
        "predict/items/a-b_c.d~e:f",
        "predict/items/7?limit=3&after=a%20b",
        "predict/items/7?a=&a&&b=%2F+c",
    ] {
        let url = format!("https://{HOST}/{OCID}/{tail}");
        assert_eq!(rule.check(&url).unwrap().uri().to_string(), url);
        assert_eq!(oracle().check(&url), Err(Refusal::Suffix), "{url}");
    }
    for (tail, refusal) in [
        ("predict/v1/load_lora_adapter", Refusal::Suffix),
        ("predict/metrics", Refusal::Suffix),
        ("predict/items", Refusal::Suffix),
        ("predict/items/1/2", Refusal::Suffix),
        ("predict?x=1", Refusal::Form),
        ("other/items/1", Refusal::Path),
    ] {
        assert_eq!(rule.check(&format!("https://{HOST}/{OCID}/{tail}")), Err(refusal), "{tail}");
    }
}

#[test]
fn hostile_addresses_are_refused() {
    let hostile = hostile();
    assert!(hostile.len() >= 200, "{}", hostile.len());
    for url in hostile {
        for rule in [oracle(), opening("/open/{}")] {
            assert!(rule.check(&url).is_err(), "accepted: {url:?}");
        }
    }
}

#[tokio::test]
async fn each_refusal_is_the_same_403_and_its_reason_is_in_the_log() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let mut answers = BTreeSet::new();
    let in_a_header = |url: &String| url.len() < 8192 && !url.contains(['\n', '\t', '\0']);
    let hostile: Vec<String> = hostile().into_iter().filter(in_a_header).collect();
    assert!(hostile.len() >= 200, "{}", hostile.len());
    for url in &hostile {
        let call = Invocation::json(ROW).through_gateway("POST", PATH);
        let answer = function.call(header(call, "model_deployment", url)).await;
        let reasons: Vec<String> = function
            .lines()
            .into_iter()
            .filter(|line| line.contains("the target is refused: "))
            .collect();
        answers.insert((answer.status, answer.body, reasons.len()));
    }
    let seen: BTreeSet<_> =
        answers.iter().map(|(status, body, _)| (*status, body.clone())).collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
    let (status, body) = seen.first().unwrap();
    assert_eq!(*status, 403);
    let expected =
        r#"{"code":"TargetNotAllowed","message":"this function may not call that target"}"#;
    assert_eq!(String::from_utf8_lossy(body), expected);
    assert_eq!(answers.len(), hostile.len(), "each call has a line of its own");
    assert_eq!(function.starts(), 1);
    assert!(setup.deployment.received().is_empty());
}

#[test]
fn a_listed_host_is_accepted_with_its_port_and_no_other() {
    let rule = listing(&[
        "localhost:8443",
        "10.0.0.7",
        "[::1]:9443",
        "private.example",
        "169.254.169.254",
    ]);
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
        // Listed, and yet never called: no deployment has such an address.
        "169.254.169.254",
    ] {
        assert!(check(host).is_err(), "{host}");
    }
}

#[test]
fn a_list_of_deployments_is_the_whole_list() {
    let url = format!("https://{HOST}/{OCID}/predict");
    assert!(EndpointRule::new(set(&[]), Some(set(&[OCID])), Paths::default()).check(&url).is_ok());
    let other = OCID.replace("example", "another");
    assert_eq!(
        EndpointRule::new(set(&[]), Some(set(&[&other])), Paths::default()).check(&url),
        Err(Refusal::Deployment)
    );
}

proptest! {
    #[test]
    fn an_accepted_address_is_within_the_rule(text in address(), open in any::<bool>()) {
        let rule = if open { opening("/open/{},/v1/models") } else { oracle() };
        if let Ok(endpoint) = rule.check(&text) {
            let lower = text.to_ascii_lowercase();
            let (authority, path) = lower.strip_prefix("https://").unwrap().split_once('/').unwrap();
            let authority = authority.strip_suffix(":443").unwrap_or(authority);
            let labels: Vec<&str> = authority.split('.').collect();
            let (["modeldeployment", region, "oci", "customer-oci", "com"]
            | ["md", "datascience", region, "oci", "oraclecloud", "com"]) = labels.as_slice() else {
                return Err(TestCaseError::fail(text));
            };
            prop_assert!(region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{}", text);
            let tail = path.strip_prefix(endpoint.ocid()).unwrap();
            let (tail, query) = tail.split_once('?').map_or((tail, None), |(tail, query)| (tail, Some(query)));
            let suffix = tail.strip_prefix("/predict").map(|tail| tail.trim_start_matches("withresponsestream"));
            match suffix {
                None => prop_assert!(["", "/"].contains(&tail) && query.is_none(), "{}", text),
                Some("") => prop_assert!(query.is_none(), "{}", text),
                Some("/v1/models") => prop_assert!(open, "{}", text),
                Some(suffix) => {
                    let item = suffix.strip_prefix("/open/").unwrap_or_default();
                    let climbs = item.trim_matches('.').is_empty();
                    prop_assert!(open && !climbs && !item.contains(['/', '%', ';', '\\']), "{}", text);
                }
            }
            // What is signed is what was written, but for the case of scheme and host, the default port and `/predict`.
            let after_host = |text: &str| {
                let (_, rest) = text.split_once(".com").or_else(|| text.split_once(".COM")).unwrap();
                rest.trim_start_matches(":443").trim_end_matches('/').replace("/predict", "")
            };
            prop_assert_eq!(after_host(&endpoint.uri().to_string()), after_host(&text));
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
        "/open/",
        "/v1/models",
        "a",
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
    let tails = ["", "/open/a", "/v1/models", "WithResponseStream/open/a.b", "/open/a?x=1&y"];
    let whole = prop::sample::select(
        tails.map(|tail| format!("https://{HOST}/{OCID}/predict{tail}")).to_vec(),
    );
    let broken = (whole.clone(), any::<prop::sample::Index>(), any::<char>()).prop_map(
        |(text, at, character)| {
            let at = at.index(text.len());
            format!("{}{character}{}", &text[..at], &text[at..])
        },
    );
    prop_oneof![noise, whole, broken]
}
