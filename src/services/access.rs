//! Paths that are never called, and paths that only their own name opens: what they do outlives a call, or is a customer's code.
//!
//! Source: docs/spec/oci-services.md#service-administrative.

use super::plain::{lenient, segments};

/// What it takes to open a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    /// Any pattern that stands for it.
    ByPattern,
    /// Its own text and nothing else.
    ByName,
    /// Nothing.
    Never,
}

impl Access {
    /// What it takes to open this path, however a service reads it.
    pub(super) fn to(path: &str) -> Self {
        let path = lenient(path);
        let segments: Vec<&str> = segments(&path).collect();
        match segments.as_slice() {
            // Pre-authenticated requests need no signature; keys outlive the call; vaults; secrets by names that nothing pins.
            ["p" | "20180608", ..]
            | ["20231130", "apikeys", ..]
            | ["20190301", "secretbundles", "actions", ..] => Self::Never,
            // What makes such a request, and what is done to a bucket and not to an object.
            ["n", _, "b", _, "p" | "actions", ..]
            // A token for whoever reads it.
            | ["20220101", "actions", "realtimesessiontoken", ..]
            // Sandboxes and other interfaces of the same host.
            | ["20260325" | "20260422" | "google", ..]
            | ["20190301", "secretbundles", ..] => Self::ByName,
            // A container of a customer.
            ["20251112", hosted, ..] if hosted.starts_with("hostedapplications") => Self::ByName,
            _ => Self::ByPattern,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_vaults_and_pre_authenticated_requests_are_never_called() {
        for path in [
            "/p/x",
            "/p",
            "/P/x",
            "/p/x/n/ns/b/bucket/o/object",
            "/20180608/vaults",
            "/20180608",
            "/20231130/apikeys",
            "/20231130/apiKeys/x",
            "/20190301/secretbundles/actions/getByName",
            "/20190301/secretbundles/actions%2FgetByName",
        ] {
            assert_eq!(Access::to(path), Access::Never, "{path}");
        }
    }

    #[test]
    fn administrative_paths_take_their_own_name() {
        for path in [
            "/n/ns/b/bucket/p",
            "/n/ns/b/bucket/p/id",
            "/n/ns/b/bucket/actions/batchDeleteObjects",
            "/n/ns/b/bucket%2Fp",
            "/n/ns/b/bucket/actions%2FreencryptBucket",
            "/20220101/actions/realtimeSessionToken",
            "/20251112/hostedApplications/x/y",
            "/20251112/hostedApplicationsIam/x",
            "/20251112/HostedApplications",
            "/20260422/x",
            "/20260325",
            "/google/v1/models",
            "/20190301/secretbundles/ocid1.vaultsecret.oc1..a",
        ] {
            assert_eq!(Access::to(path), Access::ByName, "{path}");
        }
        for path in [
            "/openai/v1/chat/completions",
            "/20231130/actions/chat",
            "/n/ns/b/bucket/o/p",
            "/n/ns/b/bucket/o/actions",
            "/20251112/x",
            "/20220101/actions/synthesizeSpeech",
            "/px",
        ] {
            assert_eq!(Access::to(path), Access::ByPattern, "{path}");
        }
    }
}
