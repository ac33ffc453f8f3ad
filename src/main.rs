//! The process: configuration, credentials, TLS, the socket, and then one call after another until it is stopped.
//!
//! Source: docs/spec/fn-container-contract.md#item-13.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use fn_fdk::{Call, Function, Rejection, error_chain};
use model_deployment_fn::config::{Config, ConfigError};
use model_deployment_fn::front;
use model_deployment_fn::predict::{Forwarder, Metrics, Predictor, Tracer};
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{Principal, PrincipalSettings, SettingsError, timestamp};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use zeroize::Zeroizing;

/// What `sysexits.h` calls a wrong use: here, of configuration.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let config = Config::from_environment(&var, &names());
    let settings = PrincipalSettings::from_vars(&var);
    let logger = config.as_ref().map_or_else(ConfigError::logger, |config| config.logger);
    logger.install();
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        log::warn!("a crash may write the key into a core dump: {error}");
    }
    match (config, settings) {
        (Ok(config), Ok(settings)) => match run(config, settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log::error!("stopped: {}", error_chain(&*error));
                ExitCode::FAILURE
            }
        },
        (config, settings) => {
            let config = config.as_ref().map_or_else(ConfigError::mistakes, |_| &[]);
            let settings = settings.as_ref().map_or_else(SettingsError::mistakes, |_| &[]);
            // Both read the regions.
            let more = settings.iter().filter(|mistake| !config.contains(mistake));
            let mistakes: Vec<&str> = config.iter().chain(more).map(String::as_str).collect();
            log::error!("not started: {}", mistakes.join("; "));
            ExitCode::from(EX_USAGE)
        }
    }
}

/// Makes everything that a first call needs, publishes the socket last, and serves.
fn run(config: Config, settings: PrincipalSettings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let principal = Principal::load(settings, now()).map_err(CredentialsError::into_source)?;
    let (source, region) = (principal.source(), principal.region().unwrap_or_default().to_owned());
    let expires = principal.expires().map(timestamp).unwrap_or_default();
    let (aliases, default) = (config.targets.aliases(), config.targets.default_ocid());
    let default = default.unwrap_or_default().to_owned();
    let trust = config.trust()?;
    let forwarder = Forwarder::new(&config.rule, &trust, principal, now, config.repeatable)?;
    let (targets, headers) = (config.targets, config.headers);
    let tracer = Tracer::new(config.tracing, &trust);
    let metrics = config.metrics.map(Metrics::new);
    let tracing = tracer.is_some();
    let predictor = Arc::new(Predictor { targets, headers, forwarder, tracer, metrics });
    let rejecting = predictor.clone();
    let on_rejection = Arc::new(move |call: &Call, rejection: &Rejection| {
        front::reject(&rejecting, call, rejection)
    });
    let function = Function::publish(config.platform)?
        .with_background(predictor.preconnect())
        .with_rejection(on_rejection);
    log::info!(version = env!("CARGO_PKG_VERSION"), source, region, expires, aliases, default, tracing; "ready");
    Ok(function.serve(async |call: Call| front::answer(&predictor, call).await)?)
}

/// The one place that reads the environment. What is not text fails where it is parsed, instead of passing for absent; what is
/// stays in one place, where it can be wiped.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn var(name: &str) -> Option<String> {
    let lossy = |value: OsString| value.to_string_lossy().into_owned();
    env::var_os(name).map(|value| value.into_string().unwrap_or_else(lossy))
}

/// The names of all variables that are text. The values, which come along, are wiped.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn names() -> Vec<String> {
    let names = env::vars_os().map(|(name, value)| {
        drop(Zeroizing::new(value.into_encoded_bytes()));
        name.into_string()
    });
    names.filter_map(Result::ok).collect()
}

/// The one place that reads the clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
