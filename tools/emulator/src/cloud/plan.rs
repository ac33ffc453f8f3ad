//! What a cloud is made from.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::error::Error;
use crate::agent::{Image, Program};
use crate::principal::{Issuer, ResourcePrincipal};

/// How long the credentials of the function or the server are good.
const LIFETIME: Duration = Duration::from_secs(3600);
/// Where OCI Functions puts a container's credentials.
const CREDENTIALS: &str = "/.oci-credentials";

/// Where the parts listen, and what runs between gateway and deployment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What runs between gateway and deployment.
    pub host: Host,
    /// The port of the gateway; 0: a free one.
    pub gateway_port: u16,
    /// The port of the identity domain; 0: a free one.
    pub identity_port: u16,
    /// Whether a function is told to send its spans, and a collector takes them.
    pub tracing: bool,
    /// How long the model waits between two tokens of a stream.
    pub pace: Duration,
    /// The specification that the gateway executes, in place of that of the two models.
    pub specification: Option<Value>,
    /// Configuration of the function or the server, over that of the two models.
    pub config: Vec<(String, String)>,
    /// Where the lines of the function or the server go as they are written.
    pub log: Option<UnboundedSender<String>>,
}

impl Plan {
    /// Free ports, and tracing off, as it is on the platform until somebody switches it on.
    pub fn new(function: Function) -> Self {
        Self::of(Host::Function(function))
    }

    /// The same with the streaming server, a binary of this machine.
    pub fn server(path: PathBuf) -> Self {
        Self::of(Host::Server(path))
    }

    fn of(host: Host) -> Self {
        Self {
            host,
            gateway_port: 0,
            identity_port: 0,
            tracing: false,
            pace: Duration::ZERO,
            specification: None,
            config: Vec::new(),
            log: None,
        }
    }
}

/// What answers the gateway, and signs.
#[derive(Clone, Debug)]
pub enum Host {
    /// A function, held by the agent.
    Function(Function),
    /// The streaming server, a binary of this machine.
    Server(PathBuf),
}

impl Host {
    /// Mints the identity that it signs with, into a directory.
    pub(super) fn principal(
        &self,
        issuer: Arc<Issuer>,
        directory: &Path,
    ) -> io::Result<ResourcePrincipal> {
        match self {
            Self::Function(_) => ResourcePrincipal::mint(issuer, directory, LIFETIME),
            Self::Server(_) => ResourcePrincipal::of_instance(issuer, directory, LIFETIME),
        }
    }

    /// The name by which it finds this machine. An empty root has no resolver: there the deployment
    /// is called by its address.
    pub(super) fn resolvable(&self) -> &'static str {
        match self {
            Self::Function(Function::EmptyRoot(_)) => "127.0.0.1",
            Self::Function(Function::Binary(_) | Function::Image(_)) | Self::Server(_) => {
                "localhost"
            }
        }
    }
}

/// What runs as the function, and where.
#[derive(Clone, Debug)]
pub enum Function {
    /// A binary of this machine.
    Binary(PathBuf),
    /// A static binary in a root directory with nothing else in it.
    EmptyRoot(PathBuf),
    /// An image that docker has, in a container.
    Image(String),
}

impl Function {
    /// The program to start, and where it finds the files of `directory`.
    pub(super) fn program(self, directory: &Path) -> Result<(Program, PathBuf), Error> {
        match self {
            Self::Binary(path) => Ok((Program::new(path), directory.to_owned())),
            Self::EmptyRoot(path) => {
                fs::copy(&path, directory.join("func"))
                    .map_err(|error| Error::Function(path, error))?;
                fs::create_dir(directory.join("tmp")).map_err(Error::Files)?;
                Ok((Program::new("/func").root(directory), PathBuf::from("/")))
            }
            Self::Image(name) => {
                // The function reads as another user than whoever wrote the files.
                let readable = Permissions::from_mode(0o755);
                fs::set_permissions(directory, readable).map_err(Error::Files)?;
                let image = Image::new(name).mount(directory, CREDENTIALS);
                Ok((Program::from_image(image), PathBuf::from(CREDENTIALS)))
            }
        }
    }
}
