//! Does every name in the module exist, and is everything there that must be? Each kind of mistake
//! is found, too.

use crate::check::check;
use crate::format;
use crate::module::{Module, attribute, attributes, files, place};
use crate::schema::Schema;
use crate::setup::{EXAMPLE, MODULE};

#[test]
fn the_module_uses_names_that_the_provider_has() {
    let findings = check(&Module::read(MODULE), &Schema::read());
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_example_uses_names_that_are_declared() {
    let findings = check(&Module::read(EXAMPLE), &Schema::read());
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_example_gives_the_module_what_it_takes() {
    let (module, example) = (Module::read(MODULE), Module::read(EXAMPLE));
    let (_, block) = example.named("module").next().unwrap();
    let given: Vec<_> = attributes(block.body()).map(|(name, _)| name).collect();
    for (name, variable) in module.named("variable") {
        let optional = attribute(variable.body(), "default").is_some();
        assert!(optional || given.contains(&name), "{name} is not given");
    }
    for name in given.iter().filter(|name| !["source", "providers"].contains(name)) {
        assert!(
            module.named("variable").any(|(declared, _)| declared == *name),
            "{name} is no variable"
        );
    }
    let outputs: Vec<_> = module.named("output").map(|(name, _)| name).collect();
    for (name, output) in example.named("output") {
        let value = attribute(output.body(), "value").unwrap().to_string();
        assert_eq!(value, format!("module.models.{name}"));
        assert!(outputs.contains(&name), "{name} is no output of the module");
    }
}

#[test]
fn the_files_are_formatted() {
    let values = "terraform.tfvars.example";
    let text = std::fs::read_to_string(place(EXAMPLE).join(values)).unwrap();
    let files = [files(MODULE), files(EXAMPLE), vec![(values.to_owned(), text)]].concat();
    for (name, text) in files {
        let findings = format::check(&text);
        assert!(findings.is_empty(), "{name}: {}", findings.join("\n"));
    }
}

#[test]
fn a_badly_formatted_file_is_found() {
    for text in [
        "a {\n b = 1\n}\n",
        "a = 1\nlong = 2\n",
        "a {\n\tb = 1\n}\n",
        "a = 1 \n",
        "a = [\n  1\n  ]\n",
    ] {
        assert!(!format::check(text).is_empty(), "{text:?}");
    }
    let good = "a = \"}${b(\"{\")}\" # {\n\nlong = 1\nb    = [{\n  c = 1\n}]\n";
    assert_eq!(format::check(good), ["line 4: its equals sign is not under its neighbours'"]);
}

/// Replaces a text of the module and looks for what is then found.
#[track_caller]
fn found(from: &str, to: &str, expected: &str) {
    let text: String = files(MODULE).into_iter().map(|(_, text)| text).collect();
    assert!(text.contains(from), "{from} is not in the module");
    let findings = check(&Module::parse(&text.replacen(from, to, 1)), &Schema::read());
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
fn an_undeclared_or_unused_variable_is_found() {
    found("variable \"scope\"", "variable \"scopes\"", "names `var.scope`, which is not declared");
    found("variable \"scope\"", "variable \"scopes\"", "var.scopes: is not used");
    found("  static   =", "  constant =", "names `local.static`, which is not declared");
}

#[test]
fn a_reference_to_nothing_is_found() {
    found(
        "oci_core_vcn.this[0].id",
        "oci_core_vcn.that[0].id",
        "names `oci_core_vcn.that[].id`, which is not declared",
    );
    found(
        "oci_core_vcn.this[0].id",
        "oci_core_vcn.this[0].ocid",
        "`oci_core_vcn.this[].ocid`, which it has not",
    );
    found(
        "oci_core_vcn.this[0].id",
        "oci_core_vcn.this.id",
        "whose index is one too few or too many",
    );
    found("services[0].cidr_block", "services[0].cidr", "services[].cidr`, which it has not");
    found(
        "[oci_identity_policy.invoke]",
        "[oci_identity_policy.call]",
        "depends on `oci_identity_policy.call`",
    );
}

#[test]
fn a_secret_that_is_shown_is_found() {
    found(
        "  sensitive   = true\n",
        "",
        "output.client_secret: is a secret and not marked sensitive",
    );
}

#[test]
fn an_identity_resource_outside_the_home_region_is_found() {
    found("  provider = oci.home\n", "", "have `provider = oci.home`");
}

#[test]
fn a_variable_or_output_without_explanation_is_found() {
    found(
        "  description = \"Path before the routes.\"\n",
        "",
        "var.path_prefix: has no description",
    );
    found("  type        = map(string)\n", "", "has no type");
    found(
        "  description = \"Host name of the gateway.\"\n",
        "",
        "output.gateway_hostname: has no description",
    );
}

#[test]
fn a_validation_of_another_variable_is_found() {
    found(
        "contains([128,",
        "contains([var.timeout,",
        "var.memory: has a validation of something else",
    );
}

#[test]
fn an_unknown_function_is_found() {
    found("floor(var.rate_limit)", "flor(var.rate_limit)", "calls the function `flor`");
}
