//! The service's errors, and the headers of all of its answers.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

use crate::http::{self, Reply};

const OPC_WORK_REQUEST_ID: HeaderName = HeaderName::from_static("opc-work-request-id");
const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");

/// Why a request is not carried out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) retry_after: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// Returns what is wrong with a part of the request.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameter", message)
    }

    /// Missing, or not visible: without permission the two look the same.
    pub(super) fn hidden(what: &str) -> Self {
        let message = format!("{what} is not there, or you have no right to it");
        Self::new(404, "NotAuthorizedOrNotFound", message)
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let body = json!({ "code": refusal.code, "message": refusal.message });
        let mut reply = answer(refusal.status, &body);
        if let Some(seconds) = refusal.retry_after {
            reply.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        reply
    }
}

/// Returns an answer with an `opc-request-id` of its own.
pub(super) fn answer(status: u16, body: &Value) -> Reply {
    identified(http::reply(status, body))
}

/// Returns what there is to say of a change that is going to happen: nothing but who tells of it.
pub(super) fn accepted(work_request: &str) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::ACCEPTED;
    with_work_request(identified(reply), work_request)
}

/// The same answer, which names a work request.
pub(super) fn with_work_request(mut reply: Reply, id: &str) -> Reply {
    let id = HeaderValue::try_from(id).expect("an OCID is visible ASCII");
    reply.headers_mut().insert(OPC_WORK_REQUEST_ID, id);
    reply
}

fn identified(mut reply: Reply) -> Reply {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let id = HeaderValue::try_from(format!("emulated/functions/{number:06}"));
    reply.headers_mut().insert(OPC_REQUEST_ID, id.expect("digits are visible ASCII"));
    reply
}
