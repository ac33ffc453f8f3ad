//! The operator's port, `ADMIN_ADDRESS`: `/livez`, `/readyz` and `/metrics`, for probes and
//! Prometheus. It is never the port that clients call.

use std::sync::Arc;
use std::time::Duration;

use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::encoding::prometheus_text;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::metrics::Metrics;

const MAX_CONNECTIONS: usize = 64;
/// The longest that the head of a request may take, and that a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that one connection is kept, whatever it does.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);
/// The longest that credentials are waited for: a probe has no more patience.
const READY_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How long nobody is taken when there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What `/readyz` asks.
pub trait Health: Send + Sync + 'static {
    /// Whether the server is about to end.
    fn is_draining(&self) -> bool;
    /// Whether there is something valid to sign with.
    fn has_credentials(&self) -> impl Future<Output = bool> + Send;
}

/// Answers probes and Prometheus until it is dropped. At most 64 connections are served at once;
/// further ones wait.
pub async fn serve(listener: TcpListener, health: Arc<impl Health>, metrics: Arc<Metrics>) {
    let router = router(health, metrics);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Dropped with this future, so that no connection outlives it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let permit = permits.clone().acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                log::warn!("the operator's port takes no connection: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Ok(Err(error)) = timeout(CONNECTION_TIMEOUT, served).await {
        log::debug!("a connection to the operator's port failed: {error}");
    }
}

fn router(health: Arc<impl Health>, metrics: Arc<Metrics>) -> Router {
    let text = [(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)];
    Router::new()
        .route("/livez", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(async move || ready(health.clone()).await))
        .route("/metrics", get(async move || (text, metrics.text())))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(map_response(not_stored))
}

async fn method_not_allowed() -> impl IntoResponse {
    let body = json!({ "code": "MethodNotAllowed", "message": "expected GET or HEAD" });
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")], Json(body))
}

async fn not_found() -> impl IntoResponse {
    let message = "expected /livez, /readyz or /metrics";
    (StatusCode::NOT_FOUND, Json(json!({ "code": "PathNotAllowed", "message": message })))
}

async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn ready(health: Arc<impl Health>) -> (StatusCode, Json<Value>) {
    let is_draining = health.is_draining();
    // Credentials that take longer are none for this probe. They are fetched without it, for the next one.
    let asked = tokio::spawn(async move { health.has_credentials().await });
    let has_credentials = matches!(timeout(READY_TIMEOUT, asked).await, Ok(Ok(true)));
    let (status, word) = if has_credentials && !is_draining {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    let body = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "has_credentials": has_credentials,
        "is_draining": is_draining,
    });
    (status, Json(body))
}
