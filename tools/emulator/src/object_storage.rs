//! Object Storage, as far as a list of buckets goes: signatures verified, answers in pages.
//!
//! Source: docs/spec/oci-services.md#object-storage.

use std::future::{Ready, ready};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::clock::now;
use crate::deployment::{self, Authority, Certificate, verify};
use crate::http::{self, Reply, Server};
use crate::principal::Issuer;

/// The compartment that has buckets.
pub const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaabuckets";
/// Its buckets, two on a page.
pub const BUCKETS: [&str; 5] = ["archive", "logs", "models", "predictions", "training"];
const NAMESPACE: &str = "emulated";
const PAGE: usize = 2;

/// A running Object Storage. Dropped, it closes its port.
#[derive(Debug)]
pub struct ObjectStorage {
    server: Server,
}

impl ObjectStorage {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`, trusting tokens of
    /// `issuer`.
    pub async fn start(issuer: Arc<Issuer>, tls: &Authority) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let tls = tls.server_config(Certificate::Valid);
        let server = Server::start_tls(any, tls, move |request| answer(&issuer, request));
        Ok(Self { server: server.await? })
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }
}

fn answer(issuer: &Issuer, request: Request<Incoming>) -> Ready<Reply> {
    let (head, _body) = request.into_parts();
    let verdict = verify(&deployment::Request::from_parts(&head, b""), issuer.public(), now());
    let error = |status, code: &str, message: &str| {
        http::reply(status, &json!({ "code": code, "message": message }))
    };
    let query = head.uri.query().unwrap_or_default();
    let reply = match (verdict, head.uri.path()) {
        (Err(refusal), _) => error(401, "NotAuthenticated", &refusal.to_string()),
        (Ok(_), _) if head.method != Method::GET => error(405, "MethodNotAllowed", "only GET"),
        (Ok(_), "/n/") => http::reply(200, &json!(NAMESPACE)),
        (Ok(_), "/n/emulated/b/") => buckets(query).unwrap_or_else(|| {
            error(404, "BucketNotFound", "no such compartment, or no right to list its buckets")
        }),
        (Ok(_), _) => error(404, "NotFound", "there is no such operation"),
    };
    ready(reply)
}

/// A page of buckets; None for another compartment.
fn buckets(query: &str) -> Option<Reply> {
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if parameter("compartmentId").as_deref() != Some(COMPARTMENT) {
        return None;
    }
    let start = parameter("page").map_or(Some(0), |page| page.parse::<usize>().ok())?;
    let page: Vec<Value> =
        BUCKETS.iter().skip(start).take(PAGE).map(|name| json!({ "name": name })).collect();
    let mut reply = http::reply(200, &Value::from(page));
    let next = start + PAGE;
    if next < BUCKETS.len() {
        reply.headers_mut().insert("opc-next-page", HeaderValue::from(next));
    }
    Some(reply)
}
