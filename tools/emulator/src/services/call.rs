//! A request whose signature is valid, as the services read it.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::clock::{rfc3339, since_epoch};
use crate::deployment::{Request, Verified};

/// A request that is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    /// Who signed it.
    pub(super) caller: &'a Verified,
    /// The time on the service's clock.
    pub(super) time: SystemTime,
}

impl<'a> Call<'a> {
    pub(super) fn method(&self) -> &'a str {
        &self.request.method
    }

    /// Returns the path, not decoded.
    pub(super) fn path(&self) -> &'a str {
        self.request.target.split('?').next().unwrap_or_default()
    }

    /// Returns the segments of the path below a base, or None if it is not below it.
    pub(super) fn below(&self, base: &str) -> Option<Vec<&'a str>> {
        let rest = self.path().strip_prefix(base)?.strip_prefix('/')?;
        Some(rest.split('/').collect())
    }

    /// Returns a parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.request.target.split_once('?').map(|(_, query)| query)?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Returns the body, which is a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, String> {
        match serde_json::from_slice(&self.request.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err("the body is not a JSON object".to_owned()),
            Err(error) => Err(format!("the body is not JSON: {error}")),
        }
    }

    /// Returns the time in seconds since 1970.
    pub(super) fn seconds(&self) -> u64 {
        since_epoch(self.time).as_secs()
    }

    /// Returns the time in the format of RFC 3339.
    pub(super) fn timestamp(&self) -> String {
        rfc3339(self.time)
    }
}
