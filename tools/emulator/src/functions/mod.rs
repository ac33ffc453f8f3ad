//! The API of OCI Functions that makes, changes and calls functions: signatures verified, bodies read
//! strictly, and a lifecycle that goes on as often as somebody looks.
//!
//! The shapes are those of Oracle's SDK for Python, version 2.189; what the service does beyond
//! them is not known. Source: docs/spec/oci-services.md#functions-api.

mod application;
mod details;
mod fate;
mod fault;
mod function;
mod invocation;
mod members;
mod query;
mod refusal;
mod runtime;
mod source;
mod state;
#[cfg(test)]
mod tests;
mod work_request;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::ETAG;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

pub use self::fate::Fate;
pub use self::fault::Fault;
pub use self::function::Change;
pub use self::runtime::Runtime;

use self::application::Application;
use self::fault::Faults;
use self::function::Function;
use self::invocation::Delay;
use self::refusal::Refusal;
use self::state::State;
use crate::clock::now;
use crate::deployment::{self, Authority, Certificate};
use crate::http::{self, Reply, Server};
use crate::object_storage::Objects;
use crate::principal::Issuer;
use crate::streaming::Streams;
use crate::user::{Trusted, User};

/// The most that a request may carry, in bytes: the largest archive in base64, and the rest.
const MAX_BODY_BYTES: usize = 36 * 1024 * 1024;

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A running service. Dropped, it closes its port and every connection.
#[derive(Debug)]
pub struct FunctionsService {
    server: Server,
    service: Arc<Service>,
}

#[derive(Debug)]
struct Service {
    trusted: Trusted,
    state: Mutex<State>,
    faults: Faults,
    asked: Mutex<Vec<Asked>>,
}

/// A request that the service had.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The names of the headers, in the order of the alphabet.
    pub headers: Vec<String>,
    /// The status of the answer; none if the connection broke instead.
    pub status: Option<u16>,
}

impl Asked {
    fn new(head: &Parts, status: Option<u16>) -> Self {
        let mut headers: Vec<String> = head.headers.keys().map(ToString::to_string).collect();
        headers.sort_unstable();
        Self { method: head.method.to_string(), target: head.uri.to_string(), headers, status }
    }
}

/// The connection is to break instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is to break")]
struct Broken;

impl FunctionsService {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`. It trusts `user`, and
    /// takes archives of `objects`.
    pub async fn start(user: Arc<User>, objects: Objects, tls: &Authority) -> io::Result<Self> {
        Self::trusting(Trusted::User(user), objects, tls).await
    }

    /// The same, trusting who has a token of `issuer` and acts for whoever gave it `delegation`.
    pub async fn start_delegated(
        issuer: Arc<Issuer>,
        delegation: &str,
        tls: &Authority,
    ) -> io::Result<Self> {
        let trusted = Trusted::Delegated(issuer, delegation.to_owned());
        Self::trusting(trusted, Objects::default(), tls).await
    }

    async fn trusting(trusted: Trusted, objects: Objects, tls: &Authority) -> io::Result<Self> {
        let service = Arc::new(Service {
            trusted,
            state: Mutex::new(State::new(objects)),
            faults: Faults::default(),
            asked: Mutex::default(),
        });
        let (listener, acceptor) = (
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            TlsAcceptor::from(tls.server_config(Certificate::Valid)),
        );
        let shared = service.clone();
        let server = Server::serve(listener, move |stream| {
            connection(shared.clone(), acceptor.clone(), stream)
        })?;
        Ok(Self { server, service })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// Adds an application, and gives its OCID.
    pub fn add_application(&self, name: &str, compartment: &str, shape: &str) -> String {
        let application = Application::new(name, compartment, shape);
        let id = application.id.clone();
        self.service.state().applications.push(application);
        id
    }

    /// What runtimes there are from now on.
    pub fn set_runtimes(&self, runtimes: Vec<Runtime>) {
        self.service.state().runtimes = runtimes;
    }

    /// How each change from now on ends.
    pub fn set_change(&self, change: Change) {
        self.service.state().change = change;
    }

    /// So many GETs of a function find it as it was, after its deletion was accepted.
    pub fn set_deletion(&self, looks: u32) {
        self.service.state().deletion = looks;
    }

    /// What becomes of functions of an archive, named by its SHA-256 in base64, or of an image.
    pub fn set_fate(&self, code: &str, fate: Fate) {
        self.service.state().fates.insert(code.to_owned(), fate);
    }

    /// Where results of detached calls go from now on.
    pub fn set_streams(&self, streams: Streams) {
        self.service.state().streams = streams;
    }

    /// From now on the user has no right to anything.
    pub fn take_rights(&self) {
        self.service.state().has_rights = false;
    }

    /// From now on the user has no right to work requests.
    pub fn hide_work(&self) {
        self.service.state().shows_work = false;
    }

    /// The next request with this method meets this; several meet one after the other.
    pub fn add_fault(&self, method: Method, fault: Fault) {
        self.service.faults.add(method, fault);
    }

    /// Returns the functions as they are now.
    pub fn functions(&self) -> Vec<Value> {
        let state = self.service.state();
        state.functions.iter().filter(|own| !own.is_deleted()).map(Function::document).collect()
    }

    /// Somebody deletes all functions. Lists go on showing them, as `DELETED`.
    pub fn delete_functions(&self) {
        self.service.state().functions.iter_mut().for_each(Function::delete);
    }

    /// Returns how many functions were called.
    pub fn calls(&self) -> usize {
        self.service.state().functions.iter().filter(|function| function.was_called).count()
    }

    /// Returns every request, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.service.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves one connection until either side has had enough of it.
async fn connection(service: Arc<Service>, tls: TlsAcceptor, stream: TcpStream) {
    let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await else { return };
    let answering = service_fn(|request| service.clone().answer(request));
    // It is to break at times, and a client may leave whenever it wants to.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await);
}

impl Service {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Reply, Broken> {
        let (head, mut body) = request.into_parts();
        let fault = self.faults.take(&head.method);
        if let Some(Fault::BreaksOff(bytes)) = fault {
            let mut taken = 0;
            while taken < bytes
                && let Some(Ok(frame)) = body.frame().await
            {
                taken += frame.data_ref().map_or(0, Bytes::len);
            }
            self.note(&head, None);
            return Err(Broken);
        }
        let Some(body) = http::body(body, MAX_BODY_BYTES).await else {
            self.note(&head, None);
            return Err(Broken);
        };
        if let Some(Fault::IsSlow(time)) = fault {
            sleep(time).await;
        }
        let verified = self.trusted.verify(&deployment::Request::from_parts(&head, &body), now());
        let request = state::Request {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
        };
        let reply = match (verified, &fault) {
            (Err(refusal), _) => Err(Refusal::new(401, "NotAuthenticated", refusal.to_string())),
            (Ok(()), Some(Fault::Answers(status, code, retry_after))) => Err(Refusal {
                retry_after: *retry_after,
                ..Refusal::new(*status, code, "the service was told to answer so")
            }),
            (Ok(()), _) => self.state().carry_out(&request),
        };
        let mut reply = reply.unwrap_or_else(Reply::from);
        if matches!(fault, Some(Fault::HidesEtag)) {
            reply.headers_mut().remove(ETAG);
        }
        if let Some(Delay(time)) = reply.extensions().get() {
            sleep(*time).await;
        }
        let is_lost = matches!(fault, Some(Fault::LosesAnswer));
        self.note(&head, (!is_lost).then(|| reply.status().as_u16()));
        if is_lost { Err(Broken) } else { Ok(reply) }
    }

    fn note(&self, head: &Parts, status: Option<u16>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(Asked::new(head, status));
    }
}
