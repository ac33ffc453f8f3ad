//! Reads a specification as the service's model has it: what comes out has the API's names, and
//! only values of the right kind.
//!
//! Null is absent, as the OCI CLI prints it. What is not understood is said, and the rest is read.

use serde_json::{Map, Number, Value};

use super::form;
use super::model::{self, Kind, Member};
use super::spelling::is_spelling;
use crate::gateway_spec::findings::{Findings, Place};
use crate::terminal::printable;

/// Members of the keys that identity domains publish, and that are no members of a static key.
const CERTIFICATES: [&str; 4] = ["x5c", "x5t", "x5t#S256", "x5u"];

/// Returns the specification with the API's names; what of it is not understood is added to
/// `findings`.
pub(super) fn read(specification: &Map<String, Value>, findings: &mut Findings) -> Value {
    let terraform = form::is_terraform(specification);
    let at = At { place: Place::Specification, path: String::new() };
    Reader { findings, terraform }.object(model::ROOT, specification, &at)
}

/// Where the reader is.
#[derive(Clone)]
struct At {
    place: Place,
    /// The members from there on.
    path: String,
}

impl At {
    fn member(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { place: self.place.clone(), path: format!("{}{dot}{}", self.path, printable(name)) }
    }
}

struct Reader<'a> {
    findings: &'a mut Findings,
    terraform: bool,
}

impl Reader<'_> {
    fn refused(&mut self, at: &At, what: &str) {
        self.findings.refused(&at.place, &format!("`{}` {what}", at.path));
    }

    fn object(&mut self, class: &str, given: &Map<String, Value>, at: &At) -> Value {
        let given = &self.set(given);
        let at = &entered(class, given, at);
        let class = model::class(class);
        let chosen = class.choice().and_then(|name| member(given, name)?.as_str());
        let shape = class.shape(chosen);
        let mut read = Map::new();
        for (written, value) in given {
            let known = shape.members.iter().find(|(name, _)| is_spelling(written, name));
            let Some((name, member)) = known else {
                // Terraform writes the members of all classes, and those of others empty.
                if !(self.terraform && is_empty(value)) {
                    self.unknown(&at.member(written));
                }
                continue;
            };
            let at = at.member(name);
            if read.contains_key(*name) {
                self.refused(&at, "occurs twice, in two spellings; remove one");
            } else if let Some(value) = self.member(member, value, &at) {
                read.insert((*name).to_owned(), value);
            }
        }
        for name in shape.required {
            if member(given, name).is_none() {
                self.refused(&at.member(name), "is missing");
            }
        }
        read.into()
    }

    /// Returns the members that are there: not null, and for Terraform not an empty text.
    fn set(&self, given: &Map<String, Value>) -> Map<String, Value> {
        let is_absent = |value: &Value| value.is_null() || self.terraform && value == "";
        let members = given.iter().filter(|(_, value)| !is_absent(value));
        members.map(|(written, value)| (written.clone(), value.clone())).collect()
    }

    fn unknown(&mut self, at: &At) {
        let path = &at.path;
        if matches!(at.place, Place::Key(_)) && CERTIFICATES.contains(&path.as_str()) {
            let text = format!("it has `{path}`, which the gateway does not take; use `mdfn jwk`");
            self.findings.refused(&at.place, &text);
        } else {
            self.findings
                .note(&at.place, &format!("`{path}` is not known here, and not looked at"));
        }
    }

    /// Returns the value of a member; None where it is not understood, or an empty list of
    /// Terraform's for no object.
    fn member(&mut self, member: &Member, value: &Value, at: &At) -> Option<Value> {
        let value = self.value(&member.kind, value, at)?;
        let items = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
        // Of the operations of a key the gateway wants one to be `verify`; the keys are judged
        // elsewhere.
        let free = member.values.is_empty() || at.path == "key_ops";
        for item in items.iter().filter_map(Value::as_str).filter(|_| !free) {
            if !member.values.iter().any(|known| known == item) {
                let expected = member.values.join(", ");
                self.refused(at, &format!("is `{}`; expected {expected}", item.escape_debug()));
            }
        }
        Some(value)
    }

    fn value(&mut self, kind: &Kind, value: &Value, at: &At) -> Option<Value> {
        let (read, expected) = match (kind, value) {
            (Kind::Object(class), Value::Object(given)) => {
                return Some(self.object(class, given, at));
            }
            (Kind::Object(class), Value::Array(items)) if self.terraform => {
                return match items.as_slice() {
                    [] => None,
                    [Value::Object(given)] => Some(self.object(class, given, at)),
                    _ => self.wrong(at, "an object"),
                };
            }
            (Kind::List(kind), Value::Array(items)) => {
                let items = items.iter().filter_map(|item| self.value(kind, item, at));
                return Some(items.collect());
            }
            (Kind::List(_), _) => (None, "a list"),
            (Kind::Map(kind), Value::Object(given)) => return Some(self.map(kind, given, at)),
            (Kind::Map(kind), Value::Array(items)) if self.terraform => {
                let given = by_media_type(items);
                (given.map(|given| self.map(kind, &given, at)), "a list with `media_type`s")
            }
            (Kind::Object(_) | Kind::Map(_), _) => (None, "an object"),
            (Kind::Text, value) => (text(value), "a text"),
            (Kind::Boolean, value) => (boolean(value), "true or false"),
            (Kind::Integer, value) => (number(value).filter(is_whole), "a whole number"),
            (Kind::Number, value) => (number(value), "a number"),
        };
        read.or_else(|| self.wrong(at, expected))
    }

    fn map(&mut self, kind: &Kind, given: &Map<String, Value>, at: &At) -> Value {
        let read = given.iter().filter(|(_, value)| !value.is_null()).filter_map(|(key, value)| {
            Some((key.clone(), self.value(kind, value, &at.member(key))?))
        });
        Value::Object(read.collect())
    }

    fn wrong(&mut self, at: &At, expected: &str) -> Option<Value> {
        self.refused(at, &format!("is not as the service documents it; expected {expected}"));
        None
    }
}

/// Returns the member of this name, in any spelling.
fn member<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = given.iter().find(|(written, _)| is_spelling(written, name));
    found.map(|(_, value)| value)
}

/// Returns where an object of this class is: some have a place of their own.
fn entered(class: &str, given: &Map<String, Value>, at: &At) -> At {
    let named = |name| member(given, name).and_then(Value::as_str);
    let place = match (class, &at.place) {
        ("ApiSpecificationRoute", _) => {
            Place::Route(named("path").unwrap_or("without `path`").to_owned())
        }
        ("AuthenticationServerPolicy", _) => {
            let key = member(given, "key").and_then(|key| form::single(key).get("name")?.as_str());
            Place::Server(key.unwrap_or_default().to_owned())
        }
        ("AuthenticationPolicy", Place::Specification) => Place::Authentication,
        ("StaticPublicKey", _) => Place::Key(named("kid").unwrap_or_default().to_owned()),
        _ => return at.clone(),
    };
    At { place, path: String::new() }
}

/// Returns a text; a number or a boolean in its place is one as it is written.
fn text(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(value.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a boolean, also as a text, as Terraform and forms write it.
fn boolean(value: &Value) -> Option<Value> {
    match value.as_str() {
        Some("true") => Some(true.into()),
        Some("false") => Some(false.into()),
        Some(_) => None,
        None => value.is_boolean().then(|| value.clone()),
    }
}

/// Returns a number, also as a text.
fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => text.parse::<Number>().ok().map(Value::Number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(items) => items.is_empty(),
        Value::Null | Value::String(_) | Value::Object(_) => false,
    }
}

fn is_whole(number: &Value) -> bool {
    number.as_f64().is_some_and(|number| number.rem_euclid(1.0) < f64::EPSILON)
}

/// Terraform's list of contents as the map that the API takes; None if it is something else.
fn by_media_type(items: &[Value]) -> Option<Map<String, Value>> {
    let entry = |item: &Value| {
        let mut content = item.as_object()?.clone();
        let name = content.remove("media_type")?;
        Some((name.as_str()?.to_owned(), content.into()))
    };
    items.iter().map(entry).collect()
}
