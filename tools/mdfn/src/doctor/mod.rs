//! `mdfn doctor`: what stands between this environment and a prediction, and what an error status
//! probably means.
//!
//! It uses the function's library, to ask what the function itself would decide.

mod api_key;
mod call;
mod clock;
mod deployed;
mod expiry;
mod report;
mod services;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use emulator::clock::now;
use fn_fdk::error_chain;
use model_deployment_fn::config::Config;
use model_deployment_fn::predict::Endpoint;
use oracle_cloud_client::Principal;

use self::report::Report;
use crate::cause;
use crate::client::{Client, ROOTS};
use crate::input::assignment;
use crate::terminal::{complain, say};

const AFTER_HELP: &str = "\
Reads configuration and credentials as the function does, from your environment and --config. Then it connects to the
target and checks its name, TLS certificate and clock. Of every entry of ALLOWED_SERVICES it prints hosts and
operations, and resolves the hosts. It counts the bytes of --config. --call sends one signed prediction, as the function
does. Neither goes through a proxy. --explain only explains a status. --deployed asks a deployed function's route
`readyz`.

Each line begins with `ok`, `warn` or `FAIL`. Fix every FAIL before you continue.

Exit code: 0 without a FAIL, 1 with one, 2 for wrong usage.

Examples:
  mdfn doctor --explain 404
  echo '{\"data\": [[5.1, 3.5, 1.4, 0.2]]}' | OCI_CLI_AUTH=security_token mdfn doctor --call - \\
      https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/<model deployment OCID>/predict";

/// Checks configuration, credentials, clock and connection; explains an error status
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// URL or alias of the model deployment; default: `MODEL_DEPLOYMENT`
    target: Option<String>,
    /// Function configuration, overrides your environment (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    config: Vec<(String, String)>,
    /// Send this file as a signed prediction; `-` for standard input
    #[arg(long, value_name = "FILE")]
    call: Option<PathBuf>,
    /// Print the probable causes of this status
    #[arg(long, value_name = "STATUS", conflicts_with_all = ["target", "config", "call"])]
    explain: Option<u16>,
    /// URL of a deployed function's route `readyz`: ask for its state
    #[arg(long, value_name = "URL", conflicts_with_all = ["target", "config", "call", "explain"])]
    deployed: Option<String>,
    /// File with a token for --deployed; `-` for standard input
    #[arg(long, value_name = "FILE", requires = "deployed")]
    token_file: Option<PathBuf>,
}

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    if let Some(status) = options.explain {
        return explain(status);
    }
    let mut report = Report::default();
    if let Some(url) = &options.deployed {
        deployed::check(&mut report, url, options.token_file.as_deref(), variable).await;
        return report.end();
    }
    let given = options.config.clone();
    let var = move |name: &str| {
        let given = given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let listener = || (name == "FN_LISTENER").then(|| "unix:/tmp/iofs/lsnr.sock".to_owned());
        given.or_else(|| variable(name)).or_else(listener)
    };
    let names: Vec<String> = options.config.iter().map(|(name, _)| name.clone()).collect();
    let config = configuration(&mut report, &var, &names);
    let wanted = options.target.clone().or_else(|| var("MODEL_DEPLOYMENT"));
    let endpoint = config.as_ref().and_then(|config| target(&mut report, config, wanted));
    let principal = credentials(&mut report, &var).await;
    if let Some(config) = &config {
        services::check(&mut report, config).await;
    }
    services::size(&mut report, &options.config, &var);
    let mut reached = false;
    if let (Some(config), Some(endpoint)) = (&config, &endpoint) {
        reached = connection(&mut report, config, endpoint, &var).await;
    }
    if let Some(path) = &options.call {
        match (config, endpoint, principal) {
            (Some(config), Some(endpoint), Some(principal)) if reached => {
                call::predict(&mut report, &config, &endpoint, principal, path).await;
            }
            (Some(_), Some(_), Some(_)) => report.fail("call", "not made: there is no connection"),
            _ => report.fail("call", "not made: it needs a target and credentials"),
        }
    }
    report.end()
}

fn explain(status: u16) -> ExitCode {
    let causes = cause::of_status(status);
    for cause in &causes {
        say(cause);
    }
    if causes.is_empty() {
        complain(&format!("mdfn doctor: no usual cause of {status} is known"));
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// Returns the function's reading of this configuration.
fn configuration(
    report: &mut Report,
    var: &dyn Fn(&str) -> Option<String>,
    names: &[String],
) -> Option<Config> {
    match Config::from_environment(var, names) {
        Ok(config) => {
            report.ok("configuration", "the function would start with it");
            Some(config)
        }
        Err(error) => {
            report.fail("configuration", &format!("the function would not start: {error}"));
            None
        }
    }
}

/// Returns the endpoint that the function would call.
fn target(report: &mut Report, config: &Config, named: Option<String>) -> Option<Endpoint> {
    let named = named.map(|target| target.trim().to_owned()).filter(|target| !target.is_empty());
    let Some(target) = named else {
        report.warn("target", "none is given, and MODEL_DEPLOYMENT is not set");
        return None;
    };
    match config.targets.resolve(&target) {
        Ok(endpoint) => {
            report.ok("target", &format!("{} may be called", endpoint.uri()));
            Some(endpoint)
        }
        Err(_) if !target.contains("://") => {
            report.fail(
                "target",
                &format!("`{target}` is not an alias of MODEL_DEPLOYMENTS, and no URL"),
            );
            None
        }
        Err(refusal) => {
            report.fail("target", &format!("the function answers 403 TargetNotAllowed: {refusal}"));
            None
        }
    }
}

async fn credentials(
    report: &mut Report,
    var: &dyn Fn(&str) -> Option<String>,
) -> Option<Principal> {
    let now = now();
    let principal = match Principal::from_vars(var, now) {
        Ok(principal) => principal,
        Err(error) => {
            report.fail("credentials", &error_chain(&*error.into_source()));
            return None;
        }
    };
    let credentials = match principal.credentials(now).await {
        Ok(credentials) => credentials,
        Err(error) => {
            report.fail(
                "credentials",
                &format!("{}: {}", principal.source(), error_chain(&*error.into_source())),
            );
            return None;
        }
    };
    let region = principal.region().unwrap_or("no region");
    report.ok("credentials", &format!("{}, {region}", principal.source()));
    if principal.source() == "api_key" {
        for warning in api_key::warnings(&credentials) {
            report.warn("key id", &warning);
        }
    }
    match credentials.expires() {
        None => report.ok("token", "an API key has none, and does not expire"),
        Some(expires) => expiry::judge(report, expires, now),
    }
    Some(principal)
}

/// Returns whether the deployment's host can be asked at all; and how far its clock is from ours.
async fn connection(
    report: &mut Report,
    config: &Config,
    endpoint: &Endpoint,
    var: &dyn Fn(&str) -> Option<String>,
) -> bool {
    let uri = endpoint.uri();
    let host = uri.authority().map(ToString::to_string).unwrap_or_default();
    let name = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    if let Err(error) = config.rule.resolve(name).await {
        report.fail("connection", &format!("the function does not connect to {host}: {error}"));
        return false;
    }
    let bundle = var(ROOTS).filter(|path| !path.is_empty()).map(PathBuf::from);
    let client = match Client::new(bundle.as_deref()) {
        Ok(client) => client,
        Err(error) => {
            report.fail("roots", &error.to_string());
            return false;
        }
    };
    let answer = match client.send("GET", &format!("https://{host}/"), &[], "").await {
        Ok(answer) => answer,
        Err(error) => {
            report.fail("connection", &error.to_string());
            return false;
        }
    };
    let connect = answer.phases.connect.as_millis();
    report.ok("connection", &format!("{host} after {connect} ms, with TLS that is trusted"));
    let date = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    clock::judge(report, date, now());
    true
}
