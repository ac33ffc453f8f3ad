//! The state of Generative AI: by project, and the vector stores.

use std::collections::BTreeMap;

use serde_json::Value;

use super::collection::Collection;
use super::policy::Policies;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) policies: Policies,
    pub(super) vector_stores: Collection<VectorStore>,
    projects: BTreeMap<Option<&'static str>, Project>,
    made: u64,
}

/// The state of one project. No other project sees it.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) responses: Collection<StoredResponse>,
    pub(super) conversations: Collection<Conversation>,
    pub(super) files: Collection<File>,
    pub(super) containers: Collection<Container>,
}

/// A stored response.
#[derive(Clone, Debug)]
pub(super) struct StoredResponse {
    pub(super) document: Value,
    /// The finished document of a response in the background.
    pub(super) finished: Option<Value>,
    pub(super) input: Vec<Value>,
    /// All items before it and in it.
    pub(super) items: Vec<Value>,
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) document: Value,
    pub(super) items: Collection<Value>,
}

/// A file and its bytes.
#[derive(Debug)]
pub(super) struct File {
    pub(super) document: Value,
    pub(super) content: Vec<u8>,
}

/// A container of a code interpreter.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) document: Value,
    pub(super) files: Collection<File>,
}

/// A vector store, and the files in it.
#[derive(Debug)]
pub(super) struct VectorStore {
    pub(super) document: Value,
    /// The only project that sees it, if it was created in one.
    pub(super) project: Option<&'static str>,
    pub(super) files: Collection<Value>,
    pub(super) batches: Collection<Batch>,
}

/// Files that were added to a store together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) document: Value,
    pub(super) files: Vec<String>,
}

impl Memory {
    /// Returns a new id, such as `resp_00000000000000000000000000000001`.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{:032x}", self.next_number())
    }

    /// Returns a new number.
    pub(super) fn next_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// Returns the state of a project, or of calls without one.
    pub(super) fn project(&mut self, project: Option<&'static str>) -> &mut Project {
        self.projects.entry(project).or_default()
    }

    /// Returns a vector store that a project sees.
    pub(super) fn vector_store(
        &mut self,
        project: Option<&'static str>,
        id: &str,
    ) -> Option<&mut VectorStore> {
        let store = self.vector_stores.get_mut(id)?;
        (store.project.is_none() || store.project == project).then_some(store)
    }
}
