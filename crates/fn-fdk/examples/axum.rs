//! An axum application is a function.

use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use axum::{Extension, Json, Router};
use fn_fdk::Context;

fn main() -> std::process::ExitCode {
    let id = async |Extension(context): Extension<Context>| context.id.unwrap_or_default();
    let app = Router::new()
        .route("/items/{id}", get(async |Path(id): Path<u64>| Json(id)))
        .route("/rows", get(async || Body::from_stream(rows())))
        .route("/id", get(id));
    fn_fdk::run(fn_fdk::service(app))
}

fn rows() -> impl futures_core::Stream<Item = Result<String, std::io::Error>> {
    async_stream::stream! { for row in 0..1000 { yield Ok(format!("{row},{}\n", row * row)) } }
}
