//! What Terraform would make of a module: each resource with its evaluated arguments. What the
//! provider alone knows, such as an OCID, is given.

use std::collections::BTreeMap;

use hcl::eval::{Context, Evaluate};
use hcl::structure::{Block, Body, Structure};
use hcl::{Map, Value};

use crate::functions;
use crate::module::{Module, attribute, attributes, blocks};
use crate::schema::{Member, Members, Schema};
use crate::variable;

/// What Terraform itself takes from a resource.
const META: [&str; 5] = ["count", "depends_on", "for_each", "lifecycle", "provider"];

#[derive(Debug)]
pub(crate) struct Plan {
    /// The arguments of each resource, by its address without an index; a list if it has `count`, a
    /// map if it has `for_each`.
    resources: BTreeMap<String, Value>,
    outputs: BTreeMap<String, Value>,
}

impl Plan {
    /// `given` are the variables; `exported` what the provider sets, by type and name.
    ///
    /// # Errors
    ///
    /// Every validation and precondition that does not hold, and everything that cannot be
    /// evaluated.
    pub(crate) fn make(
        module: &Module,
        schema: &Schema,
        given: &serde_json::Value,
        exported: &serde_json::Value,
    ) -> Result<Self, Vec<String>> {
        let mut evaluation = Evaluation::new(module, variable::variables(module, given)?, exported);
        evaluation.run(module, schema)?;
        let context = evaluation.context();
        let conditions = module.typed("resource").flat_map(|(_, _, block)| blocks(block.body()));
        let conditions = conditions.filter(|block| block.identifier() == "lifecycle");
        let conditions = conditions.flat_map(|lifecycle| blocks(lifecycle.body()));
        let refused: Vec<_> =
            conditions.filter_map(|condition| variable::refused(condition, &context)).collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let outputs = module.named("output").map(|(name, block)| {
            let value = attribute(block.body(), "value").unwrap().evaluate(&context);
            (name.to_owned(), value.unwrap_or_else(|error| panic!("output.{name}: {error}")))
        });
        Ok(Self { outputs: outputs.collect(), resources: evaluation.planned })
    }

    /// The arguments of a resource, in JSON.
    pub(crate) fn resource(&self, address: &str) -> serde_json::Value {
        serde_json::to_value(&self.resources[address]).unwrap()
    }

    pub(crate) fn output(&self, name: &str) -> serde_json::Value {
        serde_json::to_value(&self.outputs[name]).unwrap()
    }
}

struct Evaluation {
    variables: Value,
    locals: Map<String, Value>,
    /// What references see, by type and name.
    resources: Map<String, Map<String, Value>>,
    data: Map<String, Value>,
    exported: serde_json::Value,
    planned: BTreeMap<String, Value>,
}

impl Evaluation {
    fn new(module: &Module, variables: Value, exported: &serde_json::Value) -> Self {
        let known = module.typed("data").map(|(kind, name, _)| {
            let value = hcl::to_value(&exported["data"][kind][name]).unwrap();
            (kind.to_owned(), [(name.to_owned(), value)].into_iter().collect::<Value>())
        });
        Self {
            variables,
            locals: Map::new(),
            resources: Map::new(),
            data: known.collect(),
            exported: exported.clone(),
            planned: BTreeMap::new(),
        }
    }

    fn context(&self) -> Context<'static> {
        let mut context = Context::new();
        functions::declare(&mut context);
        context.declare_var("var", self.variables.clone());
        context.declare_var("local", Value::Object(self.locals.clone()));
        context.declare_var("data", Value::Object(self.data.clone()));
        for (kind, resources) in &self.resources {
            context.declare_var(kind.as_str(), Value::Object(resources.clone()));
        }
        context
    }

    /// Evaluates what can be, until nothing is left or nothing more can be.
    fn run(&mut self, module: &Module, schema: &Schema) -> Result<(), Vec<String>> {
        let mut locals = module.locals();
        let mut resources: Vec<_> = module.typed("resource").collect();
        loop {
            let (before, mut errors) = (locals.len() + resources.len(), Vec::new());
            locals.retain(|name, expression| match expression.evaluate(&self.context()) {
                Ok(value) => {
                    self.locals.insert(name.clone(), value);
                    false
                }
                Err(error) => {
                    errors.push(format!("local.{name}: {error}"));
                    true
                }
            });
            resources.retain(|(kind, name, block)| {
                let members = schema.members("resource", kind).unwrap();
                match self.resource(kind, name, block, members) {
                    Ok(()) => false,
                    Err(error) => {
                        errors.push(format!("{kind}.{name}: {error}"));
                        true
                    }
                }
            });
            match locals.len() + resources.len() {
                0 => return Ok(()),
                after if after == before => return Err(errors),
                _ => {}
            }
        }
    }

    fn resource(
        &mut self,
        kind: &str,
        name: &str,
        block: &Block,
        members: &Members,
    ) -> Result<(), String> {
        let context = self.context();
        let evaluated = |key: &str| {
            let given = attribute(block.body(), key).map(|value| value.evaluate(&context));
            given.transpose().map_err(|error| error.to_string())
        };
        let own = own(block);
        let one = |context: &Context<'static>| arguments(&own, members, context).map(Value::Object);
        let planned = match (evaluated("count")?, evaluated("for_each")?) {
            (Some(count), _) => {
                let count = count.as_u64().ok_or("count is no number")?;
                (0..count).map(|_| one(&context)).collect::<Result<Vec<_>, _>>()?.into()
            }
            (None, Some(each)) => {
                let each = each.as_object().ok_or("for_each is no map")?.iter();
                let each = each.map(|(key, value)| {
                    Ok((key.clone(), one(&with(&context, "each", key, value))?))
                });
                Value::Object(each.collect::<Result<_, String>>()?)
            }
            (None, None) => one(&context)?,
        };
        let exported = hcl::to_value(&self.exported[kind][name]).unwrap();
        let seen = exporting(planned.clone(), &exported, block);
        self.planned.insert(format!("{kind}.{name}"), planned);
        self.resources.entry(kind.to_owned()).or_default().insert(name.to_owned(), seen);
        Ok(())
    }
}

/// What a resource has of its own, without what Terraform takes.
fn own(block: &Block) -> Body {
    let own = block.body().iter().filter(|structure| match structure {
        Structure::Attribute(attribute) => !META.contains(&attribute.key()),
        Structure::Block(block) => !META.contains(&block.identifier()),
    });
    own.cloned().collect()
}

/// Adds what the provider sets, to each if the resource is repeated.
fn exporting(mut planned: Value, exported: &Value, block: &Block) -> Value {
    let add = |one: &mut Value| {
        if let (Some(one), Some(exported)) = (one.as_object_mut(), exported.as_object()) {
            one.extend(exported.clone());
        }
    };
    match &mut planned {
        Value::Array(all) => all.iter_mut().for_each(add),
        Value::Object(all) if attribute(block.body(), "for_each").is_some() => {
            all.values_mut().for_each(add);
        }
        one => add(one),
    }
    planned
}

/// The context in which `name.key` and `name.value` stand for an element.
fn with(context: &Context<'static>, name: &str, key: &str, value: &Value) -> Context<'static> {
    let mut context = context.clone();
    let element = [("key".to_owned(), Value::from(key)), ("value".to_owned(), value.clone())];
    context.declare_var(name, element.into_iter().collect::<Value>());
    context
}

/// The arguments and blocks of a body, evaluated. Null is as good as absent; a block that may occur
/// once is an object, one that may be repeated a list.
fn arguments(
    body: &Body,
    members: &Members,
    context: &Context<'static>,
) -> Result<Map<String, Value>, String> {
    let mut evaluated = Map::new();
    for (name, expression) in attributes(body) {
        let value = expression.evaluate(context).map_err(|error| format!("{name}: {error}"))?;
        let kind = match members.get(name) {
            Some(Member::Attribute { kind, .. }) => kind.as_str(),
            _ => return Err(format!("{name} is no argument")),
        };
        if !value.is_null() {
            evaluated.insert(
                name.to_owned(),
                fit(value, kind).map_err(|error| format!("{name}: {error}"))?,
            );
        }
    }
    for block in blocks(body) {
        let (name, all) = repeated(block, context)?;
        let Some(Member::Block { single, members, .. }) = members.get(name) else {
            return Err(format!("{name} is no block"));
        };
        for (body, context) in all {
            let value = Value::Object(
                arguments(body, members, &context).map_err(|error| format!("{name}.{error}"))?,
            );
            if *single {
                if evaluated.insert(name.to_owned(), value).is_some() {
                    return Err(format!("{name} may occur once"));
                }
            } else {
                let list =
                    evaluated.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut().ok_or("a block is no list")?.push(value);
            }
        }
    }
    Ok(evaluated)
}

/// The bodies that a block stands for, each with its context.
type Bodies<'a> = Vec<(&'a Body, Context<'static>)>;

/// The name of a block, and its body as it stands, or as many as `dynamic` makes.
fn repeated<'a>(
    block: &'a Block,
    context: &Context<'static>,
) -> Result<(&'a str, Bodies<'a>), String> {
    if block.identifier() != "dynamic" {
        return Ok((block.identifier(), vec![(block.body(), context.clone())]));
    }
    let name = block.labels().first().ok_or("dynamic has no label")?.as_str();
    let each = attribute(block.body(), "for_each").ok_or("dynamic has no for_each")?;
    let each = each.evaluate(context).map_err(|error| format!("{name}: {error}"))?;
    let inner = blocks(block.body()).find(|block| block.identifier() == "content");
    let inner = inner.ok_or("dynamic has no content")?.body();
    let elements: Vec<_> = match each {
        Value::Array(list) => {
            list.into_iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
        }
        Value::Object(map) => map.into_iter().collect(),
        other => return Err(format!("{name}: for_each over {other}")),
    };
    let all = elements.iter().map(|(key, value)| (inner, with(context, name, key, value)));
    Ok((name, all.collect()))
}

/// Converts as Terraform does between numbers and texts, and refuses the rest.
fn fit(value: Value, kind: &str) -> Result<Value, String> {
    match (kind, value) {
        ("string", Value::Number(number)) => Ok(number.to_string().into()),
        ("string", value @ Value::String(_))
        | ("number", value @ Value::Number(_))
        | ("bool", value @ Value::Bool(_))
        | ("list", value @ Value::Array(_))
        | ("map", value @ Value::Object(_)) => Ok(value),
        (_, value) => Err(format!("{value} is not a {kind}")),
    }
}
