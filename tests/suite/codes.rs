//! Every code that a caller may read is explained in docs/errors.md and by `mdfn predict`, and no other is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The part of a text between two others.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("{begin} is gone"));
    rest.split_once(end).unwrap_or_else(|| panic!("{end} is gone")).0
}

/// The texts in quotes that look like a code.
pub(crate) fn codes(text: &str) -> BTreeSet<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    let is_code = |text: &&str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.len() > 6
            && text.chars().all(|letter| letter.is_ascii_alphabetic())
    };
    quoted.filter(is_code).map(str::to_owned).collect()
}

/// What the function and its kit answer with; a call never sees what follows a wrong path on the socket.
fn answered() -> BTreeSet<String> {
    let function = file("src/predict/error.rs");
    let mut all = codes(between(&function, "pub fn code(", "\n    }\n"));
    let services = file("src/predict/service_error.rs");
    all.extend(codes(between(&services, "pub fn code(", "\n    }\n")));
    let rejections = file("crates/fn-fdk/src/rejection.rs");
    all.extend(codes(between(&rejections, "pub fn code(", "\n    }\n")));
    for kit in ["error", "connection"] {
        let text = file(&format!("crates/fn-fdk/src/{kit}.rs"));
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let consts = code.filter(|line| line.contains("(StatusCode") || line.contains("FAILED.0"));
        all.extend(consts.flat_map(codes));
    }
    all
}

#[test]
fn a_page_explains_every_code_and_no_other() {
    let page = file("docs/errors.md");
    let rows: Vec<String> = page
        .lines()
        .filter(|row| row.starts_with("| ") && row.contains("| `"))
        .map(|row| between(row, "| `", "`").to_owned())
        .collect();
    let explained: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!((answered(), rows.len()), (explained.clone(), explained.len()));
}

#[test]
fn mdfn_knows_a_cause_for_every_code_and_for_two_of_the_platform() {
    let mut known = answered();
    known.extend(["NotAuthorizedOrNotFound", "NotAuthenticated"].map(str::to_owned));
    let causes = file("tools/mdfn/src/cause.rs");
    let table = between(&causes, "FUNCTION_CODES", "\n];");
    assert_eq!(codes(table), known);
}
