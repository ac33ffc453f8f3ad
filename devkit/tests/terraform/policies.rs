//! Does the language's grammar take every statement that the module renders, and refuse a broken one? `.ci/terraform` installs
//! the parser and runs this.

use std::process::Command;

use serde_json::{Value, json};

use crate::setup::{least, least_and, model, openai_model, plan};

/// Whether the grammar takes a text; `kind` is `--policy` or `--dynamic-group`.
fn parses(kind: &str, text: &str) -> bool {
    let parser = std::env::var("POLICY_PARSER").expect("POLICY_PARSER; run .ci/terraform");
    let done = Command::new(parser).args([kind, text]).output().unwrap();
    done.status.success()
}

fn rendered(given: &Value) -> Vec<(&'static str, String)> {
    let plan = plan(given);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rule = plan.resource("oci_identity_dynamic_group.this")["matching_rule"].clone();
    let mut rendered = vec![("--dynamic-group", text(&rule))];
    for policy in ["predict", "invoke"] {
        let statements =
            plan.resource(&format!("oci_identity_policy.{policy}"))["statements"].clone();
        rendered.extend(statements.as_array().unwrap().iter().map(|one| ("--policy", text(one))));
    }
    rendered
}

#[test]
#[ignore = "it needs the parser that .ci/terraform installs"]
fn the_grammar_takes_what_is_rendered_and_nothing_broken() {
    let many = least_and(&json!({
        "models": { "iris": model("iris"), "wine": model("wine") },
        "openai_models": { "llm": openai_model("llm") },
        "name": "others",
    }));
    for (kind, text) in rendered(&least()).into_iter().chain(rendered(&many)) {
        assert!(parses(kind, &text), "{text}");
        println!("{text}");
        for (part, broken) in [(" to ", " too "), ("{", "["), ("resource.", ""), ("'", "")] {
            if text.contains(part) {
                let broken = text.replacen(part, broken, 1);
                assert!(!parses(kind, &broken), "taken though broken: {broken}");
            }
        }
    }
}
