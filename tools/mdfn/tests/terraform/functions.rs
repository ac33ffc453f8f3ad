//! Those functions of Terraform's that the module calls.
//!
//! Source: docs/spec/oci-services.md#terraform-functions.

#![expect(clippy::needless_pass_by_value, reason = "the type that hcl-rs asks of a function")]

use std::net::Ipv4Addr;

use hcl::eval::{Context, Func, FuncArgs, FuncDef, ParamType};
use hcl::{Map, Value};
use regex::Regex;

const TABLE: [(&str, Func); 18] = [
    ("alltrue", alltrue),
    ("cidrsubnet", cidrsubnet),
    ("concat", concat),
    ("contains", contains),
    ("distinct", distinct),
    ("flatten", flatten),
    ("floor", floor),
    ("join", join),
    ("jsonencode", jsonencode),
    ("keys", keys),
    ("length", length),
    ("merge", merge),
    ("regexall", regexall),
    ("sort", sort),
    ("split", split),
    ("tostring", tostring),
    ("trimsuffix", trimsuffix),
    ("values", values),
];

pub(crate) fn declare(context: &mut Context<'_>) {
    for (name, function) in TABLE {
        let definition = FuncDef::builder().variadic_param(ParamType::Any).build(function);
        context.declare_func(name, definition);
    }
}

/// Whether there is a function of this name.
pub(crate) fn known(name: &str) -> bool {
    TABLE.iter().any(|(known, _)| *known == name)
}

fn text(value: Option<&Value>) -> Result<&str, String> {
    value.and_then(Value::as_str).ok_or_else(|| format!("{value:?} is not a string"))
}

fn list(value: Option<&Value>) -> Result<&[Value], String> {
    let list = value.and_then(Value::as_array).ok_or_else(|| format!("{value:?} is not a list"))?;
    Ok(list)
}

fn map(value: Option<&Value>) -> Result<&Map<String, Value>, String> {
    value.and_then(Value::as_object).ok_or_else(|| format!("{value:?} is not a map"))
}

fn alltrue(args: FuncArgs) -> Result<Value, String> {
    Ok(list(args.first())?.iter().all(|value| value == &Value::Bool(true)).into())
}

fn cidrsubnet(args: FuncArgs) -> Result<Value, String> {
    let (base, bits) = text(args.first())?.split_once('/').ok_or("a prefix without bits")?;
    let number = |index: usize| args.get(index).and_then(Value::as_u64).ok_or("not a number");
    let base: Ipv4Addr = base.parse().map_err(|error| format!("{base}: {error}"))?;
    let bits = bits.parse::<u64>().map_err(|error| format!("{bits}: {error}"))? + number(1)?;
    let size = 32_u64.checked_sub(bits).ok_or("more than 32 bits")?;
    let part = number(2)? << size;
    let address =
        u32::try_from(u64::from(u32::from(base)) + part).map_err(|error| error.to_string())?;
    Ok(format!("{}/{bits}", Ipv4Addr::from(address)).into())
}

fn concat(args: FuncArgs) -> Result<Value, String> {
    let mut all = Vec::new();
    for argument in args.iter() {
        all.extend_from_slice(list(Some(argument))?);
    }
    Ok(all.into())
}

fn contains(args: FuncArgs) -> Result<Value, String> {
    let wanted = args.get(1).ok_or("contains takes two arguments")?;
    Ok(list(args.first())?.contains(wanted).into())
}

fn distinct(args: FuncArgs) -> Result<Value, String> {
    let mut seen: Vec<Value> = Vec::new();
    for value in list(args.first())? {
        if !seen.contains(value) {
            seen.push(value.clone());
        }
    }
    Ok(seen.into())
}

fn flatten(args: FuncArgs) -> Result<Value, String> {
    fn into(all: &mut Vec<Value>, value: &Value) {
        match value.as_array() {
            Some(inner) => inner.iter().for_each(|value| into(all, value)),
            None => all.push(value.clone()),
        }
    }
    let mut all = Vec::new();
    list(args.first())?.iter().for_each(|value| into(&mut all, value));
    Ok(all.into())
}

fn floor(args: FuncArgs) -> Result<Value, String> {
    let number = args.first().and_then(Value::as_f64).ok_or("floor takes a number")?;
    let floor = number.floor();
    hcl::Number::from_f64(floor).map(Value::Number).ok_or_else(|| format!("{floor} is no number"))
}

fn join(args: FuncArgs) -> Result<Value, String> {
    let parts: Result<Vec<_>, _> =
        list(args.get(1))?.iter().map(|value| text(Some(value))).collect();
    Ok(parts?.join(text(args.first())?).into())
}

fn jsonencode(args: FuncArgs) -> Result<Value, String> {
    let value = args.first().ok_or("jsonencode takes an argument")?;
    serde_json::to_string(value).map(Value::from).map_err(|error| error.to_string())
}

fn keys(args: FuncArgs) -> Result<Value, String> {
    let mut keys: Vec<_> = map(args.first())?.keys().cloned().collect();
    keys.sort();
    Ok(keys.into())
}

fn length(args: FuncArgs) -> Result<Value, String> {
    let value = args.first().ok_or("length takes an argument")?;
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        other => return Err(format!("{other} has no length")),
    };
    Ok(length.into())
}

fn merge(args: FuncArgs) -> Result<Value, String> {
    let mut all = Map::new();
    for argument in args.iter() {
        all.extend(map(Some(argument))?.clone());
    }
    Ok(Value::Object(all))
}

/// Only the number of matches counts: a match with groups gives their list in Terraform, too.
fn regexall(args: FuncArgs) -> Result<Value, String> {
    let pattern = Regex::new(text(args.first())?).map_err(|error| error.to_string())?;
    let matches = pattern.find_iter(text(args.get(1))?);
    Ok(matches.map(|found| Value::from(found.as_str())).collect::<Vec<_>>().into())
}

fn sort(args: FuncArgs) -> Result<Value, String> {
    let sorted: Result<Vec<_>, _> =
        list(args.first())?.iter().map(|value| text(Some(value))).collect();
    let mut sorted = sorted?;
    sorted.sort_unstable();
    Ok(sorted.into_iter().map(Value::from).collect::<Vec<_>>().into())
}

fn split(args: FuncArgs) -> Result<Value, String> {
    let parts = text(args.get(1))?.split(text(args.first())?);
    Ok(parts.map(Value::from).collect::<Vec<_>>().into())
}

fn tostring(args: FuncArgs) -> Result<Value, String> {
    match args.first() {
        Some(Value::String(text)) => Ok(text.clone().into()),
        Some(Value::Number(number)) => Ok(number.to_string().into()),
        Some(Value::Bool(truth)) => Ok(truth.to_string().into()),
        other => Err(format!("{other:?} is not a string")),
    }
}

fn trimsuffix(args: FuncArgs) -> Result<Value, String> {
    let (whole, suffix) = (text(args.first())?, text(args.get(1))?);
    Ok(whole.strip_suffix(suffix).unwrap_or(whole).into())
}

fn values(args: FuncArgs) -> Result<Value, String> {
    let mut members: Vec<_> = map(args.first())?.iter().collect();
    members.sort_by_key(|(key, _)| *key);
    Ok(members.into_iter().map(|(_, value)| value.clone()).collect::<Vec<_>>().into())
}
