//! The command line of `mdfn deploy`.

use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, value_parser};
use emulator::agent::parse_config;

use crate::input::assignment;
use crate::policy::compartment;

/// The memory that a function may have, in MB.
const MEMORY: [&str; 6] = ["128", "256", "512", "1024", "2048", "3072"];

const AFTER_HELP: &str = "\
It shows what will change, asks, and waits until the function is active. A function of the same name is updated: what is not named
here stays as it is, and so do settings and tags of other names. A new function has 128 MB and 120 s where nothing else is said.

Values of settings are never shown. Those that are secrets do not belong on a command line: name the variable of your environment
that has it (`--config NAME`), or a file.

It signs as you do: a profile of the OCI configuration file, and the variables of the OCI CLI over it. It heeds no proxy.

Exit code: 0 done, or nothing to change; 1 not done because of what is there, because you said no, or the function failed; 2 not
done because of what was given; 3 the service refused, did not answer, or was not ready in time.

Example:
  mdfn deploy --archive function.zip --application ocid1.fnapp.oc1.sa-saopaulo-1.example \\
      --config ALLOWED_DEPLOYMENTS=ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.example --dry-run";

/// Makes a function of an archive or an image, or updates it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("code").required(true))]
pub struct Options {
    /// The archive with the executable, a ZIP
    #[arg(long, value_name = "FILE", group = "code")]
    pub(super) archive: Option<PathBuf>,
    /// The image, in the registry of the function's region
    #[arg(long, value_name = "NAME", group = "code")]
    pub(super) image: Option<String>,
    /// The application, by its OCID, or by its name in --compartment
    #[arg(long, value_name = "NAME|OCID", value_parser = application)]
    pub(super) application: String,
    /// The compartment of the application; needed where that is a name
    #[arg(long, value_name = "OCID", value_parser = compartment)]
    pub(super) compartment: Option<String>,
    /// The name of the function in its application
    #[arg(long, default_value = "model-deployment-fn", value_parser = NonEmptyStringValueParser::new())]
    pub(super) name: String,
    /// The runtime of an archive; else the active one whose language is Go
    #[arg(long, value_name = "NAME", conflicts_with = "image")]
    pub(super) runtime: Option<String>,
    /// The version of the runtime to stay with; else the newest at every update
    #[arg(long, value_name = "OCID", conflicts_with = "image")]
    pub(super) runtime_version: Option<String>,
    /// The memory of a container
    #[arg(long, value_name = "MB", value_parser = memory())]
    pub(super) memory: Option<u64>,
    /// How long a call may take
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=300))]
    pub(super) timeout: Option<u64>,
    /// A setting of the function; without a value, that of your own environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = parse_config)]
    pub(super) config: Vec<(String, Option<String>)>,
    /// A file with settings, a JSON object of texts; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) config_file: Option<PathBuf>,
    /// The settings are not those of the function of this repository, which are checked
    #[arg(long)]
    pub(super) any_function: bool,
    /// A free-form tag of the function (repeatable)
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = assignment)]
    pub(super) tags: Vec<(String, String)>,
    /// The bucket for an archive over 25 MB, which does not fit into the call
    #[arg(long, value_name = "NAME", conflicts_with = "image")]
    pub(super) bucket: Option<String>,
    /// The region; else that of the profile
    #[arg(long)]
    pub(super) region: Option<String>,
    /// The profile of the configuration file; else DEFAULT
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// The OCI configuration file; else ~/.oci/config
    #[arg(long, value_name = "FILE")]
    pub(super) config_location: Option<String>,
    /// Another address of the Functions service
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Another address of Object Storage
    #[arg(long, value_name = "URL")]
    pub(super) storage_endpoint: Option<String>,
    /// How long to wait until the function is active
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = value_parser!(u64).range(1..=1200))]
    pub(super) wait: u64,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Show the requests, and send none
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

fn memory() -> impl TypedValueParser<Value = u64> {
    PossibleValuesParser::new(MEMORY)
        .map(|number| number.parse().expect("each of these is a number"))
}

fn application(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.starts_with("ocid1.") && !text.starts_with("ocid1.fnapp.") {
        Err("expected the name or the OCID of an application, `ocid1.fnapp...`")
    } else {
        Ok(text.to_owned())
    }
}
