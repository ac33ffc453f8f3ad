//! Any tower service as a handler: an axum application, a stack of layers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tower_service::Service;

use super::call::Call;
use super::error::Error;

/// The body of a request to a service: whole, in one piece.
///
/// ```
/// use http_body::Body as _;
///
/// let body = fn_fdk::Body::from(bytes::Bytes::from_static(b"Ada"));
/// assert_eq!(body.size_hint().exact(), Some(3));
/// ```
#[derive(Clone, Default)]
pub struct Body(Option<Bytes>);

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.0.as_ref().map_or(0, Bytes::len);
        u64::try_from(length).map_or_else(|_beyond| SizeHint::default(), SizeHint::with_exact)
    }
}

/// Shows only its length.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("bytes", &self.0.as_ref().map_or(0, Bytes::len)).finish()
    }
}

/// Makes a handler of a tower service: an axum application is an OCI function.
///
/// The call's [`Context`](crate::Context) is an extension of the request. The service is cloned for
/// each call, as tower requires.
///
/// ```
/// use axum::{Router, extract::Path, routing::get};
/// use fn_fdk::{Call, IntoReply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fn_fdk::Error> {
/// let seat = async |Path(number): Path<u32>| format!("seat {number}");
/// let handler = fn_fdk::service(Router::new().route("/seats/{number}", get(seat)));
/// let call = Call::gateway(http::Request::get("/seats/13").body("")?);
/// assert_eq!(handler(call).await.into_reply()?.into_bytes().await?, "seat 13");
/// # Ok(())
/// # }
/// ```
pub fn service<S, B>(service: S) -> impl AsyncFn(Call) -> Result<Response<B>, Error>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<Error>> + Clone,
{
    async move |call: Call| {
        let mut service = service.clone();
        poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
        let request = Request::<Bytes>::from(call).map(Body::from);
        service.call(request).await.map_err(Into::into)
    }
}
