//! The body of a create and of an update, read strictly.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::members::Members;
use super::refusal::Refusal;

/// The most that names and values of a configuration have together, in bytes.
const CONFIG: usize = 4 * 1024;
/// The memory that a function may have, in MB.
const MEMORY: [u64; 6] = [128, 256, 512, 1024, 2048, 3072];
/// The longest timeout of a function, in seconds.
const TIMEOUT: u64 = 300;
/// What both bodies may have.
const MEMBERS: [&str; 11] = [
    "memoryInMBs",
    "config",
    "timeoutInSeconds",
    "provisionedConcurrencyConfig",
    "detachedModeTimeoutInSeconds",
    "failureDestination",
    "successDestination",
    "traceConfig",
    "sourceDetails",
    "freeformTags",
    "definedTags",
];
/// What is kept and shown as it came.
const KEPT: [&str; 5] = [
    "provisionedConcurrencyConfig",
    "failureDestination",
    "successDestination",
    "traceConfig",
    "definedTags",
];

/// What a body asks for.
#[derive(Debug)]
pub(super) struct Details {
    pub(super) memory: Option<u64>,
    pub(super) timeout: Option<u64>,
    pub(super) config: Option<BTreeMap<String, String>>,
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) source: Option<Value>,
    pub(super) kept: Map<String, Value>,
}

impl Details {
    /// Returns the body of a create: the name, the application, and the rest.
    pub(super) fn created(body: &[u8]) -> Result<(String, String, Self), Refusal> {
        let body = json(body)?;
        let known = [&MEMBERS[..], &["displayName", "applicationId"]].concat();
        let members = Members::read("the body", &body, &known)?;
        let name = members.need("displayName", Members::text)?;
        let fits = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        if name.len() > 255 || !name.chars().all(fits) {
            return Err(Refusal::parameter("displayName is not the name of a function"));
        }
        let application = members.need("applicationId", Members::text)?;
        members.need("memoryInMBs", Members::integer)?;
        members.need("sourceDetails", |members, name| Ok(members.get(name)))?;
        Ok((name, application, Self::read(&members)?))
    }

    /// Returns the body of an update, which may have any of the members.
    pub(super) fn updated(body: &[u8]) -> Result<Self, Refusal> {
        let body = json(body)?;
        Self::read(&Members::read("the body", &body, &MEMBERS)?)
    }

    fn read(members: &Members<'_>) -> Result<Self, Refusal> {
        let memory = members.integer("memoryInMBs")?;
        if memory.is_some_and(|memory| !MEMORY.contains(&memory)) {
            return Err(Refusal::parameter(format!("memoryInMBs is not one of {MEMORY:?}")));
        }
        let timeout = members.integer("timeoutInSeconds")?;
        if timeout.is_some_and(|timeout| !(1..=TIMEOUT).contains(&timeout)) {
            return Err(Refusal::parameter(format!("timeoutInSeconds is not 1 to {TIMEOUT}")));
        }
        let detached = members.integer("detachedModeTimeoutInSeconds")?;
        if detached.is_some_and(|detached| !(5..=3600).contains(&detached)) {
            return Err(Refusal::parameter("detachedModeTimeoutInSeconds is not 5 to 3600"));
        }
        let config = members.texts("config")?;
        config.as_ref().map_or(Ok(()), check_config)?;
        let kept =
            KEPT.iter().filter_map(|name| Some(((*name).to_owned(), members.get(name)?.clone())));
        let mut kept: Map<String, Value> = kept.collect();
        let seconds =
            detached.map(|seconds| ("detachedModeTimeoutInSeconds".to_owned(), seconds.into()));
        kept.extend(seconds);
        Ok(Self {
            memory,
            timeout,
            config,
            tags: members.texts("freeformTags")?,
            source: members.get("sourceDetails").cloned(),
            kept,
        })
    }
}

fn json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(400, "CannotParseRequest", format!("the body is not JSON: {error}"))
    })
}

fn check_config(config: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let fits = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && name.starts_with(|first: char| !first.is_ascii_digit())
    };
    if let Some(name) = config.keys().find(|name| !fits(name)) {
        return Err(Refusal::parameter(format!("config: {name} is not the name of a variable")));
    }
    let size: usize = config.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > CONFIG {
        return Err(Refusal::parameter(format!("config has {size} bytes; {CONFIG} are allowed")));
    }
    Ok(())
}
