//! The fields of log lines are those of docs/logs.md. Metrics and tags are compared where real ones are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn file(path: &str) -> String {
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
