//! What a client sends must be JSON; what is forwarded are its own bytes.

use serde_json::value::RawValue;

use super::Error;

/// Checks that a body is one JSON value, without building it.
pub(super) fn check_json(body: &[u8]) -> Result<(), Error> {
    if body.trim_ascii().is_empty() {
        return Err(Error::BodyMissing);
    }
    serde_json::from_slice::<&RawValue>(body).map(drop).map_err(Error::BodyNotJson)
}
