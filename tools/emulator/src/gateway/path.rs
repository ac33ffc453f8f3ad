//! What the path of a route fits, and what its parameters stand for.

use std::collections::BTreeMap;

/// What the parameters of a route's path stand for in `path`; None if it does not fit.
pub(super) fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix('*')) {
            found.insert(name.to_owned(), segments.collect::<Vec<_>>().join("/"));
            return Some(found);
        }
        let segment = segments.next()?;
        match name {
            Some(name) if !segment.is_empty() => {
                drop(found.insert(name.to_owned(), segment.to_owned()));
            }
            None if part == segment => {}
            Some(_) | None => return None,
        }
    }
    segments.next().is_none().then_some(found)
}
