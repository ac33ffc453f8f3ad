//! Object Storage, as far as a list of buckets and the upload of an object go: signatures
//! verified, answers in pages.
//!
//! Source: docs/spec/oci-services.md#object-storage.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::{Bytes, Incoming};
use hyper::header::{ETAG, HeaderValue};
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::clock::now;
use crate::deployment::{self, Authority, Certificate};
use crate::http::{self, Reply, Server};
use crate::principal::Issuer;
use crate::user::{Trusted, User};

/// The compartment that has buckets.
pub const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaabuckets";
/// Its buckets, two on a page.
pub const BUCKETS: [&str; 5] = ["archive", "logs", "models", "predictions", "training"];
const NAMESPACE: &str = "emulated";
const PAGE: usize = 2;
/// The largest object that is taken, in bytes.
const MAX_OBJECT_BYTES: usize = 256 * 1024 * 1024;

/// The objects that were stored, for the services that read them.
#[derive(Clone, Debug, Default)]
pub struct Objects(Arc<Mutex<BTreeMap<[String; 3], Bytes>>>);

impl Objects {
    /// The object of this name in a bucket of a namespace.
    pub fn get(&self, namespace: &str, bucket: &str, name: &str) -> Option<Bytes> {
        let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.get(&[namespace, bucket, name].map(str::to_owned)).cloned()
    }

    fn put(&self, bucket: &str, name: &str, bytes: Bytes) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert([NAMESPACE, bucket, name].map(str::to_owned), bytes);
    }
}

/// A running Object Storage. Dropped, it closes its port.
#[derive(Debug)]
pub struct ObjectStorage {
    server: Server,
    objects: Objects,
}

impl ObjectStorage {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`, trusting tokens of
    /// `issuer`.
    pub async fn start(issuer: Arc<Issuer>, tls: &Authority) -> io::Result<Self> {
        Self::trusting(Trusted::Tokens(issuer), tls).await
    }

    /// The same, trusting `user`.
    pub async fn start_for(user: Arc<User>, tls: &Authority) -> io::Result<Self> {
        Self::trusting(Trusted::User(user), tls).await
    }

    async fn trusting(trusted: Trusted, tls: &Authority) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let tls = tls.server_config(Certificate::Valid);
        let objects = Objects::default();
        let kept = objects.clone();
        let server = Server::start_tls(any, tls, move |request| {
            answer(trusted.clone(), kept.clone(), request)
        });
        Ok(Self { server: server.await?, objects })
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// What was stored.
    pub fn objects(&self) -> Objects {
        self.objects.clone()
    }
}

async fn answer(trusted: Trusted, objects: Objects, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let Some(body) = http::body(body, MAX_OBJECT_BYTES).await else {
        return error(413, "RequestEntityTooLarge", "the object is too large, or broke off");
    };
    let verdict = trusted.verify(&deployment::Request::from_parts(&head, &body), now());
    if let Err(refusal) = verdict {
        return error(401, "NotAuthenticated", &refusal.to_string());
    }
    let query = head.uri.query().unwrap_or_default();
    let object =
        head.uri.path().strip_prefix("/n/emulated/b/").and_then(|rest| rest.split_once("/o/"));
    match (&head.method, head.uri.path(), object) {
        (&Method::PUT, _, Some((bucket, name))) if BUCKETS.contains(&bucket) => {
            objects.put(bucket, name, body);
            let mut reply = http::reply(200, &json!({}));
            reply.headers_mut().insert(ETAG, HeaderValue::from_static("emulated"));
            reply
        }
        (&Method::PUT, _, Some(_)) => {
            error(404, "BucketNotFound", "no such bucket, or no right to write into it")
        }
        (&Method::GET, "/n/", _) => http::reply(200, &json!(NAMESPACE)),
        (&Method::GET, "/n/emulated/b/", _) => buckets(query).unwrap_or_else(|| {
            error(404, "BucketNotFound", "no such compartment, or no right to list its buckets")
        }),
        (&Method::GET, ..) => error(404, "NotFound", "there is no such operation"),
        _ => error(405, "MethodNotAllowed", "only GET, and PUT of an object"),
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    http::reply(status, &json!({ "code": code, "message": message }))
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
