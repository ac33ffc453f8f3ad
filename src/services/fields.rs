//! The fields of one entry, each of which may be there once, and what is wrong with them.

use std::fmt::Display;

use super::node::Node;
use super::services_error::ServicesError;

/// Every field that an entry may have.
const KNOWN: [&str; 15] = [
    "base",
    "compartments",
    "form",
    "headers",
    "host",
    "models",
    "mount",
    "open",
    "projects",
    "region",
    "retry",
    "returns",
    "service",
    "set",
    "stateless",
];

/// What is wrong with one entry.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<String>);

impl Mistakes {
    /// The same as errors of the entry with this alias.
    pub(super) fn into_errors(self, alias: &str) -> impl Iterator<Item = ServicesError> {
        self.0.into_iter().map(|mistake| ServicesError::Entry(alias.to_owned(), mistake))
    }
}

/// The fields of one entry.
#[derive(Debug)]
pub(super) struct Fields<'m> {
    members: Vec<(String, Node)>,
    mistakes: &'m mut Mistakes,
}

impl<'m> Fields<'m> {
    /// The fields of an object; None of anything else.
    pub(super) fn of(node: Node, mistakes: &'m mut Mistakes) -> Option<Self> {
        let Node::Object(members) = node else {
            mistakes.0.push("an object is expected".to_owned());
            return None;
        };
        for (number, (name, _)) in members.iter().enumerate() {
            if !KNOWN.contains(&name.as_str()) {
                mistakes.0.push(format!("{} is unknown", shown(name, number + 1)));
            } else if members.iter().take(number).any(|(before, _)| before == name) {
                mistakes.0.push(format!("`{name}` is there more than once"));
            }
        }
        Some(Self { members, mistakes })
    }

    /// Notes a mistake.
    pub(super) fn mistake(&mut self, mistake: impl Display) {
        self.mistakes.0.push(mistake.to_string());
    }

    /// Whether a field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// A text, as `read` understands it.
    pub(super) fn text<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let read = match self.take(name)? {
            Node::Text(text) => read(&text),
            Node::Flag(_) | Node::List(_) | Node::Object(_) | Node::Other => None,
        };
        if read.is_none() {
            self.mistake(format_args!("`{name}` is not {expected}"));
        }
        read
    }

    /// A list of texts, each as `read` understands it; empty where there is none. A list that is there has an item.
    pub(super) fn texts<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let items = match self.take(name) {
            None => return Vec::new(),
            Some(Node::List(items)) if !items.is_empty() => items,
            Some(_) => {
                self.mistake(format_args!("`{name}` is not a list with an item"));
                return Vec::new();
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (item, number) in items.iter().zip(1..) {
            match item {
                Node::Text(text) => match read(text) {
                    Some(text) => texts.push(text),
                    None => self.mistake(format_args!("`{name}`: item {number} is not {expected}")),
                },
                Node::Flag(_) | Node::List(_) | Node::Object(_) | Node::Other => {
                    self.mistake(format_args!("`{name}`: item {number} is not a text"));
                }
            }
        }
        texts
    }

    /// The same, or one text alone.
    pub(super) fn one_or_more(&mut self, name: &str) -> Vec<String> {
        if let Some((_, node @ Node::Text(_))) =
            self.members.iter_mut().find(|(known, _)| known == name)
        {
            *node = Node::List(vec![node.clone()]);
        }
        self.texts(name, "a text", |text| Some(text.to_owned()))
    }

    /// `true` or `false`; `false` where there is neither.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Node::Flag(flag)) => flag,
            Some(_) => {
                self.mistake(format_args!("`{name}` is not `true` or `false`"));
                false
            }
        }
    }

    /// The members of an object; none where there is none.
    pub(super) fn object(&mut self, name: &str) -> Vec<(String, Node)> {
        match self.take(name) {
            None => Vec::new(),
            Some(Node::Object(members)) => members,
            Some(_) => {
                self.mistake(format_args!("`{name}` is not an object"));
                Vec::new()
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        let place = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(place).1)
    }
}

/// What may be shown of a member's name: a plain one, which is no secret.
fn shown(name: &str, number: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (1..=24).contains(&name.len()) && name.bytes().all(plain) {
        format!("`{name}`")
    } else {
        format!("member {number}")
    }
}
