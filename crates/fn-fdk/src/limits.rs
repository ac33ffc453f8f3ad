//! How much a call may carry.

/// The largest body of a call, and of an answer: what OCI Functions allows, 6 MiB.
///
/// ```
/// assert_eq!(fn_fdk::BODY_LIMIT, 6 * 1024 * 1024);
/// ```
///
/// Source: docs/spec/fn-container-contract.md#limits-streaming-compression.
pub const BODY_LIMIT: usize = 6 * 1024 * 1024;
