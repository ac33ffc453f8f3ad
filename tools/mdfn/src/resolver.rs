//! Resolves names as the system does, and reports which one is not found.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// A name without an address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the name `{name}` is not found: {why}")]
pub(crate) struct NameNotFound {
    name: String,
    why: String,
}

#[derive(Debug)]
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str();
            let found = lookup_host((name, 0)).await.map_err(|error| {
                let why = error.to_string();
                NameNotFound { name: name.to_owned(), why }
            })?;
            let found: Addrs = Box::new(found.collect::<Vec<SocketAddr>>().into_iter());
            Ok(found)
        })
    }
}
