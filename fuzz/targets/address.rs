//! What a caller names as the target, to the one form in which it is signed and sent.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use fuzz::secret;
use http::Uri;
use libfuzzer_sys::fuzz_target;
use model_deployment_fn::predict::{EndpointRule, Paths, is_model_deployment};
use serde_json::Value;

const HOSTS: [&str; 5] =
    ["localhost:8443", "10.0.0.7", "[::1]:9443", "private.example", "169.254.169.254"];

static REALMS: LazyLock<Value> = LazyLock::new(|| {
    let regions: Value =
        serde_json::from_str(include_str!("../../tests/vectors/regions.json")).expect("it is JSON");
    regions["realms"].clone()
});

fn rule(hosts: bool, paths: Option<&str>) -> EndpointRule {
    let hosts: BTreeSet<String> =
        HOSTS.iter().filter(|_| hosts).map(|&host| host.to_owned()).collect();
    EndpointRule::new(hosts, None, Paths::new("ALLOWED_PATHS", paths).expect("they are paths"))
}

/// Whether a host is one of Oracle's for deployments of this realm.
fn is_oracle(host: &str, realm: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let (region, domain) = match labels.as_slice() {
        ["modeldeployment", region, "oci", "customer-oci", "com"] => {
            (region, "oraclecloud.com".to_owned())
        }
        ["md", "datascience", region, "oci", domain @ ..] => (region, domain.join(".")),
        _ => return false,
    };
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !region.is_empty() && region.bytes().all(fits) && REALMS[realm] == domain
}

fuzz_target!(|input: &[u8]| {
    let [choice, text @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (hosts, open) = (choice & 1 != 0, choice & 2 != 0);
    let rule = rule(hosts, open.then_some("openai,/items/{}"));
    let endpoint = match rule.check(text) {
        Ok(endpoint) => endpoint,
        Err(refusal) => return secret::kept_by(&refusal),
    };
    // Another parser reads the text as the same parts.
    let read: Uri = text.parse().expect("it is a URI to others too");
    let sent = endpoint.uri();
    assert_eq!((read.scheme_str(), sent.scheme_str()), (Some("https"), Some("https")));
    let authority = read.authority().expect("it has a host").as_str().to_ascii_lowercase();
    let authority = authority.strip_suffix(":443").unwrap_or(&authority);
    assert_eq!(sent.authority().expect("it has a host"), authority);
    // Host, deployment and path are within the rule.
    let realm = endpoint.ocid().split('.').nth(2).expect("an OCID has a realm");
    assert!(is_model_deployment(endpoint.ocid()));
    let listed = hosts && HOSTS[..4].contains(&authority);
    assert!(listed || is_oracle(authority, realm), "{text}");
    let tail =
        sent.path().strip_prefix(&format!("/{}/predict", endpoint.ocid())).expect("its path");
    let suffix = tail.strip_prefix("WithResponseStream").unwrap_or(tail);
    assert!(open || suffix.is_empty(), "{text}");
    assert!(!suffix.is_empty() || sent.query().is_none(), "{text}");
    assert!(!sent.path().contains(['%', ';', '\\', '@']) && !sent.path().contains("//"), "{text}");
    assert!(sent.path().split('/').all(|part| !matches!(part, "." | "..")), "{text}");
    assert!(!suffix.contains("lora_adapter") && !suffix.ends_with("_profile"), "{text}");
    // It is what was written, and means itself.
    let base = read.path().trim_end_matches('/') == format!("/{}", endpoint.ocid());
    assert!(base || read.path() == sent.path(), "{text}");
    assert_eq!(read.query(), sent.query());
    assert_eq!(rule.check(&sent.to_string()).map(|endpoint| endpoint.uri()), Ok(sent));
});
