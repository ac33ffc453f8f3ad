//! The runtimes that functions of an archive run in.

use serde_json::{Value, json};

use super::refusal::Refusal;

/// A runtime. What the real ones are named is not known; these names are made up.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The name that functions choose it by.
    pub name: String,
    /// The language of the functions.
    pub language: String,
    /// Whether new functions may use it.
    pub is_active: bool,
}

impl Runtime {
    /// Creates an active runtime.
    pub fn new(name: &str, language: &str) -> Self {
        Self { name: name.to_owned(), language: language.to_owned(), is_active: true }
    }

    fn state(&self) -> &'static str {
        if self.is_active { "ACTIVE" } else { "INACTIVE" }
    }

    /// Returns the version that it has now.
    pub fn version(&self) -> String {
        format!("ocid1.fnruntimeversion.oc1.sa-saopaulo-1.aaaaaaaa{}", self.name)
    }

    pub(super) fn summary(&self) -> Value {
        json!({
            "id": format!("ocid1.fnruntime.oc1.sa-saopaulo-1.aaaaaaaa{}", self.name),
            "name": self.name,
            "os": "ol9",
            "language": self.language,
            "lifecycleState": self.state(),
            "currentFunctionsRuntimeVersionId": self.version(),
            "timeCreated": "2026-08-01T00:00:00Z",
            "timeUpdated": "2026-08-01T00:00:00Z",
        })
    }
}

/// Returns the runtime of this name, if a function may use it, and if it has this version.
pub(super) fn usable<'a>(
    runtimes: &'a [Runtime],
    name: &str,
    version: Option<&str>,
) -> Result<&'a Runtime, Refusal> {
    let runtime = runtimes.iter().find(|runtime| runtime.name == name && runtime.is_active);
    let Some(runtime) = runtime else {
        return Err(Refusal::parameter(format!("there is no runtime {name} to be used")));
    };
    match version.filter(|version| *version != runtime.version()) {
        Some(version) => Err(Refusal::parameter(format!("{name} has no version {version}"))),
        None => Ok(runtime),
    }
}
