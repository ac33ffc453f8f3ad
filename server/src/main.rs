//! The process: configuration, credentials, TLS, the sockets, and then one call beside another until it
//! is stopped.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use model_deployment_fn::config::ConfigError;
use model_deployment_fn::process;
use model_deployment_server::Signals;
use model_deployment_server::config::Config;
use model_deployment_server::server::Server;
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{Principal, PrincipalSettings, timestamp};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

/// So many clients may wait to be taken. Of more the kernel drops some in silence, and by default of
/// more than 128.
const BACKLOG: u32 = 1024;

fn main() -> ExitCode {
    let config = Config::from_environment(&process::var, &process::names());
    let logger = config.as_ref().map_or_else(ConfigError::logger, |config| config.logger);
    process::start(logger, config, run)
}

/// Makes everything that a call needs, and serves. A thread for each core makes signatures.
fn run(config: Config, settings: PrincipalSettings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve(config, settings));
    // A name that is still being looked up must not keep the process.
    runtime.shutdown_background();
    served
}

async fn serve(
    config: Config,
    settings: PrincipalSettings,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let signals = Signals::new()?;
    let principal =
        Principal::load(settings, process::now()).map_err(CredentialsError::into_source)?;
    let (source, region) = (principal.source(), principal.region().unwrap_or_default().to_owned());
    let expires = principal.expires().map(timestamp).unwrap_or_default();
    let (aliases, default) = (config.targets.aliases(), config.targets.default_ocid());
    let default = default.unwrap_or_default().to_owned();
    let listener = bind(config.listen)?;
    let admin = config.admin.map(bind).transpose()?;
    let address = listener.local_addr()?.to_string();
    let admin_address = admin.as_ref().map(TcpListener::local_addr).transpose()?;
    let admin_address = admin_address.map(|address| address.to_string()).unwrap_or_default();
    let server = Server::new(config, principal, process::now)?;
    log::info!(
        version = env!("CARGO_PKG_VERSION"), source, region, expires, aliases, default, address, admin_address;
        "ready"
    );
    server.serve(listener, admin, signals).await;
    Ok(())
}

fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let listen = || {
        let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source| BindError { address, source })
}

/// An address that cannot be listened to.
#[derive(Debug, thiserror::Error)]
#[error("{address} cannot be listened to")]
struct BindError {
    address: SocketAddr,
    source: io::Error,
}
