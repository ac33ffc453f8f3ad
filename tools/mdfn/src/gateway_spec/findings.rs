//! What was found in a specification.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The service does not take it, or it can never work.
    Refused,
    /// Somebody can do what they should not.
    Unsafe,
    /// Worth knowing.
    Note,
}

/// Where it was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// The specification as a whole.
    Specification,
    /// How callers are checked.
    Authentication,
    /// How callers are checked where it is chosen by the request, by the name of the choice.
    Server(String),
    /// A static key, by its name.
    Key(String),
    /// A route, by its path.
    Route(String),
}

/// One thing that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What it is, what it leads to, what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.severity {
            Severity::Refused => "refused  ",
            Severity::Unsafe => "unsafe  ",
            Severity::Note => "note  ",
        })?;
        match &self.place {
            Place::Specification => f.write_str("specification")?,
            Place::Authentication => f.write_str("authentication")?,
            Place::Server(name) => {
                write!(f, "authentication `{}`", name.escape_debug())?;
            }
            Place::Key(name) => write!(f, "key `{}`", name.escape_debug())?,
            Place::Route(path) => write!(f, "route {}", path.escape_debug())?,
        }
        write!(f, ": {}", visible(&self.text))
    }
}

/// Returns a text that quotes a document, without what a terminal would obey.
fn visible(text: &str) -> String {
    let shown = |letter: char| {
        let escaped = (!letter.is_ascii_graphic() && letter != ' ').then(|| letter.escape_debug());
        let kept = escaped.is_none().then_some(letter);
        escaped.into_iter().flatten().chain(kept)
    };
    text.chars().flat_map(shown).collect()
}

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn refused(&mut self, place: &Place, text: &str) {
        self.add(Severity::Refused, place, text);
    }

    pub(super) fn r#unsafe(&mut self, place: &Place, text: &str) {
        self.add(Severity::Unsafe, place, text);
    }

    pub(super) fn note(&mut self, place: &Place, text: &str) {
        self.add(Severity::Note, place, text);
    }

    /// Refuses more entries than the service takes.
    pub(super) fn within(&mut self, place: &Place, what: &str, count: usize, most: usize) {
        if count > most {
            let text = format!("`{what}` has {count} entries; the service takes at most {most}");
            self.refused(place, &text);
        }
    }

    fn add(&mut self, severity: Severity, place: &Place, text: &str) {
        self.0.push(Finding { severity, place: place.clone(), text: text.to_owned() });
    }

    /// Returns all of them, the worst first.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.severity);
        self.0
    }
}
