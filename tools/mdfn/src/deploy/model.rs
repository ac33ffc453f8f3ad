//! What the service says of applications, runtimes and functions. Members that it adds later are
//! passed over.
//!
//! Source: docs/spec/oci-services.md#functions-api.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::settings::Settings;
use crate::terminal::printable;

/// A change that the service has taken on.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The function.
    pub(super) id: String,
    /// What names its request, if the service says so.
    pub(super) work_request: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkRequest {
    pub(super) status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkError {
    pub(super) code: String,
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lifecycle {
    pub(super) lifecycle_state: String,
}

/// A list, as far as one of its items is looked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) display_name: String,
    pub(super) lifecycle_state: String,
}

impl Listed {
    /// Returns whether it is the one of this name, and not the remains of one that was deleted.
    pub(super) fn is(&self, name: &str) -> bool {
        self.display_name == name && self.lifecycle_state != "DELETED"
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) display_name: String,
    pub(super) shape: Option<String>,
    pub(super) config: Option<Settings>,
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.shape.as_deref().unwrap_or("of an unknown shape");
        write!(f, "application {} ({}), {shape}", printable(&self.display_name), self.id)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Runtime {
    pub(super) name: String,
    #[serde(default)]
    pub(super) language: String,
    #[serde(default)]
    pub(super) lifecycle_state: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Function {
    pub(super) id: String,
    pub(super) source_details: Source,
    #[serde(rename = "memoryInMBs")]
    pub(super) memory: Option<u64>,
    pub(super) timeout_in_seconds: Option<u64>,
    pub(super) config: Option<Settings>,
    pub(super) freeform_tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    #[serde(rename = "sourceType")]
    pub(super) kind: String,
    /// Of an archive, in base64.
    #[serde(rename = "sourceCodeSha256")]
    pub(super) sha256: Option<String>,
    #[serde(rename = "runtimeConfig")]
    pub(super) runtime: Option<RuntimeConfig>,
    pub(super) image: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RuntimeConfig {
    #[serde(rename = "runtimeConfigType")]
    pub(super) kind: String,
    #[serde(rename = "functionsRuntimeName")]
    pub(super) name: Option<String>,
    #[serde(rename = "functionsRuntimeVersionId")]
    pub(super) version: Option<String>,
}
