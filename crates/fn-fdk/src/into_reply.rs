//! The types that a handler may return.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body::Body;
use serde::Serialize;

use super::error::Error;
use super::reply::Reply;

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// A type that a handler may return: text, bytes, [`Json`], a status with one of them, a [`Reply`],
/// an [`http::Response`], or a `Result` of one of these.
///
/// ```
/// use fn_fdk::{Call, Error, IntoReply, Json};
/// use http::StatusCode;
///
/// async fn double(call: Call) -> Result<(StatusCode, Json<u32>), Error> {
///     Ok((StatusCode::CREATED, Json(2 * call.json::<u32>()?)))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let reply = double(Call::direct("21")).await.into_reply()?;
/// assert_eq!((reply.status(), reply.body()), (StatusCode::CREATED, &b"42"[..]));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reply",
    note = "return a text, bytes, `Json(value)`, `(StatusCode, reply)`, a `Reply`, an \
            `http::Response`, or a `Result` of one of them, whose error converts into \
            `Box<dyn std::error::Error + Send + Sync>`"
)]
pub trait IntoReply {
    /// Converts the value into a reply, or returns what went wrong.
    ///
    /// ```
    /// use fn_fdk::{IntoReply, Reply};
    ///
    /// struct Seat(u32);
    ///
    /// impl IntoReply for Seat {
    ///     fn into_reply(self) -> Result<Reply, fn_fdk::Error> {
    ///         Ok(Reply::text(format!("seat {}", self.0)))
    ///     }
    /// }
    ///
    /// assert_eq!(Seat(13).into_reply().unwrap().body(), b"seat 13");
    /// ```
    fn into_reply(self) -> Result<Reply, Error>;
}

/// A value that is sent as JSON.
///
/// ```
/// use fn_fdk::{IntoReply, Json};
///
/// let reply = Json(["a", "b"]).into_reply().unwrap();
/// assert_eq!(reply.headers()["content-type"], "application/json");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Json<T>(pub T);

impl IntoReply for Reply {
    fn into_reply(self) -> Result<Reply, Error> {
        self.sendable()
    }
}

impl IntoReply for () {
    fn into_reply(self) -> Result<Reply, Error> {
        Ok(Reply::empty())
    }
}

impl IntoReply for String {
    fn into_reply(self) -> Result<Reply, Error> {
        Ok(Reply::text(self))
    }
}

impl IntoReply for &'static str {
    fn into_reply(self) -> Result<Reply, Error> {
        Ok(Reply::text(self))
    }
}

impl IntoReply for Bytes {
    fn into_reply(self) -> Result<Reply, Error> {
        Ok(Reply::bytes(OCTETS, self))
    }
}

impl IntoReply for Vec<u8> {
    fn into_reply(self) -> Result<Reply, Error> {
        Ok(Reply::bytes(OCTETS, self))
    }
}

impl<T: Serialize> IntoReply for Json<T> {
    fn into_reply(self) -> Result<Reply, Error> {
        Reply::json(&self.0).sendable()
    }
}

impl<T: IntoReply> IntoReply for (StatusCode, T) {
    fn into_reply(self) -> Result<Reply, Error> {
        let (status, reply) = self;
        reply.into_reply()?.with_status(status).sendable()
    }
}

impl<T: IntoReply, E: Into<Error>> IntoReply for Result<T, E> {
    fn into_reply(self) -> Result<Reply, Error> {
        self.map_err(Into::into)?.into_reply()
    }
}

/// A body of known length, up to the limit for answers, is read to its end before it is sent. Any
/// other is sent while it is made, as with [`Reply::stream`].
impl<B> IntoReply for Response<B>
where
    B: Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    fn into_reply(self) -> Result<Reply, Error> {
        Reply::from_response(self).sendable()
    }
}
