//! The command line of `mdfn invoke`.

use std::convert::Infallible;
use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};
use emulator::agent::{Engine, Setting, parse_config};

const AFTER_HELP: &str = "\
The body of the call is standard input, byte for byte; on a terminal it is empty. The function sees only what --config
passes of your environment; an image sees no file of this machine.

With --detached the caller gets 202 at once, as from OCI Functions with `fn-invoke-type: detached`. The id of the call
is printed at once; its end is waited for and printed like a reply. What OCI Functions writes to a destination is not
published. API Gateway and Fn servers make no detached calls.

Exit code: 0 for a status below 400, 1 for any other, 2 for wrong usage, 3 if the function did not start. For a detached
call its end counts.

Example:
  echo '{\"data\": [[5.1, 3.5, 1.4, 0.2]]}' | mdfn invoke --config MODEL_DEPLOYMENT --config OCI_CLI_AUTH=api_key \\
      --config HOME --header 'opc-request-id: mine' -- target/release/func";

/// Starts a function, calls it once and prints the body of its reply
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// Header of the client's request (repeatable)
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(super) headers: Vec<(String, Vec<u8>)>,
    /// Content type of the body; empty for none
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    pub(super) content_type: String,
    /// Call as API Gateway does
    #[arg(long)]
    pub(super) gateway: bool,
    /// Method of the client's request to the gateway
    #[arg(long, requires = "gateway", default_value = "POST")]
    pub(super) method: String,
    /// Path of the client's request to the gateway, with its query
    #[arg(long, requires = "gateway", default_value = "/")]
    pub(super) path: String,
    /// Make a detached call, and show how it ended
    #[arg(long)]
    pub(super) detached: bool,
    /// Function configuration; without a value, the value in your environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = parse_config)]
    pub(super) config: Vec<Setting>,
    /// Timeout of the call, up to 300; with --detached 5 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u64).range(1..=3600))]
    pub(super) timeout: u64,
    /// Timeout of the start; default: 5, as on the platform, or 30 for an image
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=300))]
    pub(super) start_timeout: Option<u64>,
    /// Start it as an Fn server does: no names of function and application, no log frames
    #[arg(long)]
    pub(super) fn_server: bool,
    /// Show the function's log lines, the status and the headers on stderr
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Call this image, in a container with the platform's limits
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    pub(super) image: Option<String>,
    /// Container engine for the image
    #[arg(long, conflicts_with = "command", default_value = "docker", value_parser = engine())]
    pub(super) engine: Engine,
    /// Catches a program that was given without `--`
    #[arg(hide = true, value_name = "PROGRAM", value_parser = without_dashes)]
    stray: Option<Infallible>,
    /// Program and its arguments
    #[arg(last = true, required_unless_present = "image", value_name = "PROGRAM")]
    pub(super) command: Vec<OsString>,
}

fn header(text: &str) -> Result<(String, Vec<u8>), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().as_bytes().to_vec()))
}

/// Refuses a program whose options would be taken for those of `mdfn`.
fn without_dashes(_text: &str) -> Result<Infallible, &'static str> {
    Err("write `--` before the program: `-- PROGRAM ARGUMENTS`")
}

fn engine() -> impl TypedValueParser<Value = Engine> {
    let names = [
        PossibleValue::new("docker").help("Docker"),
        PossibleValue::new("podman").help("Podman, which takes the same commands"),
    ];
    PossibleValuesParser::new(names)
        .map(|name| Engine::named(&name).expect("an engine has each of these names"))
}
