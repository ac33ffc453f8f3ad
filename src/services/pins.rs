//! Headers that the function sets itself: compartment, project, and those of `set`; and what of the client's passes.
//!
//! Source: docs/spec/oci-services.md#service-pins.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::entry::Entry;
use super::host::Host;
use super::refusal::Refusal;

const OPC_COMPARTMENT_ID: HeaderName = HeaderName::from_static("opc-compartment-id");
const COMPARTMENT_ID: HeaderName = HeaderName::from_static("compartmentid");
const OPENAI_PROJECT: HeaderName = HeaderName::from_static("openai-project");
/// Headers that an entry's own lists decide, which neither `set` nor `headers` can name.
const PINNED: [HeaderName; 3] = [OPC_COMPARTMENT_ID, COMPARTMENT_ID, OPENAI_PROJECT];
const COMPARTMENT: &str = "the compartment in the headers";
const PROJECT: &str = "the header `openai-project`";

/// Whether a header is set by an entry's own lists.
pub(super) fn is_pinned(name: &str) -> bool {
    PINNED.iter().any(|pinned| pinned.as_str() == name)
}

/// The headers by which a client chooses among what an entry lists.
pub(super) fn names(entry: &Entry) -> impl Iterator<Item = String> {
    let compartments = [OPC_COMPARTMENT_ID, COMPARTMENT_ID];
    let compartments = compartments.into_iter().filter(|_| !entry.compartments.is_empty());
    let project = [OPENAI_PROJECT].into_iter().filter(|_| !entry.projects.is_empty());
    compartments.chain(project).map(|name| name.as_str().to_owned())
}

/// The headers of a call to `host` that the entry decides. What a client says of compartment and project chooses among those
/// listed, and never passes as it is.
pub(super) fn headers(
    entry: &Entry,
    host: &Host,
    client: &HeaderMap,
) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in client {
        if entry.headers.contains(name.as_str()) {
            headers.append(name.clone(), value.clone());
        }
    }
    for (name, value) in &entry.set {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(first) = entry.compartments.first().filter(|_| host.may_be_generative_ai()) {
        let chosen = chosen(
            client,
            &[OPC_COMPARTMENT_ID, COMPARTMENT_ID],
            &entry.compartments,
            COMPARTMENT,
        )?;
        let value = value(chosen.unwrap_or(first));
        headers.insert(OPC_COMPARTMENT_ID, value.clone());
        headers.insert(COMPARTMENT_ID, value);
    }
    let project = match entry.projects.as_slice() {
        [] => None,
        projects => match (chosen(client, &[OPENAI_PROJECT], projects, PROJECT)?, projects) {
            (None, [only]) => Some(only.as_str()),
            (None, _) => return Err(Refusal::Missing(PROJECT)),
            (chosen, _) => chosen,
        },
    };
    if let Some(project) = project {
        headers.insert(OPENAI_PROJECT, value(project));
    }
    Ok(headers)
}

/// What a client chose from a list, by any of these headers; all that are there say the same.
fn chosen<'e>(
    client: &HeaderMap,
    names: &[HeaderName],
    list: &'e [String],
    shown: &'static str,
) -> Result<Option<&'e str>, Refusal> {
    let mut chosen: Option<&str> = None;
    for name in names {
        let mut values = client.get_all(name).iter();
        let Some(value) = values.next() else { continue };
        if values.next().is_some() {
            return Err(Refusal::Repeated(shown));
        }
        let known = list.iter().find(|known| known.as_bytes() == value.as_bytes());
        let known = known.ok_or(Refusal::NotListed(shown))?.as_str();
        if chosen.is_some_and(|before| before != known) {
            return Err(Refusal::Repeated(shown));
        }
        chosen = Some(known);
    }
    Ok(chosen)
}

fn value(ocid: &str) -> HeaderValue {
    HeaderValue::from_str(ocid).expect("an OCID is visible ASCII")
}
