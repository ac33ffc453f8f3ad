//! One entry of `ALLOWED_SERVICES`: a service, and what of it is open.

use std::collections::BTreeSet;

use http::{HeaderMap, Method};

use super::host::Host;
use super::open::Open;
use super::pattern::Pattern;
use super::plain::{is_path, segments};

/// A service, and what of it is open.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) alias: String,
    /// What a host begins with, or the host that is written out.
    pub(super) service: String,
    /// The one that the alias means first.
    pub(super) hosts: Vec<Host>,
    /// What stands before the client's path where the target has no path.
    pub(super) base: String,
    pub(super) open: Open,
    /// What of the client's path is left out.
    pub(super) mount: Option<String>,
    pub(super) compartments: Vec<String>,
    pub(super) projects: Vec<String>,
    pub(super) models: Vec<String>,
    /// Headers that the function sets.
    pub(super) set: HeaderMap,
    /// Further headers of the client that pass.
    pub(super) headers: BTreeSet<String>,
    /// Further headers of the answer that pass.
    pub(super) returns: BTreeSet<String>,
    /// Paths whose POST may be carried out twice.
    pub(super) retry: Vec<Pattern>,
    /// Whether no answer may be stored.
    pub(super) stateless: bool,
}

impl Entry {
    /// The path that a client's path means behind a base; None if none is open. A direct call has no path, and means the base.
    pub(super) fn path_behind(&self, base: &str, client: Option<&str>) -> Option<String> {
        let Some(client) = client else {
            return Some(base.to_owned()).filter(|path| self.open.opens(path));
        };
        if !is_path(client) {
            return None;
        }
        if let Some(mount) = &self.mount {
            let rest = client
                .strip_prefix(mount.as_str())
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            return Some(format!("{base}{rest}")).filter(|path| self.open.opens(path));
        }
        let longest =
            self.open.patterns().map(|(_, pattern)| segments(pattern.as_str()).count()).max()?;
        let ends = client.rmatch_indices('/').take(longest);
        let paths = ends.filter_map(|(start, _)| Some(format!("{base}{}", client.get(start..)?)));
        paths.filter(|path| self.open.opens(path)).last()
    }

    /// Whether a POST to a path may be carried out twice.
    pub(super) fn may_be_repeated(&self, path: &str) -> bool {
        self.retry.iter().any(|pattern| pattern.fits(path))
    }

    /// The methods that are open on a path.
    pub(super) fn methods(&self, path: &str) -> Vec<Method> {
        self.open.methods(path)
    }
}
