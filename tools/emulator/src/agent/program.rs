//! The program to run as a function, and the environment that it starts with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::mpsc::{Sender, UnboundedSender};

use super::ids;
use super::image::{Image, MEETING_PLACE};
use super::outcome::Outcome;
use super::start::LISTENER;

/// What a base image gives its processes; configuration wins over it.
const IMAGE: [(&str, &str); 3] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/"),
    ("HOSTNAME", "localhost"),
];
/// The request header that OCI Functions names for log frames.
const LOG_FRAME_HEADER: &str = "Opc-Request-Id";

/// A program to run as a function, with the settings that `func.yaml` or the console would hold.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable, as the image's entry point would name it.
    pub path: PathBuf,
    /// The directory that the process takes for the root of all files, if not the machine's own;
    /// needs root's rights.
    pub root: Option<PathBuf>,
    /// The image to run in place of an executable; `path` is then its engine's.
    pub image: Option<Image>,
    /// The arguments of the executable.
    pub arguments: Vec<OsString>,
    /// Function configuration, and what the platform adds to it for the function's identity
    /// (`OCI_*`).
    pub config: BTreeMap<String, String>,
    /// What the function is told about its memory, in MB; only the container of an image is held to
    /// it.
    pub memory: u32,
    /// How long a call may take.
    pub timeout: Duration,
    /// How long after that a call is given up; the platform gives no such time.
    pub grace: Duration,
    /// How long a detached call may take; `None`: as long as any other.
    pub detached_timeout: Option<Duration>,
    /// Where successful detached calls are reported; `None` for nowhere.
    pub on_success: Option<Sender<Outcome>>,
    /// Where failed detached calls are reported; `None` for nowhere.
    pub on_failure: Option<Sender<Outcome>>,
    /// How long the socket may take to appear.
    pub start_timeout: Duration,
    /// After how long without a call the process is stopped until the next one; `None`: never.
    pub freeze_after: Option<Duration>,
    /// Whether OCI Functions starts it; an Fn server names neither the function nor the
    /// application, and has no log frames.
    pub on_oci: bool,
    /// Where the function sends its spans; the platform's own are named in every call then. `None`:
    /// tracing is off.
    pub collector: Option<String>,
    /// Where each line that the function writes is sent at once.
    pub log: Option<UnboundedSender<String>>,
}

impl Program {
    /// Creates a program with the defaults of the platform: 128 MB, 30 s for a call, 5 s to start,
    /// frozen after 50 ms.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            root: None,
            image: None,
            arguments: Vec::new(),
            config: BTreeMap::new(),
            memory: 128,
            timeout: Duration::from_secs(30),
            grace: Duration::ZERO,
            detached_timeout: None,
            on_success: None,
            on_failure: None,
            start_timeout: Duration::from_secs(5),
            freeze_after: Some(Duration::from_millis(50)),
            on_oci: true,
            collector: None,
            log: None,
        }
    }

    /// Returns an image as a program. It has longer to start: the engine's own work is counted in.
    pub fn from_image(image: Image) -> Self {
        let (engine, start_timeout) = (image.engine.program(), Duration::from_secs(30));
        Self { image: Some(image), start_timeout, ..Self::new(engine) }
    }

    /// The same program, shut into a directory. It has a `tmp`; the executable's path is the one
    /// inside.
    #[must_use]
    pub fn root(mut self, directory: impl Into<PathBuf>) -> Self {
        self.root = Some(directory.into());
        self
    }

    /// The same program with these arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// The same program with one more configuration value.
    #[must_use]
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(name.into(), value.into());
        self
    }

    /// The same program with another limit for a call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same program, whose calls are given up only so long after their deadline: for a test of
    /// what is answered at the deadline, on a machine that does other things as well.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The same program with another limit for a detached call: `detachedModeTimeoutInSeconds`,
    /// which OCI Functions takes from 5 to 3600. Its default there is not known.
    #[must_use]
    pub fn detached_timeout(mut self, timeout: Duration) -> Self {
        self.detached_timeout = Some(timeout);
        self
    }

    /// The same program with a destination for detached calls that succeed.
    #[must_use]
    pub fn on_success(mut self, destination: Sender<Outcome>) -> Self {
        self.on_success = Some(destination);
        self
    }

    /// The same program with a destination for detached calls that fail.
    #[must_use]
    pub fn on_failure(mut self, destination: Sender<Outcome>) -> Self {
        self.on_failure = Some(destination);
        self
    }

    /// The same program with another limit for the start.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// The same program, never frozen between calls.
    #[must_use]
    pub fn never_frozen(mut self) -> Self {
        self.freeze_after = None;
        self
    }

    /// The same program with the environment that an Fn server gives it, and not that of OCI
    /// Functions.
    #[must_use]
    pub fn on_fn_server(mut self) -> Self {
        self.on_oci = false;
        self
    }

    /// The same program with tracing on: it sends its spans to the collector at `url`.
    #[must_use]
    pub fn traced(mut self, url: impl Into<String>) -> Self {
        self.collector = Some(url.into());
        self
    }

    /// The same program; its lines are sent here as they are written.
    #[must_use]
    pub fn log_to(mut self, log: UnboundedSender<String>) -> Self {
        self.log = Some(log);
        self
    }

    /// Returns the folder in which a container's private one is made.
    pub(super) fn temporary_folder(&self) -> PathBuf {
        self.root.as_deref().unwrap_or(Path::new("/")).join("tmp")
    }

    /// Returns the folder for the socket: the private one, or for an image one inside it.
    pub(super) fn meeting_place(&self, private: &Path) -> PathBuf {
        if self.image.is_some() { Image::meeting_place(private) } else { private.to_owned() }
    }

    /// Returns the command that starts the function, with everything that it finds in its
    /// environment: nothing of ours passes.
    pub(super) fn command(&self, private: &Path) -> Command {
        let environment = self.environment(&self.listener(private));
        if let Some(image) = &self.image {
            let mut command = image.command(private, self.memory, environment.keys());
            command.envs(environment);
            return command;
        }
        let mut command = match &self.root {
            None => Command::new(&self.path),
            Some(root) => {
                let mut command = Command::new("chroot");
                command.arg(root).arg(&self.path);
                command
            }
        };
        command.args(&self.arguments).env_clear().envs(IMAGE).envs(environment);
        command
    }

    /// Returns the socket in a private folder of the machine, as the function calls it.
    fn listener(&self, private: &Path) -> PathBuf {
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        let inside = match &self.image {
            Some(_) => Path::new(MEETING_PLACE),
            None => private.strip_prefix(root).unwrap_or(private),
        };
        Path::new("/").join(inside).join(LISTENER.to_string_lossy().as_ref())
    }

    /// Configuration, and what the platform adds, which wins over it.
    ///
    /// Source: docs/spec/fn-container-contract.md#environment-variables.
    fn environment(&self, listener: &Path) -> BTreeMap<OsString, OsString> {
        let name = match &self.image {
            Some(image) => image.name.as_ref(),
            None => self.path.file_stem().unwrap_or(self.path.as_os_str()),
        };
        let mut address = OsString::from("unix:");
        address.push(listener);
        let platform = [
            ("FN_LISTENER", address),
            ("FN_FORMAT", "http-stream".into()),
            // For detached calls too. OCI's documentation also has `async`, but does not say when.
            ("FN_TYPE", "sync".into()),
            ("FN_FN_ID", "ocid1.fnfunc.oc1..emulated".into()),
            ("FN_APP_ID", "ocid1.fnapp.oc1..emulated".into()),
            ("FN_MEMORY", self.memory.to_string().into()),
        ];
        let of_oci = [
            ("FN_FN_NAME", name.to_owned()),
            ("FN_APP_NAME", "emulated".into()),
            ("FN_LOGFRAME_NAME", ids::random().into()),
            ("FN_LOGFRAME_HDR", LOG_FRAME_HEADER.into()),
        ];
        let of_oci = of_oci.into_iter().filter(|_| self.on_oci);
        let tracing = self.collector.iter().flat_map(|url| {
            [("OCI_TRACING_ENABLED", "1".into()), ("OCI_TRACE_COLLECTOR_URL", url.into())]
        });
        let platform = platform.into_iter().chain(of_oci).chain(tracing);
        let config = self.config.iter().map(|(name, value)| (name.into(), value.into()));
        config.chain(platform.map(|(name, value)| (name.into(), value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn variables(command: &Command) -> BTreeMap<&OsStr, &OsStr> {
        let set = command.as_std().get_envs();
        set.filter_map(|(name, value)| Some((name, value?))).collect()
    }

    #[test]
    fn the_platform_wins_over_configuration_and_configuration_over_the_image() {
        let program = Program::new("/opt/func").config("FN_FORMAT", "default");
        let program = program.config("HOME", "/home/fn").config("MODEL", "iris");
        let command = program.command(Path::new("/tmp/x"));
        let environment = variables(&command);
        for (name, value) in [
            ("FN_LISTENER", "unix:/tmp/x/lsnr.sock"),
            ("FN_FORMAT", "http-stream"),
            ("FN_FN_NAME", "func"),
            ("FN_MEMORY", "128"),
            ("HOME", "/home/fn"),
            ("MODEL", "iris"),
        ] {
            assert_eq!(environment[OsStr::new(name)], value);
        }
    }

    #[test]
    fn tracing_is_switched_on_by_the_platform_alone() {
        let program = Program::new("/opt/func").config("OCI_TRACING_ENABLED", "x");
        let (off, on) = (program.clone(), program.traced("https://collector.example/?dataKey=k"));
        let (off, on) = (off.command(Path::new("/tmp/x")), on.command(Path::new("/tmp/x")));
        let name = OsStr::new("OCI_TRACE_COLLECTOR_URL");
        assert_eq!(variables(&on)[name], "https://collector.example/?dataKey=k");
        assert_eq!(variables(&on)[OsStr::new("OCI_TRACING_ENABLED")], "1");
        assert_eq!(variables(&off).get(name), None);
    }

    #[test]
    fn an_image_gets_the_limits_of_the_platform_and_no_value_on_the_command_line() {
        let image = Image::new("func:1").mount("/home/me/c", "/.oci-credentials");
        let program = Program::from_image(image).config("MODEL", "iris");
        let command = program.command(Path::new("/tmp/fnAbC"));
        let line: Vec<_> = command.as_std().get_args().map(OsStr::to_string_lossy).collect();
        let line = line.join(" ");
        for part in [
            "run --rm --init --read-only",
            "--user=1000:1000 --cap-drop=ALL --security-opt=no-new-privileges",
            "--pids-limit=50 --ulimit=nofile=350 --ulimit=memlock=65536",
            "--ulimit=msgqueue=819200 --ulimit=sigpending=5000",
            "--memory=128m --memory-swap=128m",
            "--name fnAbC ",
            "--volume /tmp/fnAbC/iofs:/tmp/iofs:rw --volume /home/me/c:/.oci-credentials:ro",
            "--env FN_LISTENER ",
            "--env MODEL ",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(line.ends_with(" func:1") && !line.contains("iris"), "{line}");
        let environment = variables(&command);
        assert_eq!(environment[OsStr::new("FN_LISTENER")], "unix:/tmp/iofs/lsnr.sock");
        assert_eq!(environment[OsStr::new("MODEL")], "iris");
        assert_eq!(environment[OsStr::new("FN_FN_NAME")], "func:1");
    }
}
