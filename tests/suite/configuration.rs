//! Is every mistake of a configuration found at start, named, and none of the values shown?

use std::collections::BTreeMap;

use model_deployment_fn::config::Config;

const OCID: &str = "ocid1.datasciencemodeldeployment.oc1.iad.aaaaaaaaexampleexampleexampleexample";

fn config(vars: &[(&str, &str)]) -> Result<Config, String> {
    let mut all = BTreeMap::from([("FN_LISTENER", "unix:/tmp/iofs/lsnr.sock")]);
    all.extend(vars.iter().copied());
    Config::from_vars(&|name| all.get(name).map(|&value| value.to_owned()))
        .map_err(|error| error.to_string())
}

#[test]
fn items_1_to_6_the_platform_variables_are_taken_or_named() {
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
fn item_11_a_path_beyond_107_bytes_is_refused_with_its_length() {
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
fn the_log_has_two_formats_and_four_levels() {
    for format in ["text", "json"] {
        assert!(config(&[("LOG_FORMAT", format)]).is_ok(), "{format}");
    }
    for level in ["error", "warn", "info", "debug"] {
        assert!(config(&[("LOG_LEVEL", level)]).is_ok(), "{level}");
    }
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
