//! The process: configuration, credentials, TLS, the socket, and then one call after another until it is stopped.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;
use std::{env, fs};

use log::{LevelFilter, error, info};
use model_deployment_fn::config::Config;
use model_deployment_fn::fdk::{Listener, LogFormat, Logger, Server, error_chain, log_panics};
use model_deployment_fn::oci::Principal;
use model_deployment_fn::predict::{Forwarder, Predictor};
use tokio::runtime::Builder;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

/// What `sysexits.h` calls a wrong use: here, of configuration.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let config = Config::from_vars(&var);
    let (format, level) = config
        .as_ref()
        .map_or((LogFormat::Text, LevelFilter::Info), |config| config.log);
    Logger::install(format, level);
    log_panics();
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            error!("not started: {error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("stopped: {}", error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Makes everything that a first call needs, publishes the socket last, and serves.
fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let principal = Principal::from_vars(&var, now())?;
    let roots = config.roots.as_deref().map(read_roots).transpose()?;
    let forwarder = Forwarder::new(&config.rule, roots.as_deref())?;
    let (source, region) = (
        principal.source(),
        principal.region().unwrap_or_default().to_owned(),
    );
    let (targets, headers) = (config.targets, config.headers);
    let predictor = Arc::new(Predictor {
        targets,
        headers,
        principal,
        forwarder,
        clock: now,
    });

    // One thread: the platform sends one call at a time. The others resolve names.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()?;
    let served = runtime.block_on(async {
        let (stop, stop_at_once) = (signals(1)?, signals(2)?);
        let listener = Listener::publish(&config.platform.listener)?;
        info!(version = env!("CARGO_PKG_VERSION"), source, region; "ready");
        let server = Server::new(listener, now).with_log_frame(config.platform.log_frame);
        select! {
            () = server.serve(move |call| predictor.clone().answer(call), stop) => Ok(()),
            () = stop_at_once => Err("a second signal came before the call in hand was answered".into()),
        }
    });
    runtime.shutdown_background();
    served
}

/// Ready once as many signals to stop have arrived.
fn signals(count: usize) -> Result<impl Future<Output = ()>, std::io::Error> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    Ok(async move {
        for _ in 0..count {
            select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        }
    })
}

fn read_roots(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path)
        .map_err(|error| format!("SSL_CERT_FILE names a file that cannot be read: {error}"))
}

/// The one place that reads the environment. What is not text fails where it is parsed, instead of passing for absent.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn var(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The one place that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
