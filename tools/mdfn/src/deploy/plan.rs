//! What will change, for a person, and the request that changes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::body::{self, MEMORY, Runtime, TIMEOUT};
use super::call::Call;
use super::code::{Code, Place, hex};
use super::error::Error;
use super::model::{Application, Function};
use super::settings::Settings;
use super::wanted::Wanted;

/// What there is to do.
pub(super) struct Plan {
    /// A line for each member that changes.
    pub(super) lines: Vec<String>,
    pub(super) call: Call,
    /// The existing function.
    pub(super) id: Option<String>,
    /// Whether the call has the code, so that a large archive has to be an object before.
    pub(super) has_code: bool,
}

/// Returns the plan for a new function.
pub(super) fn create(
    wanted: &Wanted<'_>,
    application: &Application,
    place: &Place,
    runtime: Option<&Runtime>,
) -> Result<Plan, Error> {
    check(wanted, application, &wanted.settings)?;
    let options = wanted.options;
    let mut lines = vec![line("code", &new_code(&wanted.code))];
    lines.extend(runtime.map(|runtime| line("runtime", &runtime.shown())));
    lines.push(line("memory", &format!("{} MB", options.memory.unwrap_or(MEMORY))));
    lines.push(line("timeout", &format!("{} s", options.timeout.unwrap_or(TIMEOUT))));
    let names: Vec<&str> = wanted.settings.names().collect();
    lines.push(line("settings", &or_none(&names.join(", "))));
    if !wanted.tags.is_empty() {
        lines.push(line("tags", &pairs(&wanted.tags.iter().collect::<Vec<_>>())));
    }
    let source = body::source(Some(&wanted.code), place, runtime);
    let body = body::create(wanted, &application.id, &source);
    Ok(Plan { lines, call: Call::create(body), id: None, has_code: true })
}

/// Returns the changes from the existing function to the wanted one; `None` if there are none.
pub(super) fn update(
    wanted: &Wanted<'_>,
    application: &Application,
    function: &Function,
    etag: Option<&str>,
    place: &Place,
) -> Result<Option<Plan>, Error> {
    check_kind(wanted, function)?;
    let options = wanted.options;
    let (mut lines, mut body) = (Vec::new(), Map::new());
    let runtime = Runtime::of(options, None);
    let before = function.source_details.runtime.as_ref();
    let runtime = runtime.filter(|own| !before.is_some_and(|before| own.is(before)));
    let code = new_code_of(&wanted.code, function);
    if let Some(change) = &code {
        lines.push(line("code", change));
    }
    if let Some(runtime) = &runtime {
        let old = before.and_then(|before| before.name.as_deref());
        lines.push(line("runtime", &change(old, &runtime.shown())));
    }
    if code.is_some() || runtime.is_some() {
        let code = code.as_ref().map(|_| &wanted.code);
        body.insert("sourceDetails".to_owned(), body::source(code, place, runtime.as_ref()));
    }
    for (subject, member, unit, old, new) in [
        ("memory", "memoryInMBs", "MB", function.memory, options.memory),
        ("timeout", "timeoutInSeconds", "s", function.timeout_in_seconds, options.timeout),
    ] {
        if let Some(new) = new.filter(|new| Some(*new) != old) {
            let old = old.map(|old| format!("{old} {unit}"));
            lines.push(line(subject, &change(old.as_deref(), &format!("{new} {unit}"))));
            body.insert(member.to_owned(), json!(new));
        }
    }
    let old = function.config.clone().unwrap_or_default();
    let settings = old.with(&wanted.settings);
    if settings != old {
        check(wanted, application, &settings)?;
        lines.push(line("settings", &new_settings(&old, &wanted.settings)));
        // All of them: whether the service merges them or replaces what was there, it is the same.
        body.insert("config".to_owned(), json!(settings));
    }
    let old = function.freeform_tags.clone().unwrap_or_default();
    let new: Vec<_> =
        wanted.tags.iter().filter(|(name, tag)| old.get(*name) != Some(tag)).collect();
    if !new.is_empty() {
        lines.push(line("tags", &pairs(&new)));
        let mut tags = old.clone();
        tags.extend(wanted.tags.clone());
        body.insert("freeformTags".to_owned(), json!(tags));
    }
    if body.is_empty() {
        return Ok(None);
    }
    let etag = etag.ok_or_else(|| Error::NoEtag(function.id.clone()))?;
    let call = Call::update(&function.id, etag, Value::Object(body));
    Ok(Some(Plan { lines, call, id: Some(function.id.clone()), has_code: code.is_some() }))
}

/// Checks the kind: an archive cannot become an image, nor the other way round.
fn check_kind(wanted: &Wanted<'_>, function: &Function) -> Result<(), Error> {
    let (kind, wanted) = match &wanted.code {
        Code::Archive(_) => ("ARCHIVE", "an archive"),
        Code::Image(_) => ("CONTAINER_IMAGE", "an image"),
    };
    let is = match function.source_details.kind.as_str() {
        same if same == kind => return Ok(()),
        "ARCHIVE" => "an archive".to_owned(),
        "CONTAINER_IMAGE" => "an image".to_owned(),
        other => format!("what the service calls {other}"),
    };
    Err(Error::OtherKind { id: function.id.clone(), is, wanted })
}

/// Checks whether the service takes the settings, and the function starts with them and those of
/// its application.
fn check(wanted: &Wanted<'_>, application: &Application, settings: &Settings) -> Result<(), Error> {
    settings.check_size()?;
    if wanted.options.any_function {
        return Ok(());
    }
    let of_the_application = application.config.clone().unwrap_or_default();
    of_the_application.with(settings).check_start()
}

fn new_code(code: &Code) -> String {
    match code {
        Code::Archive(packed) => {
            format!("archive for {}, {packed}", packed.archive.layout.shape())
        }
        Code::Image(image) => format!("image {image}"),
    }
}

/// Returns what becomes of the code; None if it is the same archive. A tag of an image may have
/// moved, so an image is always looked up again.
fn new_code_of(code: &Code, function: &Function) -> Option<String> {
    let source = &function.source_details;
    match code {
        Code::Archive(packed) => {
            let old = source.sha256.as_ref();
            let in_hex = |base64: &String| hex(&STANDARD.decode(base64).unwrap_or_default());
            let is_new = old != Some(&packed.base64());
            let old = old.map(|old| format!("SHA-256 {}", in_hex(old)));
            is_new.then(|| change(old.as_deref(), &new_code(code)))
        }
        Code::Image(image) if source.image.as_ref() == Some(image) => {
            Some(format!("image {image}, whose digest is looked up again"))
        }
        Code::Image(_) => Some(change(source.image.as_deref(), &new_code(code))),
    }
}

fn new_settings(old: &Settings, given: &Settings) -> String {
    let names = |of: &dyn Fn(&str) -> bool| {
        given.names().filter(|name| of(name)).collect::<Vec<_>>().join(", ")
    };
    let new = names(&|name| old.get(name).is_none());
    let changed = names(&|name| old.get(name).is_some_and(|old| Some(old) != given.get(name)));
    let parts = [("new", new), ("another value", changed)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    parts.map(|(what, names)| format!("{what}: {names}")).collect::<Vec<_>>().join("; ")
}

fn pairs(tags: &[(&String, &String)]) -> String {
    tags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

fn change(old: Option<&str>, new: &str) -> String {
    format!("{} → {new}", old.unwrap_or("unknown"))
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

fn line(subject: &str, text: &str) -> String {
    format!("  {subject:9} {text}")
}
