//! How a service that issues credentials misbehaves.

use std::future::pending;
use std::sync::{Mutex, PoisonError};

use http_body_util::Full;
use hyper::Response;

use crate::http::Reply;

/// What it does instead of its work.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It answers with this status and this text.
    Answers(u16, String),
    /// It reads requests and does not answer.
    IsSilent,
}

/// The trouble of each of its paths, by the beginning of the path.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<Vec<(&'static str, Trouble)>>);

impl Troubles {
    /// From now on, below `path`; None ends all trouble there.
    pub(crate) fn set(&self, path: &'static str, trouble: Option<Trouble>) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.retain(|(known, _)| *known != path);
        troubles.extend(trouble.map(|trouble| (path, trouble)));
    }

    /// Returns whether there is any.
    pub(crate) fn is_any(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Returns the answer to a request for `path`, if there is trouble; it may never come.
    pub(crate) async fn answer(&self, path: &str) -> Option<Reply> {
        let trouble = {
            let troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            troubles.iter().find(|(known, _)| path.starts_with(known))?.1.clone()
        };
        match trouble {
            Trouble::Answers(status, text) => {
                let reply = Response::builder().status(status).body(Full::from(text));
                Some(reply.expect("the status is valid"))
            }
            Trouble::IsSilent => pending().await,
        }
    }
}
