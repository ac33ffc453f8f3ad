//! The options of `mdfn policy`.

use clap::{ArgGroup, Args, ValueEnum};

use super::values::{bucket, compartment, function, generative_model, name};

const USAGE: &str = "\
mdfn policy [OPTIONS] --function <OCID>
           <--models <OCID>|--genai-chat <OCID>|--genai-responses <OCID>|--bucket <OCID=NAME>>";

const AFTER_HELP: &str = "\
The group holds only this function. It may do what the options name in their compartments, and nothing else. The
gateways in their compartment may call the functions in theirs. A change takes up to 15 minutes to reach a running
function.

--genai-chat allows chat with the models of --model alone. --genai-responses allows responses and conversations with
every model: there the function's ALLOWED_SERVICES is the only list of models. `generative-ai-response` and
`generative-ai-conversation` are not part of `generative-ai-family`. Without them the function gets a 404, where a
user with more rights does not.

Exit code: 0, 2 for wrong usage.

Examples:
  mdfn policy --function ocid1.fnfunc.oc1..example --models ocid1.compartment.oc1..models \\
      --gateways ocid1.compartment.oc1..gateways --functions ocid1.compartment.oc1..functions
  mdfn policy --function ocid1.fnfunc.oc1..example --genai-chat ocid1.compartment.oc1..genai \\
      --model xai.grok-4.3 --model openai.gpt-oss-120b --bucket ocid1.compartment.oc1..data=reports";

/// Prints the dynamic group and the policies for the function and the gateway
#[derive(Debug, Args)]
#[command(
    after_help = AFTER_HELP,
    override_usage = USAGE,
    group = ArgGroup::new("what it calls")
        .args(["models", "genai_chat", "genai_responses", "buckets"])
        .required(true)
        .multiple(true),
)]
pub struct Options {
    /// OCID of the function
    #[arg(long, value_name = "OCID", value_parser = function)]
    pub(super) function: String,
    /// Compartment of the model deployments (repeatable)
    #[arg(long, value_name = "OCID", value_parser = compartment)]
    pub(super) models: Vec<String>,
    /// Compartment for chat with models of Generative AI
    #[arg(long, value_name = "OCID", requires = "genai_models", value_parser = compartment)]
    pub(super) genai_chat: Option<String>,
    /// Model for --genai-chat: its full name, or the OCID of an endpoint (repeatable)
    #[arg(long = "model", value_name = "NAME", requires = "genai_chat", value_parser = generative_model)]
    pub(super) genai_models: Vec<String>,
    /// Compartment for responses and conversations of Generative AI
    #[arg(long, value_name = "OCID", value_parser = compartment)]
    pub(super) genai_responses: Option<String>,
    /// Bucket to list and read: its compartment, and its name (repeatable)
    #[arg(long = "bucket", value_name = "OCID=NAME", value_parser = bucket)]
    pub(super) buckets: Vec<(String, String)>,
    /// Compartment of the gateways
    #[arg(long, value_name = "OCID", requires = "functions", value_parser = compartment)]
    pub(super) gateways: Option<String>,
    /// Compartment of the functions that the gateways may call
    #[arg(long, value_name = "OCID", requires = "gateways", value_parser = compartment)]
    pub(super) functions: Option<String>,
    /// Compartment for the function's metrics, if `METRICS_NAMESPACE` is set
    #[arg(long, value_name = "OCID", requires = "metrics_namespace", value_parser = compartment)]
    pub(super) metrics: Option<String>,
    /// Value of `METRICS_NAMESPACE`
    #[arg(long, value_name = "NAME", requires = "metrics", value_parser = name)]
    pub(super) metrics_namespace: Option<String>,
    /// Name of the dynamic group and of its policies
    #[arg(long, default_value = "model-callers", value_parser = name)]
    pub(super) name: String,
    /// Identity domain of the dynamic group, if not the default one
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(super) domain: Option<String>,
    /// Use no dynamic group: name the function in a condition
    #[arg(long, conflicts_with = "domain")]
    pub(super) any_user: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// What is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// For a person, and for the console
    Text,
    /// For a program
    Json,
    /// Commands of the OCI CLI
    Oci,
}
