//! What keeps the cloud from running.

use std::io;
use std::path::PathBuf;

use crate::agent::StartError;

/// What keeps the cloud from running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is no function.
    #[error("{path} cannot be run as the function: {1}", path = .0.display())]
    Function(PathBuf, io::Error),
    /// The gateway's port, and why it cannot be listened at.
    #[error("port {0} cannot be used for the gateway: {1}")]
    Gateway(u16, io::Error),
    /// The identity domain's port, and why it cannot be listened at.
    #[error("port {0} cannot be used for the identity domain: {1}")]
    Identity(u16, io::Error),
    /// No room for the few files.
    #[error("the temporary directory cannot be used: {0}")]
    Files(io::Error),
    /// The deployment's port.
    #[error("the model deployment could not listen: {0}")]
    Deployment(io::Error),
    /// The collector's port.
    #[error("the collector of traces could not listen: {0}")]
    Collector(io::Error),
    /// The function did not start.
    #[error("the function did not start: {0}")]
    Start(StartError),
    /// The streaming server did not start.
    #[error("the server did not start: {0}")]
    Server(String),
    /// The specification is not one that the gateway takes.
    #[error("{0}")]
    Specification(String),
}
