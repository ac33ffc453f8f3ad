//! Every class of the service's model: a document with all of its members, one with none that is
//! optional and one with an unknown member are read, and what is unsafe beside them is found.

use std::collections::BTreeMap;

use emulator::keys::Key;
use mdfn::gateway_spec;
use serde_json::{Map, Value, json};

const ROOT: &str = "ApiSpecification";
const UNSAFE: &str = "unsafe  route /marker: `model_deployment` is set with SKIP";

#[derive(Clone, Copy, PartialEq)]
enum Members {
    All,
    Required,
}

/// Where an object of a class stands: in which class, as which member.
type Slots = BTreeMap<String, (String, String)>;

struct Model {
    classes: Value,
    key: Value,
}

impl Model {
    fn read() -> Self {
        let text = include_str!("../../../src/gateway_spec/validate/model.json");
        Self { classes: serde_json::from_str(text).unwrap(), key: Key::generate().jwk("k") }
    }

    /// The classes of which an object of this one can be.
    fn concrete(&self, class: &str) -> Vec<String> {
        match self.classes[class]["choice"]["classes"].as_object() {
            Some(classes) => {
                classes.values().map(|name| name.as_str().unwrap().to_owned()).collect()
            }
            None => vec![class.to_owned()],
        }
    }

    /// The members of a class; its base alone knows which of the common ones are required.
    fn members(&self, class: &str) -> Map<String, Value> {
        let mut members = self.classes[class]["members"].as_object().unwrap().clone();
        if let Some(base) = self.classes[class]["base"].as_str() {
            members.extend(self.members(base));
        }
        members
    }

    /// Every class that can be reached, and where it stands.
    fn slots(&self) -> Slots {
        let mut slots = Slots::new();
        let mut left = vec![ROOT.to_owned()];
        while let Some(class) = left.pop() {
            for (name, member) in self.members(&class) {
                let Some(inner) = named(&member["kind"]) else { continue };
                for concrete in self.concrete(inner) {
                    if concrete != ROOT && !slots.contains_key(&concrete) {
                        slots.insert(concrete.clone(), (class.clone(), name.clone()));
                        left.push(concrete);
                    }
                }
            }
        }
        slots
    }

    fn object(&self, class: &str, which: Members) -> Value {
        let mut object = Map::new();
        for (name, member) in self.members(class) {
            if which == Members::All || member["required"] == true {
                object.insert(name.clone(), self.sample(&name, &member["kind"], &member));
            }
        }
        if let Some(base) = self.classes[class]["base"].as_str() {
            let choice = &self.classes[base]["choice"];
            let mut classes = choice["classes"].as_object().unwrap().iter();
            let (value, _) = classes.find(|(_, name)| *name == class).unwrap();
            object.insert(choice["member"].as_str().unwrap().to_owned(), value.as_str().into());
        }
        object.into()
    }

    fn sample(&self, name: &str, kind: &Value, member: &Value) -> Value {
        match kind.as_str() {
            Some("text") => self.text(name, member),
            Some("boolean") => true.into(),
            Some(_) => 1.into(),
            None if kind.get("list").is_some() => json!([self.sample(name, &kind["list"], member)]),
            None if kind.get("map").is_some() => {
                json!({ "a/b": self.sample(name, &kind["map"], member) })
            }
            None => {
                let classes = self.concrete(kind["object"].as_str().unwrap());
                // The last, since the first back end would have another in it, without end.
                self.object(classes.last().unwrap(), Members::Required)
            }
        }
    }

    fn text(&self, name: &str, member: &Value) -> Value {
        match name {
            "n" | "e" => self.key[name].clone(),
            "alg" => "RS256".into(),
            "path" => "/p".into(),
            "uri" | "url" => "https://x.example/y".into(),
            "key" => PEM.into(),
            _ => member["values"].get(0).cloned().unwrap_or_else(|| name.into()),
        }
    }

    /// A document around an object of a class, with an unsafe route beside it.
    fn document(&self, slots: &Slots, class: &str, object: Value) -> Value {
        let Some((outer, name)) = slots.get(class) else {
            let mut document = object;
            let routes = &mut document["routes"];
            if routes.is_null() {
                *routes = json!([]);
            }
            routes.as_array_mut().unwrap().push(marker());
            return document;
        };
        let mut around = self.object(outer, Members::Required);
        let kind = &self.members(outer)[name]["kind"];
        around[name] = match (kind.get("list"), kind.get("map")) {
            (Some(_), _) => json!([object]),
            (_, Some(_)) => json!({ "a/b": object }),
            _ => object,
        };
        self.document(slots, outer, around)
    }
}

fn named(kind: &Value) -> Option<&str> {
    kind.get("object").map_or_else(
        || named(kind.get("list").or_else(|| kind.get("map"))?),
        |class| class.as_str(),
    )
}

fn marker() -> Value {
    json!({
        "path": "/marker", "methods": ["POST"],
        "backend": { "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": "f" },
        "requestPolicies": {
            "authorization": { "type": "ANY_OF", "allowedScope": ["predict"] },
            "headerTransformations": {
                "setHeaders": { "items": [{ "name": "model_deployment", "values": ["iris"], "ifExists": "SKIP" }] },
            },
        },
    })
}

fn findings(document: &Value) -> Vec<String> {
    let found = gateway_spec::findings(document).unwrap();
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.starts_with(UNSAFE)), "{document:#} {lines:#?}");
    lines
}

/// The same document in the spelling of the OCI CLI or of Terraform.
fn spelled(value: &Value, between: &str) -> Value {
    let name = |name: &String| {
        let spell = |letter: char| match letter {
            '_' => between.to_owned(),
            'A'..='Z' => format!("{between}{}", letter.to_ascii_lowercase()),
            _ => letter.to_string(),
        };
        name.chars().map(spell).collect::<String>()
    };
    match value {
        Value::Object(members) => {
            let member = |(key, value)| (name(key), spelled(value, between));
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => items.iter().map(|item| spelled(item, between)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Whether nothing is refused, but for a set of keys without its members, which are optional in the
/// model.
fn is_taken(lines: &[String]) -> bool {
    let mut refused = lines.iter().filter(|line| line.starts_with("refused"));
    refused.all(|line| line.contains("STATIC_KEYS has no key"))
}

#[test]
fn every_class_of_the_model_is_read_with_all_its_members_with_none_and_with_an_unknown_one() {
    let model = Model::read();
    let slots = model.slots();
    assert!(slots.len() > 60, "{slots:?}");
    for class in slots.keys().map(String::as_str).chain([ROOT]) {
        let of = |object: Value| findings(&model.document(&slots, class, object));
        let all = model.object(class, Members::All);
        let lines = of(all.clone());
        assert!(is_taken(&lines), "{class} {all:#} {lines:#?}");
        for between in ["-", "_"] {
            let document = spelled(&model.document(&slots, class, all.clone()), between);
            assert_eq!(findings(&document), lines, "{class} {document:#}");
        }
        let mut object = model.object(class, Members::Required);
        let least = of(object.clone());
        assert!(is_taken(&least), "{class} {least:#?}");
        object["madeUp"] = json!({ "deep": [1] });
        let (unknown, known): (Vec<String>, Vec<String>) =
            of(object).into_iter().partition(|line| line.contains("madeUp` is not known here"));
        assert_eq!((unknown.len(), known), (1, least), "{class} {unknown:?}");
    }
}

#[test]
fn what_is_unsafe_in_a_class_is_found_with_all_its_members() {
    let model = Model::read();
    let slots = model.slots();
    for (class, start) in [
        ("CustomAuthenticationPolicy", "unsafe  authentication: `tokenQueryParam`"),
        ("JwtAuthenticationPolicy", "unsafe  authentication: `tokenQueryParam`"),
        ("TokenAuthenticationPolicy", "unsafe  authentication: `tokenQueryParam`"),
        ("RemoteJsonWebKeySet", "unsafe  authentication: `isSslVerifyDisabled`"),
        (
            "TokenAuthenticationRemoteJWKSValidationPolicy",
            "unsafe  authentication: `isSslVerifyDisabled`",
        ),
        (
            "TokenAuthenticationRemoteDiscoveryValidationPolicy",
            "unsafe  authentication: `isSslVerifyDisabled`",
        ),
        ("HTTPBackend", "note  route /p: `isSslVerifyDisabled`"),
        ("SimpleLookupPolicy", "note  route /p: `responseCacheLookup`"),
        ("StockResponseBackend", "note  route /p: it has no `methods`"),
    ] {
        let document = model.document(&slots, class, model.object(class, Members::All));
        let lines = findings(&document);
        assert!(
            lines.iter().any(|line| line.starts_with(start)),
            "{class} {document:#} {lines:#?}"
        );
    }
}

#[test]
fn a_missing_member_is_named_wherever_it_stands() {
    let model = Model::read();
    let slots = model.slots();
    for class in slots.keys() {
        for (name, member) in model.members(class) {
            if member["required"] == true {
                let mut object = model.object(class, Members::All);
                object.as_object_mut().unwrap().remove(&name);
                let lines = findings(&model.document(&slots, class, object));
                let missing = format!("{name}` is missing");
                let found = |line: &String| line.starts_with("refused") && line.contains(&missing);
                assert!(lines.iter().any(found), "{class}.{name} {lines:#?}");
            }
        }
    }
}

/// A public key of 2048 bits, whose other half nobody kept.
const PEM: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9gQI7crjmrRCmJEMsodv\n\
/5R+NcbOmszFcacN2Lyq1282+EL4bWbXeoYj21DKPAkbs79a4poXM4Qint6UXATv\n\
KWnWAR0VuzgV4VgXCOIqOMqJ4suXTKDjcpmGfvHo2nhRb4SXtV/aR7HzpzqoZ56t\n\
ugY4eNAwyFWGu/UTbNr9DCoJ0DQHkCWh+ji3cuscpZbRsa439UaThnIShp3bzamU\n\
Hi0496gEfKNVdKRkXY7ZVznqYunbn4l8KPiusNCslDBXU2nmhyzt4v/kvzdg96cV\n\
4j2iToaelLuBJocst0eJTn8cCgsbbwprhtcs5BzyWV3qJO8H3Yp8ibF2gNnIBtBD\n\
gwIDAQAB\n\
-----END PUBLIC KEY-----\n\
";
