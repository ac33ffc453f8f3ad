//! `mdfn policy`: the dynamic group and the policy statements that the function and the gateway
//! need, and nothing more.
//!
//! Source: docs/spec/oci-services.md#predict-permission.

mod options;
mod services;
mod statement;
mod values;

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::terminal::{complain, deliver};

pub use options::Options;
pub(crate) use values::compartment;

use options::Format;
use statement::{Policy, allowed, numbered};

/// Carries the command out.
pub fn run(options: &Options) -> ExitCode {
    if let (Format::Oci, Some(domain)) = (options.format, &options.domain) {
        complain(&format!(
            "mdfn policy: `oci iam dynamic-group create` knows the default domain only; make the group in the console of `{domain}`, \
             with the rule that `--format text` prints"
        ));
        return ExitCode::from(2);
    }
    let (group, policies) = (group(options), policies(options));
    let printed = match options.format {
        Format::Text => text(options, group.as_deref(), &policies),
        Format::Json => json(options, group.as_deref(), &policies),
        Format::Oci => commands(options, group.as_deref(), &policies),
    };
    deliver("mdfn policy", &printed)
}

/// Returns the matching rule, if a group is wanted.
fn group(options: &Options) -> Option<String> {
    let rule = format!("ALL {{resource.type = 'fnfunc', resource.id = '{}'}}", options.function);
    (!options.any_user).then_some(rule)
}

fn policies(options: &Options) -> Vec<Policy> {
    const PREDICT: &str = "{DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT}";
    let predict = |(number, compartment): (usize, &String)| Policy {
        name: numbered(&options.name, number),
        description: "The function may predict, and nothing else",
        compartment: compartment.clone(),
        statements: vec![allowed(options, PREDICT, compartment, None)],
    };
    let metrics = options.metrics.iter().zip(&options.metrics_namespace);
    let metrics = metrics.map(|(compartment, namespace)| {
        let own = format!("target.metrics.namespace = '{namespace}'");
        Policy {
            name: format!("{}-metrics", options.name),
            description: "The function may post metrics of its own",
            compartment: compartment.clone(),
            statements: vec![allowed(options, "{METRIC_WRITE}", compartment, Some(&own))],
        }
    });
    let gateway = options.gateways.iter().zip(&options.functions).map(|(gateways, functions)| Policy {
        name: format!("{}-gateway", options.name),
        description: "The gateways may call the functions",
        compartment: functions.clone(),
        statements: vec![format!(
            "Allow any-user to use functions-family in compartment id {functions} where ALL {{request.principal.type = \
             'ApiGateway', request.resource.compartment.id = '{gateways}'}}"
        )],
    });
    let mut seen = BTreeSet::new();
    let models = options.models.iter().filter(|compartment| seen.insert(*compartment));
    let models = models.enumerate().map(predict);
    models.chain(services::policies(options)).chain(metrics).chain(gateway).collect()
}

fn text(options: &Options, group: Option<&str>, policies: &[Policy]) -> String {
    let group = group.map(|rule| format!("dynamic group {}\n  {rule}", options.name));
    let policies = policies.iter().map(|policy| {
        format!(
            "policy {}, in compartment {}\n  {}",
            policy.name,
            policy.compartment,
            policy.statements.join("\n  ")
        )
    });
    group.into_iter().chain(policies).collect::<Vec<_>>().join("\n\n")
}

fn json(options: &Options, group: Option<&str>, policies: &[Policy]) -> String {
    let policies = policies.iter().map(|policy| {
        json!({
            "name": policy.name,
            "description": policy.description,
            "compartmentId": policy.compartment,
            "statements": policy.statements,
        })
    });
    let group = group.map(|rule| json!({ "name": options.name, "matchingRule": rule }));
    format!("{:#}", json!({ "dynamicGroup": group, "policies": policies.collect::<Value>() }))
}

fn commands(options: &Options, group: Option<&str>, policies: &[Policy]) -> String {
    let group = group.map(|rule| {
        format!(
            "oci iam dynamic-group create --name '{}' --description 'The function that calls models' \\\n    --matching-rule \"{rule}\"",
            options.name
        )
    });
    let policies = policies.iter().map(|policy| {
        format!(
            "oci iam policy create --name '{}' --description '{}' --compartment-id {} \\\n    --statements \"[\\\"{}\\\"]\"",
            policy.name,
            policy.description,
            policy.compartment,
            policy.statements.join("\\\", \\\"")
        )
    });
    // A group that is not made must not be followed by a policy that names it.
    let start =
        "set -e\n# In the home region of the tenancy, where groups and policies are written."
            .to_owned();
    [start].into_iter().chain(group).chain(policies).collect::<Vec<_>>().join("\n")
}
