//! `mdfn policy`: the dynamic group and the policy statements that the function and the gateway
//! need, and nothing more.
//!
//! Source: docs/spec/oci-services.md#predict-permission.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::terminal::{complain, deliver};

const AFTER_HELP: &str = "\
The group holds only this function. It may predict with the model deployments in the compartments, and nothing else. The
gateways in their compartment may call the functions in theirs. A change takes up to 15 minutes to reach a running
function.

Exit code: 0, 2 for wrong usage.

Example:
  mdfn policy --function ocid1.fnfunc.oc1..example --models ocid1.compartment.oc1..models \\
      --gateways ocid1.compartment.oc1..gateways --functions ocid1.compartment.oc1..functions";

/// Prints the dynamic group and the policies for the function and the gateway
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// OCID of the function
    #[arg(long, value_name = "OCID", value_parser = function)]
    function: String,
    /// Compartment of the model deployments (repeatable)
    #[arg(long, value_name = "OCID", required = true, value_parser = compartment)]
    models: Vec<String>,
    /// Compartment of the gateways
    #[arg(long, value_name = "OCID", requires = "functions", value_parser = compartment)]
    gateways: Option<String>,
    /// Compartment of the functions that the gateways may call
    #[arg(long, value_name = "OCID", requires = "gateways", value_parser = compartment)]
    functions: Option<String>,
    /// Compartment for the function's metrics, if `METRICS_NAMESPACE` is set
    #[arg(long, value_name = "OCID", requires = "metrics_namespace", value_parser = compartment)]
    metrics: Option<String>,
    /// Value of `METRICS_NAMESPACE`
    #[arg(long, value_name = "NAME", requires = "metrics", value_parser = name)]
    metrics_namespace: Option<String>,
    /// Name of the dynamic group and of its policies
    #[arg(long, default_value = "model-callers", value_parser = name)]
    name: String,
    /// Identity domain of the dynamic group, if not the default one
    #[arg(long, value_name = "NAME", value_parser = name)]
    domain: Option<String>,
    /// Use no dynamic group: name the function in a condition
    #[arg(long, conflicts_with = "domain")]
    any_user: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For a person, and for the console
    Text,
    /// For a program
    Json,
    /// Commands of the OCI CLI
    Oci,
}

/// A policy, and where it is attached.
struct Policy {
    name: String,
    description: &'static str,
    compartment: String,
    statement: String,
}

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

/// The matching rule, if there is to be a group.
fn group(options: &Options) -> Option<String> {
    let rule = format!("ALL {{resource.type = 'fnfunc', resource.id = '{}'}}", options.function);
    (!options.any_user).then_some(rule)
}

fn policies(options: &Options) -> Vec<Policy> {
    const PREDICT: &str = "{DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT}";
    let predict = |(number, compartment): (usize, &String)| {
        let statement = allowed(options, PREDICT, compartment, None);
        // The name of a policy is unique in the tenancy.
        let name = match number {
            0 => options.name.clone(),
            more => format!("{}-{}", options.name, more + 1),
        };
        Policy {
            name,
            description: "The function may predict, and nothing else",
            compartment: compartment.clone(),
            statement,
        }
    };
    let metrics = options.metrics.iter().zip(&options.metrics_namespace);
    let metrics = metrics.map(|(compartment, namespace)| {
        let own = format!("target.metrics.namespace = '{namespace}'");
        Policy {
            name: format!("{}-metrics", options.name),
            description: "The function may post metrics of its own",
            compartment: compartment.clone(),
            statement: allowed(options, "{METRIC_WRITE}", compartment, Some(&own)),
        }
    });
    let gateway = options.gateways.iter().zip(&options.functions).map(|(gateways, functions)| Policy {
        name: format!("{}-gateway", options.name),
        description: "The gateways may call the functions",
        compartment: functions.clone(),
        statement: format!(
            "Allow any-user to use functions-family in compartment id {functions} where ALL {{request.principal.type = \
             'ApiGateway', request.resource.compartment.id = '{gateways}'}}"
        ),
    });
    let mut seen = BTreeSet::new();
    let models = options.models.iter().filter(|compartment| seen.insert(*compartment));
    models.enumerate().map(predict).chain(metrics).chain(gateway).collect()
}

/// What the function may do in a compartment, under a condition or always.
fn allowed(options: &Options, what: &str, compartment: &str, condition: Option<&str>) -> String {
    let (who, myself) = match (options.any_user, &options.domain) {
        (true, _) => {
            let function = format!(
                "request.principal.type = 'fnfunc', request.principal.id = '{}'",
                options.function
            );
            ("any-user".to_owned(), Some(function))
        }
        (false, Some(domain)) => (format!("dynamic-group '{domain}'/'{}'", options.name), None),
        (false, None) => (format!("dynamic-group {}", options.name), None),
    };
    let condition = match (myself, condition) {
        (Some(myself), Some(condition)) => format!(" where ALL {{{myself}, {condition}}}"),
        (Some(myself), None) => format!(" where ALL {{{myself}}}"),
        (None, Some(condition)) => format!(" where {condition}"),
        (None, None) => String::new(),
    };
    format!("Allow {who} to {what} in compartment id {compartment}{condition}")
}

fn text(options: &Options, group: Option<&str>, policies: &[Policy]) -> String {
    let group = group.map(|rule| format!("dynamic group {}\n  {rule}", options.name));
    let policies = policies.iter().map(|policy| {
        format!(
            "policy {}, in compartment {}\n  {}",
            policy.name, policy.compartment, policy.statement
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
            "statements": [policy.statement],
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
            policy.name, policy.description, policy.compartment, policy.statement
        )
    });
    // A group that is not made must not be followed by a policy that names it.
    let start =
        "set -e\n# In the home region of the tenancy, where groups and policies are written."
            .to_owned();
    [start].into_iter().chain(group).chain(policies).collect::<Vec<_>>().join("\n")
}

fn function(text: &str) -> Result<String, &'static str> {
    if text.starts_with("ocid1.datasciencemodeldeployment.") {
        Err(
            "this is a model deployment; the group must hold the function, or it stays empty and every call is a 404",
        )
    } else if text.starts_with("ocid1.fnfunc.") && is_ocid(text) {
        Ok(text.to_owned())
    } else {
        Err("expected the OCID of a function, `ocid1.fnfunc...`")
    }
}

/// The OCID of a compartment, or of a tenancy, which is one.
pub(crate) fn compartment(text: &str) -> Result<String, &'static str> {
    if (text.starts_with("ocid1.compartment.") || text.starts_with("ocid1.tenancy."))
        && is_ocid(text)
    {
        Ok(text.to_owned())
    } else {
        Err("expected the OCID of a compartment, `ocid1.compartment...`")
    }
}

fn is_ocid(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

fn name(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `.`, `-` and `_`")
    }
}
