//! How much a call may carry.

/// The largest body of a call, and of an answer: what OCI Functions allows, 6 MiB.
///
/// ```
/// assert_eq!(fn_fdk::BODY_LIMIT, 6 * 1024 * 1024);
/// ```
///
/// Source: docs/spec/fn-container-contract.md#limits-streaming-compression.
pub const BODY_LIMIT: usize = 6 * 1024 * 1024;

/// The longest URL of a caller, in bytes as received, without the `?`: what API Gateway allows for
/// a whole head, 8 KiB.
///
/// ```
/// assert_eq!(fn_fdk::URL_LIMIT, 8 * 1024);
/// ```
///
/// Source: docs/spec/fn-container-contract.md#gateway-mode.
pub const URL_LIMIT: usize = 8 * 1024;
