//! The bodies that make and change a function.
//!
//! Source: docs/spec/oci-services.md#functions-api.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::code::{Code, Place};
use super::model::RuntimeConfig;
use super::options::Options;
use super::wanted::Wanted;

/// The memory of a new function, in MB, and its timeout, in seconds, by default.
pub(super) const MEMORY: u64 = 128;
pub(super) const TIMEOUT: u64 = 120;

/// The runtime that a function of an archive is to have.
#[derive(Clone, Debug)]
pub(super) enum Runtime {
    /// The newest version at every update.
    Newest(String),
    /// This version. An update may leave the name as it is.
    Pinned(Option<String>, String),
}

impl Runtime {
    /// Returns the one that the options name; `otherwise` is the name where they do not.
    pub(super) fn of(options: &Options, otherwise: Option<String>) -> Option<Self> {
        let name = options.runtime.clone().or(otherwise);
        match &options.runtime_version {
            Some(version) => Some(Self::Pinned(name, version.clone())),
            None => name.map(Self::Newest),
        }
    }

    /// Returns whether a function has it already.
    pub(super) fn is(&self, config: &RuntimeConfig) -> bool {
        let (kind, name) = (config.kind.as_str(), &config.name);
        match self {
            Self::Newest(own) => kind == "FUNCTION_UPDATE" && name.as_ref() == Some(own),
            Self::Pinned(own, version) => {
                kind == "MANUAL"
                    && own.as_ref().is_none_or(|own| name.as_ref() == Some(own))
                    && config.version.as_ref() == Some(version)
            }
        }
    }

    /// For a person.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Newest(name) => format!("{name}, its newest version at every update"),
            Self::Pinned(Some(name), version) => format!("{name}, version {version}"),
            Self::Pinned(None, version) => format!("version {version}"),
        }
    }

    fn document(&self) -> Value {
        match self {
            Self::Newest(name) => {
                json!({ "runtimeConfigType": "FUNCTION_UPDATE", "functionsRuntimeName": name })
            }
            Self::Pinned(name, version) => {
                let mut document = json!({
                    "runtimeConfigType": "MANUAL",
                    "functionsRuntimeVersionId": version,
                });
                if let (Some(name), Some(members)) = (name, document.as_object_mut()) {
                    members.insert("functionsRuntimeName".to_owned(), json!(name));
                }
                document
            }
        }
    }
}

/// `sourceDetails`: the code, unless it stays as it is, and the runtime, if it is to be another.
pub(super) fn source(code: Option<&Code>, place: &Place, runtime: Option<&Runtime>) -> Value {
    let mut details = Map::new();
    let kind = match code {
        Some(Code::Image(image)) => {
            details.insert("image".to_owned(), json!(image));
            "CONTAINER_IMAGE"
        }
        Some(Code::Archive(packed)) => {
            let from = match place {
                Place::Direct => json!({
                    "archiveSourceType": "DIRECT_ARCHIVE",
                    "archiveFile": STANDARD.encode(&packed.bytes),
                }),
                Place::Object { namespace, bucket, name } => json!({
                    "archiveSourceType": "OBJECT_STORAGE_ARCHIVE",
                    "namespace": namespace,
                    "bucketName": bucket,
                    "objectName": name,
                }),
            };
            details.insert("archiveSourceDetails".to_owned(), from);
            "ARCHIVE"
        }
        None => "ARCHIVE",
    };
    details.insert("sourceType".to_owned(), json!(kind));
    details.extend(runtime.map(|runtime| ("runtimeConfig".to_owned(), runtime.document())));
    Value::Object(details)
}

/// Returns the body that makes a function.
pub(super) fn create(wanted: &Wanted<'_>, application: &str, source: &Value) -> Value {
    let options = wanted.options;
    let mut body = json!({
        "displayName": options.name,
        "applicationId": application,
        "memoryInMBs": options.memory.unwrap_or(MEMORY),
        "timeoutInSeconds": options.timeout.unwrap_or(TIMEOUT),
        "sourceDetails": source,
    });
    if let Some(members) = body.as_object_mut() {
        if !wanted.settings.is_empty() {
            members.insert("config".to_owned(), json!(wanted.settings));
        }
        if !wanted.tags.is_empty() {
            members.insert("freeformTags".to_owned(), json!(wanted.tags));
        }
    }
    body
}
