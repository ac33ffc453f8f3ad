//! What the body of a call may say: its compartment, its model, and whether it is stored. It is read once, and never written.
//!
//! Source: docs/spec/oci-services.md#service-pins.

use serde_json::value::RawValue;

use super::entry::Entry;
use super::members::{self, BodyError, Member};
use super::operation_kind::{Compartment, Model, OperationKind};
use super::refusal::Refusal;

/// How many levels a body may have.
const MAX_DEPTH: usize = 64;

const COMPARTMENT: Member = member("compartmentId", "the body's `compartmentId`");
const MODEL: Member = member("model", "the body's `model`");
const SERVING_MODE: Member = member("servingMode", "the body's `servingMode`");
const MODEL_ID: Member = member("modelId", "the body's `modelId`");
const ENDPOINT_ID: Member = member("endpointId", "the body's `endpointId`");
const ALIAS: Member = member("alias", "the body's `alias`");
const STORE: Member = member("store", "the body's `store`");
const PREVIOUS: Member = member("previous_response_id", "the body's `previous_response_id`");
const CONVERSATION: Member = member("conversation", "the body's `conversation`");

const fn member(name: &'static str, shown: &'static str) -> Member {
    Member { name, shown }
}

/// Checks a body in JSON, and says which of the entry's models it names.
pub(super) fn check<'e>(
    entry: &'e Entry,
    kind: OperationKind,
    json: &str,
) -> Result<Option<&'e str>, BodyError> {
    if depth(json) > MAX_DEPTH {
        return Err(Refusal::Depth(MAX_DEPTH).into());
    }
    let body = Body::read(json, wanted(entry, kind))?;
    if !entry.compartments.is_empty() {
        check_compartment(entry, kind, body.get(COMPARTMENT))?;
    }
    if entry.stateless && kind.is_stored && body.is_stored() {
        return Err(Refusal::Stored.into());
    }
    if entry.models.is_empty() { Ok(None) } else { model(&entry.models, kind, &body) }
}

/// The members that are looked at.
fn wanted(entry: &Entry, kind: OperationKind) -> Vec<Member> {
    let mut wanted = Vec::new();
    if !entry.compartments.is_empty() {
        wanted.push(COMPARTMENT);
    }
    match kind.model {
        _ if entry.models.is_empty() => {}
        Model::Member => wanted.push(MODEL),
        Model::ServingMode => wanted.push(SERVING_MODE),
        Model::Custom => wanted.push(ALIAS),
        Model::None | Model::Anywhere => {}
    }
    if entry.stateless && kind.is_stored {
        wanted.extend([STORE, PREVIOUS, CONVERSATION]);
    }
    wanted
}

/// A body, and what was found in it.
struct Body<'a> {
    json: &'a str,
    wanted: Vec<Member>,
    found: Vec<Option<&'a RawValue>>,
}

impl<'a> Body<'a> {
    fn read(json: &'a str, wanted: Vec<Member>) -> Result<Self, BodyError> {
        let found = members::find(json, &wanted)?;
        Ok(Self { json, wanted, found })
    }

    fn get(&self, member: Member) -> Option<&'a RawValue> {
        let mut members = self.wanted.iter().zip(&self.found);
        members.find(|(wanted, _)| **wanted == member).and_then(|(_, value)| *value)
    }

    /// Whether the service would keep the answer, or goes on with one that it kept.
    fn is_stored(&self) -> bool {
        self.get(STORE).is_none_or(|store| store.get() != "false")
            || self.get(PREVIOUS).is_some()
            || self.get(CONVERSATION).is_some()
    }
}

/// The model that a body names; None where it need not name one, and does not.
fn model<'e>(
    models: &'e [String],
    kind: OperationKind,
    body: &Body<'_>,
) -> Result<Option<&'e str>, BodyError> {
    let listed = |value, member| listed(models, value, member);
    match kind.model {
        Model::None => Ok(None),
        Model::Member => Ok(Some(listed(needed(body.get(MODEL), MODEL)?, MODEL)?)),
        Model::ServingMode => {
            let mode = needed(body.get(SERVING_MODE), SERVING_MODE)?;
            let mode = Body::read(mode.get(), vec![MODEL_ID, ENDPOINT_ID])?;
            Ok(Some(match (mode.get(MODEL_ID), mode.get(ENDPOINT_ID)) {
                (Some(_), Some(_)) => return Err(Refusal::NotTaken(ENDPOINT_ID.shown).into()),
                (None, Some(endpoint)) => listed(endpoint, ENDPOINT_ID)?,
                (model, None) => listed(needed(model, MODEL_ID)?, MODEL_ID)?,
            }))
        }
        Model::Custom => {
            let mut known = body.get(ALIAS).map(|value| listed(value, ALIAS)).transpose()?;
            for member in [MODEL_ID, ENDPOINT_ID] {
                known = anywhere(models, member, body)?.or(known);
            }
            Ok(known)
        }
        Model::Anywhere => anywhere(models, MODEL_ID, body),
    }
}

/// The model that is named by a member of any depth, each of which must be listed.
fn anywhere<'e>(
    models: &'e [String],
    member: Member,
    body: &Body<'_>,
) -> Result<Option<&'e str>, BodyError> {
    let mut known = None;
    for text in members::find_all(body.json, member)? {
        known = Some(in_list(models, &text, member)?);
    }
    Ok(known)
}

fn check_compartment(
    entry: &Entry,
    kind: OperationKind,
    value: Option<&RawValue>,
) -> Result<(), Refusal> {
    match (kind.compartment, value) {
        (Compartment::Needed, None) => Err(Refusal::Missing(COMPARTMENT.shown)),
        (Compartment::Unknown, Some(_)) => Err(Refusal::NotTaken(COMPARTMENT.shown)),
        (_, Some(value)) => listed(&entry.compartments, value, COMPARTMENT).map(drop),
        (_, None) => Ok(()),
    }
}

/// The item of a list that a member is.
fn listed<'e>(list: &'e [String], value: &RawValue, member: Member) -> Result<&'e str, Refusal> {
    in_list(list, &members::text(value, member)?, member)
}

fn in_list<'e>(list: &'e [String], text: &str, member: Member) -> Result<&'e str, Refusal> {
    let known = list.iter().find(|known| *known == text);
    known.map(String::as_str).ok_or(Refusal::NotListed(member.shown))
}

fn needed<T>(value: Option<T>, member: Member) -> Result<T, Refusal> {
    value.ok_or(Refusal::Missing(member.shown))
}

/// How many levels a JSON text has: brackets that are open at once, outside of texts.
fn depth(json: &str) -> usize {
    let (mut open, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match (in_text, byte) {
            _ if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'{' | b'[') => {
                open += 1;
                most = most.max(open);
            }
            (false, b'}' | b']') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}
