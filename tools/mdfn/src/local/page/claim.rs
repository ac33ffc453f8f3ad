//! The claims of the client's token.

use emulator::cloud::calls::Call;
use serde_json::Value;

/// Returns a claim of the client's token that is a text.
pub(super) fn claim<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.exchange.claims.get(name).and_then(Value::as_str)
}
