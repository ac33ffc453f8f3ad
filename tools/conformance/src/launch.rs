//! A start of the program, with an environment that an item may change.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use emulator::agent::folder;
use emulator::agent::process::Process;
use emulator::agent::watch::Watch;
use emulator::agent::watchdog::Watchdog;
use rustix::process::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::select;
use tokio::time::{Instant, sleep, timeout};

use crate::ask::Ask;
use crate::call::Call;
use crate::capture::Capture;
use crate::harness::Harness;
use crate::instance::Instance;
use crate::predictor::Stage;
use crate::verdict::Problem;
use crate::wire::Reply;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Returns the program, started and ready.
pub(crate) async fn start(harness: &Harness) -> Result<Instance, Problem> {
    Launch::new(harness).await?.start().await
}

/// Starts the program and asks it once.
pub(crate) async fn ask(harness: &Harness, ask: &Ask, call: Call) -> Result<Reply, Problem> {
    start(harness).await?.ask(ask, call).await
}

/// The program about to be started, in a directory of its own.
#[derive(Debug)]
pub(super) struct Launch {
    harness: Harness,
    environment: BTreeMap<OsString, OsString>,
    wrapper: Vec<OsString>,
    elsewhere: bool,
    listener: PathBuf,
    directory: TempDir,
    stage: Option<Stage>,
}

/// A program that ended instead of serving.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stderr: String,
    pub(super) after: Duration,
    /// The names of files that it left in the socket's directory.
    pub(super) files: Vec<String>,
}

impl Launch {
    /// Creates the program with the platform's usual environment.
    pub(super) async fn new(harness: &Harness) -> Result<Self, Problem> {
        let directory = folder::private(Path::new("/tmp"));
        let directory = directory.map_err(Problem::machine("a temporary directory"))?;
        let stage = match harness.predictor() {
            Some(predictor) => Some(predictor.stage().await?),
            None => None,
        };
        let variables = [
            ("PATH", PATH),
            ("HOME", "/"),
            ("HOSTNAME", "localhost"),
            ("FN_FORMAT", "http-stream"),
            ("FN_TYPE", "sync"),
            ("FN_FN_ID", "ocid1.fnfunc.oc1..emulated"),
            ("FN_APP_ID", "ocid1.fnapp.oc1..emulated"),
            ("FN_FN_NAME", "conformance"),
            ("FN_APP_NAME", "Emulated"),
            ("FN_MEMORY", "128"),
        ];
        let mut environment: BTreeMap<OsString, OsString> =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        for (name, value) in stage.iter().flat_map(Stage::variables) {
            environment.insert(name.into(), value.into());
        }
        for (name, value) in harness.config() {
            environment.insert(name.into(), value.into());
        }
        let listener = directory.path().join("lsnr.sock");
        let launch = Self {
            harness: harness.clone(),
            environment,
            wrapper: Vec::new(),
            elsewhere: false,
            listener,
            directory,
            stage,
        };
        let listener = launch.listener.clone();
        Ok(launch.at(listener))
    }

    /// Sets a variable to another value.
    pub(super) fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.into(), value.as_ref().to_owned());
        self
    }

    /// Removes a variable.
    pub(super) fn unset(mut self, name: &str) -> Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// Uses another path for the socket.
    pub(super) fn at(mut self, listener: PathBuf) -> Self {
        let address = [b"unix:", listener.as_os_str().as_bytes()].concat();
        self.listener = listener;
        self.set("FN_LISTENER", OsStr::from_bytes(&address))
    }

    /// Starts the program by another one, to which the command is passed as arguments.
    pub(super) fn wrapped(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(OsString::from).collect();
        self
    }

    /// Starts it in the directory of its socket, so that a relative path leaves nothing elsewhere.
    pub(super) fn elsewhere(self) -> Self {
        Self { elsewhere: true, ..self }
    }

    /// Returns the directory for the socket.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn listener(&self) -> &Path {
        &self.listener
    }

    pub(super) fn stage(&self) -> Option<&Stage> {
        self.stage.as_ref()
    }

    /// Starts it and waits until its name appears.
    pub(super) async fn start(self) -> Result<Instance, Problem> {
        let watch = self.watch()?;
        self.spawn()?.ready(&watch).await
    }

    /// Returns a watch over the directory of its socket.
    pub(super) fn watch(&self) -> Result<Watch, Problem> {
        let parent = self.listener.parent().unwrap_or(Path::new("/"));
        Watch::on(parent).map_err(Problem::machine("inotify"))
    }

    /// Starts it and expects that it ends by itself.
    pub(super) async fn ends(self) -> Result<Ended, Problem> {
        let (begin, limit) = (Instant::now(), self.harness.start_timeout());
        let mut started = self.spawn()?;
        let Ok(status) = timeout(limit, started.child.wait()).await else {
            let linked = started.launch.listener.symlink_metadata().is_ok();
            let seen = if linked { "it serves" } else { "it neither ends nor serves" };
            return Err(Problem::failed("it ends with an error", seen));
        };
        let status = status.map_err(Problem::machine("waiting for a process"))?;
        started.process.ended();
        let after = begin.elapsed();
        let listed = fs::read_dir(started.launch.directory.path());
        let listed = listed.map_err(Problem::machine("reading a directory"))?;
        let names = listed.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let files = names.collect();
        Ok(Ended { status, stderr: started.err.text(), after, files })
    }

    /// Starts it without waiting.
    pub(super) fn spawn(self) -> Result<Started, Problem> {
        let pipes = Capture::open().and_then(|out| Ok((out, Capture::open()?)));
        let ((out, stdout), (err, stderr)) = pipes.map_err(Problem::machine("a pipe"))?;
        let command = self.harness.command().iter().enumerate();
        let command = command
            .map(|(at, word)| if self.elsewhere { absolute(at, word) } else { word.clone() });
        let mut words = self.wrapper.iter().cloned().chain(command);
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(&program);
        if self.elsewhere {
            command.current_dir(self.directory.path());
        }
        let watchdog = Watchdog::start().map_err(Problem::machine("a watchdog"))?;
        let child = command
            .args(words)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let child = child
            .map_err(|error| Problem::failed(format!("`{}` starts", program.display()), error))?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = group.ok_or_else(|| Problem::failed("it runs", "it has no process number"))?;
        let process = Process::leading(group, watchdog);
        let process = process.map_err(Problem::machine("a watchdog"))?;
        Ok(Started { process, child, out, err, launch: self })
    }
}

/// Returns a word of the command so that it is right in every directory: the path of an existing
/// file becomes absolute.
fn absolute(at: usize, word: &OsStr) -> OsString {
    let path = Path::new(word);
    // A program without a directory is looked up in PATH.
    let named = path.is_relative() && path.is_file() && (at > 0 || path.components().count() > 1);
    if named {
        std::path::absolute(path).map_or(word.to_owned(), Into::into)
    } else {
        word.to_owned()
    }
}

/// A running program, perhaps not ready.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) process: Process,
    pub(super) child: Child,
    pub(super) out: Arc<Capture>,
    pub(super) err: Arc<Capture>,
    launch: Launch,
}

impl Started {
    pub(super) fn listener(&self) -> &Path {
        self.launch.listener()
    }

    /// Waits until its name appears.
    pub(super) async fn ready(mut self, watch: &Watch) -> Result<Instance, Problem> {
        let name = self.launch.listener.file_name().unwrap_or_default();
        let name = CString::new(name.as_bytes()).unwrap_or_default();
        let limit = self.launch.harness.start_timeout();
        let seen = select! {
            biased;
            seen = watch.appearance(&name) => match seen {
                Ok(()) => return Ok(self.instance()),
                Err(error) => return Err(Problem::machine("inotify")(error)),
            },
            status = self.child.wait() => {
                self.process.ended();
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                format!("it ended, {status}")
            }
            () = sleep(limit) => format!("nothing within {limit:?}; `--start-timeout` gives it longer"),
        };
        let said = self.err.last_line().map(|line| format!("; its last line: {line}"));
        Err(Problem::failed("its socket appears", seen + &said.unwrap_or_default()))
    }

    fn instance(self) -> Instance {
        let Launch { harness, listener, directory, stage, .. } = self.launch;
        let (process, child) = (self.process, self.child);
        Instance {
            harness,
            process,
            child,
            out: self.out,
            err: self.err,
            listener,
            stage,
            _directory: directory,
        }
    }
}
