//! What a call is sent to: a model deployment, or an operation of another service.

use http::Uri;

use super::endpoint::Endpoint;
use crate::services::Operation;

/// What a call is sent to. Holding one is the proof that its address was checked.
#[derive(Clone, Debug)]
pub(super) enum Upstream {
    Deployment(Endpoint),
    Service(Operation),
}

impl Upstream {
    /// The address, in the only form in which it is resolved, signed and sent.
    pub(super) fn uri(&self) -> Uri {
        match self {
            Self::Deployment(endpoint) => endpoint.uri(),
            Self::Service(operation) => operation.uri(),
        }
    }

    /// The deployment, if it is one.
    pub(super) fn deployment(&self) -> Option<&Endpoint> {
        match self {
            Self::Deployment(endpoint) => Some(endpoint),
            Self::Service(_) => None,
        }
    }

    /// The operation, if it is one of another service.
    pub(super) fn service(&self) -> Option<&Operation> {
        match self {
            Self::Deployment(_) => None,
            Self::Service(operation) => Some(operation),
        }
    }

    /// What the operator knows it by: a deployment's OCID, or a service's alias.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Deployment(endpoint) => endpoint.ocid(),
            Self::Service(operation) => operation.alias(),
        }
    }

    /// What of it is called, with the names of objects and other things left out.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Deployment(endpoint) => endpoint.path(),
            Self::Service(operation) => operation.pattern().to_owned(),
        }
    }
}
