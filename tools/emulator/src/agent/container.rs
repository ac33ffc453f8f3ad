//! One container: a process with a folder for its socket, from its start to its end.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Request;
use rustix::process::{Pid, geteuid};
use tempfile::TempDir;
use tokio::process::Child;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio::{join, select};

use super::answer::WireReply;
use super::body::Pieces;
use super::connection::Connection;
use super::failure::Failure;
use super::folder;
use super::output::{Journal, Output};
use super::process::Process;
use super::program::Program;
use super::start::{LISTENER, StartError, check_listener, check_owner};
use super::watch::Watch;
use super::watchdog::Watchdog;

/// How long a connection waits for the next call.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// How long a process that was asked to end may take.
const ORDERLY_STOP: Duration = Duration::from_secs(10);

/// Dropping it kills the process and removes its folder.
#[derive(Debug)]
pub(super) struct Container {
    process: Arc<Process>,
    child: Child,
    output: Arc<Output>,
    pool: Arc<Pool>,
    idle: Option<AbortHandle>,
    listener: PathBuf,
    _private: TempDir,
}

/// At most one connection, waiting for the next call.
#[derive(Debug, Default)]
struct Pool(Mutex<Option<Connection>>);

impl Pool {
    fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Container {
    /// Returns a cold start: to the first connection on the function's socket.
    pub(super) async fn start(
        program: &Program,
        journal: Arc<Journal>,
    ) -> Result<Self, StartError> {
        let private = folder::private(&program.temporary_folder())?;
        let meeting_place = program.meeting_place(private.path());
        if program.image.is_some() {
            fs::create_dir(&meeting_place)?;
            fs::set_permissions(&meeting_place, Permissions::from_mode(0o777))?;
        }
        let watch = Watch::on(&meeting_place)?;
        let listener = meeting_place.join(LISTENER.to_string_lossy().as_ref());
        let (output, pipe) = Output::open(journal)?;
        let engine = program.image.as_ref().map(|image| image.container(private.path()));
        let watchdog = Watchdog::start_over(engine.as_ref())?;
        let spawned = program
            .command(private.path())
            .stdin(Stdio::null())
            .stdout(pipe.try_clone()?)
            .stderr(pipe)
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let child = spawned
            .map_err(|cause| StartError::Program { program: program.path.clone(), cause })?;
        let process = Arc::new(Process::with_container(pid(&child)?, engine, watchdog)?);
        let (pool, idle) = (Arc::default(), None);
        let mut container =
            Self { process, child, output, pool, idle, listener, _private: private };
        if let Err(error) = container.connect(&watch, program).await {
            container.end().await;
            return Err(error);
        }
        Ok(container)
    }

    async fn connect(&mut self, watch: &Watch, program: &Program) -> Result<(), StartError> {
        let limit = program.start_timeout;
        select! {
            biased;
            seen = watch.appearance(LISTENER) => seen?,
            status = self.child.wait() => {
                self.process.ended();
                return Err(StartError::Ended(status?));
            }
            () = sleep(limit) => return Err(StartError::TimedOut(limit)),
        }
        check_listener(&self.listener)?;
        if program.image.is_none() {
            // A container has another user; nobody else can reach its folder.
            check_owner(&self.listener, geteuid())?;
        }
        let connection = Connection::dial(&self.listener).await.map_err(StartError::Refused)?;
        *self.pool.connection() = Some(connection);
        Ok(())
    }

    pub(super) fn process(&self) -> Arc<Process> {
        self.process.clone()
    }

    pub(super) fn output(&self) -> Arc<Output> {
        self.output.clone()
    }

    /// Returns one call. The process is resumed while the request is already on its way.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Pieces>,
    ) -> Result<WireReply, Failure> {
        self.stop_idling();
        let (reply, ()) = join!(self.send(request), async { self.process.resume() });
        reply
    }

    async fn send(&self, request: Request<Pieces>) -> Result<WireReply, Failure> {
        let pooled = self.pool.connection().take();
        let connection = match open(pooled).await {
            Some(connection) => connection,
            None => Connection::dial(&self.listener).await.map_err(|_refused| Failure::NoReply)?,
        };
        let (reply, connection) = connection.exchange(request).await?;
        *self.pool.connection() = connection;
        Ok(reply)
    }

    /// Leaves it to itself until the next call: first it is frozen, then its connection is closed.
    pub(super) fn rest(&mut self, freeze_after: Option<Duration>) {
        self.process.rest();
        let (process, pool) = (self.process.clone(), self.pool.clone());
        let idle = tokio::spawn(async move {
            let close = Instant::now() + KEEP_ALIVE;
            if let Some(after) = freeze_after {
                sleep(after).await;
                process.freeze();
            }
            sleep_until(close).await;
            pool.connection().take();
        });
        self.idle = Some(idle.abort_handle());
    }

    fn stop_idling(&mut self) {
        if let Some(idle) = self.idle.take() {
            idle.abort();
        }
    }

    /// Kills it and waits until it is gone; what it wrote is in the journal then.
    pub(super) async fn end(&mut self) {
        self.process.kill();
        // It was started by us and has been sent SIGKILL: waiting cannot fail, nor last.
        drop(self.child.wait().await);
        self.output.drain();
    }

    /// Asks it to end by SIGTERM and waits, but not for ever.
    pub(super) async fn terminate(mut self) -> io::Result<ExitStatus> {
        self.stop_idling();
        self.process.terminate();
        let status = timeout(ORDERLY_STOP, self.child.wait()).await??;
        self.process.ended();
        self.output.drain();
        Ok(status)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.stop_idling();
        self.process.kill();
    }
}

/// Returns a waiting connection, if the function has not closed it meanwhile.
async fn open(pooled: Option<Connection>) -> Option<Connection> {
    let mut connection = pooled?;
    connection.is_open().await.then_some(connection)
}

/// Returns the process number of a child that has just been started.
fn pid(child: &Child) -> io::Result<Pid> {
    let raw = child.id().and_then(|id| i32::try_from(id).ok());
    raw.and_then(Pid::from_raw).ok_or_else(|| io::Error::other("the process has no number"))
}
