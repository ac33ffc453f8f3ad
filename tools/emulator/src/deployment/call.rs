//! A request, and what its target means.

use std::time::SystemTime;

use super::model::Model;
use super::request::Request;
use super::sessions::Sessions;

/// The deployment's OCID.
pub const OCID: &str = "ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.aaaaaaaairisirisirisirisirisirisirisirisirisirisiris";

/// A request whose signature is valid, and what answers it.
pub(super) struct Call<'a> {
    pub(super) model: &'a Model,
    pub(super) sessions: &'a Sessions,
    pub(super) request: &'a Request,
    /// How many requests came before it.
    pub(super) number: u64,
    /// The time on the deployment's clock.
    pub(super) time: SystemTime,
}

/// Which of the two endpoints was called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    Predict,
    Stream,
}

/// A request's target, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) action: Action,
    /// What follows the action, empty or from its `/` on, as it came.
    pub(super) suffix: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(super) fn parse(target: &'a str) -> Option<Self> {
        let target = target.strip_prefix('/')?.strip_prefix(OCID)?.strip_prefix('/')?;
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let (action, suffix) = path.split_at(path.find('/').unwrap_or(path.len()));
        let action = match action {
            "predict" => Action::Predict,
            "predictWithResponseStream" => Action::Stream,
            _ => return None,
        };
        Some(Self { action, suffix, query })
    }
}
