//! The command line of `mdfn deploy`.

use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, value_parser};
use emulator::agent::{Setting, parse_config};

use crate::access::AccessOptions;
use crate::application;
use crate::input::assignment;
use crate::policy::compartment;

/// The memory that a function may have, in MB.
const MEMORY: [&str; 6] = ["128", "256", "512", "1024", "2048", "3072"];

const AFTER_HELP: &str = "\
Shows what will change, asks, and waits until the function is active. A function with this name is updated: what you do
not name stays as it is, also other settings and tags. A new function has 128 MB and 120 s unless you say otherwise.

Values of settings are never shown. Do not write secrets on the command line: name a variable of your environment
(`--config NAME`), or a file.

It signs as you do: with a profile of the OCI configuration file, overridden by the OCI CLI's variables, or in Cloud
Shell as the signed-in user. It uses no proxy.

Exit code: 0 done, or nothing to change; 1 not done because of what is there, because you said no, or the function
failed; 2 not done because of what was given; 3 the service refused, did not answer, or was not ready in time.

Example:
  mdfn deploy --archive function.zip --application ocid1.fnapp.oc1.sa-saopaulo-1.example \\
      --config ALLOWED_DEPLOYMENTS=ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.example --dry-run";

/// Creates or updates a function from an archive or an image
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("code").required(true))]
pub struct Options {
    /// Archive with the executable, a ZIP
    #[arg(long, value_name = "FILE", group = "code")]
    pub(super) archive: Option<PathBuf>,
    /// Image, in the registry of the function's region
    #[arg(long, value_name = "NAME", group = "code")]
    pub(super) image: Option<String>,
    /// Application: its OCID, or its name in --compartment
    #[arg(long, value_name = "NAME|OCID", value_parser = application::parse)]
    pub(super) application: String,
    /// Compartment of the application, if that is a name
    #[arg(long, value_name = "OCID", value_parser = compartment)]
    pub(super) compartment: Option<String>,
    /// Name of the function in its application
    #[arg(long, default_value = "model-deployment-fn", value_parser = NonEmptyStringValueParser::new())]
    pub(super) name: String,
    /// Runtime of an archive; default: the active one for Go
    #[arg(long, value_name = "NAME", conflicts_with = "image")]
    pub(super) runtime: Option<String>,
    /// Version of the runtime to stay with; default: the newest at every update
    #[arg(long, value_name = "OCID", conflicts_with = "image")]
    pub(super) runtime_version: Option<String>,
    /// Memory of a container
    #[arg(long, value_name = "MB", value_parser = memory())]
    pub(super) memory: Option<u64>,
    /// Timeout of a call
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=300))]
    pub(super) timeout: Option<u64>,
    /// Setting; without a value, the value in your environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = parse_config)]
    pub(super) config: Vec<Setting>,
    /// File with settings, a JSON object of texts; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) config_file: Option<PathBuf>,
    /// Do not check settings: the function is not this repository's
    #[arg(long)]
    pub(super) any_function: bool,
    /// Free-form tag of the function (repeatable)
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = assignment)]
    pub(super) tags: Vec<(String, String)>,
    /// Bucket for an archive over 25 MB, which does not fit into the request
    #[arg(long, value_name = "NAME", conflicts_with = "image")]
    pub(super) bucket: Option<String>,
    #[command(flatten)]
    pub(super) access: AccessOptions,
    /// Another address of the Functions service
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Another address of Object Storage
    #[arg(long, value_name = "URL")]
    pub(super) storage_endpoint: Option<String>,
    /// Timeout until the function is active
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = value_parser!(u64).range(1..=1200))]
    pub(super) wait: u64,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Show the requests, send none
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

fn memory() -> impl TypedValueParser<Value = u64> {
    PossibleValuesParser::new(MEMORY)
        .map(|number| number.parse().expect("each of these is a number"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn what_debug_shows_has_the_name_of_a_setting_and_not_its_value() {
        let line = ["mdfn", "--image", "i", "--application", "ocid1.fnapp.oc1..a"];
        let cli = Cli::try_parse_from(line.iter().chain(&["--config", "TOKEN=s3cret"])).unwrap();
        let shown = format!("{cli:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("s3cret"), "{shown}");
    }
}
