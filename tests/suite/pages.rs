//! The fields of log lines are those of docs/logs.md; variables, codes and metrics of the server are those of
//! docs/server.md. Metrics and tags of the function are compared where real ones are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::codes::codes;

pub(crate) fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rows of the first table behind such a mark on a page, cell by cell.
pub(crate) fn table(page: &str, mark: &str) -> Vec<Vec<String>> {
    let text = file(page);
    let (_, behind) = text.split_once(mark).unwrap_or_else(|| panic!("{page}: no {mark}"));
    let rows = behind.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.skip(2).take_while(|row| row.starts_with('|'));
    let rows: Vec<Vec<String>> = rows
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "{page}: nothing behind {mark}");
    rows
}

/// What stands in backquotes.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The names in the first column of a table; none may be there twice.
pub(crate) fn names(page: &str, mark: &str) -> BTreeSet<String> {
    let rows = table(page, mark);
    let listed: Vec<String> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let names: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(names.len(), listed.len(), "{listed:?}");
    names
}

/// The fields that a source file gives its lines: what stands before the `;` of a log macro.
fn written(path: &str) -> BTreeSet<String> {
    let text = file(path);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.flat_map(|line| [line, "\n"]).collect();
    let code = code.split("#[cfg(test)]").next().unwrap();
    let mut fields = BTreeSet::new();
    for (at, _) in code.match_indices("log::") {
        let call = &code[at + "log::".len()..];
        let Some((name, arguments)) = call.split_once("!(") else { continue };
        if !["error", "warn", "info", "debug", "log"].contains(&name) {
            continue;
        }
        let Some((list, text)) = arguments.split_once(';') else { continue };
        if list.trim_start().starts_with('"') || !text.trim_start().starts_with('"') {
            continue;
        }
        let keys = list.split(',').map(|field| field.split('=').next().unwrap().trim());
        fields.extend(keys.map(str::to_owned));
    }
    fields
}

#[test]
fn a_page_explains_every_field_of_a_call_s_line_and_no_other() {
    let mut fields = written("src/predict/outcome.rs");
    assert!(fields.contains("wait_ms") && fields.contains("code"), "{fields:?}");
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/fn-fdk/src");
    for entry in fs::read_dir(kit).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().unwrap(), "rs", "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        fields.extend(written(&format!("crates/fn-fdk/src/{name}")));
    }
    // What every line has.
    let lines = file("crates/fn-fdk/src/log_line.rs");
    let (_, own) = lines.split_once("let own = [").unwrap();
    let own = own.split("];").next().unwrap().split('"').skip(1).step_by(2);
    fields.extend(own.map(str::to_owned));
    assert!(fields.contains("message"), "{fields:?}");
    assert_eq!(fields, names("docs/logs.md", "## Fields of a call"));
}

#[test]
fn a_page_explains_every_field_of_a_start_and_no_other() {
    let fields = written("src/main.rs");
    assert!(fields.contains("expires"), "{fields:?}");
    assert_eq!(fields, names("docs/logs.md", "## Fields of a start"));
}

/// The rows of the table of the server's variables, by name, with the number that the default begins with.
fn server_defaults() -> BTreeMap<String, u64> {
    let rows = table("docs/server.md", "## Configuration");
    let number = |row: &Vec<String>| row.last()?.split(' ').next()?.parse().ok();
    rows.iter().filter_map(|row| Some((quoted(&row[0]).next()?, number(row)?))).collect()
}

/// A number as the source writes it: `256`, or `20 * MIB`.
fn written_number(text: &str) -> u64 {
    let factor =
        |text: &str| if text == "MIB" { 1 << 20 } else { text.replace('_', "").parse().unwrap() };
    text.split('*').map(|text| factor(text.trim())).product()
}

#[test]
fn a_page_explains_every_variable_of_the_server_and_its_default() {
    let config = file("server/src/config.rs");
    let (_, list) = config.split_once("variables: &[").unwrap();
    let variables = list.split(']').next().unwrap().split('"').skip(1).step_by(2);
    let variables: BTreeSet<String> = variables.map(str::to_owned).collect();
    assert_eq!(variables, names("docs/server.md", "## Configuration"));
    let defaults: BTreeMap<String, u64> = config
        .split("vars.number(\"")
        .skip(1)
        .map(|arguments| {
            let (name, arguments) = arguments.split_once('"').unwrap();
            let (_, default) = arguments.split_once(".unwrap_or(").unwrap();
            (name.to_owned(), written_number(default.split(')').next().unwrap()))
        })
        .collect();
    assert_eq!((defaults.len(), defaults), (5, server_defaults()));
}

#[test]
fn a_page_explains_every_code_of_the_server_and_no_other() {
    let mut own = codes(&file("server/src/refused.rs"));
    own.extend(codes(&file("server/src/trust/refusal.rs")));
    let listener = file("server/src/listener.rs");
    let (_, refused) = listener.split_once("refused(\"").unwrap();
    own.insert(refused.split('"').next().unwrap().to_owned());
    let rows = table("docs/server.md", "## Statuses and codes");
    let explained: BTreeSet<String> = rows.iter().flat_map(|row| quoted(&row[1])).collect();
    assert_eq!(own, explained);
    // What a client never reads needs no cause; what the function answers with, too, has one there.
    own.remove("ClientClosedRequest");
    let causes = file("tools/mdfn/src/cause.rs");
    let known = codes(&causes);
    assert!(own.is_subset(&known), "{:?}", own.difference(&known));
    let (_, of_the_server) = causes.split_once("SERVER_CODES").unwrap();
    let of_the_server = codes(of_the_server.split_once("\n];").unwrap().0);
    assert!(of_the_server.is_subset(&own), "{:?}", of_the_server.difference(&own));
}

#[test]
fn a_page_explains_every_metric_of_the_server_and_no_other() {
    let metrics = file("server/src/metrics.rs");
    let (_, prefix) = metrics.split_once("with_prefix(\"").unwrap();
    let prefix = prefix.split('"').next().unwrap();
    let registered = metrics.lines().filter_map(|line| {
        let (field, arguments) = line.trim().split_once(": registered(&mut all, \"")?;
        let name = arguments.split('"').next().unwrap();
        // A counter's name says so.
        let declared = metrics.lines().find(|line| line.trim().starts_with(&format!("{field}: ")));
        let total = if declared.unwrap().contains("Counter") { "_total" } else { "" };
        Some(format!("{prefix}_{name}{total}"))
    });
    let (_, timed) = metrics.split_once("all.register(\"").unwrap();
    let timed = format!("{prefix}_{}", timed.split('"').next().unwrap());
    let registered = registered.chain([timed]);
    let registered: BTreeSet<String> = registered.collect();
    let rows = table("docs/server.md", "### Metrics");
    let explained: BTreeSet<String> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    assert_eq!((registered.len(), registered), (8, explained));
}

#[test]
fn the_terraform_module_sets_variables_that_the_server_has() {
    let module = file("deploy/terraform/server.tf");
    let (_, config) = module.split_once("server_config = merge(").unwrap();
    let config = config.split("\n  )").next().unwrap();
    let words = config.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
    let set: BTreeSet<String> =
        words.filter(|word| word.contains('_') && word.len() > 5).map(str::to_owned).collect();
    let page = file("docs/configuration.md") + &file("docs/server.md");
    let unknown: Vec<_> = set.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(unknown.is_empty() && set.len() == 8, "{unknown:?} of {set:?}");
}
