//! The emulated API Gateway: it executes a deployment specification, the very file that is uploaded
//! to OCI.
//!
//! Source: docs/spec/oci-services.md#api-gateway.

mod body;
mod check;
mod context;
mod deployment;
pub mod document;
mod exchange;
mod function;
mod headers;
mod http_backend;
mod path;
mod sending;
pub mod signing_key;
pub mod spec;
mod token;
mod trust;

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

pub(crate) use body::AnswerBody;
pub(crate) use deployment::Deployment;
pub use deployment::Functions;
pub use exchange::{Exchange, Piece, Relayed};

use crate::http::Server;
use spec::Specification;

/// What a gateway has beside its specification.
#[derive(Debug, Default)]
pub struct Setup {
    /// The functions that routes name.
    pub functions: Functions,
    /// The authorities, in PEM, whose certificates a server may have; no other is believed.
    pub authorities: Vec<String>,
    /// Told of each exchange: of a whole answer just before the client gets it, of a server's when
    /// it has gone through.
    pub exchanges: Option<UnboundedSender<Exchange>>,
}

/// A running gateway with one deployment.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
}

impl Gateway {
    /// Starts on `port` of 127.0.0.1 (0: a free one) with a deployment under `path_prefix`.
    pub async fn start(
        port: u16,
        path_prefix: &str,
        specification: Specification,
        functions: Functions,
    ) -> io::Result<Self> {
        let setup = Setup { functions, ..Setup::default() };
        Self::start_with(port, path_prefix, specification, setup).await
    }

    /// The same, with more than functions.
    pub async fn start_with(
        port: u16,
        path_prefix: &str,
        specification: Specification,
        setup: Setup,
    ) -> io::Result<Self> {
        let Setup { functions, authorities, exchanges } = setup;
        let deployment =
            Deployment::new(path_prefix, specification, functions, &authorities, exchanges)?;
        let deployment = Arc::new(deployment);
        let server = Server::start(port, move |request| deployment.clone().answer(request)).await?;
        Ok(Self { server })
    }

    /// Returns the base URL, without the deployment's prefix.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }
}
