//! The bare program that the function is measured against: a Unix socket, one signature, one kept-alive TLS connection,
//! and nothing that makes a product of it.

use std::convert::Infallible;
use std::env;
use std::sync::Arc;

use bytes::Bytes;
use deployment::{Connection, Deployment};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::runtime::Builder;
use tokio::sync::Mutex;

struct Floor {
    deployment: Deployment,
    path: String,
    connection: Mutex<Option<Connection>>,
}

fn main() {
    let floor = Arc::new(Floor {
        deployment: Deployment::from_env(),
        path: env::var("FLOOR_PATH").unwrap(),
        connection: Mutex::new(None),
    });
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = UnixListener::bind(env::var("FLOOR_SOCKET").unwrap()).unwrap();
        loop {
            let stream = TokioIo::new(listener.accept().await.unwrap().0);
            let floor = floor.clone();
            let service = service_fn(move |request| floor.clone().answer(request));
            tokio::spawn(http1::Builder::new().serve_connection(stream, service));
        }
    });
}

impl Floor {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let request = self.deployment.request(&self.path, body);
        let mut connection = self.connection.lock().await;
        if connection.as_ref().is_none_or(Connection::is_closed) {
            *connection = Some(self.deployment.connect().await);
        }
        let response = connection.as_mut().unwrap().send_request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok(Response::new(Full::new(body)))
    }
}
