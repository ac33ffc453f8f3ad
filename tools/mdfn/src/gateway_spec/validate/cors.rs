//! Which pages of a browser may call.

use serde_json::Value;

use super::value::{flag, texts};
use crate::gateway_spec::findings::{Findings, Place};

/// Judges a policy of the whole deployment or of a route.
pub(super) fn judge(cors: &Value, place: &Place, findings: &mut Findings) {
    let origins = texts(cors, "allowedOrigins");
    let any = ["*", "null"].into_iter().find(|any| origins.contains(any));
    match (any, flag(cors, "isAllowCredentialsEnabled")) {
        (Some(any), true) => findings.r#unsafe(
            place,
            &format!("`cors` takes credentials from the origin `{any}`, which any page can have; name the origins"),
        ),
        (Some(any), false) => findings.note(
            place,
            &format!("`cors` takes the origin `{any}`: any page that has a token may read the answers"),
        ),
        (None, _) => {}
    }
}
