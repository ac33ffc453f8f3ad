//! Does every name in the module exist, and is everything there that must be? Each kind of mistake
//! is found, too.

use crate::check::{attribute, check, dependencies, text};

const MODULE: &str = "deploy/terraform";
const EXAMPLE: &str = "deploy/terraform/example";
const STACK: &str = "deploy/stack";

#[test]
fn the_module_uses_names_that_the_provider_has() {
    let findings = check(&text(MODULE));
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_example_uses_names_that_are_declared() {
    let findings = check(&text(EXAMPLE));
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_stack_uses_names_that_are_declared() {
    // What the form offers is filtered by these; what it shows, by the last.
    let of_the_form = ["network_compartment_id", "vcn_id", "show_advanced"];
    let mut unused = of_the_form.map(|name| format!("var.{name}: is not used"));
    unused.sort_unstable();
    assert_eq!(check(&text(STACK)), unused);
}

#[test]
fn what_has_to_be_replaced_in_place_does_not_depend_on_the_order_of_the_container_instance() {
    // Terraform makes everything anew before the old one ends that such a resource depends on.
    let text = text(MODULE);
    assert_eq!(text.matches("create_before_destroy = true").count(), 1);
    let dependencies = dependencies(&text, "oci_container_instances_container_instance.this");
    assert!(dependencies.contains("oci_core_subnet.functions"), "{dependencies:?}");
    for unique in ["oci_functions_", "oci_identity_", "oci_apigateway_", "oci_core_subnet.gateway"]
    {
        let found = dependencies.iter().find(|name| name.starts_with(unique));
        assert_eq!(found, None, "{unique}");
    }
    // What of the subnet cannot be changed is the same with a function and with a server.
    let (_, subnet) = text.split_once("resource \"oci_core_subnet\" \"functions\"").unwrap();
    let (subnet, _) = subnet.split_once("\n}\n").unwrap();
    for fixed in ["dns_label", "prohibit_public_ip_on_vnic"] {
        let line = subnet.lines().find(|line| line.trim_start().starts_with(fixed)).unwrap();
        assert!(!line.contains("local.") && !line.contains("var."), "{line}");
    }
}

#[test]
fn what_must_be_given_has_no_default() {
    let module = hcl::parse(&text(MODULE)).unwrap();
    let variables = module.blocks().filter(|block| block.identifier() == "variable");
    let required = variables.filter(|block| attribute(block.body(), "default").is_none());
    let mut required: Vec<_> = required.map(|block| block.labels()[0].as_str()).collect();
    required.sort_unstable();
    assert_eq!(required, ["compartment_id", "domain_url", "tenancy_id"]);
}

/// Replaces a text of the module and looks for what is then found.
#[track_caller]
fn found(from: &str, to: &str, expected: &str) {
    let text = text(MODULE);
    assert!(text.contains(from), "{from} is not in the module");
    let findings = check(&text.replacen(from, to, 1));
    assert!(
        findings.iter().any(|found| found.contains(expected)),
        "{expected} is not among {findings:#?}"
    );
}

#[test]
fn a_wrong_name_of_an_argument_is_found() {
    found(
        "token_auth_scheme ",
        "token_authentication_scheme ",
        ".token_authentication_scheme: is not known",
    );
}

#[test]
fn a_wrong_name_of_a_block_is_found() {
    found("rate_limiting {", "rate_limits {", "request_policies.rate_limits: is not known");
}

#[test]
fn a_wrong_type_is_found() {
    found("\"oci_logging_log_group\"", "\"oci_log_group\"", "the schema does not have");
}

#[test]
fn a_missing_required_argument_is_found() {
    found(
        "  gateway_id     = oci_apigateway_gateway.this.id\n",
        "",
        ".gateway_id: is required and not there",
    );
    found(
        "rate_key                    = \"TOTAL\"\n",
        "",
        "rate_limiting.rate_key: is required and not there",
    );
}

#[test]
fn a_missing_required_block_is_found() {
    found(
        "  based_on_template {\n    value = \"CustomWebAppTemplateId\"\n  }\n",
        "",
        "oci_identity_domains_app.gateway.based_on_template: is required and not there",
    );
}

#[test]
fn a_block_written_as_a_map_is_found() {
    found("rate_limiting {", "rate_limiting = {", ".rate_limiting: is a block, not an argument");
}

#[test]
fn an_argument_written_as_a_block_is_found() {
    found(
        "cidr_blocks    = [var.vcn_cidr]",
        "cidr_blocks {\n}",
        "oci_core_vcn.this.cidr_blocks: is an argument, not a block",
    );
}

#[test]
fn a_repeated_single_block_is_found() {
    found(
        "execution_log {",
        "execution_log {\n}\nexecution_log {",
        ".execution_log: may occur once",
    );
}

#[test]
fn what_the_provider_sets_is_not_given() {
    found(
        "dns_label      = \"models\"",
        "state = \"AVAILABLE\"",
        "oci_core_vcn.this.state: is set by the provider",
    );
}

#[test]
fn a_literal_of_another_type_is_found() {
    found("[\"client_credentials\"]", "\"client_credentials\"", ".allowed_grants: is not a list");
}

#[test]
fn a_secret_that_is_shown_is_found() {
    found("  sensitive   = true\n", "", "client_secret: is a secret and not marked sensitive");
}

#[test]
fn an_identity_resource_outside_the_home_region_is_found() {
    found("  provider = oci.home\n", "", "have `provider = oci.home`");
}

#[test]
fn a_variable_or_output_without_explanation_is_found() {
    found("  description = \"Path before the routes.\"\n", "", "path_prefix: has no description");
    found("  type        = map(string)\n", "", "has no type");
    found(
        "  description = \"Host name of the gateway.\"\n",
        "",
        "gateway_hostname: has no description",
    );
}

#[test]
fn a_validation_of_another_variable_is_found() {
    found("contains([128,", "contains([var.timeout,", "memory: has a validation of something else");
}

#[test]
fn an_undeclared_or_unused_variable_is_found() {
    found("variable \"scope\"", "variable \"scopes\"", "var.scope: is not declared");
    found("variable \"scope\"", "variable \"scopes\"", "var.scopes: is not used");
    found("  static   =", "  constant =", "local.static: is not declared");
}
