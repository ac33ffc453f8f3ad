//! Are the queries in `deploy/logging` queries of OCI Logging, and does the function write what
//! they ask for?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod language;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::language::Query;

/// What every entry of a log has, whoever wrote it.
///
/// Source: docs/spec/oci-services.md#logging-query-language.
const OF_AN_ENTRY: [&str; 3] = ["data.message", "datetime", "logContent"];

fn place(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(place(path)).unwrap()
}

/// The names and texts of the queries.
fn queries() -> Vec<(String, String)> {
    let files = fs::read_dir(place("deploy/logging")).unwrap().map(|entry| entry.unwrap().path());
    let queries =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "query"));
    let mut queries: Vec<_> = queries
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    queries.sort();
    assert!(!queries.is_empty());
    queries
}

/// What stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The fields of the function's lines, by the page that explains them: a table for a call, one for a start.
fn fields() -> BTreeSet<String> {
    let page = read("docs/logs.md");
    let tables = page.split("| field | type | meaning |\n|---|---|---|\n").skip(1);
    let rows = tables.flat_map(|table| table.split("\n\n").next().unwrap().lines());
    let fields: BTreeSet<_> = rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap())).collect();
    assert!(fields.contains("wait_ms") && !fields.contains("predicted"), "{fields:?}");
    assert!(fields.contains("expires"), "{fields:?}");
    fields
}

#[test]
fn every_query_is_one_of_the_language() {
    for (name, text) in queries() {
        let query = Query::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let stream = if name == "call" { "GROUP" } else { "SCOPE" };
        assert_eq!(query.stream, stream, "{name}");
    }
}

#[test]
fn every_field_of_a_query_is_one_that_the_function_writes() {
    let written = fields();
    for (name, text) in queries() {
        for field in Query::parse(&text).unwrap().fields {
            let known = match field.strip_prefix("data.message.") {
                Some(field) => written.contains(field),
                None => OF_AN_ENTRY.contains(&field.as_str()),
            };
            assert!(known, "{name}: {field}");
        }
    }
}

#[test]
fn every_query_says_what_it_answers_and_what_to_do() {
    let page = read("deploy/logging/README.md");
    for (name, text) in queries() {
        let said = text.lines().take_while(|line| line.starts_with("-- ")).count();
        assert!(said >= 2, "{name}");
        assert!(text.lines().skip(said).all(|line| !line.contains("--")), "{name}");
        assert!(page.contains(&format!("[{name}]({name}.query)")), "{name} is not on the page");
        for other in text.split_whitespace().filter_map(|word| word.split_once(".query")) {
            assert!(
                place(&format!("deploy/logging/{}.query", other.0)).exists(),
                "{name}: {}",
                other.0
            );
        }
    }
}
