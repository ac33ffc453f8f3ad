//! Do the crates of this repository depend on each other as they should, and has every other dependency its reason in
//! docs/dependencies.md, and every reason its dependency?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The crates of this repository, each with those of them that it is built from.
const EDGES: [(&str, &[&str]); 10] = [
    ("emulator", &[]),
    ("fn-conformance", &["emulator"]),
    ("fn-fdk", &[]),
    (
        "mdfn",
        &["emulator", "fn-conformance", "fn-fdk", "model-deployment-fn", "oracle-cloud-client"],
    ),
    ("model-deployment-fn", &["fn-fdk", "oracle-cloud-client"]),
    (
        "model-deployment-server",
        &[
            "fn-fdk",
            "model-deployment-fn",
            "oracle-cloud-client",
            "oracle-cloud-token",
            "strict-http1",
        ],
    ),
    ("oracle-cloud-client", &["oracle-cloud-signature"]),
    ("oracle-cloud-signature", &[]),
    ("oracle-cloud-token", &["oracle-cloud-client"]),
    ("strict-http1", &[]),
];
/// Measures what the others are; nothing depends on it, and it may depend on everything.
const BENCHES: &str = "benches";
/// The crates that the function is made of.
const FUNCTION: [&str; 4] =
    ["fn-fdk", "model-deployment-fn", "oracle-cloud-client", "oracle-cloud-signature"];
/// The crates beside the function.
const BESIDE: [&str; 6] = [
    "emulator",
    "fn-conformance",
    "mdfn",
    "model-deployment-server",
    "oracle-cloud-token",
    "strict-http1",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What cargo knows of the workspace.
fn metadata(options: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--format-version", "1"]).args(options);
    let output = command.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The packages of the workspace by their names.
fn members() -> BTreeMap<String, Value> {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (text(&package["name"]), package.clone())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The dependencies that a package has for one purpose: null, `dev` or `build`.
fn dependencies<'a>(package: &'a Value, kind: &'a Value) -> impl Iterator<Item = &'a Value> {
    package["dependencies"].as_array().unwrap().iter().filter(|other| other["kind"] == *kind)
}

fn names<'a>(dependencies: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    dependencies.map(|dependency| text(&dependency["name"])).collect()
}

/// What a package needs to be built, without its optional features.
fn needs(package: &Value) -> BTreeSet<String> {
    let kinds = [Value::Null, "build".into()];
    let needed = kinds.iter().flat_map(|kind| dependencies(package, kind));
    names(needed.filter(|dependency| dependency["optional"] == false))
}

/// What only an optional feature of a package needs.
fn optional(package: &Value) -> BTreeSet<String> {
    let optional = dependencies(package, &Value::Null);
    names(optional.filter(|dependency| dependency["optional"] == true))
}

#[test]
fn the_crates_depend_on_each_other_in_one_direction() {
    let members = members();
    let known = EDGES.iter().map(|(name, _)| *name).chain([BENCHES]);
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    assert_eq!(members.keys().collect::<Vec<_>>(), known);
    for (name, allowed) in EDGES {
        let ours = needs(&members[name]);
        let ours: Vec<_> = ours.iter().filter(|other| members.contains_key(*other)).collect();
        assert_eq!(ours, allowed, "{name}");
    }
}

/// It is there to disagree with the function, so it shares no code with it: not even its tests do.
#[test]
fn the_emulators_tree_has_nothing_of_ours_but_itself() {
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = metadata(&["--filter-platform", host]);
    let ours: BTreeSet<String> =
        metadata["workspace_members"].as_array().unwrap().iter().map(text).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    let nodes: BTreeMap<String, &Value> = nodes.map(|node| (text(&node["id"]), node)).collect();
    let emulator = ours.iter().find(|id| id.contains("/tools/emulator#")).unwrap();
    let (mut tree, mut open) = (BTreeSet::new(), vec![emulator.clone()]);
    while let Some(id) = open.pop() {
        if tree.insert(id.clone()) {
            open.extend(nodes[&id]["dependencies"].as_array().unwrap().iter().map(text));
        }
    }
    assert!(tree.len() > 50, "{tree:?}");
    assert_eq!(ours.intersection(&tree).collect::<Vec<_>>(), [emulator]);
}

/// A version would make it a part of what is published.
#[test]
fn the_emulator_is_named_by_its_path_alone() {
    for (name, package) in members() {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        for emulator in dependencies.filter(|dependency| dependency["name"] == "emulator") {
            assert_eq!(
                (&emulator["req"], emulator["path"].is_string()),
                (&"*".into(), true),
                "{name}"
            );
        }
    }
}

#[test]
fn signing_needs_no_runtime_no_client_and_no_log() {
    let needed = needs(&members()["oracle-cloud-signature"]);
    assert!(
        ["tokio", "reqwest", "hyper", "log"].iter().all(|name| !needed.contains(*name)),
        "{needed:?}"
    );
}

/// Every version stands in the root's manifest once.
#[test]
fn a_member_inherits_every_version() {
    for (name, package) in members() {
        let text = fs::read_to_string(text(&package["manifest_path"])).unwrap();
        let (_, rest) = text.split_once("\n[dependencies]\n").unwrap();
        let lines = rest.lines().take_while(|line| !line.starts_with("[lints]"));
        let lines = lines.take_while(|line| !line.starts_with("[profile"));
        let lines = lines.take_while(|line| !line.starts_with("[["));
        for line in lines.filter(|line| line.contains(" = ") && !line.contains("path = ")) {
            let inherits = line.contains(".workspace = true") || line.contains("workspace = true,");
            assert!(inherits || line.starts_with('#'), "{name}: {line}");
        }
    }
}

/// The optional dependencies of a member that a feature switches on, its own and those of others.
fn switched_on(
    members: &BTreeMap<String, Value>,
    package: &str,
    feature: &str,
) -> BTreeSet<String> {
    let parts = members[package]["features"][feature].as_array().into_iter().flatten();
    let mut named = BTreeSet::new();
    for part in parts.map(text) {
        match (part.strip_prefix("dep:"), part.split_once('/')) {
            (Some(dependency), _) => drop(named.insert(dependency.to_owned())),
            (None, Some((other, feature))) => named.extend(switched_on(members, other, feature)),
            (None, None) => named.extend(switched_on(members, package, &part)),
        }
    }
    named
}

/// What the features need that the function asks of its crates.
fn asked_for(members: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let ours = dependencies(&members["model-deployment-fn"], &Value::Null);
    let mut named = BTreeSet::new();
    for dependency in ours.filter(|own| members.contains_key(&text(&own["name"]))) {
        for feature in dependency["features"].as_array().unwrap() {
            named.extend(switched_on(members, &text(&dependency["name"]), &text(feature)));
        }
    }
    named
}

/// The crates that have a row in this part of the page, and how many rows there are.
fn explained(part: &str) -> (BTreeSet<String>, usize) {
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let rows: Vec<String> = rows.map(|(name, _)| name.to_owned()).collect();
    (rows.iter().cloned().collect(), rows.len())
}

#[test]
fn every_dependency_has_a_row_and_every_row_a_dependency() {
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let (function, rest) = page.split_once("## The tools and the tests").unwrap();
    let members = members();
    let theirs = |named: BTreeSet<String>| -> BTreeSet<String> {
        named.into_iter().filter(|name| !members.contains_key(name)).collect()
    };
    let needed = FUNCTION.iter().flat_map(|name| needs(&members[*name]));
    let needed = theirs(needed.chain(asked_for(&members)).collect());
    assert!(needed.len() > 20, "{needed:?}");
    assert_eq!(explained(function), (needed.clone(), needed.len()));

    let dev = Value::from("dev");
    let tested = FUNCTION.iter().chain(&BESIDE);
    let tests = tested.flat_map(|name| names(dependencies(&members[*name], &dev)));
    let tools = BESIDE.iter().flat_map(|name| needs(&members[*name]));
    let features = FUNCTION.iter().flat_map(|name| optional(&members[*name]));
    let others = &theirs(tools.chain(tests).chain(features).collect()) - &needed;
    assert_eq!(explained(rest), (others.clone(), others.len()));
}
