//! `ALLOWED_SERVICES`: reads the entries, and finds everything that is wrong with them.
//!
//! Source: docs/spec/oci-services.md#allowed-services.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oracle_cloud_client::region::Regions;

use super::entry::Entry;
use super::fields::{Fields, Mistakes};
use super::host::{self, Host};
use super::node::Node;
use super::open::Open;
use super::operation_kind::may_have_model;
use super::pattern::Pattern;
use super::pins::is_pinned;
use super::plain::is_literal;
use super::presets::Preset;
use super::services_error::ServicesError;
use super::target::is_alias;
use crate::ocid::Ocid;
use crate::predict::barred::{is_never_forwarded, is_never_returned};
use crate::predict::trace;

/// How many entries there may be.
const MAX_ENTRIES: usize = 16;
/// Headers that carry keys: they neither pass nor are set.
const KEYS: [&str; 2] = ["api-key", "x-goog-api-key"];
/// Headers that differ from call to call, beside those of a trace.
const OF_A_CALL: [&str; 2] = ["opc-request-id", "opc-retry-token"];
/// Headers that carry the key of an encrypted object.
const KEY_PREFIX: &str = "opc-sse-customer-";

/// Where entries are, that do not say so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) regions: &'a Regions,
    /// The function's own region, as far as it is known.
    pub(super) own: Option<&'a str>,
}

/// The entries of a JSON object, alias to entry; or everything that is wrong with it.
pub(super) fn read(json: &str, place: Place<'_>) -> Result<Vec<Entry>, Vec<ServicesError>> {
    let Ok(Node::Object(members)) = serde_json::from_str(json) else {
        return Err(vec![ServicesError::NotAnObject]);
    };
    let (mut entries, mut mistakes, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    if members.is_empty() || members.len() > MAX_ENTRIES {
        mistakes.push(ServicesError::Count(MAX_ENTRIES));
    }
    for ((alias, node), number) in members.into_iter().zip(1..) {
        if !is_alias(&alias) {
            mistakes.push(ServicesError::Alias(number));
        } else if !seen.insert(alias.clone()) {
            mistakes.push(ServicesError::AliasRepeated(alias));
        } else {
            let mut own = Mistakes::default();
            let entry = entry(&alias, node, place, &mut own);
            mistakes.extend(own.into_errors(&alias));
            entries.extend(entry);
        }
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

/// One entry; what is wrong with it is in `mistakes`.
fn entry(alias: &str, node: Node, place: Place<'_>, mistakes: &mut Mistakes) -> Option<Entry> {
    let mut fields = Fields::of(node, mistakes)?;
    let (written_out, has_mount) = (fields.has("host"), fields.has("mount"));
    let (service, hosts) = hosts(&mut fields, place);
    let path = |text: &str| is_literal(text).then(|| text.to_owned());
    let base = |text: &str| if text.is_empty() { Some(String::new()) } else { path(text) };
    let base =
        fields.text("base", "a path without placeholders, such as `/openai/v1`, or absent", base);
    let mount =
        fields.text("mount", "a path without placeholders, such as `/models/reports`", path);
    // What a host serves that is written out, its operator knows.
    let open = open(&mut fields, has_mount, |preset| written_out || preset.service == service);
    let compartments =
        ocids(&mut fields, "compartments", &["compartment", "tenancy"], &hosts, place);
    let projects = ocids(&mut fields, "projects", &["generativeaiproject"], &hosts, place);
    let models = fields.texts("models", "the name of a model", |text| {
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| text.to_owned())
    });
    let posts = |methods: &[Method]| methods.contains(&Method::POST);
    let has_model =
        open.patterns().any(|(methods, pattern)| posts(methods) && may_have_model(pattern));
    if !models.is_empty() && !has_model && !open.is_empty() {
        fields.mistake("`models` is there, and no open operation has a model");
    }
    let set = set(&mut fields);
    let forwarded = |text: &str| header(text).filter(|name| !is_barred(name));
    let headers = fields.texts("headers", "the name of a header that may pass", forwarded);
    let returned = |text: &str| header(text).filter(|name| !is_never_returned(name));
    let returns = fields.texts("returns", "the name of a header that may be returned", returned);
    let retry =
        fields.texts("retry", "a path, in which `{}` may stand for a segment", Pattern::parse);
    let stateless = fields.flag("stateless");
    Some(Entry {
        alias: alias.to_owned(),
        service,
        hosts,
        base: base.unwrap_or_default(),
        open,
        mount,
        compartments,
        projects,
        models,
        set,
        headers: headers.into_iter().collect(),
        returns: returns.into_iter().collect(),
        retry,
        stateless,
    })
}

/// What the entry is of, and its hosts, the one that the alias means first.
fn hosts(fields: &mut Fields<'_>, place: Place<'_>) -> (String, Vec<Host>) {
    if fields.has("service") == fields.has("host") {
        fields.mistake("exactly one of `service` and `host` is expected");
    } else if fields.has("host") && (fields.has("region") || fields.has("form")) {
        fields.mistake("`region` and `form` belong to `service`, not to `host`");
    }
    let any = |text: &str| Some(text.to_owned());
    let (service, literal) =
        (fields.text("service", "a text", any), fields.text("host", "a text", any));
    let (form, regions) = (fields.text("form", "a text", any), fields.one_or_more("region"));
    let made = match (&service, &literal) {
        (Some(service), None) => {
            let own = place.own.filter(|_| regions.is_empty()).map(str::to_owned);
            let regions: Vec<String> = regions.into_iter().chain(own).collect();
            if regions.is_empty() {
                fields.mistake("`region` is missing, and the function's own is not known");
            }
            let form = form.as_deref().map(host::form).transpose();
            let host = |form, region: &str| Host::of(service, region, form, place.regions);
            form.and_then(|form| regions.iter().map(|region| host(form, region)).collect())
        }
        (None, Some(literal)) => Host::literal(literal).map(|host| vec![host]),
        // That is said above.
        (Some(_), Some(_)) | (None, None) => Ok(Vec::new()),
    };
    let hosts = made.unwrap_or_else(|unusable| {
        fields.mistake(unusable);
        Vec::new()
    });
    (service.or(literal).unwrap_or_default(), hosts)
}

/// The operations that are open.
fn open(fields: &mut Fields<'_>, has_mount: bool, serves: impl Fn(&Preset) -> bool) -> Open {
    let mut open = Open::default();
    if !fields.has("open") {
        fields.mistake("`open` is missing");
    }
    let items = fields.texts("open", "a text", |text| Some(text.to_owned()));
    for (item, number) in items.iter().zip(1..) {
        if let Err(unusable) = open.add(item, &serves) {
            fields.mistake(format_args!("`open`: item {number} {unusable}"));
        }
    }
    if !has_mount && open.patterns().any(|(_, pattern)| pattern.has_rest()) {
        fields.mistake("`{*}` in `open` needs a `mount`");
    }
    open
}

/// A list of OCIDs, of the realm that the hosts are in.
fn ocids(
    fields: &mut Fields<'_>,
    name: &'static str,
    kinds: &[&str],
    hosts: &[Host],
    place: Place<'_>,
) -> Vec<String> {
    let serves = |realm: &str| {
        let mut domains = hosts.iter().filter_map(|host| host.domain.as_deref());
        domains.all(|domain| place.regions.serves(domain, realm))
    };
    fields.texts(name, "an OCID of this kind, in the realm of the host", |text| {
        let ocid = Ocid::parse(text)?;
        (kinds.contains(&ocid.kind) && serves(ocid.realm)).then(|| text.to_owned())
    })
}

/// The headers that the function sets.
fn set(fields: &mut Fields<'_>) -> HeaderMap {
    let mut set = HeaderMap::new();
    for ((name, value), number) in fields.object("set").into_iter().zip(1..) {
        let name = header(&name).filter(|name| !is_barred(name));
        let name = name.and_then(|name| HeaderName::try_from(name).ok());
        let name = name.filter(|name| !is_of_a_call(name.as_str()));
        let value = match value {
            Node::Text(text) => {
                HeaderValue::from_str(&text).ok().filter(|value| value.to_str().is_ok())
            }
            Node::Flag(_) | Node::List(_) | Node::Object(_) | Node::Other => None,
        };
        match (name, value) {
            (Some(name), Some(mut value)) if !set.contains_key(&name) => {
                value.set_sensitive(true);
                set.insert(name, value);
            }
            _ => fields.mistake(format_args!(
                "`set`: member {number} is not a header that may be sent and its value, once"
            )),
        }
    }
    set
}

/// The name of a header, in lower case.
fn header(text: &str) -> Option<String> {
    HeaderName::from_bytes(text.as_bytes()).ok().map(|name| name.as_str().to_owned())
}

fn is_of_a_call(name: &str) -> bool {
    OF_A_CALL.contains(&name) || trace::HEADERS.contains(&name)
}

/// Whether a header is decided by something else, or carries a key or an identity.
fn is_barred(name: &str) -> bool {
    is_never_forwarded(name)
        || is_pinned(name)
        || KEYS.contains(&name)
        || name.starts_with(KEY_PREFIX)
}
