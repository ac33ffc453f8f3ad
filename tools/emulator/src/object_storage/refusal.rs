//! Errors of Object Storage.

use serde_json::json;

use crate::http::{self, Reply};

/// Returns an error in OCI's shape.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    http::reply(status, &json!({ "code": code, "message": message }))
}
