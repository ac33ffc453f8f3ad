//! What a gateway's route to a target has to let through.

use http::Method;

use super::entry::Entry;
use super::pins;

/// What a gateway's route to a target has to let through.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reach {
    /// The methods of the route's own path.
    pub alone: Vec<Method>,
    /// The methods of the paths below it.
    pub below: Vec<Method>,
    /// Where the entry expects the route.
    pub mount: Option<String>,
    /// The client's headers that the entry looks at or passes on.
    pub headers: Vec<String>,
    /// The headers of the answer that it passes back, beside those of every answer.
    pub returns: Vec<String>,
}

impl Reach {
    /// What a target reaches of an entry, with a path or without.
    pub(super) fn of(entry: &Entry, path: Option<&str>) -> Self {
        let base = path.unwrap_or(&entry.base);
        // A path that is open is one operation, and the client's path does not count.
        let fixed = path.is_some_and(|path| entry.open.opens(path));
        let is_alone = fixed || (path.is_none() && entry.mount.is_some());
        Self {
            alone: if is_alone { entry.methods(base) } else { Vec::new() },
            below: if fixed { Vec::new() } else { entry.open.methods_below(base) },
            mount: entry.mount.clone().filter(|_| !fixed),
            headers: pins::names(entry).chain(entry.headers.iter().cloned()).collect(),
            returns: entry.returns.iter().cloned().collect(),
        }
    }

    /// Whether nothing is open.
    pub(super) fn is_empty(&self) -> bool {
        self.alone.is_empty() && self.below.is_empty()
    }
}
