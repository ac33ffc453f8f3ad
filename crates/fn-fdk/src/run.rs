//! A function's whole process, for a `main` of one line.

use std::future::Future;
use std::process::ExitCode;

use tokio::runtime::Handle;

use super::call::Call;
use super::error::error_chain;
use super::function::{Function, keep_freed_memory};
use super::into_reply::IntoReply;
use super::listener::Listener;
use super::logger::Logger;
use super::platform::Platform;
use super::serve_error::ServeError;
use super::server::Server;
use super::signals::Signals;

/// The exit code that `sysexits.h` has for wrong use.
const EX_USAGE: u8 = 64;

/// Runs a function: log, environment, runtime, socket, calls, and the signals that end it.
///
/// The log is one line for each event on stderr. `LOG_LEVEL` (`off`, `error`, `warn`, `info`,
/// `debug` or `trace`; `info` if absent) and `LOG_FORMAT` (`text` or `json`; `text` if absent) set
/// it. A logger that was installed before stays. An error that keeps the function from being served
/// is logged. The process then ends with 64 if it was started wrongly, and with 1 if the system
/// refuses.
///
/// ```no_run
/// use fn_fdk::{Call, Error};
///
/// fn main() -> std::process::ExitCode {
///     fn_fdk::run(hello)
/// }
///
/// async fn hello(call: Call) -> Result<String, Error> {
///     Ok(format!("Hello, {}!\n", call.text()?.trim()))
/// }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#item-16.
pub fn run<H, R>(handler: H) -> ExitCode
where
    H: AsyncFn(Call) -> R,
    R: IntoReply,
{
    let served = install_logger().and_then(|()| {
        let function = Function::publish(Platform::from_env()?)?;
        log::info!("ready");
        function.serve(handler)
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("not served: {}", error_chain(&error));
            if error.is_usage() { ExitCode::from(EX_USAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// Serves a function inside a tokio runtime, until SIGTERM or SIGINT. A second signal ends it at
/// once. Log and environment are as with [`run`].
///
/// The handler runs within this future. It need not be `Send` or `'static`, and nor need what it
/// returns, so it may borrow what `main` owns. Several calls are answered concurrently; a panic in
/// one fails only that call.
///
/// ```no_run
/// use fn_fdk::{Call, Error};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), fn_fdk::ServeError> {
///     let greeting = load().await;
///     fn_fdk::serve(|call| hello(&greeting, call)).await
/// }
///
/// # async fn load() -> String { "Hello".to_owned() }
/// async fn hello(greeting: &str, call: Call) -> Result<String, Error> {
///     Ok(format!("{greeting}, {}!\n", call.text()?.trim()))
/// }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#item-16.
pub async fn serve<H, R>(handler: H) -> Result<(), ServeError>
where
    H: AsyncFn(Call) -> R,
    R: IntoReply,
{
    inside_runtime()?;
    let signals = Signals::new()?;
    server()?.serve_patiently(handler, signals.stop()).await
}

/// Serves a function inside a tokio runtime, until `stop` is ready. Then the socket is removed, and
/// calls that were sent before are answered, for at most 30 s. Log and environment are as with
/// [`run`].
///
/// ```no_run
/// # async fn example() -> Result<(), fn_fdk::ServeError> {
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let stopped = async { drop(stopped.await) };
/// fn_fdk::serve_until(async |call: fn_fdk::Call| call.body().clone(), stopped).await
/// # }
/// ```
pub async fn serve_until<H, R>(handler: H, stop: impl Future<Output = ()>) -> Result<(), ServeError>
where
    H: AsyncFn(Call) -> R,
    R: IntoReply,
{
    inside_runtime()?;
    server()?.serve(handler, stop).await;
    Ok(())
}

/// Publishes the function as the environment says.
fn server() -> Result<Server, ServeError> {
    install_logger()?;
    let platform = Platform::from_env()?;
    keep_freed_memory();
    let server = Server::new(Listener::publish(&platform.listener)?);
    log::info!("ready");
    Ok(server.with_log_frame(platform.log_frame))
}

fn inside_runtime() -> Result<(), ServeError> {
    Handle::try_current().map(drop).map_err(|_outside| ServeError::OutsideRuntime)
}

/// Installs the log that the environment configures. If that is invalid, it installs one that can
/// report it.
fn install_logger() -> Result<(), ServeError> {
    let logger = Logger::from_env();
    logger.as_ref().copied().unwrap_or_default().install();
    Ok(logger.map(drop)?)
}
