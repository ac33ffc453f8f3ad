//! Is every mistake of a configuration found at start, named, and none of the values shown?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use model_deployment_fn::config::Config;
use oracle_cloud_client::PrincipalSettings;

const OCID: &str = "ocid1.datasciencemodeldeployment.oc1.iad.aaaaaaaaexampleexampleexampleexample";

fn config(vars: &[(&str, &str)]) -> Result<Config, String> {
    let mut all = BTreeMap::from([("FN_LISTENER", "unix:/tmp/iofs/lsnr.sock")]);
    all.extend(vars.iter().copied());
    Config::from_vars(&|name| all.get(name).map(|&value| value.to_owned()))
        .map_err(|error| error.to_string())
}

#[test]
fn fn_contract_1_to_6_the_platform_variables_are_taken_or_named() {
    for format in ["", "http-stream"] {
        assert!(config(&[("FN_FORMAT", format)]).is_ok(), "{format}");
    }
    assert!(config(&[("FN_FORMAT", "default")]).unwrap_err().contains("FN_FORMAT"));
    for listener in [
        "",
        "tcp:/x",
        "/x.sock",
        "unix:",
        "unix:rel.sock",
        "unix:/dir/",
        "unix:/",
        "unix:/dir/.",
        "unix:/dir/..",
    ] {
        assert!(
            config(&[("FN_LISTENER", listener)]).unwrap_err().contains("FN_LISTENER"),
            "{listener}"
        );
    }
    assert!(config(&[("FN_LISTENER", "unix:///tmp/x.sock")]).is_ok());
}

#[test]
fn fn_contract_11_a_path_beyond_107_bytes_is_refused_with_its_length() {
    let path = |length: usize| format!("unix:/{}", "d".repeat(length - 1));
    assert!(config(&[("FN_LISTENER", &path(107))]).is_ok());
    assert!(config(&[("FN_LISTENER", &path(108))]).unwrap_err().contains("108 bytes"));
}

#[test]
fn all_mistakes_are_reported_together() {
    let error = config(&[
        ("FN_LISTENER", ""),
        ("FN_FORMAT", "x"),
        ("LOG_LEVEL", "loud"),
        ("MODEL_DEPLOYMENTS", "[]"),
    ]);
    let error = error.unwrap_err();
    for name in ["FN_LISTENER", "FN_FORMAT", "LOG_LEVEL", "MODEL_DEPLOYMENTS"] {
        assert!(error.contains(name), "{name}: {error}");
    }
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn targets_are_checked_at_start() {
    let url = format!("https://modeldeployment.us-ashburn-1.oci.customer-oci.com/{OCID}");
    let aliases = format!(r#"{{"iris":"{url}"}}"#);
    assert!(config(&[("MODEL_DEPLOYMENTS", &aliases), ("MODEL_DEPLOYMENT", "iris")]).is_ok());
    assert!(config(&[("MODEL_DEPLOYMENT", &url)]).is_ok());
    for (name, value) in [
        ("MODEL_DEPLOYMENT", "iris"),
        ("MODEL_DEPLOYMENT", "https://evil.example/x"),
        ("MODEL_DEPLOYMENTS", r#"{"iris":"https://evil.example/x"}"#),
        ("MODEL_DEPLOYMENTS", r#"{"iris":1}"#),
        ("ALLOWED_DEPLOYMENTS", ""),
        ("ALLOWED_DEPLOYMENTS", "iris"),
        ("ALLOWED_HOSTS", "https://host/"),
        ("ALLOWED_HOSTS", "a,,b"),
        ("FORWARD_HEADERS", "authorization"),
        ("FORWARD_HEADERS", "X-Date"),
        ("FORWARD_HEADERS", "a b"),
        ("RETURN_HEADERS", "set-cookie"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_NAMESPACE", "oci_mine"),
        ("METRICS_NAMESPACE", "Mine"),
        ("METRICS_NAMESPACE", "a-b"),
        ("METRICS_NAMESPACE", "a_"),
        ("METRICS_COMPARTMENT", "mine"),
        ("METRICS_ENDPOINT", "http://telemetry.example"),
        ("METRICS_ENDPOINT", "https://telemetry.example/path"),
        ("METRICS_ENDPOINT", "https://user@telemetry.example"),
        ("METRICS_ENDPOINT", "https://telemetry.example"),
        ("METRICS_ENDPOINT", "https://telemetry-ingestion.eu-frankfurt-1.oraclecloud.com.example"),
        ("METRICS_ENDPOINT", "https://telemetry-ingestion.eu-frankfurt-1.oraclecloud.com:8443"),
        ("METRICS_ENDPOINT", "https://objectstorage.eu-frankfurt-1.oraclecloud.com"),
        ("METRICS_COMPARTMENT", "ocid1.compartment.oc1"),
        ("METRICS_COMPARTMENT", "ocid1.instance.oc1..aaaa"),
        ("ALLOWED_HOSTS", "localhost:"),
        ("ALLOWED_HOSTS", "host:99999"),
        ("ALLOWED_HOSTS", "good.example, bad_example"),
        ("ALLOWED_DEPLOYMENTS", " \n"),
        ("MODEL_DEPLOYMENTS", r#"{"a b":"https://evil.example/x"}"#),
        ("LOG_LEVEL", "off"),
        ("LOG_LEVEL", "trace"),
        ("LOG_LEVEL", "\u{fffd}"),
        ("ACCEPT_ENVELOPE", "yes"),
        ("ACCEPT_ENVELOPE", "1"),
        ("FORWARD_HEADERS", "x-team,,x-trace"),
    ] {
        let error = config(&[(name, value)]).unwrap_err();
        assert!(error.starts_with(name), "{name}={value}: {error}");
        assert!(value.len() < 4 || !error.contains(value), "{name} shows its value: {error}");
    }
    assert!(
        config(&[("FORWARD_HEADERS", "x-team, X-Trace"), ("RETURN_HEADERS", "x-model")]).is_ok()
    );
}

#[test]
fn no_configuration_forwards_an_identity_a_target_or_framing_or_returns_a_redirect() {
    for name in [
        "Accept-Encoding",
        "content-encoding",
        "cookie",
        "Cookie2",
        "forwarded",
        "via",
        "host",
        "opc-principal",
        "opc-principal-id",
        "x-amz-date",
        "X-Amz-Security-Token",
        "x-forwarded-host",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "x-http-method",
        "x-api-key",
        "proxy-authorization",
        "fn-deadline",
        "oci-x",
        "transfer-encoding",
        "remote-user",
    ] {
        let error = config(&[("FORWARD_HEADERS", &format!("x-team, {name}"))]).unwrap_err();
        assert_eq!(error, "FORWARD_HEADERS: entry 2 is a header that is never passed on", "{name}");
    }
    for name in [
        "location",
        "Refresh",
        "upgrade",
        "alt-svc",
        "clear-site-data",
        "set-cookie",
        "Set-Cookie2",
        "content-location",
        "www-authenticate",
        "proxy-authenticate",
        "content-length",
        "fn-x",
    ] {
        let error = config(&[("RETURN_HEADERS", name)]).unwrap_err();
        assert_eq!(error, "RETURN_HEADERS: entry 1 is a header that is never passed on", "{name}");
    }
    let both = config(&[("FORWARD_HEADERS", "a b,host"), ("RETURN_HEADERS", "location")]);
    let expected = "FORWARD_HEADERS: entry 1 is not a header name; FORWARD_HEADERS: entry 2 is a header that is never \
                    passed on; RETURN_HEADERS: entry 1 is a header that is never passed on";
    assert_eq!(both.unwrap_err(), expected);
}

#[test]
fn the_log_has_two_formats_and_four_levels_in_any_letter_case() {
    for format in ["text", "json", "JSON", " Text\n", ""] {
        assert!(config(&[("LOG_FORMAT", format)]).is_ok(), "{format}");
    }
    for level in ["error", "warn", "info", "debug", "Debug", "WARN\r\n", " "] {
        assert!(config(&[("LOG_LEVEL", level)]).is_ok(), "{level}");
    }
}

#[test]
fn blanks_letter_case_and_a_last_comma_are_forgiven() {
    let url = format!("https://modeldeployment.us-ashburn-1.oci.customer-oci.com/{OCID}/predict");
    let list = format!("\t{OCID} ");
    for (name, value) in [
        ("MODEL_DEPLOYMENT", format!(" {url}\n")),
        ("ALLOWED_DEPLOYMENTS", list),
        ("ALLOWED_HOSTS", "Model.Example:8443, 10.0.0.7,\n".to_owned()),
        ("ALLOWED_PATHS", " OpenAI, /x ,".to_owned()),
        ("ACCEPT_ENVELOPE", "True".to_owned()),
        ("FORWARD_HEADERS", "x-a, X-B, ".to_owned()),
        ("METRICS_NAMESPACE", " mine\n".to_owned()),
        ("METRICS_COMPARTMENT", "ocid1.compartment.oc1..aaaaaaaaexample ".to_owned()),
        (
            "METRICS_ENDPOINT",
            "HTTPS://Telemetry-Ingestion.eu-frankfurt-1.oraclecloud.com/ ".to_owned(),
        ),
        ("SSL_CERT_FILE", " ".to_owned()),
        ("MODEL_DEPLOYMENTS", String::new()),
    ] {
        assert_eq!(config(&[(name, &value)]).err(), None, "{name}");
    }
}

#[test]
fn metrics_go_to_oracle_or_to_a_listed_host() {
    for (hosts, endpoint) in [
        ("", "https://telemetry-ingestion.eu-frankfurt-1.oraclecloud.com"),
        ("", "https://telemetry-ingestion.us-langley-1.oci.oraclegovcloud.com/"),
        ("telemetry.example", "https://telemetry.example"),
        ("telemetry.example:443", "https://telemetry.example"),
        ("telemetry.example", "https://telemetry.example:443"),
        ("10.0.0.7:8443", "https://10.0.0.7:8443"),
    ] {
        let vars = [("ALLOWED_HOSTS", hosts), ("METRICS_ENDPOINT", endpoint)];
        assert_eq!(config(&vars).err(), None, "{hosts}: {endpoint}");
    }
    for (hosts, endpoint) in [
        ("telemetry.example", "https://telemetry.example:8443"),
        ("a.example", "https://b.example"),
    ] {
        let vars = [("ALLOWED_HOSTS", hosts), ("METRICS_ENDPOINT", endpoint)];
        assert!(config(&vars).unwrap_err().starts_with("METRICS_ENDPOINT is not"), "{endpoint}");
    }
}

#[test]
fn a_name_that_looks_like_one_of_ours_is_a_mistake() {
    let error = |name: &str, value: &str| {
        let var = |asked: &str| match asked {
            "FN_LISTENER" => Some("unix:/tmp/iofs/lsnr.sock".to_owned()),
            _ if asked == name => Some(value.to_owned()),
            _ => None,
        };
        let names = ["FN_LISTENER".to_owned(), name.to_owned()];
        Config::from_environment(&var, &names).map_err(|error| error.to_string()).err()
    };
    for (name, meant) in [
        ("ALLOWED_DEPLOYMENT", "ALLOWED_DEPLOYMENTS"),
        ("LOG_LEVELS", "LOG_LEVEL"),
        ("log_level", "LOG_LEVEL"),
    ] {
        let expected = format!("{name} is not a variable of this function; did you mean {meant}?");
        assert_eq!(error(name, "x"), Some(expected));
        assert_eq!(error(name, " "), None, "{name} is set to nothing");
    }
    assert_eq!(error("LOG_GROUP", "x"), None);
}

#[test]
fn every_mistake_of_every_variable_is_reported() {
    let aliases = r#"{"a":"https://evil.example/x","b":"http://x/","a":"https://evil.example/x"}"#;
    let error = config(&[
        ("MODEL_DEPLOYMENTS", aliases),
        ("MODEL_DEPLOYMENT", "https://evil.example/x"),
        ("ALLOWED_HOSTS", "a b,good.example,host:0"),
        ("ALLOWED_DEPLOYMENTS", "x,y"),
        ("ALLOWED_PATHS", "x"),
        ("RETRY_PATHS", "x"),
    ]);
    let error = error.unwrap_err();
    for part in [
        "the URL of `a`",
        "the URL of `b`",
        "MODEL_DEPLOYMENT is neither",
        "ALLOWED_HOSTS: entry 1",
        "ALLOWED_HOSTS: entry 3",
        "ALLOWED_DEPLOYMENTS: entry 1",
        "ALLOWED_DEPLOYMENTS: entry 2",
        "ALLOWED_PATHS is not",
        "RETRY_PATHS is not",
    ] {
        assert_eq!(
            error.matches(part).count(),
            if part == "the URL of `a`" { 2 } else { 1 },
            "{error}"
        );
    }
    assert!(!error.contains("entry 2 is not a host"), "{error}");
    let url = format!("https://modeldeployment.us-ashburn-1.oci.customer-oci.com/{OCID}/predict");
    let repeated = format!(r#"{{"a":"{url}","a":"{url}"}}"#);
    let error = config(&[("MODEL_DEPLOYMENTS", &repeated), ("MODEL_DEPLOYMENT", "a")]);
    assert_eq!(error.unwrap_err(), "MODEL_DEPLOYMENTS has the alias `a` more than once");
}

#[test]
fn a_list_of_deployments_is_taken_and_keeps_others_out() {
    let url = |ocid: &str| {
        format!("https://modeldeployment.us-ashburn-1.oci.customer-oci.com/{ocid}/predict")
    };
    let other = format!("{OCID}b");
    for list in [OCID.to_owned(), format!(" {OCID} , {OCID}c")] {
        let allowed = ("ALLOWED_DEPLOYMENTS", list.as_str());
        assert!(config(&[allowed, ("MODEL_DEPLOYMENT", &url(OCID))]).is_ok(), "{list}");
        let error = config(&[allowed, ("MODEL_DEPLOYMENT", &url(&other))]).unwrap_err();
        assert!(error.starts_with("MODEL_DEPLOYMENT"), "{error}");
    }
    assert!(config(&[("MODEL_DEPLOYMENT", &url(&other))]).is_ok());
}

#[test]
fn a_deployment_of_a_realm_that_was_added_is_called_at_its_own_domain_only() {
    let metadata = r#"{"realmKey":"oc17","realmDomainComponent":"oraclecloud17.com","regionKey":"abc","regionIdentifier":"us-dcc-phoenix-1"}"#;
    let url = |domain: &str, realm: &str| {
        let ocid = format!(
            "ocid1.datasciencemodeldeployment.{realm}.us-dcc-phoenix-1.aaaaaaaaexampleexampleexample"
        );
        format!("https://md.datascience.us-dcc-phoenix-1.oci.{domain}/{ocid}/predict")
    };
    let started = |url: &str, added: bool| {
        let added = if added { metadata } else { "" };
        config(&[("MODEL_DEPLOYMENT", url), ("OCI_REGION_METADATA", added)]).err()
    };
    let own = url("oraclecloud17.com", "oc17");
    assert_eq!(started(&own, true), None);
    for (url, added) in [
        (own.as_str(), false),
        (&url("oraclecloud17.com", "oc1"), true),
        (&url("oraclecloud.com", "oc17"), true),
        (&url("oraclecloud18.com", "oc17"), true),
    ] {
        let error = started(url, added).unwrap_or_default();
        assert!(error.starts_with("MODEL_DEPLOYMENT is neither"), "{url}: {error}");
    }
    let telemetry = "https://telemetry-ingestion.us-dcc-phoenix-1.oraclecloud17.com";
    for (added, taken) in [(metadata, true), ("", false)] {
        let vars = [("METRICS_ENDPOINT", telemetry), ("OCI_REGION_METADATA", added)];
        assert_eq!(config(&vars).is_ok(), taken);
    }
}

/// The names of variables that a text has between two marks.
fn names<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    let is_name = |text: &&str| {
        let upper = text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
        upper && text.contains('_') && !text.ends_with('_')
    };
    text.split(mark).skip(1).step_by(2).filter(is_name)
}

#[test]
fn a_page_explains_every_setting_and_no_other() {
    let file = |path| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (page, code) = (file("docs/configuration.md"), file("src/config/names.rs"));
    let lists = code.split("#[cfg(test)]").next().unwrap();
    let mut known: BTreeSet<&str> = names(lists, "\"").collect();
    known.insert("OCI_CLI_AUTH");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let rows: Vec<&str> = rows.map(|(name, _)| name).collect();
    let explained: BTreeSet<&str> = rows.iter().copied().collect();
    assert_eq!((&known, rows.len()), (&explained, rows.len().min(known.len())));
    for name in PrincipalSettings::names() {
        known.insert(name);
    }
    let unknown: Vec<&str> = names(&page, "`").filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let mentioned: BTreeSet<&str> = names(&page, "`").collect();
    let missing: Vec<_> = known.difference(&mentioned).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
