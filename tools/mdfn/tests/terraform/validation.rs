//! Is a bad value refused, and by the validation that names it?

use std::collections::BTreeMap;

use hcl::eval::{Context, Evaluate};
use serde_json::{Value, json};

use crate::module::{Module, attributes, place};
use crate::setup::{EXAMPLE, key, least, least_and, model, openai_model, plan, try_plan};
use crate::variable::variables;

#[track_caller]
fn refused(others: &Value, expected: &str) {
    let errors = try_plan(&least_and(others)).err().unwrap_or_default();
    assert!(
        errors.iter().any(|error| error.contains(expected)),
        "{expected} is not in {errors:#?}"
    );
}

fn changed(mut value: Value, member: &str, to: &Value) -> Value {
    value[member] = to.clone();
    value
}

#[test]
fn bad_values_are_refused() {
    for (name, value) in [
        ("tenancy_id", json!("ocid1.user.oc1..aaaa")),
        ("compartment_id", json!("my-compartment")),
        ("name", json!("Model Deployments")),
        ("domain_url", json!("idcs-0123.identity.oraclecloud.com")),
        ("domain_url", json!("https://idcs-0123.identity.oraclecloud.com/oauth2/v1/token")),
        ("audience", json!("https://gateway.example")),
        ("audience", json!("gateway.example")),
        ("scope", json!("predict all")),
        ("token_lifetime", json!(5)),
        ("token_lifetime", json!(100.5)),
        ("issuers", json!([])),
        ("issuers", json!(["1", "2", "3", "4", "5", "6"])),
        ("static_keys", json!(vec![key(); 11])),
        ("static_keys", json!([changed(key(), "kty", &json!("EC"))])),
        ("static_keys", json!([changed(key(), "alg", &json!("HS256"))])),
        ("static_keys", json!([changed(key(), "n", &json!("w".repeat(171)))])),
        ("jwks_uri", json!("http://keys.example/jwks")),
        ("path_prefix", json!("models")),
        ("path_prefix", json!("/models/")),
        ("endpoint_type", json!("public")),
        ("rate_limit", json!(0)),
        ("image", json!("model-deployment-fn:0.1.0")),
        ("image", json!("fra.ocir.io/namespace/model-deployment-fn")),
        ("image_digest", json!("sha256:abc")),
        ("shape", json!("GENERIC_AMD")),
        ("memory", json!(100)),
        ("timeout", json!(30)),
        ("timeout", json!(301)),
        ("provisioned_concurrency", json!(-1)),
        ("function_config", json!({ "ALLOWED_DEPLOYMENTS": "any" })),
        ("function_config", json!({ "LOG-LEVEL": "info" })),
        ("vcn_cidr", json!("10.0.0.0/28")),
        ("allowed_cidr", json!("everybody")),
        ("log_retention", json!(31)),
        ("function_config", json!({ "METRICS_NAMESPACE": "model_deployment_fn" })),
        ("alarm_email", json!("nobody")),
        ("alarm_topic_ids", json!(["somebody@example.com"])),
        ("alarm_latency", json!(0)),
        ("alarm_latency", json!(301)),
        ("alarm_silence", json!(0)),
        ("alarm_silence", json!(1.5)),
        ("alarm_silence", json!(25)),
        ("metrics_namespace", json!("oci_functions")),
        ("metrics_namespace", json!("model-deployment-fn")),
        ("metrics_namespace", json!("model_deployment_fn_")),
        ("metrics_compartment_id", json!("metrics")),
        (
            "apm_domain",
            json!({ "id": "ocid1.apmdomain", "compartment_id": "ocid1.tenancy.oc1..a" }),
        ),
        (
            "apm_domain",
            json!({ "id": "ocid1.apmdomain.oc1.eu-frankfurt-1.a", "compartment_id": "apm" }),
        ),
        ("models", json!({ "healthz": model("iris") })),
        ("models", json!({ "iris/2": model("iris") })),
        (
            "models",
            json!({ "iris": changed(model("iris"), "predict_url", &openai_model("iris")["base_url"]) }),
        ),
        ("models", json!({ "iris": changed(model("iris"), "compartment_id", &json!("models")) })),
        ("openai_models", json!({ "readyz": openai_model("llm") })),
        (
            "openai_models",
            json!({ "llm": changed(openai_model("llm"), "base_url", &model("llm")["predict_url"]) }),
        ),
        (
            "openai_models",
            json!({ "llm": changed(openai_model("llm"), "compartment_id", &json!("servers")) }),
        ),
    ] {
        refused(&json!({ name: value }), &format!("var.{name}: "));
    }
}

#[test]
fn values_of_another_type_are_refused() {
    refused(&json!({ "models": ["iris"] }), "var.models: ");
    refused(
        &json!({ "models": { "iris": { "predict_url": "x" } } }),
        "`compartment_id` is required",
    );
    refused(&json!({ "memory": "much" }), "var.memory: ");
    refused(&json!({ "no_such": 1 }), "var.no_such is not declared");
}

#[test]
fn what_must_be_given_must_be_given() {
    for name in ["tenancy_id", "compartment_id", "domain_url", "image"] {
        let mut given = least();
        given.as_object_mut().unwrap().remove(name);
        let errors = try_plan(&given).unwrap_err();
        assert_eq!(errors, [format!("var.{name}: is required and not given")]);
    }
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    refused(&json!({ "models": {} }), "There is no model");
    refused(&json!({ "jwks_uri": "https://keys.example/jwks" }), "either static_keys or");
    refused(&json!({ "static_keys": [] }), "There are no keys");
    refused(&json!({ "provisioned_concurrency": 20 }), "a multiple of 40");
    refused(&json!({ "memory": 256, "provisioned_concurrency": 30 }), "a multiple of 20");
    refused(&json!({ "memory": 512, "provisioned_concurrency": 15 }), "a multiple of 10");
}

/// As many routes, to as many deployments.
fn many(routes: usize, deployments: usize) -> Value {
    let models = (0..routes).map(|at| (format!("m{at}"), model(&format!("m{}", at % deployments))));
    json!({ "models": models.collect::<BTreeMap<_, _>>() })
}

#[test]
fn more_models_than_the_services_take_are_refused() {
    refused(&many(49, 1), "up to 50 routes");
    refused(&many(48, 48), "up to 4096 bytes");
    assert!(try_plan(&least_and(&many(48, 35))).is_ok());
}

/// The variables of the example as its file gives them, and what the module makes of them.
#[test]
fn the_variables_of_the_example_are_taken() {
    let given = std::fs::read_to_string(place(EXAMPLE).join("terraform.tfvars.example")).unwrap();
    let mut given: Value = hcl::from_str(&given).unwrap();
    given["static_keys"] = json!([key()]);
    let example = Module::read(EXAMPLE);
    let variables = variables(&example, &given).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut context = Context::new();
    context.declare_var("var", variables);
    let (_, block) = example.named("module").next().unwrap();
    let arguments =
        attributes(block.body()).filter(|(name, _)| !["source", "providers"].contains(name));
    let arguments = arguments.map(|(name, value)| {
        let value = value.evaluate(&context).unwrap();
        (name.to_owned(), serde_json::to_value(value).unwrap())
    });
    plan(&Value::Object(arguments.collect()));
}

#[test]
fn values_at_the_edge_are_taken() {
    for others in [
        json!({ "timeout": 75, "memory": 3072, "rate_limit": 1, "token_lifetime": 60 }),
        json!({ "path_prefix": "/", "audience": "http://models/" }),
        json!({ "path_prefix": "/v1/models", "vcn_cidr": "192.168.0.0/16", "log_retention": 180 }),
        json!({ "static_keys": [{ "kid": "k", "n": "w".repeat(683), "x5c": "dropped" }] }),
        json!({ "alarm_silence": 1, "alarm_latency": 300, "metrics_namespace": "m2" }),
    ] {
        let errors = try_plan(&least_and(&others)).err();
        assert!(errors.is_none(), "{others}: {errors:?}");
    }
}
