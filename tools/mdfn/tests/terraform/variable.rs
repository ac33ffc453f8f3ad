//! A module's variables: what is given or their defaults, converted to their types as Terraform
//! does, and validated.

use hcl::eval::{Context, Evaluate};
use hcl::expr::FuncCall;
use hcl::structure::Block;
use hcl::{Expression, Map, Value};

use crate::functions;
use crate::module::{Module, attribute, blocks};

/// The values of all variables, or what is wrong with those that are given.
pub(crate) fn variables(module: &Module, given: &serde_json::Value) -> Result<Value, Vec<String>> {
    let given = given.as_object().unwrap();
    let mut wrong: Vec<_> = given
        .keys()
        .filter(|name| !module.named("variable").any(|(declared, _)| declared == *name))
        .map(|name| format!("var.{name} is not declared"))
        .collect();
    let mut values = Map::new();
    for (name, block) in module.named("variable") {
        match value(block, given.get(name)) {
            Ok(value) => drop(values.insert(name.to_owned(), value)),
            Err(error) => wrong.push(format!("var.{name}: {error}")),
        }
    }
    if wrong.is_empty() {
        let mut context = Context::new();
        functions::declare(&mut context);
        context.declare_var("var", Value::Object(values.clone()));
        for (name, block) in module.named("variable") {
            let refused =
                blocks(block.body()).filter_map(|validation| refused(validation, &context));
            wrong.extend(refused.map(|message| format!("var.{name}: {message}")));
        }
    }
    if wrong.is_empty() { Ok(Value::Object(values)) } else { Err(wrong) }
}

/// The message of a validation or precondition whose condition does not hold.
pub(crate) fn refused(block: &Block, context: &Context<'_>) -> Option<String> {
    let condition = attribute(block.body(), "condition").unwrap();
    let message = attribute(block.body(), "error_message").unwrap().evaluate(context).unwrap();
    match condition.evaluate(context) {
        Ok(Value::Bool(true)) => None,
        Ok(_) => Some(message.as_str().unwrap().to_owned()),
        Err(error) => Some(format!("the condition cannot be evaluated: {error}")),
    }
}

fn value(block: &Block, given: Option<&serde_json::Value>) -> Result<Value, String> {
    let value = match (given, attribute(block.body(), "default")) {
        (Some(given), _) => hcl::to_value(given).unwrap(),
        (None, Some(default)) => default.evaluate(&Context::new()).unwrap(),
        (None, None) => return Err("is required and not given".to_owned()),
    };
    convert(value, attribute(block.body(), "type").unwrap())
}

fn convert(value: Value, kind: &Expression) -> Result<Value, String> {
    let other = |value: &Value| Err(format!("{value} is not of the type {kind}"));
    match (kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Expression::Variable(simple), value) => match (simple.as_str(), value) {
            ("string", Value::Number(number)) => Ok(number.to_string().into()),
            ("string", Value::Bool(truth)) => Ok(truth.to_string().into()),
            ("string", value @ Value::String(_))
            | ("number", value @ Value::Number(_))
            | ("bool", value @ Value::Bool(_)) => Ok(value),
            (_, value) => other(&value),
        },
        (Expression::FuncCall(call), value) => {
            let inner = call.args.first().unwrap();
            match (call.name.name.as_str(), value) {
                ("list", Value::Array(values)) => {
                    let values: Result<Vec<_>, _> =
                        values.into_iter().map(|value| convert(value, inner)).collect();
                    values.map(Value::Array)
                }
                ("map", Value::Object(members)) => {
                    let mut members: Vec<_> = members.into_iter().collect();
                    members.sort_by(|one, other| one.0.cmp(&other.0));
                    let members =
                        members.into_iter().map(|(key, value)| Ok((key, convert(value, inner)?)));
                    members.collect::<Result<Map<_, _>, String>>().map(Value::Object)
                }
                ("object", Value::Object(members)) => object(members, inner),
                (_, value) => other(&value),
            }
        }
        (_, value) => other(&value),
    }
}

/// What the type does not name is dropped; what it names must be there, or be optional.
fn object(mut members: Map<String, Value>, kinds: &Expression) -> Result<Value, String> {
    let Expression::Object(kinds) = kinds else { return Err(format!("{kinds} is no type")) };
    let convert = |(key, kind): (&hcl::ObjectKey, &Expression)| {
        let (name, member) = (key.to_string(), members.swap_remove(&key.to_string()));
        let value = match (kind, member) {
            (Expression::FuncCall(call), member) if is_optional(call) => match member {
                Some(value) if !value.is_null() => convert(value, &call.args[0])?,
                _ => call
                    .args
                    .get(1)
                    .map_or(Value::Null, |value| value.evaluate(&Context::new()).unwrap()),
            },
            (kind, Some(value)) => convert(value, kind)?,
            (_, None) => return Err(format!("the attribute `{name}` is required")),
        };
        Ok((name, value))
    };
    kinds.iter().map(convert).collect::<Result<Map<_, _>, String>>().map(Value::Object)
}

fn is_optional(call: &FuncCall) -> bool {
    call.name.name.as_str() == "optional"
}
