//! Does the module render the canonical deployment specification, and the rest as it must be?

use serde_json::{Value, json};

use crate::canonical::canonical;
use crate::setup::{
    COMPARTMENT, FUNCTION, HOST, base_url, compartment, key, least, least_and, model, openai_model,
    plan,
};
use crate::specification::sent;

/// What is rendered is what `mdfn gateway-spec` prints for the arguments that the module itself
/// gives out.
#[track_caller]
fn is_canonical(given: &Value) -> Value {
    let plan = plan(given);
    let rendered = sent(&plan.resource("oci_apigateway_deployment.this")["specification"]);
    let arguments = plan.output("gateway_spec_arguments");
    let arguments: Vec<_> =
        arguments.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let expected = canonical(&arguments, &given["static_keys"]);
    assert_eq!(rendered, expected, "{rendered:#}\n{expected:#}");
    rendered
}

#[test]
fn one_model() {
    let specification = is_canonical(&least());
    let routes = specification["routes"].as_array().unwrap();
    assert_eq!(routes.len(), 3);
    assert_eq!(routes[0]["backend"]["functionId"], FUNCTION);
    let set = &routes[0]["requestPolicies"]["headerTransformations"]["setHeaders"]["items"][0];
    assert_eq!(set["values"], json!([base_url("iris") + "/predict"]));
    let policy = &specification["requestPolicies"]["authentication"]["validationPolicy"];
    assert_eq!(
        policy["additionalValidationPolicy"]["audiences"],
        json!([format!("https://{HOST}/")])
    );
}

#[test]
fn many_models_openai_clients_and_anonymous_health() {
    let specification = is_canonical(&least_and(&json!({
        "models": { "wine": model("wine"), "Iris_2": model("iris2"), "iris": model("iris") },
        "openai_models": { "qwen": openai_model("qwen"), "llm": openai_model("llm") },
        "clients": ["another"],
        "anonymous_health": true,
        "audience": "https://models.example/",
        "issuers": ["https://identity.oraclecloud.com/", "https://identity.oraclecloud.com"],
        "scope": "call",
        "rate_limit": 7,
        "static_keys": [key(), key()],
    })));
    let routes = specification["routes"].as_array().unwrap().iter();
    let paths: Vec<_> = routes.map(|route| route["path"].as_str().unwrap()).collect();
    let order =
        ["/Iris_2", "/iris", "/wine", "/llm/v1/{path*}", "/qwen/v1/{path*}", "/healthz", "/readyz"];
    assert_eq!(paths, order);
    let policy = &specification["requestPolicies"]["authentication"]["validationPolicy"];
    let clients = &policy["additionalValidationPolicy"]["verifyClaims"][0]["values"];
    assert_eq!(*clients, json!(["client", "another"]), "the module's own client may call, too");
}

#[test]
fn no_client_but_the_own() {
    let specification = is_canonical(&least_and(&json!({ "clients": [] })));
    let policy = &specification["requestPolicies"]["authentication"]["validationPolicy"];
    let clients = &policy["additionalValidationPolicy"]["verifyClaims"][0]["values"];
    assert_eq!(*clients, json!(["client"]));
}

#[test]
fn keys_fetched_from_the_domain() {
    let open = json!({ "static_keys": [], "publish_signing_certificate": true });
    let specification = is_canonical(&least_and(&open));
    let policy = &specification["requestPolicies"]["authentication"]["validationPolicy"];
    let uri = "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com/admin/v1/SigningCert/jwk";
    assert_eq!(policy["uri"], uri);
}

#[test]
fn keys_fetched_from_elsewhere() {
    let specification = is_canonical(&least_and(&json!({
        "static_keys": [],
        "jwks_uri": "https://keys.example/jwks",
        "models": {},
        "openai_models": { "llm": openai_model("llm") },
    })));
    let policy = &specification["requestPolicies"]["authentication"]["validationPolicy"];
    assert_eq!(policy["uri"], "https://keys.example/jwks");
}

#[test]
fn the_function_may_call_the_deployments_of_its_routes() {
    let given = least_and(&json!({
        "openai_models": { "llm": openai_model("llm"), "again": openai_model("iris") },
        "function_config": { "LOG_LEVEL": "debug" },
        "provisioned_concurrency": 40,
    }));
    let function = plan(&given).resource("oci_functions_function.this");
    let ocid = |name: &str| base_url(name).rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        function["config"],
        json!({
            "ALLOWED_DEPLOYMENTS": format!("{},{}", ocid("iris"), ocid("llm")),
            "ALLOWED_PATHS": "openai",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "debug",
        })
    );
    assert_eq!(
        function["provisioned_concurrency_config"],
        json!({ "strategy": "CONSTANT", "count": 40 })
    );
    assert_eq!(function["timeout_in_seconds"], 120);

    let least = plan(&least()).resource("oci_functions_function.this");
    assert_eq!(
        least["config"],
        json!({ "ALLOWED_DEPLOYMENTS": ocid("iris"), "LOG_FORMAT": "json" })
    );
    assert_eq!(least.get("provisioned_concurrency_config"), None);
}

#[test]
fn the_client_may_ask_for_one_scope_and_nothing_else() {
    let plan = plan(&least());
    let client = plan.resource("oci_identity_domains_app.client");
    assert_eq!(client["allowed_grants"], json!(["client_credentials"]));
    assert_eq!(client["trust_scope"], "Explicit");
    assert_eq!(client["allowed_scopes"], json!([{ "fqs": format!("https://{HOST}/predict") }]));
    let gateway = plan.resource("oci_identity_domains_app.gateway");
    assert_eq!(gateway["audience"], format!("https://{HOST}/"));
    assert_eq!(gateway["access_token_expiry"], 3600);
    assert_eq!(gateway["scopes"][0]["value"], "predict");
    assert_eq!(plan.resource("oci_identity_domains_setting.this"), json!([]));
}

#[test]
fn the_signing_certificate_is_published_on_request() {
    let given = least_and(&json!({ "publish_signing_certificate": true, "static_keys": [] }));
    let setting = plan(&given).resource("oci_identity_domains_setting.this");
    assert_eq!(setting[0]["signing_cert_public_access"], true);
}

#[test]
fn the_outputs_are_what_the_commands_take() {
    let given = least_and(&json!({ "openai_models": { "llm": openai_model("llm") } }));
    let plan = plan(&given);
    assert_eq!(
        plan.output("domain_url"),
        "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com"
    );
    assert_eq!(plan.output("client_id"), "client");
    assert_eq!(plan.output("client_secret"), "emulated");
    assert_eq!(plan.output("scope"), format!("https://{HOST}/predict"));
    assert_eq!(
        plan.output("predict_urls"),
        json!({ "iris": format!("https://{HOST}/models/iris") })
    );
    assert_eq!(
        plan.output("openai_base_urls"),
        json!({ "llm": format!("https://{HOST}/models/llm/v1") })
    );
    assert_eq!(plan.output("repository"), "namespace/model-deployment-fn");
}

#[test]
fn the_network_is_two_halves() {
    let plan = plan(&least());
    let subnet = |name: &str| plan.resource(&format!("oci_core_subnet.{name}"))[0].clone();
    assert_eq!(subnet("gateway")["cidr_block"], "10.0.0.0/25");
    assert_eq!(subnet("gateway")["prohibit_public_ip_on_vnic"], false);
    assert_eq!(subnet("functions")["cidr_block"], "10.0.0.128/25");
    assert_eq!(subnet("functions")["prohibit_public_ip_on_vnic"], true);
    let functions = plan.resource("oci_core_security_list.functions")[0].clone();
    assert_eq!(functions.get("ingress_security_rules"), None, "nothing comes in");
    let gateway = plan.resource("oci_core_security_list.gateway")[0].clone();
    assert_eq!(
        gateway["ingress_security_rules"][0]["tcp_options"],
        json!({ "min": 443, "max": 443 })
    );
}

#[test]
fn a_private_gateway_has_no_way_from_the_internet() {
    let plan = plan(&least_and(&json!({ "endpoint_type": "PRIVATE" })));
    assert_eq!(plan.resource("oci_core_internet_gateway.this"), json!([]));
    assert_eq!(plan.resource("oci_core_subnet.gateway")[0]["prohibit_public_ip_on_vnic"], true);
}

#[test]
fn no_network_is_made_where_subnets_are_given() {
    let subnets =
        json!({ "gateway": "ocid1.subnet.a", "functions": ["ocid1.subnet.b", "ocid1.subnet.c"] });
    let plan = plan(&least_and(&json!({ "subnets": subnets })));
    assert_eq!(plan.resource("oci_core_vcn.this"), json!([]));
    assert_eq!(plan.resource("oci_apigateway_gateway.this")["subnet_id"], "ocid1.subnet.a");
    assert_eq!(plan.resource("oci_functions_application.this")["subnet_ids"], subnets["functions"]);
}

#[test]
fn logs_are_kept_of_calls_and_of_what_the_gateway_does() {
    let logs = plan(&least()).resource("oci_logging_log.this");
    let source = |name: &str| &logs[name]["configuration"]["source"];
    assert_eq!(source("invoke")["service"], "functions");
    assert_eq!(source("access")["service"], "apigateway");
    assert_eq!(source("execution")["category"], "execution");
}

#[test]
fn the_policies_say_the_least() {
    let given = least_and(&json!({
        "models": { "iris": model("iris"), "wine": model("wine") },
        "openai_models": { "llm": openai_model("llm") },
    }));
    let plan = plan(&given);
    let group = plan.resource("oci_identity_dynamic_group.this");
    let rule = format!("ALL {{resource.type = 'fnfunc', resource.id = '{FUNCTION}'}}");
    assert_eq!(group["matching_rule"], rule);
    let predict = |place: &str| {
        let to =
            "Allow dynamic-group model-deployment-fn to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT}";
        format!("{to} in compartment id {}", compartment(place))
    };
    let statements = &plan.resource("oci_identity_policy.predict")["statements"];
    assert_eq!(*statements, json!([predict("models"), predict("servers")]));
    let invoke = format!(
        "Allow any-user to use functions-family in compartment id {COMPARTMENT} where ALL \
         {{request.principal.type = 'ApiGateway', request.resource.compartment.id = '{COMPARTMENT}'}}"
    );
    assert_eq!(plan.resource("oci_identity_policy.invoke")["statements"], json!([invoke]));
}
