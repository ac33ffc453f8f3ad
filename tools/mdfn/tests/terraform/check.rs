//! What Terraform would refuse about a module's names, and what this repository asks of one.
//! Findings are texts; none is good.

use std::collections::BTreeSet;

use hcl::Expression;
use hcl::structure::{Block, Body};

use crate::functions;
use crate::module::{Module, Reference, Step, Uses, attribute, attributes, blocks};
use crate::schema::{Member, Members, Presence, Schema};

/// Arguments and blocks that every resource may have.
const META: [&str; 4] = ["count", "depends_on", "for_each", "provider"];

pub(crate) fn check(module: &Module, schema: &Schema) -> Vec<String> {
    let mut check = Check { module, schema, findings: Vec::new(), used: BTreeSet::new() };
    check.variables();
    check.outputs();
    for (name, expression) in &module.locals() {
        check.expression(&format!("local.{name}"), expression, &[]);
    }
    for mode in ["resource", "data"] {
        for (kind, name, block) in module.typed(mode) {
            check.resource(mode, kind, name, block);
        }
    }
    for (name, block) in module.named("module") {
        let providers = ["providers", "source"];
        let arguments = attributes(block.body()).filter(|(key, _)| !providers.contains(key));
        arguments.for_each(|(key, value)| check.expression(&format!("{name}.{key}"), value, &[]));
    }
    for (_, block) in module.named("provider") {
        check.body("provider", block.body(), &[]);
    }
    check.unused();
    check.findings
}

struct Check<'a> {
    module: &'a Module,
    schema: &'a Schema,
    findings: Vec<String>,
    /// `var.x` and `local.x`.
    used: BTreeSet<String>,
}

impl Check<'_> {
    fn found(&mut self, place: &str, what: &str) {
        self.findings.push(format!("{place}: {what}"));
    }

    fn variables(&mut self) {
        for (name, block) in self.module.named("variable") {
            let place = format!("var.{name}");
            for needed in ["description", "type"] {
                if attribute(block.body(), needed).is_none() {
                    self.found(&place, &format!("has no {needed}"));
                }
            }
            self.secret(&place, name, block);
            for validation in blocks(block.body()) {
                for needed in ["condition", "error_message"] {
                    if attribute(validation.body(), needed).is_none() {
                        self.found(&place, &format!("has a validation without {needed}"));
                    }
                }
                let uses = attributes(validation.body()).map(|(_, value)| Uses::new(value));
                let names: Vec<_> = uses.flat_map(|uses| uses.references).collect();
                if names.iter().any(|reference| !reference.to_string().starts_with(&place)) {
                    self.found(&place, "has a validation of something else");
                }
                attributes(validation.body()).for_each(|(_, value)| {
                    Uses::new(value).functions.iter().for_each(|name| self.function(&place, name));
                });
            }
        }
    }

    fn outputs(&mut self) {
        for (name, block) in self.module.named("output") {
            let place = format!("output.{name}");
            if attribute(block.body(), "description").is_none() {
                self.found(&place, "has no description");
            }
            let Some(value) = attribute(block.body(), "value") else {
                self.found(&place, "has no value");
                continue;
            };
            for reference in Uses::new(value).references {
                self.secret(&place, &reference.to_string(), block);
            }
            self.expression(&place, value, &[]);
        }
    }

    /// Finds what has the name of a secret and is not marked as one.
    fn secret(&mut self, place: &str, name: &str, block: &Block) {
        let secret = ["secret", "password", "private_key"].iter().any(|word| name.contains(word));
        let marked = attribute(block.body(), "sensitive") == Some(&Expression::Bool(true));
        if secret && !marked {
            self.found(place, "is a secret and not marked sensitive");
        }
    }

    fn resource(&mut self, mode: &str, kind: &str, name: &str, block: &Block) {
        let place =
            if mode == "data" { format!("data.{kind}.{name}") } else { format!("{kind}.{name}") };
        let Some(members) = self.schema.members(mode, kind) else {
            return self.found(&place, "is of a type that the schema does not have");
        };
        let home = attribute(block.body(), "provider").is_some_and(is_home);
        if kind.starts_with("oci_identity_") != home {
            self.found(&place, "identity resources, and no others, have `provider = oci.home`");
        }
        let each = attribute(block.body(), "for_each").map(|_| "each".to_owned());
        let scope: Vec<_> = each.into_iter().collect();
        for (key, value) in attributes(block.body()).filter(|(key, _)| META.contains(key)) {
            if !["provider", "depends_on"].contains(&key) {
                self.expression(&place, value, &[]);
            }
            if key == "depends_on" {
                Uses::new(value).references.iter().for_each(|on| self.dependency(&place, on));
            }
        }
        for lifecycle in blocks(block.body()).filter(|block| block.identifier() == "lifecycle") {
            self.lifecycle(&place, lifecycle, members, &scope);
        }
        let own: Body = block
            .body()
            .iter()
            .filter(|structure| match structure {
                hcl::Structure::Attribute(attribute) => !META.contains(&attribute.key()),
                hcl::Structure::Block(block) => block.identifier() != "lifecycle",
            })
            .cloned()
            .collect();
        self.members(&place, &own, members, &scope);
    }

    fn lifecycle(&mut self, place: &str, lifecycle: &Block, members: &Members, scope: &[String]) {
        let ignored = attribute(lifecycle.body(), "ignore_changes").map(Uses::new);
        for reference in ignored.into_iter().flat_map(|uses| uses.references) {
            if !members.contains_key(&reference.root) {
                self.found(
                    place,
                    &format!("ignores changes of `{}`, which it has not", reference.root),
                );
            }
        }
        for condition in blocks(lifecycle.body()) {
            self.body(place, condition.body(), scope);
        }
    }

    /// Holds the body of a resource or of a block in it against what it may have.
    fn members(&mut self, place: &str, body: &Body, members: &Members, scope: &[String]) {
        for (name, value) in attributes(body) {
            let at = format!("{place}.{name}");
            match members.get(name) {
                None => self.found(&at, "is not known"),
                Some(Member::Block { .. }) => self.found(&at, "is a block, not an argument"),
                Some(Member::Attribute { presence: Presence::Computed, .. }) => {
                    self.found(&at, "is set by the provider alone");
                }
                Some(Member::Attribute { kind, .. }) => {
                    if !literal_fits(value, kind) {
                        self.found(&at, &format!("is not a {kind}"));
                    }
                }
            }
            self.expression(&at, value, scope);
        }
        for block in blocks(body) {
            let (name, body, scope) = self.unfold(place, block, scope);
            let at = format!("{place}.{name}");
            match members.get(&name) {
                None => self.found(&at, "is not known"),
                Some(Member::Attribute { .. }) => self.found(&at, "is an argument, not a block"),
                Some(Member::Block { presence: Presence::Computed, .. }) => {
                    self.found(&at, "is set by the provider alone");
                }
                Some(Member::Block { members, .. }) => self.members(&at, &body, members, &scope),
            }
        }
        self.presence(place, body, members);
    }

    fn presence(&mut self, place: &str, body: &Body, members: &Members) {
        for (name, member) in members {
            let given = attribute(body, name).is_some();
            let times = blocks(body).filter(|block| block_name(block) == *name).count();
            let (presence, single) = match member {
                Member::Attribute { presence, .. } => (*presence, false),
                Member::Block { presence, single, .. } => (*presence, *single),
            };
            if presence == Presence::Required && !given && times == 0 {
                self.found(&format!("{place}.{name}"), "is required and not there");
            }
            if single && times > 1 {
                self.found(&format!("{place}.{name}"), "may occur once");
            }
        }
    }

    /// The name, body and scope of a block, be it written out or `dynamic`.
    fn unfold(
        &mut self,
        place: &str,
        block: &Block,
        scope: &[String],
    ) -> (String, Body, Vec<String>) {
        let (name, mut scope) = (block_name(block), scope.to_vec());
        if block.identifier() != "dynamic" {
            return (name, block.body().clone(), scope);
        }
        let at = format!("{place}.{name}");
        match attribute(block.body(), "for_each") {
            Some(each) => self.expression(&at, each, &scope),
            None => self.found(&at, "is dynamic without for_each"),
        }
        let iterator = attribute(block.body(), "iterator").map(ToString::to_string);
        scope.push(iterator.unwrap_or_else(|| name.clone()));
        let content = blocks(block.body()).find(|block| block.identifier() == "content");
        if content.is_none() {
            self.found(&at, "is dynamic without content");
        }
        (name, content.map_or_else(Body::default, |content| content.body().clone()), scope)
    }

    fn body(&mut self, place: &str, body: &Body, scope: &[String]) {
        attributes(body).for_each(|(_, value)| self.expression(place, value, scope));
    }

    fn expression(&mut self, place: &str, expression: &Expression, scope: &[String]) {
        let uses = Uses::new(expression);
        uses.functions.iter().for_each(|name| self.function(place, name));
        for reference in uses.references {
            if !scope.contains(&reference.root) {
                self.reference(place, &reference);
            }
        }
    }

    fn function(&mut self, place: &str, name: &str) {
        if !functions::known(name) {
            self.found(place, &format!("calls the function `{name}`, which the tests do not know"));
        }
    }

    fn reference(&mut self, place: &str, reference: &Reference) {
        let kind = reference.root.as_str();
        let Some(Step::Attribute(name)) = reference.steps.first() else {
            return self.found(place, &format!("names `{reference}`, which is nothing"));
        };
        let rest = reference.steps.get(1..).unwrap_or_default();
        match kind {
            "var" | "local" => {
                let declared = if kind == "var" {
                    self.module.named("variable").any(|(declared, _)| declared == name)
                } else {
                    self.module.locals().contains_key(name)
                };
                self.used.insert(format!("{kind}.{name}"));
                if !declared {
                    self.found(place, &format!("names `{kind}.{name}`, which is not declared"));
                }
            }
            "module" => {}
            "data" => {
                let Some((Step::Attribute(source), rest)) = rest.split_first() else {
                    return self.found(place, &format!("names `{reference}`, which is nothing"));
                };
                self.resource_reference(place, reference, ("data", name, source), rest);
            }
            kind => self.resource_reference(place, reference, ("resource", kind, name), rest),
        }
    }

    fn resource_reference(
        &mut self,
        place: &str,
        reference: &Reference,
        (mode, kind, name): (&str, &str, &str),
        steps: &[Step],
    ) {
        let declared = self.module.typed(mode).find(|found| (found.0, found.1) == (kind, name));
        let (Some((_, _, block)), Some(members)) = (declared, self.schema.members(mode, kind))
        else {
            return self.found(place, &format!("names `{reference}`, which is not declared"));
        };
        let repeated =
            ["count", "for_each"].iter().any(|key| attribute(block.body(), key).is_some());
        let (element, steps) = match steps.split_first() {
            Some((Step::Element, rest)) => (true, rest),
            _ => (false, steps),
        };
        if repeated != element {
            self.found(
                place,
                &format!("names `{reference}`, whose index is one too few or too many"),
            );
        }
        let mut within = Some(members);
        for step in steps {
            within = match (within, step) {
                (Some(members), Step::Attribute(name)) => match members.get(name) {
                    Some(Member::Block { members, .. }) => Some(members),
                    Some(Member::Attribute { .. }) => None,
                    None => {
                        return self
                            .found(place, &format!("names `{reference}`, which it has not"));
                    }
                },
                (within, _) => within,
            };
        }
    }

    fn dependency(&mut self, place: &str, on: &Reference) {
        let name = on.steps.first().cloned();
        let known = self.module.typed("resource").any(|(kind, declared, _)| {
            kind == on.root && name == Some(Step::Attribute(declared.to_owned()))
        });
        if !known {
            self.found(place, &format!("depends on `{on}`, which is not declared"));
        }
    }

    fn unused(&mut self) {
        let variables = self.module.named("variable").map(|(name, _)| format!("var.{name}"));
        let locals = self.module.locals().into_keys().map(|name| format!("local.{name}"));
        let declared: Vec<_> = variables.chain(locals).collect();
        for name in declared {
            if !self.used.contains(&name) {
                self.found(&name, "is not used");
            }
        }
    }
}

fn block_name(block: &Block) -> String {
    match (block.identifier(), block.labels().first()) {
        ("dynamic", Some(label)) => label.as_str().to_owned(),
        (name, _) => name.to_owned(),
    }
}

fn is_home(provider: &Expression) -> bool {
    let uses = Uses::new(provider).references;
    uses.iter().any(|reference| reference.to_string() == "oci.home")
}

/// Whether what is written out has the type; what must be evaluated first passes.
fn literal_fits(value: &Expression, kind: &str) -> bool {
    match value {
        Expression::Bool(_) => kind == "bool",
        Expression::Array(_) => kind == "list",
        Expression::Object(_) => kind == "map",
        Expression::Number(_) => ["number", "string"].contains(&kind),
        Expression::String(_) | Expression::TemplateExpr(_) => ["string", "number"].contains(&kind),
        _ => true,
    }
}
