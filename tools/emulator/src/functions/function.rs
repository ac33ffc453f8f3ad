//! One function, its lifecycle, and how it is shown.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::application::Application;
use super::details::Details;
use super::fate::Fate;
use super::refusal::Refusal;
use super::source::{Source, World};

/// How a change ends, and how many looks at the function it takes until then.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// So many GETs of the function find it still changing.
    pub looks: u32,
    /// Whether it then is `ACTIVE`, or else `FAILED`.
    pub succeeds: bool,
}

/// A function of an application.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) application: Application,
    memory: u64,
    timeout: u64,
    config: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    source: Source,
    kept: Map<String, Value>,
    state: &'static str,
    change: Option<Change>,
    /// How many looks its deletion still takes, once that is accepted.
    deletion: Option<u32>,
    /// Whether an accepted change has begun: until somebody looked once, nothing shows it.
    has_begun: bool,
    /// Whether the last change succeeded, once that is known.
    outcome: Option<bool>,
    version: u64,
    pub(super) fate: Fate,
    pub(super) was_called: bool,
}

impl Function {
    pub(super) fn new(
        id: String,
        name: String,
        application: &Application,
        details: Details,
        world: &World<'_>,
        change: Change,
    ) -> Result<Self, Refusal> {
        let source = Source::read(&details.source.unwrap_or_default(), None, world)?;
        Ok(Self {
            id,
            name,
            application: application.clone(),
            memory: details.memory.unwrap_or_default(),
            timeout: details.timeout.unwrap_or(30),
            config: details.config.unwrap_or_default(),
            tags: details.tags.unwrap_or_default(),
            source,
            kept: details.kept,
            state: "CREATING",
            change: Some(change),
            deletion: None,
            has_begun: true,
            outcome: None,
            version: 1,
            fate: Fate::default(),
            was_called: false,
        })
    }

    /// Changes all that `details` has, or nothing.
    pub(super) fn update(
        &mut self,
        details: Details,
        world: &World<'_>,
        change: Change,
    ) -> Result<(), Refusal> {
        if self.change.is_some() {
            let message = format!("the function {} changes already", self.name);
            return Err(Refusal::new(409, "Conflict", message));
        }
        if let Some(source) = &details.source {
            self.source = Source::read(source, Some(&self.source), world)?;
        }
        self.memory = details.memory.unwrap_or(self.memory);
        self.timeout = details.timeout.unwrap_or(self.timeout);
        self.config = details.config.unwrap_or_else(|| self.config.clone());
        self.tags = details.tags.unwrap_or_else(|| self.tags.clone());
        self.kept.extend(details.kept);
        self.version += 1;
        (self.change, self.has_begun, self.outcome) = (Some(change), false, None);
        Ok(())
    }

    /// Counts a look at it: a change that takes several looks may now be done.
    pub(super) fn look(&mut self) {
        if let Some(looks) = self.deletion {
            self.begin_deletion(looks.saturating_sub(1));
        }
        match &mut self.change {
            Some(_) if !self.has_begun => self.has_begun = true,
            Some(Change { looks: 0, succeeds }) => {
                self.state = if *succeeds { "ACTIVE" } else { "FAILED" };
                self.outcome = Some(*succeeds);
                self.change = None;
                self.version += 1;
            }
            Some(change) => {
                change.looks -= 1;
                self.state = if self.state == "CREATING" { "CREATING" } else { "UPDATING" };
            }
            None => {}
        }
    }

    /// Returns whether the last change succeeded, once that is known.
    pub(super) fn outcome(&self) -> Option<bool> {
        self.outcome
    }

    /// Accepts its deletion, which is done after this many looks. Until then it shows its old
    /// state.
    pub(super) fn begin_deletion(&mut self, looks: u32) {
        (self.deletion, self.change) = (Some(looks), None);
        if looks == 0 {
            self.delete();
        }
    }

    pub(super) fn delete(&mut self) {
        (self.state, self.change, self.outcome) = ("DELETED", None, Some(true));
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.state == "DELETED"
    }

    /// What becomes of it, from its beginning.
    pub(super) fn meets(&mut self, fate: Fate) {
        if let Some(change) = self.change.as_mut().filter(|_| fate.fails) {
            change.succeeds = false;
        }
        self.fate = fate;
    }

    /// Returns the stream for the result of a detached call that ends so.
    pub(super) fn destination(&self, fate: &Fate) -> Option<&str> {
        let name = if fate.calls.is_ok() { "successDestination" } else { "failureDestination" };
        let destination = self.kept.get(name)?;
        let is_stream = destination.get("kind")?.as_str() == Some("STREAM");
        destination.get("streamId")?.as_str().filter(|_| is_stream)
    }

    pub(super) fn is_active(&self) -> bool {
        self.state == "ACTIVE"
    }

    /// Returns what names its code: the hash of an archive, or an image.
    pub(super) fn code(&self) -> Option<String> {
        let source = self.source.document();
        let named = source.get("sourceCodeSha256").or_else(|| source.get("image"));
        Some(named?.as_str()?.to_owned())
    }

    pub(super) fn etag(&self) -> String {
        format!("{}-{}", self.version, self.id.len())
    }

    /// As a GET shows it.
    pub(super) fn document(&self) -> Value {
        let mut document = self.summary();
        if let Some(members) = document.as_object_mut() {
            members.insert("config".to_owned(), json!(self.config));
        }
        document
    }

    /// As a list shows it: without its configuration.
    pub(super) fn summary(&self) -> Value {
        let mut summary = json!({
            "id": self.id,
            "displayName": self.name,
            "lifecycleState": self.state,
            "applicationId": self.application.id,
            "compartmentId": self.application.compartment,
            "sourceDetails": self.source.document(),
            "shape": self.application.shape,
            "memoryInMBs": self.memory,
            "timeoutInSeconds": self.timeout,
            "freeformTags": self.tags,
            "invokeEndpoint": "https://emulated.sa-saopaulo-1.functions.oci.oraclecloud.com",
            "timeCreated": "2026-11-28T00:00:00Z",
            "timeUpdated": "2026-11-28T00:00:00Z",
        });
        if let Some(members) = summary.as_object_mut() {
            members.extend(self.kept.clone());
        }
        summary
    }
}
