//! The process: configuration, credentials, TLS, the socket, and then one call after another until it is stopped.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use model_deployment_fn::config::Config;
use model_deployment_fn::fdk::{Function, Logger, error_chain};
use model_deployment_fn::oci::{Principal, ServiceClock};
use model_deployment_fn::predict::{Forwarder, Metrics, Predictor, Tracer};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// What `sysexits.h` calls a wrong use: here, of configuration.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let config = Config::from_vars(&var);
    let logger = config.as_ref().map_or(Logger::default(), |config| config.logger);
    logger.install();
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        log::warn!("a crash may write the key into a core dump: {error}");
    }
    match config.map(run) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => log::error!("stopped: {}", error_chain(&*error)),
        Err(error) => {
            log::error!("not started: {error}");
            return ExitCode::from(EX_USAGE);
        }
    }
    ExitCode::FAILURE
}

/// Makes everything that a first call needs, publishes the socket last, and serves.
fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let principal = Principal::from_vars(&var, now())?;
    let (source, region) = (principal.source(), principal.region().unwrap_or_default().to_owned());
    let expires = principal.expires().map(timestamp).unwrap_or_default();
    let (aliases, default) = (config.targets.aliases(), config.targets.default_ocid());
    let default = default.unwrap_or_default().to_owned();
    let trust = config.trust()?;
    let clock = ServiceClock::new(now);
    let forwarder = Forwarder::new(&config.rule, &trust, principal, clock, config.repeatable)?;
    let (targets, headers) = (config.targets, config.headers);
    let tracer = Tracer::new(config.tracing, &trust);
    let metrics = config.metrics.map(Metrics::new);
    let tracing = tracer.is_some();
    let predictor = Arc::new(Predictor { targets, headers, forwarder, tracer, metrics });
    let function = Function::publish(config.platform, now)?;
    log::info!(version = env!("CARGO_PKG_VERSION"), source, region, expires, aliases, default, tracing; "ready");
    Ok(function.serve(move |call| predictor.clone().answer(call))?)
}

/// `2026-11-24T10:00:00Z`.
fn timestamp(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The one place that reads the environment. What is not text fails where it is parsed, instead of passing for absent.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn var(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The one place that reads the clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
