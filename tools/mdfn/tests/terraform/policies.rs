//! Does the grammar of the policy language take every statement that the module renders, read it as
//! it is meant, and refuse a broken one? `.ci/terraform` installs the parser and runs this.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::plan::plan;

/// The run that has every policy, and the function of every run.
const RUN: &str = "every_policy";
const FUNCTION: &str = "ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaafunction";

fn compartment(name: &str) -> String {
    format!("ocid1.compartment.oc1..aaaaaaaa{name}")
}

/// What the grammar reads in a text, if it takes it; `kind` is `--policy` or `--dynamic-group`.
fn parsed(kind: &str, text: &str) -> Option<Value> {
    let parser = std::env::var("POLICY_PARSER").expect("POLICY_PARSER; run .ci/terraform");
    let mut parser = Command::new(parser);
    parser.args([kind, "--error-mode", "raise"]);
    parser.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = parser.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    done.status.success().then(|| serde_json::from_slice(&done.stdout).unwrap())
}

/// What is read in a text, none of whose broken forms is taken.
fn read(kind: &str, text: &Value) -> Value {
    let text = text.as_str().unwrap();
    // The grammar lets a lone quote pass where there is one value.
    let quote = if text.matches('\'').count() > 2 { "'" } else { " = " };
    for (part, other) in
        [(" to ", " too "), ("{", "["), (quote, " "), ("}", ""), ("compartment id", "")]
    {
        let broken = text.replacen(part, other, 1);
        assert!(broken == text || parsed(kind, &broken).is_none(), "taken though broken: {broken}");
    }
    let mut read = parsed(kind, text).unwrap_or_else(|| panic!("refused: {text}"));
    let list = if kind == "--policy" { "statements" } else { "rules" };
    assert_eq!(read[list].as_array().map(Vec::len), Some(1), "{read}");
    read[list][0].take()
}

fn clause(name: &str, kind: &str, value: &str) -> Value {
    json!({ "type": "clause", "node": { "lhs": name, "op": "eq", "rhs": { "type": kind, "value": value } } })
}

#[test]
#[ignore = "it needs the parser that .ci/terraform installs"]
fn the_grammar_reads_the_policies_as_they_are_meant() {
    let plan = plan(RUN);
    let rule = read("--dynamic-group", &plan["oci_identity_dynamic_group.this[0]"]);
    let function =
        [clause("resource.type", "literal", "fnfunc"), clause("resource.id", "ocid", FUNCTION)];
    assert_eq!(rule["expr"], json!({ "type": "group", "mode": "all", "items": function }));

    let predict = plan["oci_identity_policy.predict[0]"].as_array().unwrap();
    let places = predict.iter().map(|statement| {
        let statement = read("--policy", statement);
        assert_eq!(
            statement["subject"],
            json!({ "type": "dynamic-group", "values": [{ "label": "model-callers" }] })
        );
        let permission = ["data_science_model_deployment_predict"];
        assert_eq!(statement["actions"], json!({ "type": "permissions", "values": permission }));
        statement["location"].clone()
    });
    let places: Vec<_> = places.collect();
    let place = |name: &str| json!({ "type": "compartment-id", "values": [compartment(name)] });
    assert_eq!(places, [place("models"), place("servers")]);

    let invoke = read("--policy", &plan["oci_identity_policy.invoke[0]"][0]);
    assert_eq!(invoke["location"], place("gateway"));
    let gateway = [
        clause("request.principal.type", "literal", "ApiGateway"),
        clause("request.resource.compartment.id", "ocid", &compartment("gateway")),
    ];
    assert_eq!(invoke["conditions"], json!({ "type": "group", "mode": "all", "items": gateway }));

    let metrics = read("--policy", &plan["oci_identity_policy.metrics[0]"][0]);
    assert_eq!(metrics["location"], place("gateway"));
    let namespace = [clause("target.metrics.namespace", "literal", "model_deployment_fn")];
    let group = json!({ "type": "group", "mode": "all", "items": namespace });
    assert_eq!(metrics["actions"], json!({ "type": "permissions", "values": ["metric_write"] }));
    assert_eq!(metrics["conditions"], group);
    let tracing = read("--policy", &plan["oci_identity_policy.tracing[0]"][0]);
    assert_eq!(tracing["subject"]["type"], "service", "{tracing}");
    assert_eq!(tracing["location"], place("gateway"));

    let detached = plan["oci_identity_policy.detached[0]"].as_array().unwrap();
    let [stream, topic] = &detached[..] else { panic!("{detached:?}") };
    let (stream, topic) = (read("--policy", stream), read("--policy", topic));
    assert_eq!((&stream["location"], &topic["location"]), (&place("results"), &place("failures")));
    let id = [clause("target.stream.id", "ocid", "ocid1.stream.oc1.eu-frankfurt-1.amaaaaaastream")];
    assert_eq!(stream["conditions"], json!({ "type": "group", "mode": "all", "items": id }));
    assert_eq!(stream["resources"]["values"], json!(["stream-push"]), "{stream}");
    let permission = ["ons_topic_publish"];
    assert_eq!(topic["actions"], json!({ "type": "permissions", "values": permission }));
}

#[test]
#[ignore = "it needs the parser that .ci/terraform installs"]
fn the_grammar_reads_the_policies_of_a_server_as_they_are_meant() {
    let plan = plan("a_server");
    let rule = read("--dynamic-group", &plan["oci_identity_dynamic_group.this[0]"]);
    let instances = [
        clause("resource.type", "literal", "computecontainerinstance"),
        clause("resource.compartment.id", "ocid", &compartment("gateway")),
    ];
    assert_eq!(rule["expr"], json!({ "type": "group", "mode": "all", "items": instances }));

    let group = json!({ "type": "dynamic-group", "values": [{ "label": "model-deployment-fn" }] });
    let place = json!({ "type": "compartment-id", "values": [compartment("gateway")] });
    let pull = read("--policy", &plan["oci_identity_policy.pull[0]"][0]);
    assert_eq!((&pull["subject"], &pull["location"]), (&group, &place));
    assert_eq!(pull["resources"]["values"], json!(["repos"]), "{pull}");
    let repository = [clause("target.repo.name", "literal", "model-deployment-fn")];
    assert_eq!(pull["conditions"], json!({ "type": "group", "mode": "all", "items": repository }));

    let predict = plan["oci_identity_policy.predict[0]"].as_array().unwrap();
    let permission =
        json!({ "type": "permissions", "values": ["data_science_model_deployment_predict"] });
    for statement in predict {
        let statement = read("--policy", statement);
        assert_eq!((&statement["subject"], &statement["actions"]), (&group, &permission));
    }
    assert_eq!(predict.len(), 2);
    assert!(plan["oci_identity_policy.invoke[0]"].is_null());
}

/// What `mdfn policy` prints for these options.
fn printed(more: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    let models = compartment("models");
    command.args(["policy", "--format", "json", "--function", FUNCTION, "--models", &models]);
    let output = command.args(more).output().unwrap();
    assert!(output.status.success(), "{more:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `mdfn policy` prints for a service, and what the module makes for it.
fn both(service: &str, arguments: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(["policy", "--format", "json", "--function", FUNCTION]).args(arguments);
    let printed: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let policies = printed["policies"].as_array().unwrap().iter();
    let printed = policies.flat_map(|policy| policy["statements"].as_array().unwrap().clone());
    let planned = &plan("services")[format!("oci_identity_policy.services[\"{service}\"]")];
    (printed.collect(), planned.as_array().unwrap().clone())
}

const GENAI: &str = "ocid1.compartment.oc1..aaaaaaaagenai";
const SERVICES: [(&str, &[&str]); 3] = [
    ("chat", &["--genai-chat", GENAI, "--model", "xai.grok-4.3", "--model", "openai.gpt-oss-120b"]),
    ("llm", &["--genai-chat", GENAI, "--model", "xai.grok-4.3", "--genai-responses", GENAI]),
    ("reports", &["--bucket", "ocid1.compartment.oc1..aaaaaaaadata=reports"]),
];

#[test]
fn the_statements_for_services_are_those_of_mdfn_policy() {
    for (service, arguments) in SERVICES {
        let (printed, planned) = both(service, arguments);
        assert_eq!(printed, planned, "{service}");
        assert!(!printed.is_empty(), "{service}");
    }
}

#[test]
#[ignore = "it needs the parser that .ci/terraform installs"]
fn the_grammar_reads_the_statements_for_services() {
    for (service, arguments) in SERVICES {
        let (printed, _) = both(service, arguments);
        for statement in printed {
            let statement = read("--policy", &statement);
            assert_eq!(statement["location"]["type"], "compartment-id", "{statement}");
        }
    }
}

#[test]
#[ignore = "it needs the parser that .ci/terraform installs"]
fn the_grammar_takes_what_mdfn_policy_prints() {
    let gateway = compartment("gateway");
    let all = printed(&["--gateways", &gateway, "--functions", &gateway]);
    let plan = plan(RUN);
    assert_eq!(all["dynamicGroup"]["matchingRule"], plan["oci_identity_dynamic_group.this[0]"]);
    let statement =
        |all: &Value, at: usize| read("--policy", &all["policies"][at]["statements"][0]);
    let invoke = read("--policy", &plan["oci_identity_policy.invoke[0]"][0]);
    assert_eq!(statement(&all, 1), invoke);

    let permission =
        json!({ "type": "permissions", "values": ["data_science_model_deployment_predict"] });
    for (all, subject) in [
        (all, json!({ "type": "dynamic-group", "values": [{ "label": "model-callers" }] })),
        (printed(&["--any-user"]), json!({ "type": "any-user", "values": [] })),
    ] {
        let predict = statement(&all, 0);
        assert_eq!(
            (&predict["actions"], &predict["subject"]),
            (&permission, &subject),
            "{predict}"
        );
    }
    let other = statement(&printed(&["--domain", "data"]), 0);
    let group = json!([{ "identity_domain": "data", "label": "model-callers" }]);
    assert_eq!(other["subject"]["values"], group, "{other}");
}
