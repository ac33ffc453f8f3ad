//! What is odd about the key id of an API key, which services answer with a bare 401.

use oracle_cloud_client::Credentials;

/// Returns what a service will not find, a sentence each.
pub(super) fn warnings(credentials: &Credentials) -> Vec<String> {
    let parts: Vec<&str> = credentials.key_id().expose().split('/').collect();
    let [tenancy, user, fingerprint] = parts.as_slice() else {
        return vec!["tenancy, user or fingerprint has a `/` in it".to_owned()];
    };
    let own = credentials.public_key().fingerprint();
    let digits = |text: &str| text.replace(':', "").to_ascii_lowercase();
    let fingerprint = if *fingerprint == own {
        None
    } else if digits(fingerprint) == digits(&own) {
        Some(format!("the fingerprint is not in its plain form, which is {own}"))
    } else {
        Some(format!("the fingerprint is not that of the key, which is {own}"))
    };
    let is = |ocid: &str, kind: &str| ocid.split(['.', ':']).nth(1) == Some(kind);
    let owner = match (is(tenancy, "tenancy"), is(user, "user")) {
        (true, true) => None,
        _ if is(tenancy, "user") && is(user, "tenancy") => {
            Some("user and tenancy are swapped".to_owned())
        }
        (false, _) => Some("the tenancy is not the OCID of a tenancy".to_owned()),
        (true, false) => Some("the user is not the OCID of a user".to_owned()),
    };
    fingerprint.into_iter().chain(owner).collect()
}
