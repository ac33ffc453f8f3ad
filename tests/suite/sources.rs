//! Does every `Source:` of the code lead to a rule, and every link to one? `.ci/sources` lists the first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between these two in a text, every time.
fn between<'a>(text: &'a str, start: &'a str, end: char) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0))
}

/// The pages of a folder of the repository.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn is_there(page: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(page).unwrap_or_default();
    between(&text, "<a id=\"", '"').any(|id| id == anchor)
}

#[test]
fn every_source_names_a_rule_that_is_there() {
    let listed = Command::new(root().join(".ci/sources")).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let leads = |line: &&str| {
        let rule = line.rsplit_once(": ").and_then(|(_, rule)| rule.split_once('#'));
        rule.is_some_and(|(page, anchor)| is_there(&root().join(page), anchor))
    };
    let dead: Vec<&str> = listed.lines().filter(|line| !leads(line)).collect();
    assert!(dead.is_empty(), "no rule there:\n{}", dead.join("\n"));
    assert!(listed.lines().count() > 100, "{listed}");
}

#[test]
fn every_anchor_of_a_rule_is_there_once() {
    for page in pages("docs/spec") {
        let text = fs::read_to_string(&page).unwrap();
        let mut seen = BTreeSet::new();
        let twice = between(&text, "<a id=\"", '"').find(|id| !seen.insert(*id));
        assert_eq!(twice, None, "{}", page.display());
        assert!(seen.len() > 20, "{}", page.display());
    }
}

#[test]
fn every_link_to_a_rule_leads_to_one() {
    let pages = [vec![root().join("README.md")], pages("docs"), pages("docs/spec")].concat();
    let mut links = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in between(&text, "](", ')') {
            let Some((file, anchor)) = link.split_once('#') else { continue };
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            if target.parent().is_some_and(|folder| folder.ends_with("spec")) {
                assert!(is_there(&target, anchor), "{}: {link}", page.display());
                links += 1;
            }
        }
    }
    assert!(links > 50, "{links} links");
}

/// The Rust files of a folder, at any depth.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn every_public_function_and_type_of_a_crate_has_an_example() {
    let kinds = ["fn ", "async fn ", "const fn ", "struct ", "enum ", "trait ", "type "];
    let (mut documented, mut bare) = (0, Vec::new());
    for path in sources(&root().join("crates")) {
        if !path.components().any(|part| part.as_os_str() == "src") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let item = line.strip_prefix("pub ").unwrap_or_default();
            if !kinds.iter().any(|kind| item.starts_with(kind)) {
                continue;
            }
            let mut above = lines[..number].iter().rev().take_while(|line| !line.is_empty());
            if above.any(|line| line.starts_with("/// ```")) {
                documented += 1;
            } else {
                bare.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(bare.is_empty(), "without an example:\n{}", bare.join("\n"));
    assert!(documented > 300, "{documented} examples");
}
