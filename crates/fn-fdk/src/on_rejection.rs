//! Answers and logs a call that never reaches the handler.
//!
//! Source: docs/spec/fn-container-contract.md#statuses.

use std::sync::Arc;

use log::Level;

use super::call::Call;
use super::logged_call::milliseconds;
use super::rejection::Rejection;
use super::reply::Reply;

/// Answers and logs a call that never reaches the handler. A direct caller sees a failed call,
/// whatever the status.
///
/// ```
/// use std::sync::Arc;
///
/// use fn_fdk::{OnRejection, Reply};
///
/// let plain: OnRejection = Arc::new(|call, rejection| {
///     log::warn!("{} bytes came: {rejection}", call.received());
///     Reply::text(rejection.message()).with_status(rejection.status()).logged()
/// });
/// ```
pub type OnRejection = Arc<dyn Fn(&Call, &Rejection) -> Reply + Send + Sync>;

/// Writes one line to the log, and answers in the form of OCI's own errors.
pub(super) fn refused(call: &Call, rejection: &Rejection) -> Reply {
    let (status, code) = (rejection.status(), rejection.code());
    let level = if status.is_client_error() { Level::Warn } else { Level::Error };
    let (bytes_in, ms) = (call.received(), milliseconds(call.arrived()));
    let (id, status_code) = (call.id().unwrap_or_default(), status.as_u16());
    log::log!(level, call = id, status = status_code, code, bytes_in, ms; "{rejection}");
    Reply::error(status, code, &rejection.message()).logged()
}
