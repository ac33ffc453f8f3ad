//! Has every direct dependency its reason in docs/dependencies.md, and every reason its dependency?

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The crates of this repository that the function is made of.
const OURS: [&str; 3] = ["fn-fdk", "oracle-cloud-client", "oracle-cloud-signature"];
const MEMBERS: [&str; 5] = [
    "benches/Cargo.toml",
    "crates/fn-fdk/Cargo.toml",
    "crates/oracle-cloud-client/Cargo.toml",
    "crates/oracle-cloud-signature/Cargo.toml",
    "devkit/Cargo.toml",
];

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The crates that a manifest names below `[section]`, but for those of this repository.
fn named(manifest: &str, section: &str) -> BTreeSet<String> {
    let ours = |name: &String| OURS.contains(&name.as_str());
    all(manifest, section).into_iter().filter(|name| !ours(name)).collect()
}

/// The crates that a manifest names below `[section]`.
fn all(manifest: &str, section: &str) -> BTreeSet<String> {
    let text = file(manifest);
    let (_, rest) = text.split_once(&format!("\n[{section}]\n")).unwrap();
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| Some(line.split_once(" = ")?.0));
    names.map(|name| name.strip_suffix(".workspace").unwrap_or(name).to_owned()).collect()
}

#[test]
fn the_crates_depend_on_each_other_in_one_direction() {
    for (manifest, ours) in [
        ("crates/fn-fdk/Cargo.toml", &[][..]),
        ("crates/oracle-cloud-signature/Cargo.toml", &[]),
        ("crates/oracle-cloud-client/Cargo.toml", &["oracle-cloud-signature"]),
        ("Cargo.toml", &["fn-fdk", "oracle-cloud-client"]),
    ] {
        let named: Vec<String> = all(manifest, "dependencies")
            .into_iter()
            .filter(|name| OURS.contains(&name.as_str()) || name == "model-deployment-fn")
            .collect();
        assert_eq!(named, ours, "{manifest}");
    }
}

#[test]
fn signing_needs_no_runtime_no_client_and_no_log() {
    let named = all("crates/oracle-cloud-signature/Cargo.toml", "dependencies");
    assert!(
        ["tokio", "reqwest", "hyper", "log"].iter().all(|name| !named.contains(*name)),
        "{named:?}"
    );
}

/// Every version stands in the root's manifest once.
#[test]
fn a_member_inherits_every_version() {
    for member in MEMBERS {
        let text = file(member);
        let (_, rest) = text.split_once("\n[dependencies]\n").unwrap();
        let lines = rest.lines().take_while(|line| !line.starts_with("[lints]"));
        for line in lines.filter(|line| line.contains(" = ") && !line.contains("path = ")) {
            let inherits = line.contains(".workspace = true") || line.contains("workspace = true,");
            assert!(inherits || line.starts_with('#'), "{member}: {line}");
        }
    }
}

/// The crates that have a row in this part of the page, and how many rows there are.
fn explained(part: &str) -> (BTreeSet<String>, usize) {
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let rows: Vec<String> = rows.map(|(name, _)| name.to_owned()).collect();
    (rows.iter().cloned().collect(), rows.len())
}

#[test]
fn every_dependency_has_a_row_and_every_row_a_dependency() {
    let page = file("docs/dependencies.md");
    let (function, rest) = page.split_once("## The devkit and the tests").unwrap();
    let mut needed = named("Cargo.toml", "dependencies");
    for ours in OURS {
        needed.extend(named(&format!("crates/{ours}/Cargo.toml"), "dependencies"));
    }
    assert!(needed.len() > 20, "{needed:?}");
    assert_eq!(explained(function), (needed.clone(), needed.len()));

    let mut others = named("Cargo.toml", "dev-dependencies");
    for ours in OURS {
        others.extend(named(&format!("crates/{ours}/Cargo.toml"), "dev-dependencies"));
    }
    others.extend(named("devkit/Cargo.toml", "dependencies"));
    others.extend(named("devkit/Cargo.toml", "dev-dependencies"));
    let others: BTreeSet<String> = &others - &needed;
    assert_eq!(explained(rest), (others.clone(), others.len()));
}
