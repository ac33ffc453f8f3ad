//! One prediction, by the parts of the function that make it: its address filter, its trust, its
//! signature.

use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use emulator::clock::now;
use fn_fdk::error_chain;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use model_deployment_fn::config::Config;
use model_deployment_fn::predict::{Endpoint, Forwarder};
use oracle_cloud_client::{Principal, RetrySafety};

use super::report::Report;
use crate::cause;
use crate::client::PREDICTION_TIMEOUT;
use crate::input::read;

/// Sends the file at `path` to `endpoint`, and reports the outcome.
pub(super) async fn predict(
    report: &mut Report,
    config: &Config,
    endpoint: &Endpoint,
    principal: Principal,
    path: &Path,
) {
    let body = match read("`--call`", path) {
        Ok(body) => body,
        Err(error) => return report.fail("call", &error.to_string()),
    };
    let forwarder = config.trust().and_then(|trust| {
        Forwarder::new(&config.rule, &trust, principal, now, config.repeatable.clone())
    });
    let forwarder = match forwarder {
        Ok(forwarder) => forwarder,
        Err(error) => return report.fail("call", &error_chain(&error)),
    };
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.uri();
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    let start = Instant::now();
    // One attempt only: its own outcome is of interest.
    let options = Forwarder::options(start + PREDICTION_TIMEOUT).retry_safety(RetrySafety::Never);
    let answer = forwarder.client().send_with(request, &options).await;
    let ms = start.elapsed().as_millis();
    match answer {
        Err(error) => report.fail("call", &error_chain(&error)),
        Ok(answer) => {
            let id = match answer.headers().get("opc-request-id").map(HeaderValue::to_str) {
                Some(Ok(id)) => id,
                Some(Err(_)) => "unreadable",
                None => "none",
            };
            let status = answer.status().as_u16();
            let text = format!("status {status} after {ms} ms, opc-request-id {id}");
            if answer.status().is_success() {
                return report.ok("call", &text);
            }
            let cause = cause::of_model(status, answer.body());
            report.fail("call", &format!("{text}: {}", cause.unwrap_or("no usual cause is known")));
        }
    }
}
