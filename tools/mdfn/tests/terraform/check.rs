//! What can be said of a module by its text and the provider's schema: the names and presence of
//! types, arguments and blocks, the types of literals, and what this repository asks of a module.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use hcl::Expression;
use hcl::format::to_string;
use hcl::structure::{Attribute, Block, Body};
use regex::Regex;
use serde_json::{Map, Value};

use crate::plan::place;

/// Arguments and blocks that every resource may have.
const META: [&str; 5] = ["count", "depends_on", "for_each", "lifecycle", "provider"];

/// Terraform's own resource, of no provider; `.ci/terraform` validates it.
const OWN: &str = "terraform_data";

/// The text of a directory's `.tf` files, in the order of their names.
pub(crate) fn text(directory: &str) -> String {
    let entries = std::fs::read_dir(place(directory)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    let paths: BTreeSet<_> = paths.collect();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Findings in a module; none is good.
pub(crate) fn check(text: &str) -> Vec<String> {
    let schema = std::fs::read_to_string(place("tests/terraform/schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let module = hcl::parse(text).unwrap();
    let mut findings = Vec::new();
    for block in module.blocks() {
        match block.identifier() {
            mode @ ("resource" | "data") => resource(&schema[mode], block, &mut findings),
            "variable" => variable(block, &mut findings),
            "output" => explained(block, &["description", "value"], &mut findings),
            _ => {}
        }
    }
    names(text, &module, &mut findings);
    findings
}

fn resource(types: &Value, block: &Block, findings: &mut Vec<String>) {
    let labels: Vec<_> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
    let (kind, place) = (labels[0], labels.join("."));
    if kind == OWN {
        return;
    }
    let Some(schema) = types[kind].as_object() else {
        return findings.push(format!("{place}: is of a type that the schema does not have"));
    };
    let provider = attribute(block.body(), "provider").map(|provider| to_string(provider).unwrap());
    let made = block.identifier() == "resource";
    if (made && kind.starts_with("oci_identity_")) != (provider.as_deref() == Some("oci.home")) {
        let found = "identity resources, and no others, have `provider = oci.home`";
        findings.push(format!("{place}: {found}"));
    }
    let own = block.body().iter().filter(|structure| match structure {
        hcl::Structure::Attribute(attribute) => !META.contains(&attribute.key()),
        hcl::Structure::Block(block) => !META.contains(&block.identifier()),
    });
    members(&place, &own.cloned().collect(), schema, findings);
}

/// Holds the body of a resource or of a block in it against what it may have.
fn members(place: &str, body: &Body, schema: &Map<String, Value>, findings: &mut Vec<String>) {
    let mut given = Vec::new();
    for attribute in body.attributes() {
        given.push(attribute.key());
        let found = argument(attribute, schema.get(attribute.key()));
        findings.extend(found.map(|found| format!("{place}.{}: {found}", attribute.key())));
    }
    for block in body.blocks() {
        let (name, inner) = written(block);
        given.push(name);
        let place = format!("{place}.{name}");
        match schema.get(name) {
            None => findings.push(format!("{place}: is not known")),
            Some(Value::String(_)) => {
                findings.push(format!("{place}: is an argument, not a block"));
            }
            Some(member) if member["presence"] == "computed" => {
                findings.push(format!("{place}: is set by the provider alone"));
            }
            Some(member) => members(&place, inner, member["body"].as_object().unwrap(), findings),
        }
    }
    for (name, member) in schema {
        let times = given.iter().filter(|given| *given == name).count();
        let required = match member.as_str() {
            Some(kind) => kind.starts_with("required "),
            None => member["presence"] == "required",
        };
        if required && times == 0 {
            findings.push(format!("{place}.{name}: is required and not there"));
        }
        if member["block"] == "single" && times > 1 {
            findings.push(format!("{place}.{name}: may occur once"));
        }
    }
}

/// What is wrong with an argument, of which the schema says its presence and type.
fn argument(attribute: &Attribute, member: Option<&Value>) -> Option<String> {
    let Some(member) = member else { return Some("is not known".to_owned()) };
    let Some((presence, kind)) = member.as_str().and_then(|member| member.split_once(' ')) else {
        return Some("is a block, not an argument".to_owned());
    };
    if presence == "computed" {
        return Some("is set by the provider alone".to_owned());
    }
    // What must be evaluated first may be anything.
    let kinds: &[&str] = match attribute.expr() {
        Expression::Bool(_) => &["bool"],
        Expression::Array(_) => &["list"],
        Expression::Object(_) => &["map"],
        Expression::Number(_) | Expression::String(_) | Expression::TemplateExpr(_) => {
            &["number", "string"]
        }
        _ => return None,
    };
    (!kinds.contains(&kind)).then(|| format!("is not a {kind}"))
}

/// The name and body of a block, be it written out or `dynamic`.
fn written(block: &Block) -> (&str, &Body) {
    if block.identifier() != "dynamic" {
        return (block.identifier(), block.body());
    }
    let content = block.body().blocks().find(|block| block.identifier() == "content");
    (block.labels()[0].as_str(), content.unwrap().body())
}

fn variable(block: &Block, findings: &mut Vec<String>) {
    explained(block, &["description", "type"], findings);
    let name = block.labels()[0].as_str();
    for validation in block.body().blocks() {
        let text = to_string(validation).unwrap();
        // Terraform lets a validation name other variables since 1.9.
        if uses(&text).iter().any(|used| *used != format!("var.{name}")) {
            findings.push(format!("{name}: has a validation of something else"));
        }
    }
}

/// A variable or an output has these, and what is named as a secret is marked as one.
fn explained(block: &Block, needed: &[&str], findings: &mut Vec<String>) {
    let name = block.labels()[0].as_str();
    for needed in needed {
        if attribute(block.body(), needed).is_none() {
            findings.push(format!("{name}: has no {needed}"));
        }
    }
    let value = attribute(block.body(), "value").map(|value| to_string(value).unwrap());
    let texts = [name, value.as_deref().unwrap_or_default()].concat();
    let secret = ["secret", "password", "private_key"].iter().any(|word| texts.contains(word));
    if secret && attribute(block.body(), "sensitive") != Some(&Expression::Bool(true)) {
        findings.push(format!("{name}: is a secret and not marked sensitive"));
    }
}

/// What is declared is used, and the other way round.
fn names(text: &str, module: &Body, findings: &mut Vec<String>) {
    let of = |kind: &'static str| module.blocks().filter(move |block| block.identifier() == kind);
    let variables = of("variable").map(|block| format!("var.{}", block.labels()[0].as_str()));
    let locals = of("locals").flat_map(|block| block.body().attributes());
    let locals = locals.map(|attribute| format!("local.{}", attribute.key()));
    let declared: BTreeSet<_> = variables.chain(locals).collect();
    // A validation alone is no use of a variable.
    let others = module.blocks().filter(|block| block.identifier() != "variable");
    let used: BTreeSet<_> = others.flat_map(|block| uses(&to_string(block).unwrap())).collect();
    findings.extend(declared.difference(&used).map(|name| format!("{name}: is not used")));
    let undeclared = uses(text);
    let undeclared = undeclared.difference(&declared);
    findings.extend(undeclared.map(|name| format!("{name}: is not declared")));
}

/// The variables and locals that a text names.
fn uses(text: &str) -> BTreeSet<String> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:var|local)\.[a-z0-9_]+").unwrap());
    NAME.find_iter(text).map(|name| name.as_str().to_owned()).collect()
}

/// All that a resource depends on, through locals and other resources.
pub(crate) fn dependencies(text: &str, of: &str) -> BTreeSet<String> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:local|data\.oci_[a-z_]+|oci_[a-z_]+|terraform_data)\.[a-z0-9_]+").unwrap()
    });
    let module = hcl::parse(text).unwrap();
    let mut texts = BTreeMap::new();
    for block in module.blocks() {
        let labels: Vec<_> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
        let mode = if block.identifier() == "data" { "data." } else { "" };
        texts.insert(format!("{mode}{}", labels.join(".")), to_string(block).unwrap());
        if block.identifier() == "locals" {
            let locals = block.body().attributes();
            texts.extend(
                locals.map(|local| {
                    (format!("local.{}", local.key()), to_string(local.expr()).unwrap())
                }),
            );
        }
    }
    let (mut seen, mut next) = (BTreeSet::new(), vec![of.to_owned()]);
    while let Some(name) = next.pop() {
        let names = NAME.find_iter(texts.get(&name).map_or("", String::as_str));
        let names = names.map(|name| name.as_str().to_owned());
        next.extend(names.filter(|name| seen.insert(name.clone())));
    }
    seen
}

pub(crate) fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.attributes().find(|attribute| attribute.key() == name).map(Attribute::expr)
}
