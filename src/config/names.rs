//! Names of variables: those that are read, and those that look like one of them and are not.
//!
//! Source: docs/spec/fn-container-contract.md#environment-variables.

use strsim::osa_distance;

/// The function's own variables.
const OWN: [&str; 14] = [
    "ACCEPT_ENVELOPE",
    "ALLOWED_DEPLOYMENTS",
    "ALLOWED_HOSTS",
    "ALLOWED_PATHS",
    "FORWARD_HEADERS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "METRICS_COMPARTMENT",
    "METRICS_ENDPOINT",
    "METRICS_NAMESPACE",
    "MODEL_DEPLOYMENT",
    "MODEL_DEPLOYMENTS",
    "RETRY_PATHS",
    "RETURN_HEADERS",
];
/// Those that others read as well.
const SHARED: [&str; 2] = ["SEND_EXPIRED_TOKENS", "SSL_CERT_FILE"];
/// What every list of what is allowed begins with.
const ALLOWED: &str = "ALLOWED_";

/// The variable that a name was probably meant to be; None for a name that is one, or no attempt at one. `others` are the names
/// of credentials: of those, which have near neighbours elsewhere, only the letter case may be wrong.
pub(super) fn meant_by<'a>(name: &str, others: &[&'a str]) -> Option<&'a str> {
    let own = || OWN.iter().chain(&SHARED).copied();
    if own().chain(others.iter().copied()).any(|own| own == name) {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let written = letters(&upper);
    let near = own().find(|own| is_near(&upper, &written, own));
    let other = || others.iter().copied().find(|other| *other == upper);
    // Without its list a function calls every deployment: no name that begins so passes.
    let allowed = || upper.starts_with(ALLOWED).then_some("ALLOWED_DEPLOYMENTS");
    near.or_else(other).or_else(allowed)
}

/// Whether a name has the words of another in any order, or its letters but for a slip of the hand.
fn is_near(name: &str, letters_of_name: &str, own: &str) -> bool {
    let size = own.bytes().filter(u8::is_ascii_alphanumeric).count();
    let slips = if size < 12 { 1 } else { 2 };
    // Most names of an environment are longer or shorter, and that is cheap to see.
    letters_of_name.len().abs_diff(size) <= slips
        && (osa_distance(letters_of_name, &letters(own)) <= slips || words(name) == words(own))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The words of a name in the order of the alphabet.
fn words(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> = name.split(['_', '-', '.']).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_one_of_ours_is_taken_for_it() {
        for (name, meant) in [
            ("ALLOWED_DEPLOYMENT", "ALLOWED_DEPLOYMENTS"),
            ("ALLOWED_DEPLOYEMNTS", "ALLOWED_DEPLOYMENTS"),
            ("DEPLOYMENTS_ALLOWED", "ALLOWED_DEPLOYMENTS"),
            ("ALLOWED_OCIDS", "ALLOWED_DEPLOYMENTS"),
            ("AllowedHosts", "ALLOWED_HOSTS"),
            ("ALLOW_HOSTS", "ALLOWED_HOSTS"),
            ("ALLOWED-PATHS", "ALLOWED_PATHS"),
            ("LOG_LEVELS", "LOG_LEVEL"),
            ("log_level", "LOG_LEVEL"),
            ("LOGLEVEL", "LOG_LEVEL"),
            ("model_deployment", "MODEL_DEPLOYMENT"),
            ("FORWARD_HEADER", "FORWARD_HEADERS"),
            ("METRIC_NAMESPACE", "METRICS_NAMESPACE"),
            ("SSL_CERTFILE", "SSL_CERT_FILE"),
            ("SEND_EXPIRED_TOKEN", "SEND_EXPIRED_TOKENS"),
            ("oci_cli_auth", "OCI_CLI_AUTH"),
        ] {
            assert_eq!(meant_by(name, &["OCI_CLI_AUTH"]), Some(meant), "{name}");
        }
    }

    #[test]
    fn our_names_and_those_of_others_are_left_alone() {
        let others = [
            "PATH",
            "HOME",
            "HOSTNAME",
            "TZ",
            "LANG",
            "SSL_CERT_DIR",
            "HTTPS_PROXY",
            "FN_LISTENER",
            "FN_FORMAT",
            "FN_TYPE",
            "FN_APP_ID",
            "FN_MEMORY",
            "OCI_REGION_METADATA",
            "OCI_CLI_AUTH",
            "OCI_RESOURCE_PRINCIPAL_RPST",
            "LOG_FILE",
            "LOG_GROUP",
            "RUST_LOG",
            "MODEL",
            "HOSTS",
            "PATHS",
            "DEPLOYMENT",
            "METRICS",
            "HEADERS",
            "LEVEL",
            "",
            "_",
        ];
        for name in OWN.into_iter().chain(SHARED).chain(others) {
            assert_eq!(meant_by(name, &["OCI_CLI_AUTH"]), None, "{name}");
        }
    }
}
