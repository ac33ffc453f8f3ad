//! `mdfn policy`: least privilege, for the function and not for the deployment.

use serde_json::{Value, json};

use crate::{mdfn, mdfn_full};

const FUNCTION: &str = "ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaaexample";
const MODELS: &str = "ocid1.compartment.oc1..models";

#[test]
fn the_group_holds_the_function_and_the_policy_lets_it_predict() {
    let done = mdfn(&["policy", "--function", FUNCTION, "--models", MODELS], "");
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(
        done.stdout,
        format!(
            "dynamic group model-callers\n  ALL {{resource.type = 'fnfunc', resource.id = '{FUNCTION}'}}\n\n\
             policy model-callers, in compartment {MODELS}\n  Allow dynamic-group model-callers to \
             {{DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT}} in compartment id {MODELS}\n"
        )
    );
}

#[test]
fn many_compartments_gateways_and_another_domain_as_json() {
    let (gateways, functions) = ("ocid1.compartment.oc1..gw", "ocid1.tenancy.oc1..fn");
    let arguments = [
        "policy",
        "--function",
        FUNCTION,
        "--models",
        MODELS,
        "--models",
        "ocid1.compartment.oc1..other",
        "--models",
        "ocid1.compartment.oc1..other",
    ];
    let more = [
        "--gateways",
        gateways,
        "--functions",
        functions,
        "--domain",
        "data",
        "--name",
        "mine",
        "--format",
        "json",
    ];
    let done = mdfn(&[&arguments[..], &more].concat(), "");
    let all: Value = serde_json::from_str(&done.stdout).unwrap();
    let statement = |at: usize| &all["policies"][at]["statements"][0];
    assert_eq!(all["policies"].as_array().unwrap().len(), 3);
    assert_eq!(
        statement(1),
        "Allow dynamic-group 'data'/'mine' to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT} in compartment id ocid1.compartment.oc1..other"
    );
    assert_eq!(
        statement(2),
        &json!(format!(
            "Allow any-user to use functions-family in compartment id {functions} where ALL {{request.principal.type = \
             'ApiGateway', request.resource.compartment.id = '{gateways}'}}"
        ))
    );
    assert_eq!(all["policies"][2]["compartmentId"], functions);
    let names: Vec<_> = (0..3).map(|at| all["policies"][at]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mine", "mine-2", "mine-gateway"], "the names of policies are unique");
}

#[test]
fn without_a_group_the_condition_names_the_function() {
    let done = mdfn(
        &["policy", "--function", FUNCTION, "--models", MODELS, "--any-user", "--format", "oci"],
        "",
    );
    assert!(!done.stdout.contains("dynamic-group"), "{done:?}");
    assert!(done.stdout.contains(&format!("request.principal.id = '{FUNCTION}'")), "{done:?}");
}

#[test]
fn metrics_are_posted_into_one_namespace_alone() {
    let own = "target.metrics.namespace = 'models'";
    for (more, who, condition) in [
        (&[][..], "dynamic-group model-callers", format!("where {own}")),
        (
            &["--any-user"],
            "any-user",
            format!(
                "where ALL {{request.principal.type = 'fnfunc', request.principal.id = '{FUNCTION}', {own}}}"
            ),
        ),
    ] {
        let arguments = ["policy", "--function", FUNCTION, "--models", MODELS, "--metrics", MODELS];
        let done = mdfn(&[&arguments[..], &["--metrics-namespace", "models"], more].concat(), "");
        let statement =
            format!("Allow {who} to {{METRIC_WRITE}} in compartment id {MODELS} {condition}");
        assert!(done.stdout.contains(&statement), "{done:?}");
    }
    let half = ["policy", "--function", FUNCTION, "--models", MODELS, "--metrics", MODELS];
    assert_eq!(mdfn(&half, "").code, 2);
}

#[test]
fn chat_is_allowed_with_the_listed_models_alone() {
    let chat = ["policy", "--function", FUNCTION, "--genai-chat", MODELS];
    let (one, other) = (["--model", "xai.grok-4.3"], ["--model", "openai.gpt-oss-120b"]);
    let done = mdfn(&[&chat[..], &one].concat(), "");
    assert_eq!(
        done.stdout.lines().skip(3).collect::<Vec<_>>(),
        [
            format!("policy model-callers-chat, in compartment {MODELS}"),
            format!(
                "  Allow dynamic-group model-callers to {{GENERATIVE_AI_CHAT}} in compartment id {MODELS} where \
                 target.model.id = 'xai.grok-4.3'"
            ),
        ],
        "{done:?}"
    );
    let done = mdfn(&[&chat[..], &one, &other, &["--any-user"]].concat(), "");
    let condition = format!(
        "where ALL {{request.principal.type = 'fnfunc', request.principal.id = '{FUNCTION}', target.model.id in \
         ('xai.grok-4.3', 'openai.gpt-oss-120b')}}"
    );
    assert!(done.stdout.trim_end().ends_with(&condition), "{done:?}");
}

#[test]
fn responses_and_conversations_are_allowed_by_their_own_names() {
    let arguments = ["policy", "--function", FUNCTION, "--genai-responses", MODELS];
    let done = mdfn(&[&arguments[..], &["--format", "json"]].concat(), "");
    let all: Value = serde_json::from_str(&done.stdout).unwrap();
    let allowed = |what: &str| {
        format!("Allow dynamic-group model-callers to {what} in compartment id {MODELS}")
    };
    assert_eq!(
        all["policies"],
        json!([{
            "name": "model-callers-responses",
            "description": "The function may use responses and conversations",
            "compartmentId": MODELS,
            "statements": [
                allowed("manage generative-ai-response"),
                allowed("manage generative-ai-conversation"),
            ],
        }])
    );
    let done = mdfn(&[&arguments[..], &["--format", "oci"]].concat(), "");
    let list = done.stdout.split_once("--statements \"").unwrap().1.trim_end();
    let list = list.strip_suffix('"').unwrap().replace("\\\"", "\"");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list, all["policies"][0]["statements"], "the shell's list is the same");
}

#[test]
fn buckets_are_listed_and_read_and_nothing_else() {
    let other = "ocid1.compartment.oc1..other";
    let buckets =
        [format!("{MODELS}=reports"), format!("{other}=raw_data"), format!("{MODELS}=reports")];
    let buckets = buckets.iter().flat_map(|bucket| ["--bucket", bucket]);
    let arguments = ["policy", "--function", FUNCTION, "--format", "json"];
    let arguments: Vec<&str> = arguments.into_iter().chain(buckets).collect();
    let done = mdfn(&arguments, "");
    let all: Value = serde_json::from_str(&done.stdout).unwrap();
    let of = |at: usize| (&all["policies"][at]["name"], &all["policies"][at]["statements"][0]);
    let allowed = |compartment: &str, bucket: &str| {
        json!(format!(
            "Allow dynamic-group model-callers to {{OBJECT_INSPECT, OBJECT_READ}} in compartment id {compartment} where \
             target.bucket.name = '{bucket}'"
        ))
    };
    assert_eq!(all["policies"].as_array().unwrap().len(), 2, "{all}");
    assert_eq!(of(0), (&json!("model-callers-bucket"), &allowed(MODELS, "reports")));
    assert_eq!(of(1), (&json!("model-callers-bucket-2"), &allowed(other, "raw_data")));
}

#[test]
fn what_would_allow_more_than_was_meant_is_refused() {
    let quoted = format!("{MODELS}=a' or 'b");
    for (arguments, expected) in [
        (vec!["--genai-chat", MODELS], "--model <NAME>"),
        (vec!["--models", MODELS, "--model", "xai.grok-4.3"], "--genai-chat"),
        (vec!["--genai-chat", MODELS, "--model", "a' or 'b"], "the full name of a model"),
        (vec!["--genai-chat", MODELS, "--model", ""], "the full name of a model"),
        (vec!["--genai-chat", "tenancy", "--model", "xai.grok-4.3"], "ocid1.compartment"),
        (vec!["--bucket", "reports"], "COMPARTMENT=NAME"),
        (vec!["--bucket", "tenancy=reports"], "ocid1.compartment"),
        (vec!["--bucket", &quoted], "letters, digits"),
    ] {
        let done = mdfn(&[&["policy", "--function", FUNCTION], &arguments[..]].concat(), "");
        assert!(done.code == 2 && done.stderr.contains(expected), "{arguments:?} {done:?}");
    }
}

#[test]
fn the_mistakes_of_the_tutorial_are_refused() {
    let model = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.amaaaaaaexample";
    for (arguments, expected) in [
        (vec!["--function", model, "--models", MODELS], "the group must hold the function"),
        (vec!["--function", "x", "--models", MODELS], "ocid1.fnfunc"),
        (vec!["--function", FUNCTION, "--models", "tenancy"], "ocid1.compartment"),
        (vec!["--function", FUNCTION], "--models"),
        (
            vec!["--function", FUNCTION, "--models", MODELS, "--domain", "d", "--format", "oci"],
            "in the console of `d`",
        ),
        (vec!["--function", FUNCTION, "--models", MODELS, "--gateways", MODELS], "--functions"),
        (vec!["--function", FUNCTION, "--models", MODELS, "--name", "a'b"], "letters, digits"),
    ] {
        let done = mdfn(&[&["policy"][..], &arguments].concat(), "");
        assert!(done.code == 2 && done.stderr.contains(expected), "{arguments:?} {done:?}");
    }
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let done = mdfn_full(&["policy", "--function", FUNCTION, "--models", MODELS], "");
    assert!(
        done.code == 1 && done.stderr.contains("standard output cannot be written"),
        "{done:?}"
    );
}
