//! `mdfn local`: the whole cloud on one machine, shown at work.

mod build;
mod error;
pub mod page;
mod show;
mod stream;
mod trace;
mod waterfall;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use emulator::cloud::{Cloud, Function, Host, Plan};
use serde_json::Value;
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::input::{assignment, read};
use crate::terminal::complain;
use page::Page;

pub use error::Error;

const AFTER_HELP: &str = "\
The emulated cloud has an identity domain, an API Gateway that runs what `mdfn gateway-spec` prints, the Fn agent, a
model deployment that verifies signatures and runs a trained classifier, and a collector of traces. The function is its
release binary. Without --once the cloud stays up, and a page shows each call.

With --server the streaming server takes the function's place, behind the same gateway. The model then writes a token
every 50 ms, and it is shown when each came.

Exit code: 0, 1 if something does not start or a step has an unexpected result, 2 for wrong usage.

Examples:
  mdfn local --once
  mdfn local --server --once
  mdfn local --config LOG_LEVEL=debug --gateway-port 9090";

/// Runs the function with an emulated cloud on this machine, and makes one call through it
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// Exit after the call, with 0 if every step had the expected result
    #[arg(long)]
    once: bool,
    /// Run this binary as the function, instead of building this workspace's
    #[arg(long, value_name = "FILE")]
    function: Option<PathBuf>,
    /// Run this image as the function, in a Docker container with the platform's limits
    #[arg(long, value_name = "NAME", conflicts_with = "function")]
    image: Option<String>,
    /// Run the streaming server in place of a function
    #[arg(long, conflicts_with_all = ["function", "image", "empty_root", "specification"])]
    server: bool,
    /// Run this binary as the server, instead of building this workspace's
    #[arg(long, value_name = "FILE", requires = "server")]
    server_binary: Option<PathBuf>,
    /// Milliseconds between two tokens of the model
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 50, requires = "server")]
    pace: u64,
    /// Start in an empty root directory, as in the image (needs root and a static binary)
    #[arg(long, conflicts_with = "image")]
    empty_root: bool,
    /// Gateway specification, JSON; this cloud replaces its function, keys and deployments
    #[arg(long, value_name = "FILE", conflicts_with = "once")]
    specification: Option<PathBuf>,
    /// Configuration (repeatable); model deployments in it are replaced by this cloud's
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    config: Vec<(String, String)>,
    /// Port of the API Gateway
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    gateway_port: u16,
    /// Port of the identity domain
    #[arg(long, value_name = "PORT", default_value_t = 8181)]
    identity_port: u16,
    /// Port of the page that shows the calls
    #[arg(long, value_name = "PORT", default_value_t = 8282)]
    page_port: u16,
    /// Turn tracing off: the function sends no spans
    #[arg(long)]
    no_tracing: bool,
}

impl Options {
    fn ports(&self) -> [(&'static str, u16); 3] {
        [
            ("--gateway-port", self.gateway_port),
            ("--identity-port", self.identity_port),
            // With `--once` the page is never opened; any port is free.
            ("--page-port", if self.once { 0 } else { self.page_port }),
        ]
    }

    fn pace(&self) -> Duration {
        Duration::from_millis(self.pace)
    }

    fn function_kind(&self) -> fn(PathBuf) -> Function {
        if self.empty_root { Function::EmptyRoot } else { Function::Binary }
    }
}

/// Runs the command; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match serve(options, variable).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("mdfn local: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options, variable: fn(&str) -> Option<String>) -> Result<(), Error> {
    let mut signals = Signals::new()?;
    let (log, mut lines) = unbounded_channel();
    let (cloud, page) = select! {
        started = start(&options, variable, log) => started?,
        () = signals.any() => return Ok(()),
    };
    let shown = select! {
        shown = show(&options, &cloud, page.as_ref(), &mut lines) => shown,
        () = signals.any() => Ok(()),
    };
    cloud.stop().await;
    shown
}

async fn start(
    options: &Options,
    variable: fn(&str) -> Option<String>,
    log: UnboundedSender<String>,
) -> Result<(Cloud, Option<Page>), Error> {
    let specification = options.specification.as_deref().map(specification).transpose()?;
    // What a port is taken by is better known before a build of minutes.
    for (option, port) in options.ports() {
        let taken = |error| Error::Port(option, port, error);
        std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(taken)?;
    }
    let cloud = Cloud::start(Plan {
        host: host(options, variable).await?,
        gateway_port: options.gateway_port,
        identity_port: options.identity_port,
        tracing: !options.no_tracing && !options.server,
        pace: if options.server { options.pace() } else { Duration::ZERO },
        specification,
        config: options.config.clone(),
        log: Some(log),
    });
    let cloud = cloud.await?;
    // With `--once` the page is never opened.
    if options.once {
        return Ok((cloud, None));
    }
    let page = Page::start(options.page_port, cloud.routes(), cloud.calls.clone()).await;
    let page = page.map_err(|error| Error::Port("--page-port", options.page_port, error))?;
    Ok((cloud, Some(page)))
}

/// What is to run, built if no file is named.
async fn host(options: &Options, variable: fn(&str) -> Option<String>) -> Result<Host, Error> {
    // A name without a slash would be looked for in PATH.
    let file = |what, binary: &PathBuf| {
        let file = binary.canonicalize();
        file.map_err(|error| Error::Binary(what, binary.clone(), error))
    };
    if options.server {
        return Ok(Host::Server(match &options.server_binary {
            Some(binary) => file("server", binary)?,
            None => build::release(&build::SERVER, variable("CARGO")).await?,
        }));
    }
    Ok(Host::Function(match (&options.image, &options.function) {
        (Some(image), _) => Function::Image(image.clone()),
        (None, Some(binary)) => options.function_kind()(file("function", binary)?),
        (None, None) => {
            options.function_kind()(build::release(&build::FUNCTION, variable("CARGO")).await?)
        }
    }))
}

async fn show(
    options: &Options,
    cloud: &Cloud,
    page: Option<&Page>,
    lines: &mut UnboundedReceiver<String>,
) -> Result<(), Error> {
    if options.server {
        show::streamed(cloud, options.pace(), lines).await?;
    } else if options.specification.is_none() {
        show::all(cloud, lines).await?;
    }
    if !options.once {
        show::commands(cloud, page);
        show::calls(cloud, page, lines).await;
    }
    Ok(())
}

/// Returns the specification in a file, which the gateway reads later.
fn specification(path: &Path) -> Result<Value, Error> {
    let bytes =
        read("`--specification`", path).map_err(|error| Error::Specification(error.to_string()))?;
    let wrong = |error| Error::Specification(format!("`--specification` is not JSON: {error}"));
    serde_json::from_slice(&bytes).map_err(wrong)
}

/// What a person or a supervisor ends the program with.
struct Signals(Signal, Signal);

impl Signals {
    fn new() -> Result<Self, Error> {
        let terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
        Ok(Self(terminate, signal(SignalKind::interrupt()).map_err(Error::Signals)?))
    }

    async fn any(&mut self) {
        select! { _ = self.0.recv() => {}, _ = self.1.recv() => {} }
    }
}
