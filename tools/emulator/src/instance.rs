//! A compute instance: its metadata service, and the service that exchanges its certificate for a
//! session token.
//!
//! Source: docs/spec/oci-request-signing.md#instance-principal.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::now;
use crate::deployment::{self, Authority, Certificate, Refusal, Signed, refused};
use crate::http::{self, Reply, Server};
use crate::keys::{self, Key};
use crate::principal::{Issuer, TENANCY};
use crate::trouble::{Trouble, Troubles};

/// The instance that the tokens are for.
pub const INSTANCE: &str =
    "ocid1.instance.oc1.sa-saopaulo-1.aaaaaaaaemulatedemulatedemulatedemulated";

/// A running instance. Dropped, it closes its services.
#[derive(Debug)]
pub struct ComputeInstance {
    metadata: Server,
    federation: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    issuer: Arc<Issuer>,
    authority: Authority,
    identity: Mutex<Identity>,
    asked: Mutex<Vec<String>>,
    failures: Mutex<VecDeque<u16>>,
    troubles: Troubles,
    lifetime: AtomicI64,
    forges: AtomicBool,
    clock_offset: AtomicI64,
}

/// What the instance proves itself with; the platform replaces it several times a day.
#[derive(Debug)]
struct Identity {
    key: Key,
    certificate: Vec<u8>,
    pem: String,
    tenancy: String,
    /// The key before, and how often it is still given out.
    old_key: Option<(String, u32)>,
}

impl Identity {
    fn new(authority: &Authority, tenancy: &str) -> Self {
        let key = Key::generate();
        let (unit, organization) = ("opc-certtype:instance", format!("opc-tenant:{tenancy}"));
        let (certificate, pem) = authority.identity(&key, &[unit, &organization]);
        Self { key, certificate, pem, tenancy: tenancy.to_owned(), old_key: None }
    }

    /// Returns the key, or for a while the one before it.
    fn key(&mut self) -> String {
        match self.old_key.as_mut().filter(|(_, left)| *left > 0) {
            Some((pem, left)) => {
                *left -= 1;
                pem.clone()
            }
            None => self.key.pem(),
        }
    }
}

impl ComputeInstance {
    /// Starts both services; the tokens are of `issuer` and good for `lifetime` seconds, the TLS
    /// certificate is of `tls`.
    pub async fn start(issuer: Arc<Issuer>, tls: &Authority, lifetime: i64) -> io::Result<Self> {
        let authority = Authority::new();
        let identity = Mutex::new(Identity::new(&authority, TENANCY));
        let state = Arc::new(State {
            issuer,
            authority,
            identity,
            asked: Mutex::default(),
            failures: Mutex::default(),
            troubles: Troubles::default(),
            lifetime: AtomicI64::new(lifetime),
            forges: AtomicBool::new(false),
            clock_offset: AtomicI64::default(),
        });
        let shared = state.clone();
        let metadata = Server::start(0, move |request| shared.clone().metadata(request)).await?;
        let (shared, any) = (state.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let tls = tls.server_config(Certificate::Valid);
        let federation =
            Server::start_tls(any, tls, move |request| shared.clone().exchange(request)).await?;
        Ok(Self { metadata, federation, state })
    }

    /// Returns the variables by which a program finds the services.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("OCI_CLI_AUTH", "instance_principal".to_owned()),
            ("OCI_METADATA_BASE_URL", format!("http://{}/opc/v2", self.metadata.address)),
            (
                "OCI_SDK_AUTH_CLIENT_REGION_URL",
                format!("https://localhost:{}", self.federation.address.port()),
            ),
        ]
    }

    /// Returns the requests so far: the paths, or why a request was refused.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.state.asked).clone()
    }

    /// Answers the next request, to either service, with this status; several are kept in order.
    pub fn fail(&self, status: u16) {
        lock(&self.state.failures).push_back(status);
    }

    /// Makes either service misbehave below `path`, until this is called again.
    pub fn trouble(&self, path: &'static str, trouble: Option<Trouble>) {
        self.state.troubles.set(path, trouble);
    }

    /// Makes later tokens valid for this many seconds.
    pub fn set_lifetime(&self, seconds: i64) {
        self.state.lifetime.store(seconds, Ordering::Relaxed);
    }

    /// Whether later tokens have signatures that no service accepts.
    pub fn forge(&self, forges: bool) {
        self.state.forges.store(forges, Ordering::Relaxed);
    }

    /// Sets the clock of the token service off by this many seconds.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.state.clock_offset.store(seconds, Ordering::Relaxed);
    }

    /// Replaces the certificate at once, and the key after it was read this many more times.
    pub fn renew_slowly(&self, reads: u32) {
        let mut identity = lock(&self.state.identity);
        let old_key = Some((identity.key.pem(), reads));
        *identity = Identity { old_key, ..Identity::new(&self.state.authority, TENANCY) };
    }

    /// Replaces certificate and key, for an instance of this tenancy.
    pub fn renew(&self, tenancy: &str) {
        *lock(&self.state.identity) = Identity::new(&self.state.authority, tenancy);
    }
}

impl State {
    fn note(&self, what: impl Into<String>) -> Option<Reply> {
        lock(&self.asked).push(what.into());
        let status = lock(&self.failures).pop_front()?;
        Some(http::reply(status, &json!({ "code": "Emulated", "message": "as configured" })))
    }

    async fn metadata(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        if let Some(failure) = self.note(request.uri().path()) {
            return failure;
        }
        if let Some(trouble) = self.troubles.answer(request.uri().path()).await {
            return trouble;
        }
        let bearer = request.headers().get("authorization").map(HeaderValue::as_bytes);
        if bearer != Some(b"Bearer Oracle") || request.method() != Method::GET {
            return http::reply(401, &json!({ "code": "NotAuthenticated", "message": "no" }));
        }
        let text = match request.uri().path() {
            "/opc/v2/instance/region" => "gru\n".to_owned(),
            "/opc/v2/instance/id" => INSTANCE.to_owned(),
            "/opc/v2/identity/cert.pem" => lock(&self.identity).pem.clone(),
            "/opc/v2/identity/key.pem" => lock(&self.identity).key(),
            "/opc/v2/identity/intermediate.pem" => self.authority.pem().to_owned(),
            _ => return http::reply(404, &json!({ "code": "NotFound", "message": "no" })),
        };
        Response::new(Full::from(text))
    }

    async fn exchange(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let body = http::body(body, 64 * 1024).await.unwrap_or_default();
        if let Some(failure) = self.note(head.uri.path()) {
            return failure;
        }
        if let Some(trouble) = self.troubles.answer(head.uri.path()).await {
            return trouble;
        }
        match self.token(&deployment::Request::from_parts(&head, &body), &body) {
            Ok(token) => http::reply(200, &json!({ "token": token })),
            Err(refusal) => {
                lock(&self.asked).push(refusal.to_string());
                let body = json!({ "code": "NotAuthenticated", "message": refusal.to_string() });
                let mut reply = http::reply(401, &body);
                let date = HeaderValue::try_from(httpdate::fmt_http_date(self.now()));
                reply.headers_mut().insert("date", date.expect("a date is a header value"));
                reply
            }
        }
    }

    /// Returns the token service's time of day.
    fn now(&self) -> SystemTime {
        let offset = self.clock_offset.load(Ordering::Relaxed);
        let by = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 { now() - by } else { now() + by }
    }

    /// Returns the session token for a valid request.
    fn token(&self, request: &deployment::Request, body: &Bytes) -> Result<String, Refusal> {
        if (request.method.as_str(), request.target.as_str()) != ("POST", "/v1/x509") {
            return refused("there is no such operation");
        }
        let signed = Signed::parse(request, &["(request-target)"], self.now())?;
        if signed.covered.split(' ').any(|name| name == "host") {
            return refused("the host is signed");
        }
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let member = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
        let identity = lock(&self.identity);
        if member("certificate") != STANDARD.encode(&identity.certificate) {
            return refused("the certificate is not the instance's");
        }
        let digest = match member("fingerprintAlgorithm") {
            "SHA256" => Sha256::digest(&identity.certificate),
            _ => return refused("the fingerprint is not SHA-256"),
        };
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let key_id = format!("{}/fed-x509-sha256/{}", identity.tenancy, pairs.join(":"));
        if signed.key_id != key_id {
            return refused("the key id is not tenancy and fingerprint of the certificate");
        }
        let intermediates = json.get("intermediateCertificates").and_then(Value::as_array);
        let pem: String = self.authority.pem().lines().filter(|line| !line.contains('-')).collect();
        if intermediates.is_none_or(|list| list.first() != Some(&Value::from(pem))) {
            return refused("the issuer's certificate is not there");
        }
        signed.check(identity.key.public())?;
        match keys::from_line(member("publicKey")) {
            Some(session) => {
                let forger = self.forges.load(Ordering::Relaxed).then(Issuer::new);
                let issuer = forger.as_ref().unwrap_or(&self.issuer);
                let lifetime = self.lifetime.load(Ordering::Relaxed);
                Ok(issuer.session_token(INSTANCE, "instance", &session, lifetime))
            }
            None => refused("the public key of the session cannot be read"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
