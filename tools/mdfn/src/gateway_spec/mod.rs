//! `mdfn gateway-spec`: a deployment specification for one or many models, and what is wrong with
//! one that is there.

mod findings;
mod options;
mod services;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;

pub use self::findings::{Finding, Place, Severity};
pub use self::validate::findings;
pub(crate) use self::validate::keys;

use self::options::{
    audience, client, function, https, model, openai_model, origin, scope, server, server_path,
    text,
};
use self::services::{Wanted, service};

use crate::input::{self, check_stdin, read, read_word};
use crate::terminal::{complain, deliver};
use emulator::gateway::document::{BackEnd, Input, Keys};
use emulator::identity::ISSUER;

/// The shortest secret that the server takes, in bytes.
const MIN_SECRET: usize = 16;

const USAGE: &str = "\
mdfn gateway-spec [OPTIONS] <--function <OCID>|--server <URL>> --audience <URL>
           <--keys <FILE>|--jwks-uri <URL>> <--model <NAME=TARGET>|--openai <NAME=TARGET>|--service <NAME=TARGET>>
       mdfn gateway-spec <COMMAND>";

const AFTER_HELP: &str = "\
Every model gets a route that sets the header `model_deployment`, whatever the client sent. The function itself answers
`/healthz` and `/readyz`. The Terraform module makes the same specification, and `mdfn local` runs it.

A target is a URL, or an alias from the function's MODEL_DEPLOYMENTS. ALLOWED_DEPLOYMENTS should list all deployments.

For --openai models, set ALLOWED_PATHS=openai: the function calls the path that the client's path ends in, or answers
404 if that path is not allowed. An alias of a --model is then a predict URL, not a base URL. ALLOWED_PATHS must also
name each --server-path: `openai,/metrics`. `mdfn local` refuses a specification with --cors.

A --service gets a route that sets the header `service_target`, with the methods that its entry in --allowed-services
opens, and a scope of its own: its name, or what stands behind `,scope=`. Where the entry has a `mount`, the name is the
last part of it.

With --server the routes lead to the streaming server, which answers piece by piece. They set the header
`x-gateway-secret`, so the specification has the secret in it: keep it as you keep the secret. The server answers no
`/healthz` there. A --server-path also takes DELETE, which ends a session of MCP.

Exit code: 0, 1 if the service would refuse it, 2 for wrong usage.

Example:
  mdfn jwk https://idcs-<id>.identity.oraclecloud.com > keys.json
  mdfn gateway-spec --function <function OCID> --audience https://gateway.example/ --keys keys.json \\
      --model iris=https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/<OCID>/predict > spec.json
  oci api-gateway deployment create --path-prefix /models --specification file://spec.json ...";

const AFTER_VALIDATE: &str = "\
`refused`: it cannot work: the service refuses it, or the function refuses its target. `unsafe`: someone can call, or
choose a target, who should not. `note`: worth knowing, or not checked. Names are read as the API, the OCI CLI and
Terraform write them.

Exit code: 0 without a refused or unsafe part, 1 with one, 2 for wrong usage.

Example:
  oci api-gateway deployment get --deployment-id <OCID> --query data.specification | mdfn gateway-spec validate";

/// Prints an API Gateway deployment specification for your models
#[derive(Debug, Args)]
#[command(
    after_help = AFTER_HELP,
    override_usage = USAGE,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    group = ArgGroup::new("who answers").args(["function", "server"]).required(true),
    group = ArgGroup::new("where keys are").args(["keys", "jwks_uri"]).required(true),
    group = ArgGroup::new("a model").args(["models", "openai_models", "services"]).required(true).multiple(true),
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// OCID of the function
    #[arg(long, value_name = "OCID", value_parser = function)]
    function: Option<String>,
    /// URL of the streaming server, in place of a function: `http://10.0.1.2:8080`
    #[arg(long, value_name = "URL", value_parser = server, requires = "gateway_secret_file", conflicts_with = "anonymous_health")]
    server: Option<String>,
    /// File with the secret that the server knows the gateway by; `-` for standard input
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "function")]
    gateway_secret_file: Option<PathBuf>,
    /// Model: path, and predict URL or alias (repeatable)
    #[arg(long = "model", value_name = "NAME=TARGET", value_parser = model)]
    models: Vec<(String, String)>,
    /// Model with OpenAI's protocol: path, and base URL (to the OCID) or alias (repeatable)
    #[arg(long = "openai", value_name = "NAME=TARGET", value_parser = openai_model)]
    openai_models: Vec<(String, String)>,
    /// Other OCI service: path, and alias or URL; `,scope=S` may follow (repeatable)
    #[arg(long = "service", value_name = "NAME=TARGET", value_parser = service, requires = "allowed_services")]
    services: Vec<Wanted>,
    /// File with the function's `ALLOWED_SERVICES`; `-` for standard input
    #[arg(long, value_name = "FILE", requires = "services")]
    allowed_services: Option<PathBuf>,
    /// Audience of the tokens, exactly as in the identity domain
    #[arg(long, value_name = "URL", required = true, value_parser = audience)]
    audience: Option<String>,
    /// Issuer, exactly as `iss` (repeatable)
    #[arg(long = "issuer", value_name = "URL", default_value = ISSUER, value_parser = text)]
    issuers: Vec<String>,
    /// File with the keys that `mdfn jwk` printed; `-` for standard input
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Let the gateway fetch the keys from this URL; the identity domain must publish them
    #[arg(long, value_name = "URL", value_parser = https)]
    jwks_uri: Option<String>,
    /// Scope that tokens need, without the audience
    #[arg(long, default_value = "predict", value_parser = scope)]
    scope: String,
    /// Allow only this client id (repeatable); default: every client with the scope
    #[arg(long = "client", value_name = "ID", value_parser = client)]
    clients: Vec<String>,
    /// Calls per second, all clients together
    #[arg(long, value_name = "CALLS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: u32,
    /// Allow `/healthz` without a token
    #[arg(long)]
    anonymous_health: bool,
    /// Allow this origin's pages to call from a browser, with a token (repeatable)
    #[arg(long = "cors", value_name = "ORIGIN", value_parser = origin)]
    origins: Vec<String>,
    /// Path of every --openai model's server besides `/v1`, such as `/metrics` (repeatable)
    #[arg(long = "server-path", value_name = "PATH", requires = "openai_models", value_parser = server_path)]
    server_paths: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks a specification: what is refused, what is unsafe
    #[command(after_help = AFTER_VALIDATE)]
    Validate {
        /// File with the specification; `-` for standard input
        #[arg(default_value = "-")]
        file: PathBuf,
    },
}

/// A specification that cannot be made or looked at.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("{0} is not JSON: {1}")]
    Json(&'static str, serde_json::Error),
    #[error(
        "`--keys` is not an array of keys; `mdfn jwk` makes one of an identity domain's key set"
    )]
    Keys,
    #[error(
        "this is not a deployment specification; expected JSON with `routes`, or what `oci api-gateway deployment get` prints"
    )]
    NoSpecification,
    #[error(transparent)]
    Service(#[from] services::Error),
    #[error("`{0}` is named twice")]
    Twice(String),
    #[error("`{0}` names `{1}` twice")]
    Repeated(&'static str, String),
    #[error("it is not printed: {0}")]
    Refused(String),
    #[error(
        "the secret is not one of 16 or more visible characters, without `${{`; `openssl rand -hex 32` makes one"
    )]
    Secret,
    #[error("`--audience` and `--function` or `--server` are needed")]
    Missing,
}

/// Carries the command out.
pub fn run(options: Options) -> ExitCode {
    let done = match &options.command {
        Some(Command::Validate { file }) => explain(file),
        None => print(options),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("mdfn gateway-spec: {error}"));
        ExitCode::from(if matches!(error, Error::Refused(_)) { 1 } else { 2 })
    })
}

fn print(options: Options) -> Result<ExitCode, Error> {
    let files = options.keys.iter().chain(&options.gateway_secret_file);
    let files = files.chain(&options.allowed_services);
    check_stdin(files.map(PathBuf::as_path))?;
    let keys = match (options.keys, options.jwks_uri) {
        (_, Some(uri)) => Keys::Jwks(uri),
        (file, None) => {
            let keys = read("`--keys`", &file.unwrap_or_else(|| PathBuf::from("-")))?;
            let keys: Value =
                serde_json::from_slice(&keys).map_err(|error| Error::Json("`--keys`", error))?;
            if !keys.is_array() {
                return Err(Error::Keys);
            }
            Keys::Static(keys)
        }
    };
    let function = options.function.clone();
    let back_end = match (options.function, options.server, &options.gateway_secret_file) {
        (Some(function), ..) => BackEnd::Function(function),
        (None, Some(url), Some(file)) => BackEnd::Server { url, secret: secret(file)? },
        (None, ..) => return Err(Error::Missing),
    };
    let Some(audience) = options.audience else {
        return Err(Error::Missing);
    };
    if !audience.ends_with('/') {
        complain(&format!(
            "mdfn gateway-spec: the audience has no `/` at its end: clients must ask for `{audience}{}`, glued",
            options.scope
        ));
    }
    let (models, openai_models) = (named(options.models)?, named(options.openai_models)?);
    let mut taken: BTreeSet<&str> =
        models.keys().chain(openai_models.keys()).map(String::as_str).collect();
    if let Some(twice) = options.services.iter().find(|service| !taken.insert(&service.name)) {
        return Err(Error::Twice(twice.name.clone()));
    }
    let services = match &options.allowed_services {
        None => BTreeMap::new(),
        Some(file) => {
            let json = read_word("`--allowed-services`", file)?;
            services::routes(options.services, &json, function.as_deref())?
        }
    };
    let input = Input {
        back_end,
        audience,
        keys,
        models,
        openai_models,
        services,
        issuers: options.issuers,
        scope: options.scope,
        clients: options.clients,
        rate_limit: options.rate_limit,
        anonymous_health: options.anonymous_health,
        origins: distinct("--cors", options.origins)?,
        server_paths: distinct("--server-path", options.server_paths)?,
    };
    let document = input.document();
    let findings = findings(&document).unwrap_or_default();
    if let Some(worst) = findings.first().filter(|found| found.severity != Severity::Note) {
        return Err(Error::Refused(worst.to_string()));
    }
    Ok(deliver("mdfn gateway-spec", &format!("{document:#}")))
}

/// The secret in a file, as the gateway sends it and the server takes it.
fn secret(file: &Path) -> Result<String, Error> {
    let secret = read_word("the secret", file)?;
    let is_header = secret.bytes().all(|byte| byte.is_ascii_graphic());
    if is_header && secret.len() >= MIN_SECRET && !secret.contains("${") {
        Ok(secret)
    } else {
        Err(Error::Secret)
    }
}

fn explain(file: &Path) -> Result<ExitCode, Error> {
    let text = read("the specification", file)?;
    let specification: Value =
        serde_json::from_slice(&text).map_err(|error| Error::Json("the specification", error))?;
    let findings = findings(&specification).ok_or(Error::NoSpecification)?;
    let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let (refused, unsafe_parts) = (count(Severity::Refused), count(Severity::Unsafe));
    let sum = format!("{refused} refused, {unsafe_parts} unsafe, {} notes", count(Severity::Note));
    let lines = findings.iter().map(ToString::to_string).chain([sum]);
    let written = deliver("mdfn gateway-spec", &lines.collect::<Vec<_>>().join("\n"));
    Ok(if refused + unsafe_parts > 0 { ExitCode::FAILURE } else { written })
}

fn named(models: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Error> {
    let mut named = BTreeMap::new();
    for (name, target) in models {
        if named.insert(name.clone(), target).is_some() {
            return Err(Error::Twice(name));
        }
    }
    Ok(named)
}

/// Returns the values of an option that is given once for each.
fn distinct(option: &'static str, values: Vec<String>) -> Result<Vec<String>, Error> {
    let mut earlier = BTreeSet::new();
    match values.iter().find(|value| !earlier.insert(*value)) {
        Some(value) => Err(Error::Repeated(option, value.clone())),
        None => Ok(values),
    }
}
