//! A function with `tracing`: every line is inside the span of its call.

use std::time::Duration;

use axum::{Router, routing::get};
use tower::timeout::TimeoutLayer;

fn main() -> std::process::ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let layers = tower::ServiceBuilder::new().layer(TimeoutLayer::new(Duration::from_secs(1)));
    fn_fdk::run(fn_fdk::service(layers.service(Router::new().route("/", get(hello)))))
}

async fn hello() -> &'static str {
    tracing::info!("somebody says hello");
    "Hello!\n"
}
