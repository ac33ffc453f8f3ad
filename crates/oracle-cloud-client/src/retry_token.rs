//! Values for the header `opc-retry-token`.
//!
//! Source: docs/spec/oci-request-signing.md#retries.

use super::random;

/// Creates a value for `opc-retry-token`: a service that takes it carries two requests with the
/// same value out once. None without entropy: requests that share a value are taken for one.
///
/// ```
/// let (first, second) = (oracle_cloud_client::retry_token(), oracle_cloud_client::retry_token());
/// assert!(first.is_some() && first != second);
/// ```
pub fn retry_token() -> Option<String> {
    random::bytes().map(|bytes| format!("{:032x}", u128::from_be_bytes(bytes)))
}
