//! What a route does to headers, above all to those that name the target.
//!
//! Source: docs/spec/oci-services.md#header-transformations: they are set and renamed first, then filtered.

use std::collections::BTreeSet;

use emulator::gateway::document::TARGET_HEADERS;
use serde_json::Value;

use super::target;
use super::value::{list, text, texts};
use crate::gateway_spec::findings::{Findings, Place};

/// A header that is set.
#[derive(Debug)]
pub(super) struct Set<'a> {
    name: &'a str,
    values: Vec<&'a str>,
    if_exists: Option<&'a str>,
}

impl Set<'_> {
    pub(super) fn values(&self) -> &[&str] {
        &self.values
    }

    /// Whether it takes the place of what a client sends.
    pub(super) fn is_overwritten(&self) -> bool {
        self.if_exists.is_none_or(|how| how == "OVERWRITE")
    }
}

/// The transformations of a request's headers.
#[derive(Debug)]
pub(super) struct Transformations<'a> {
    set: Vec<Set<'a>>,
    /// The old names and the new ones.
    renamed: Vec<(&'a str, &'a str)>,
    filtered: Vec<&'a str>,
    /// Whether those that are filtered pass, instead of all others; None without a filter.
    allows: Option<bool>,
}

impl<'a> Transformations<'a> {
    /// Returns those of a route's policies.
    pub(super) fn from_policies(policies: &'a Value) -> Self {
        let part = |name| policies.get("headerTransformations").and_then(|all| all.get(name));
        let items = |name| part(name).map_or(&[][..], |part: &Value| list(part, "items")).iter();
        let set = |item| {
            let name = text(item, "name")?;
            Some(Set { name, values: texts(item, "values"), if_exists: text(item, "ifExists") })
        };
        Self {
            set: items("setHeaders").filter_map(set).collect(),
            renamed: items("renameHeaders")
                .filter_map(|item| Some((text(item, "from")?, text(item, "to")?)))
                .collect(),
            filtered: items("filterHeaders").filter_map(|item| text(item, "name")).collect(),
            allows: part("filterHeaders").map(|filter| text(filter, "type") == Some("ALLOW")),
        }
    }

    /// Returns whether a target is set.
    pub(super) fn has_target(&self) -> bool {
        self.set.iter().any(|set| is_target(set.name))
    }

    /// What sets a header of this name.
    pub(super) fn sets(&self, name: &str) -> impl Iterator<Item = &Set<'a>> {
        self.set.iter().filter(move |set| set.name.eq_ignore_ascii_case(name))
    }

    /// What the service would not take, of any route.
    pub(super) fn check(&self, place: &Place, findings: &mut Findings) {
        findings.within(place, "setHeaders", self.set.len(), 20);
        findings.within(place, "renameHeaders", self.renamed.len(), 20);
        findings.within(place, "filterHeaders", self.filtered.len(), 50);
        for set in self.set.iter().filter(|set| !(1..=10).contains(&set.values.len())) {
            findings.refused(place, &format!("`{}` has not 1 to 10 values", set.name));
        }
        // But in a list of names that are passed on, a name may occur once.
        let blocked = self.filtered.iter().filter(|_| self.allows == Some(false));
        let renamed = self.renamed.iter().flat_map(|(from, to)| [from, to]);
        let names = self.set.iter().map(|set| &set.name).chain(renamed).chain(blocked);
        let mut seen = BTreeSet::new();
        for name in names.map(|name| name.to_lowercase()) {
            if !seen.insert(name.clone()) {
                let text = format!("`{name}` is in more than one header transformation");
                findings.refused(place, &text);
            }
        }
    }

    /// What names the target of a route to the function.
    pub(super) fn targets(&self, path: &str, place: &Place, findings: &mut Findings) {
        let targets = || self.set.iter().filter(|set| is_target(set.name));
        for set in targets() {
            overwrites(set, place, findings);
            for value in &set.values {
                target::judge(set.name, value, path, place, findings);
            }
        }
        if targets().count() > 1 {
            findings
                .refused(place, "it sets several names of the target; the function answers 400");
        }
        if targets().any(|set| !self.passes(set.name)) {
            findings.refused(
                place,
                "the filter takes away the target, which is set before it is filtered",
            );
        }
        for (from, to) in self.renamed.iter().filter(|(_, to)| is_target(to)) {
            findings.r#unsafe(place, &format!("a client's `{from}` becomes `{to}`"));
        }
        self.left_open(place, findings);
    }

    /// The names of the target that the route leaves to the client.
    fn left_open(&self, place: &Place, findings: &mut Findings) {
        let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        let open = TARGET_HEADERS.iter().filter(|name| {
            let set = self.set.iter().any(|set| is(set.name, name));
            let renamed = self.renamed.iter().any(|(from, _)| is(from, name));
            self.passes(name) && !set && !renamed
        });
        let open: Vec<String> = open.map(|name| format!("`{name}`")).collect();
        let names = open.join(", ");
        match (open.is_empty(), self.has_target()) {
            (true, _) => {}
            (false, true) => {
                let text = format!("a client who sends {names} gets 400; filter with BLOCK");
                findings.note(place, &text);
            }
            (false, false) => findings.r#unsafe(
                place,
                &format!(
                    "it sets no target, and a client's own {names} names one; filter with BLOCK"
                ),
            ),
        }
    }

    /// Returns whether a header gets through the filter.
    pub(super) fn passes(&self, name: &str) -> bool {
        let named = self.filtered.iter().any(|item| item.eq_ignore_ascii_case(name));
        self.allows.is_none_or(|allows| named == allows)
    }
}

/// Whether a client's own value of a target goes, and one value comes in its place.
fn overwrites(set: &Set<'_>, place: &Place, findings: &mut Findings) {
    let name = set.name;
    if let Some(how) = set.if_exists.filter(|how| *how != "OVERWRITE") {
        let text = format!(
            "`{name}` is set with {how}; a client's own value passes; use OVERWRITE",
            how = how.escape_debug()
        );
        findings.r#unsafe(place, &text);
    }
    if set.values.len() > 1 {
        let text = format!("`{name}` has several values, which the function answers with 400");
        findings.refused(place, &text);
    }
}

fn is_target(name: &str) -> bool {
    TARGET_HEADERS.iter().any(|target| target.eq_ignore_ascii_case(name))
}
