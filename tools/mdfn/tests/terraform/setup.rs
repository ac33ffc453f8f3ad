//! What a user gives to the module, and what the provider would answer.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::module::Module;
use crate::plan::Plan;
use crate::schema::Schema;

pub(crate) const MODULE: &str = "deploy/terraform";
pub(crate) const EXAMPLE: &str = "deploy/terraform/example";
pub(crate) const FUNCTION: &str = "ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaafunction";
pub(crate) const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaagateway";
pub(crate) const HOST: &str = "gateway.example";

pub(crate) fn compartment(name: &str) -> String {
    format!("ocid1.compartment.oc1..aaaaaaaa{name}")
}

/// With an OCID as long as they are.
pub(crate) fn base_url(name: &str) -> String {
    format!(
        "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/\
         ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.{name:a<60}"
    )
}

pub(crate) fn model(name: &str) -> Value {
    json!({ "predict_url": base_url(name) + "/predict", "compartment_id": compartment("models") })
}

pub(crate) fn openai_model(name: &str) -> Value {
    json!({ "base_url": base_url(name), "compartment_id": compartment("servers") })
}

pub(crate) fn key() -> Value {
    json!({
        "format": "JSON_WEB_KEY", "kid": "SIGNING_KEY", "kty": "RSA", "alg": "RS256", "use": "sig",
        "n": "w".repeat(342), "e": "AQAB",
    })
}

/// The least that must be given, and one model.
pub(crate) fn least() -> Value {
    json!({
        "tenancy_id": "ocid1.tenancy.oc1..aaaaaaaatenancy",
        "compartment_id": COMPARTMENT,
        "domain_url": "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com:443",
        "image": "fra.ocir.io/namespace/model-deployment-fn:0.1.0",
        "static_keys": [key()],
        "models": { "iris": model("iris") },
    })
}

/// The least, and something else besides or instead.
pub(crate) fn least_and(others: &Value) -> Value {
    let mut all = least();
    all.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    all
}

/// What is known only when it is there.
pub(crate) fn exported() -> Value {
    let id =
        |kind: &str| json!({ "id": format!("ocid1.{kind}.oc1.eu-frankfurt-1.aaaaaaaa{kind}") });
    json!({
        "data": { "oci_core_services": { "all": [
            { "services": [{ "id": "ocid1.service.oc1.eu-frankfurt-1.aaaaaaaaservice", "cidr_block": "all-fra-services" }] }
        ] } },
        "oci_apigateway_gateway": { "this": { "id": "ocid1.apigateway.oc1.eu-frankfurt-1.amaaaaaagateway", "hostname": HOST } },
        "oci_apigateway_deployment": { "this": {
            "id": "ocid1.apideployment.oc1.eu-frankfurt-1.amaaaaaadeployment",
            "endpoint": format!("https://{HOST}/models"),
        } },
        "oci_apm_apm_domain": { "this": id("apmdomain") },
        "oci_artifacts_container_repository": { "this": { "namespace": "namespace" } },
        "oci_core_internet_gateway": { "this": id("internetgateway") },
        "oci_core_nat_gateway": { "this": id("natgateway") },
        "oci_core_route_table": { "private": id("routetable"), "public": id("routetable") },
        "oci_core_security_list": { "functions": id("securitylist"), "gateway": id("securitylist") },
        "oci_core_service_gateway": { "this": id("servicegateway") },
        "oci_core_subnet": { "functions": id("subnet"), "gateway": id("subnet") },
        "oci_core_vcn": { "this": id("vcn") },
        "oci_functions_application": { "this": id("fnapp") },
        "oci_functions_function": { "this": { "id": FUNCTION } },
        "oci_identity_domains_app": { "client": { "name": "client", "client_secret": "emulated" } },
        "oci_logging_log": { "this": id("log") },
        "oci_logging_log_group": { "this": id("loggroup") },
        "oci_ons_notification_topic": { "this": id("onstopic") },
    })
}

pub(crate) fn try_plan(given: &Value) -> Result<Plan, Vec<String>> {
    static READ: LazyLock<(Module, Schema)> =
        LazyLock::new(|| (Module::read(MODULE), Schema::read()));
    let (module, schema) = &*READ;
    Plan::make(module, schema, given, &exported())
}

pub(crate) fn plan(given: &Value) -> Plan {
    try_plan(given).unwrap_or_else(|errors| panic!("{}", errors.join("\n")))
}
