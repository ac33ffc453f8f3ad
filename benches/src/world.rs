//! The programs, built and configured to call the same deployment.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use emulator::deployment::{Authority, OCID};
use emulator::principal::{Issuer, ResourcePrincipal};
use tempfile::TempDir;

use super::upstream;

/// A program that can be started any number of times.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it is called in a table.
    pub name: &'static str,
    /// The file that is executed.
    pub path: PathBuf,
    /// What follows its name.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub vars: BTreeMap<String, String>,
    /// What it weighs on disk, in bytes.
    pub size: u64,
}

/// What all programs share: the deployment that they call, who they are, and where they listen.
#[derive(Debug)]
pub struct World {
    directory: TempDir,
    principal: ResourcePrincipal,
    roots: PathBuf,
    host: String,
}

impl World {
    /// Creates a deployment on loopback, up until the process ends, and credentials in a directory
    /// of its own.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let host = format!("localhost:{}", upstream::start(&authority));
        let hour = Duration::from_secs(3600);
        let principal = ResourcePrincipal::mint(issuer, directory.path(), hour).unwrap();
        let roots = directory.path().join("ca.pem");
        fs::write(&roots, authority.pem()).unwrap();
        Self { directory, principal, roots, host }
    }

    /// Returns the socket that every program listens on, one at a time.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("lsnr.sock")
    }

    /// Returns the URL of the deployment.
    pub fn deployment(&self) -> String {
        format!("https://{}/{OCID}/predict", self.host)
    }

    /// Returns the function as its image has it, with the deployment as its default.
    pub fn function(&self) -> Program {
        program("function", built("model-deployment-fn", "func"), self.vars())
    }

    /// Returns the bare program, which shares nothing with the function: `benches/floor/build`
    /// builds it.
    pub fn floor(&self) -> Program {
        program("floor", run("benches/floor/build", &["floor"]), self.floor_vars())
    }

    /// Returns the streaming server as its image has it, at this address, behind a gateway with this secret.
    pub fn server(&self, address: SocketAddr, secret: &str) -> Program {
        let file = self.directory.path().join("secret");
        fs::write(&file, secret).unwrap();
        let mut vars = self.vars();
        vars.retain(|name, _| !name.starts_with("FN_"));
        vars.insert("LISTEN_ADDRESS".to_owned(), address.to_string());
        vars.insert("GATEWAY_SECRET_FILE".to_owned(), file.display().to_string());
        vars.insert("MAX_CONCURRENT".to_owned(), "1024".to_owned());
        program("server", built("model-deployment-server", "server"), vars)
    }

    /// Returns the bare relay at this address, which shares nothing with the server.
    pub fn relay(&self, address: SocketAddr) -> Program {
        let mut vars = self.floor_vars();
        vars.insert("FLOOR_ADDRESS".to_owned(), address.to_string());
        program("relay", run("benches/floor/build", &["relay"]), vars)
    }

    fn floor_vars(&self) -> BTreeMap<String, String> {
        let key = self.directory.path().join("private.pem");
        let vars = [
            ("FLOOR_SOCKET", self.socket().display().to_string()),
            ("FLOOR_KEY", key.display().to_string()),
            ("FLOOR_CA", self.roots.display().to_string()),
            ("FLOOR_UPSTREAM", self.host.clone()),
            ("FLOOR_PATH", format!("/{OCID}/predict")),
        ];
        vars.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Returns a Python function of `benches/peers`, if it is installed.
    pub fn peer(&self, name: &'static str) -> Option<Program> {
        let root = root();
        let installed = root.join("target/peers").join(name);
        if !installed.join("installed.txt").exists() {
            return None;
        }
        // The roots that `requests` reads when it trusts more than Mozilla's: those and the
        // deployment's.
        let bundle = self.directory.path().join(format!("{name}.pem"));
        let roots =
            [installed.join("roots.pem"), self.roots.clone()].map(|path| fs::read(path).unwrap());
        fs::write(&bundle, roots.concat()).unwrap();
        let mut vars = self.vars();
        vars.insert("REQUESTS_CA_BUNDLE".to_owned(), bundle.display().to_string());
        vars.insert("HOME".to_owned(), self.directory.path().display().to_string());
        vars.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        let source = root.join("benches/peers").join(format!("{name}.py"));
        let arguments = vec![source.display().to_string(), "handler".to_owned()];
        let path = installed.join("bin/fdk");
        Some(Program { name, path, arguments, vars, size: weight(&installed.join("lib")) })
    }

    /// Returns the environment of a function in any language.
    fn vars(&self) -> BTreeMap<String, String> {
        let own = [
            ("FN_LISTENER", format!("unix:{}", self.socket().display())),
            ("FN_FORMAT", "http-stream".to_owned()),
            ("MODEL_DEPLOYMENT", self.deployment()),
            ("ALLOWED_HOSTS", self.host.clone()),
            ("SSL_CERT_FILE", self.roots.display().to_string()),
        ];
        let vars = self.principal.variables().into_iter().chain(own);
        vars.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Program {
    /// The same without a default deployment.
    #[must_use]
    pub fn without_default(&self) -> Self {
        let mut program = self.clone();
        program.vars.remove("MODEL_DEPLOYMENT");
        program
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn program(name: &'static str, path: PathBuf, vars: BTreeMap<String, String>) -> Program {
    let size = fs::metadata(&path).unwrap().len();
    Program { name, path, arguments: Vec::new(), vars, size }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns the bytes of all files below a directory.
fn weight(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata().unwrap() {
            metadata if metadata.is_dir() => weight(&entry.path()),
            metadata if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}

/// Returns an address that is free, and that nobody is given soon again.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Builds a binary of the workspace, in release and linked statically; its path.
pub fn built(package: &str, name: &str) -> PathBuf {
    run(".ci/static", &[package, name])
}

/// Runs a script of the repository, which prints a path.
fn run(script: &str, arguments: &[&str]) -> PathBuf {
    let output = Command::new(root().join(script)).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    root().join(String::from_utf8(output.stdout).unwrap().trim())
}
