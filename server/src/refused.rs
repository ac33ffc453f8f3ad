//! What this server refuses by itself, before the rules of targets are asked.

use http::StatusCode;
use http::header::ALLOW;
use model_deployment_fn::predict::FrontError;
use strict_http1::Fault;

/// The methods of the function's rules.
const METHODS: &str = "GET, POST, PUT, DELETE";
/// nginx's status for a request whose client went away: no client reads it.
pub(crate) const CLIENT_CLOSED_REQUEST: u16 = 499;

pub(crate) const TOO_MANY_CALLS: FrontError = FrontError::busy(
    "TooManyCalls",
    "this server has too many calls at the moment; try again later",
);
pub(crate) const BUFFERS_FULL: FrontError = FrontError::busy(
    "BuffersFull",
    "this server holds too many large bodies at the moment; try again later",
);
pub(crate) const STOPPING: FrontError =
    FrontError::busy("ServerStopping", "this server is stopping; try again");
pub(crate) const BODY_LATE: FrontError = FrontError::new(
    StatusCode::REQUEST_TIMEOUT,
    "RequestTimeout",
    "the body was not complete in time",
);
pub(crate) const BODY_BROKEN: FrontError =
    FrontError::new(StatusCode::BAD_REQUEST, "CannotParseRequest", "the body broke off");
const CONNECT: FrontError = FrontError::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "MethodNotAllowed",
    "this server is no proxy; expected GET, POST, PUT, DELETE",
);

/// Why a request is refused that is no plain one of HTTP/1.1.
pub(crate) fn unplain(fault: Fault) -> FrontError {
    let status = fault.status();
    let (code, message) = match status {
        StatusCode::METHOD_NOT_ALLOWED => return CONNECT.with_header(ALLOW, METHODS),
        StatusCode::NOT_IMPLEMENTED => ("NotImplemented", fault.message()),
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => ("HttpVersionNotSupported", fault.message()),
        _ => ("CannotParseRequest", fault.message()),
    };
    FrontError::new(status, code, message).with_reason(fault.to_string())
}

/// Why a call is over whose client went away.
pub(crate) fn client_closed() -> FrontError {
    let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST).expect("it has three digits");
    let why = "the client went away before the end of the answer";
    FrontError::new(status, "ClientClosedRequest", why)
}
