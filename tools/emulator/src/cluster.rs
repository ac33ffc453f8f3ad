//! A Kubernetes cluster: the service on each node that exchanges a service account's token for a
//! session token.
//!
//! Source: docs/spec/oci-request-signing.md#workload-identity.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use crate::clock::{now, since_epoch};
use crate::deployment::{Authority, Certificate};
use crate::http::{self, Reply, Server};
use crate::keys::{self, Key, Token};
use crate::principal::Issuer;
use crate::trouble::{Trouble, Troubles};

/// The workload that the tokens are for.
pub const WORKLOAD: &str = "ocid1.workload.oc1.sa-saopaulo-1.aaaaaaaaemulatedemulatedemulated";
/// The address of the node's service; its port is the same in every cluster.
const NODE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const PORT: u16 = 12250;

/// A running cluster with one pod, whose service account is mounted in a directory.
#[derive(Debug)]
pub struct Cluster {
    _server: Server,
    mount: PathBuf,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    issuer: Arc<Issuer>,
    accounts: Key,
    basic: AtomicBool,
    lifetime: AtomicI64,
    troubles: Troubles,
    asked: Mutex<Vec<String>>,
}

impl Cluster {
    /// Starts the node's service, with a certificate of `tls`, and mounts the pod's service account
    /// in `mount`.
    pub async fn start(issuer: Arc<Issuer>, tls: &Authority, mount: &Path) -> io::Result<Self> {
        let state = Arc::new(State {
            issuer,
            accounts: Key::generate(),
            basic: AtomicBool::new(false),
            lifetime: AtomicI64::new(3600),
            troubles: Troubles::default(),
            asked: Mutex::default(),
        });
        let shared = state.clone();
        let server = Server::start_tls(
            SocketAddr::from((NODE, PORT)),
            tls.server_config(Certificate::Valid),
            move |request| shared.clone().answer(request),
        );
        let cluster = Self { _server: server.await?, mount: mount.to_owned(), state };
        fs::write(mount.join("ca.crt"), tls.pem())?;
        cluster.mount_account(3600)?;
        Ok(cluster)
    }

    /// Replaces the service account's token by one that is good for `lifetime` seconds.
    pub fn mount_account(&self, lifetime: i64) -> io::Result<()> {
        let issued = i64::try_from(since_epoch(now()).as_secs()).unwrap_or(i64::MAX);
        let claims = json!({
            "aud": ["https://kubernetes.default.svc"],
            "exp": issued + lifetime,
            "sub": "system:serviceaccount:default:predictor",
        });
        let token =
            self.state.accounts.token(&json!({ "alg": "RS256", "kid": "cluster" }), &claims);
        fs::write(self.mount.join("token"), token + "\n")
    }

    /// Makes it a basic cluster, which gives its workloads no identity.
    pub fn make_basic(&self) {
        self.state.basic.store(true, Ordering::Relaxed);
    }

    /// Makes the node's service misbehave until this is called again.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        self.state.troubles.set("/", trouble);
    }

    /// Makes later tokens valid for this many seconds.
    pub fn set_lifetime(&self, seconds: i64) {
        self.state.lifetime.store(seconds, Ordering::Relaxed);
    }

    /// Returns the variables that a pod of this cluster has.
    pub fn variables(&self) -> [(&'static str, String); 5] {
        let path = |name: &str| self.mount.join(name).display().to_string();
        [
            ("OCI_CLI_AUTH", "oke_workload_identity".to_owned()),
            ("KUBERNETES_SERVICE_HOST", NODE.to_string()),
            ("OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH", path("ca.crt")),
            ("OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH", path("token")),
            ("OCI_RESOURCE_PRINCIPAL_REGION", "gru".to_owned()),
        ]
    }

    /// Returns the outcome of each request so far: `issued`, or why it was refused.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn note(&self, what: &str) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        if self.troubles.is_any() {
            self.note("trouble");
        }
        if let Some(trouble) = self.troubles.answer(request.uri().path()).await {
            return trouble;
        }
        let result = self.token(request).await;
        self.note(result.as_ref().map_or_else(|(_, why)| *why, |_| "issued"));
        match result {
            Ok(token) => {
                let answer = json!({ "token": format!("ST${token}") }).to_string();
                Response::new(Full::from(format!("\"{}\"", STANDARD.encode(answer))))
            }
            Err((status, why)) => http::reply(status, &json!({ "code": status, "message": why })),
        }
    }

    async fn token(&self, request: Request<Incoming>) -> Result<String, (u16, &'static str)> {
        let (head, body) = request.into_parts();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if (&head.method, head.uri.path()) != (&Method::POST, "/resourcePrincipalSessionTokens") {
            return Err((404, "there is no such operation"));
        }
        let account = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let account = account.and_then(Token::parse).ok_or((401, "no service account's token"))?;
        let expired = || {
            let expires = account.seconds("exp").unwrap_or_default();
            expires <= since_epoch(now()).as_secs_f64()
        };
        if !account.is_signed_by(self.accounts.public()) || expired() {
            return Err((401, "the service account's token is not valid"));
        }
        let id: Vec<&str> = header("opc-request-id").unwrap_or_default().split('/').collect();
        let is_part = |part: &&str| part.len() == 32 && part.bytes().all(|b| b.is_ascii_hexdigit());
        if id.len() != 3 || !id.iter().all(is_part) {
            return Err((400, "the request id is not three times 32 digits"));
        }
        if self.basic.load(Ordering::Relaxed) {
            return Err((403, "the cluster is not an enhanced cluster"));
        }
        let body = http::body(body, 64 * 1024).await.unwrap_or_default();
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let key = json.get("podKey").and_then(Value::as_str).and_then(keys::from_line);
        let key = key.ok_or((400, "the pod's public key cannot be read"))?;
        Ok(self.issuer.session_token(
            WORKLOAD,
            "workload",
            &key,
            self.lifetime.load(Ordering::Relaxed),
        ))
    }
}
