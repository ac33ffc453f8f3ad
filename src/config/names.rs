//! Names of variables: those that are read, and misspellings of them.
//!
//! Source: docs/spec/fn-container-contract.md#environment-variables.

use strsim::osa_distance;

/// What a front calls itself, and the variables that it alone has.
#[derive(Clone, Copy, Debug)]
pub struct FrontNames {
    /// Such as `this function`.
    pub program: &'static str,
    /// The names of its variables.
    pub variables: &'static [&'static str],
}

/// The function, as a front.
pub(super) const FUNCTION: FrontNames = FrontNames {
    program: "this function",
    variables: &["METRICS_COMPARTMENT", "METRICS_ENDPOINT", "METRICS_NAMESPACE"],
};
/// The variables of every front.
const OWN: [&str; 13] = [
    "ACCEPT_ENVELOPE",
    "ALLOWED_DEPLOYMENTS",
    "ALLOWED_HOSTS",
    "ALLOWED_PATHS",
    "ALLOWED_SERVICES",
    "FORWARD_HEADERS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MODEL_DEPLOYMENT",
    "MODEL_DEPLOYMENTS",
    "RETRY_PATHS",
    "RETURN_HEADERS",
    "SERVICE_TARGET",
];
/// Variables that other programs read as well.
const SHARED: [&str; 2] = ["SEND_EXPIRED_TOKENS", "SSL_CERT_FILE"];
/// The prefix of the variables that list what is allowed.
const ALLOWED: &str = "ALLOWED_";

/// The variable that a name was probably meant to be; None for a name that is one, or no attempt at one. `front` are the names of
/// the front's own variables, `others` those of credentials: of the latter, which have near neighbours elsewhere, only the letter
/// case may be wrong.
pub(super) fn meant_by<'a>(
    name: &str,
    front: &[&'static str],
    others: &[&'a str],
) -> Option<&'a str> {
    let own = || OWN.iter().chain(&SHARED).chain(front).copied();
    if own().chain(others.iter().copied()).any(|own| own == name) {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let written = letters(&upper);
    let near = own().find(|own| is_near(&upper, &written, own));
    let other = || others.iter().copied().find(|other| *other == upper);
    // Without `ALLOWED_DEPLOYMENTS` every deployment may be called: refuse every unknown name with
    // this prefix.
    let allowed = || upper.starts_with(ALLOWED).then_some("ALLOWED_DEPLOYMENTS");
    near.or_else(other).or_else(allowed)
}

/// Returns whether a name has the words of another in any order, or its letters with a typing
/// mistake or two.
fn is_near(name: &str, letters_of_name: &str, own: &str) -> bool {
    let size = own.bytes().filter(u8::is_ascii_alphanumeric).count();
    let slips = if size < 12 { 1 } else { 2 };
    // Most names in an environment are longer or shorter. Comparing lengths is cheap.
    letters_of_name.len().abs_diff(size) <= slips
        && (osa_distance(letters_of_name, &letters(own)) <= slips || words(name) == words(own))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Returns the words of a name in alphabetical order.
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
            assert_eq!(
                meant_by(name, FUNCTION.variables, &["OCI_CLI_AUTH"]),
                Some(meant),
                "{name}"
            );
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
            assert_eq!(meant_by(name, FUNCTION.variables, &["OCI_CLI_AUTH"]), None, "{name}");
        }
    }
}
