//! Object Storage: lists of buckets and of objects, and objects. It verifies signatures.
//!
//! Source: docs/spec/oci-services.md#object-storage.

mod list;
mod object;
mod objects;
mod range;
mod refusal;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use hyper::Request;
use hyper::body::Incoming;
use serde_json::json;

use self::refusal::error;
use crate::clock::now;
use crate::deployment::{self, Authority, Certificate};
use crate::http::{self, Reply, Server};
use crate::principal::Issuer;
use crate::user::{Trusted, User};

pub use self::list::{BUCKETS, COMPARTMENT};
pub use self::objects::Objects;

/// The namespace of the tenancy.
pub const NAMESPACE: &str = "emulated";
/// The largest object that is taken, in bytes.
const MAX_OBJECT_BYTES: usize = 256 * 1024 * 1024;

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

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// Returns the stored objects.
    pub fn objects(&self) -> Objects {
        self.objects.clone()
    }
}

async fn answer(trusted: Trusted, objects: Objects, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let Some(body) = http::body(body, MAX_OBJECT_BYTES).await else {
        return error(413, "RequestEntityTooLarge", "the object is too large, or broke off");
    };
    let request = deployment::Request::from_parts(&head, &body);
    match trusted.verify(&request, now()) {
        Ok(()) => carry_out(&request, &objects, now()),
        Err(refusal) => error(401, "NotAuthenticated", &refusal.to_string()),
    }
}

/// Answers a request whose signature is valid.
pub(crate) fn carry_out(
    request: &deployment::Request,
    objects: &Objects,
    now: SystemTime,
) -> Reply {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path: Vec<&str> = path.split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["", "n"] | ["", "n", ""]) => http::reply(200, &json!(NAMESPACE)),
        ("GET", ["", "n", NAMESPACE, "b"] | ["", "n", NAMESPACE, "b", ""]) => list::buckets(query)
            .unwrap_or_else(|| {
                error(404, "BucketNotFound", "no such compartment, or no right to list its buckets")
            }),
        (method, ["", "n", namespace, "b", bucket, "o", name @ ..]) => {
            if *namespace != NAMESPACE || !BUCKETS.contains(bucket) {
                return error(404, "BucketNotFound", "no such bucket, or no right to it");
            }
            // A name may have its own `/`, encoded or not.
            let name = object::decoded(&name.join("/"));
            let Some(name) = name else {
                return error(
                    400,
                    "InvalidObjectName",
                    "the name is not UTF-8, or has a zero byte",
                );
            };
            match (method, name.as_str()) {
                ("GET", "") => list::objects(objects, NAMESPACE, bucket, query),
                (_, "") => error(405, "MethodNotAllowed", "a list is only read"),
                _ => object::answer(request, objects, [NAMESPACE, bucket, &name], now),
            }
        }
        ("GET", _) => error(404, "NotFound", "there is no such operation"),
        _ => error(405, "MethodNotAllowed", "there is no such operation"),
    }
}
