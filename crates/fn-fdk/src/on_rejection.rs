//! Answers, and logs, a call that never comes to the handler.
//!
//! Source: docs/spec/fn-container-contract.md#statuses.

use std::sync::Arc;

use log::Level;

use super::call::Call;
use super::logged_call::milliseconds;
use super::rejection::Rejection;
use super::reply::Reply;

/// Answers, and logs, a call that never comes to the handler. Whatever status it gives, a direct
/// caller sees a failed call.
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

/// One line in the log, and the answer in the shape that OCI services give theirs.
pub(super) fn refused(call: &Call, rejection: &Rejection) -> Reply {
    let (status, code) = (rejection.status(), rejection.code());
    let level = if status.is_client_error() { Level::Warn } else { Level::Error };
    let (bytes_in, ms) = (call.received(), milliseconds(call.arrived()));
    let (id, status_code) = (call.id().unwrap_or_default(), status.as_u16());
    log::log!(level, call = id, status = status_code, code, bytes_in, ms; "{rejection}");
    Reply::error(status, code, &rejection.message()).logged()
}
