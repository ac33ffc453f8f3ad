//! The bare program that the streaming server is measured against: hyper on a port, one signature, kept-alive TLS
//! connections, and every answer passed on frame by frame. A worker for each core.

use std::convert::Infallible;
use std::env;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use deployment::{Connection, Deployment};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

struct Relay {
    deployment: Deployment,
    idle: Mutex<Vec<Connection>>,
}

/// An answer, whose connection is free again when it is over.
struct Answer {
    body: Incoming,
    connection: Option<Connection>,
    relay: Arc<Relay>,
    is_over: bool,
}

fn main() {
    let relay = Arc::new(Relay { deployment: Deployment::from_env(), idle: Mutex::default() });
    Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind(env::var("FLOOR_ADDRESS").unwrap()).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let relay = relay.clone();
            let service = service_fn(move |request| relay.clone().answer(request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

impl Relay {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let request = self.deployment.request(head.uri.path(), body);
        let mut connection = self.connection().await;
        let response = connection.send_request(request).await.unwrap();
        let connection = Some(connection);
        Ok(response.map(|body| Answer { body, connection, relay: self, is_over: false }))
    }

    async fn connection(&self) -> Connection {
        loop {
            let idle = self.idle.lock().unwrap().pop();
            let Some(mut connection) = idle else { return self.deployment.connect().await };
            if connection.ready().await.is_ok() {
                return connection;
            }
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_over = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.is_end_stream() {
            self.relay.idle.lock().unwrap().extend(self.connection.take());
        }
    }
}
