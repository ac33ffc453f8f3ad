//! A function's process, from the socket to the signal that ends it.
//!
//! Source: docs/spec/fn-container-contract.md#item-16.

use std::future::Future;
use std::hint;

use tokio::runtime::{Builder, Handle, Runtime};

use super::call::Call;
use super::into_reply::IntoReply;
use super::listener::Listener;
use super::on_rejection::OnRejection;
use super::platform::Platform;
use super::serve_error::ServeError;
use super::server::Server;
use super::signals::Signals;

/// A function that the agent can see: the parts of [`run`](crate::run), for a `main` with a
/// configuration of its own. It serves on one thread, since the platform sends one call at a time
/// and counts threads. Two more threads resolve names.
///
/// ```no_run
/// use fn_fdk::{Call, Function, Platform};
///
/// fn main() -> Result<(), fn_fdk::ServeError> {
///     let function = Function::publish(Platform::from_env()?)?;
///     function.serve(async |call: Call| call.body().clone())
/// }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#item-16.
#[derive(Debug)]
pub struct Function {
    runtime: Runtime,
    server: Server,
    signals: Signals,
}

impl Function {
    /// Publishes the socket. Call it when everything that the first call needs is ready: the agent
    /// connects at once. It starts a runtime of its own, so inside a runtime it returns an error.
    ///
    /// ```no_run
    /// use fn_fdk::{Function, Platform};
    ///
    /// let function = Function::publish(Platform::from_env()?)?;
    /// # Ok::<_, fn_fdk::ServeError>(())
    /// ```
    pub fn publish(platform: Platform) -> Result<Self, ServeError> {
        if Handle::try_current().is_ok() {
            return Err(ServeError::InsideRuntime);
        }
        keep_freed_memory();
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(2).build();
        let runtime = runtime.map_err(ServeError::Runtime)?;
        let inside = runtime.enter();
        let signals = Signals::new()?;
        let server = Server::new(Listener::publish(&platform.listener)?);
        let server = server.with_log_frame(platform.log_frame);
        drop(inside);
        Ok(Self { runtime, server, signals })
    }

    /// Answers and logs with `on_rejection` the calls that never reach a handler.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use fn_fdk::{Function, Platform, Reply};
    ///
    /// let function = Function::publish(Platform::from_env()?)?.with_rejection(Arc::new(|_call, why| {
    ///     Reply::text(why.message()).with_status(why.status())
    /// }));
    /// # Ok::<_, fn_fdk::ServeError>(())
    /// ```
    #[must_use]
    pub fn with_rejection(self, on_rejection: OnRejection) -> Self {
        Self { server: self.server.with_rejection(on_rejection), ..self }
    }

    /// Runs a future, if there is one, beside the first calls, from when the socket is served. The
    /// platform may freeze the process after any call, so nothing may depend on the future's end.
    ///
    /// ```no_run
    /// use fn_fdk::{Function, Platform};
    ///
    /// # async fn load() {}
    /// let function = Function::publish(Platform::from_env()?)?.with_background(Some(load()));
    /// # Ok::<_, fn_fdk::ServeError>(())
    /// ```
    #[must_use]
    pub fn with_background(self, task: Option<impl Future<Output = ()> + Send + 'static>) -> Self {
        if let Some(task) = task {
            drop(self.runtime.spawn(task));
        }
        self
    }

    /// Answers calls. At SIGTERM or SIGINT it ends when all earlier calls are answered; at a second
    /// signal it ends at once.
    ///
    /// ```no_run
    /// use fn_fdk::{Call, Function, Platform};
    ///
    /// Function::publish(Platform::from_env()?)?.serve(async |call: Call| call.body().clone())?;
    /// # Ok::<_, fn_fdk::ServeError>(())
    /// ```
    pub fn serve<H, R>(self, handler: H) -> Result<(), ServeError>
    where
        H: AsyncFn(Call) -> R,
        R: IntoReply,
    {
        let Self { runtime, server, signals } = self;
        let served = runtime.block_on(server.serve_patiently(handler, signals.stop()));
        // A name that is still being resolved must not keep the process alive.
        runtime.shutdown_background();
        served
    }
}

/// Makes glibc keep 4 MiB of freed memory between calls, instead of returning it and asking for it
/// again. glibc keeps twice the largest block that was mapped and freed, and hyper takes 1 MiB a
/// call to have room for 16 Ki headers.
pub(super) fn keep_freed_memory() {
    drop(hint::black_box(Vec::<u8>::with_capacity(2 * 1024 * 1024)));
}
