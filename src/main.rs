//! The process: configuration, credentials, TLS, the socket, and then one call after another until
//! it is stopped.
//!
//! Source: docs/spec/fn-container-contract.md#item-13.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use fn_fdk::{Call, Function, Rejection};
use model_deployment_fn::config::{Config, ConfigError};
use model_deployment_fn::front;
use model_deployment_fn::predict::{Forwarder, Metrics, Predictor, Tracer};
use model_deployment_fn::process;
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{Principal, PrincipalSettings, timestamp};

fn main() -> ExitCode {
    let config = Config::from_environment(&process::var, &process::names());
    let logger = config.as_ref().map_or_else(ConfigError::logger, |config| config.logger);
    process::start(logger, config, run)
}

/// Prepares everything that the first call needs, publishes the socket last, and serves.
fn run(config: Config, settings: PrincipalSettings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let principal =
        Principal::load(settings, process::now()).map_err(CredentialsError::into_source)?;
    let (source, region) = (principal.source(), principal.region().unwrap_or_default().to_owned());
    let expires = principal.expires().map(timestamp).unwrap_or_default();
    let (aliases, default) = (config.targets.aliases(), config.targets.default_ocid());
    let default = default.unwrap_or_default().to_owned();
    let trust = config.trust()?;
    let forwarder =
        Forwarder::new(&config.rule, &trust, principal, process::now, config.repeatable)?;
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
