//! The API of API Gateway, as far as a deployment on a gateway that is there goes: signatures
//! verified, bodies read strictly; and the deployment itself, which checks tokens by a key set.
//!
//! The shapes are those of Oracle's SDK for Python, version 2.189. Whether the real gateway takes
//! an identity domain's key set by its address is not known: a test says what becomes of it.

mod details;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use hyper::{Method, Request};
use serde_json::{Value, json};

use self::details::{Backend, Details, Route};
use crate::clock::now;
use crate::deployment::{self, Authority, Certificate};
use crate::http::{self, Reply, Server};
use crate::user::{Trusted, User};

const BASE: &str = "/20190501/";
const MAX_BODY_BYTES: usize = 1024 * 1024;
const COMPARTMENT: &str = "ocid1.compartment.oc1..gateways";
/// The one gateway.
pub const GATEWAY: &str = "ocid1.apigateway.oc1.sa-saopaulo-1.aaaaaaaaemulated";

/// What the gateway makes of a key set by its address.
#[derive(Clone, Debug)]
pub enum KeySet {
    /// It takes it, and then this token.
    Takes(&'static str),
    /// It refuses the deployment.
    Refuses,
    /// It accepts the deployment, which then fails.
    Fails,
}

/// A running service. Dropped, it closes its port.
#[derive(Debug)]
pub struct ApiGateway {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    trusted: Trusted,
    key_set: KeySet,
    refuses_deletions: bool,
    made: Mutex<Vec<Deployment>>,
}

#[derive(Clone, Debug)]
struct Deployment {
    id: String,
    details: Details,
    state: &'static str,
}

impl ApiGateway {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`, trusting `user`.
    pub async fn start(user: Arc<User>, tls: &Authority, key_set: KeySet) -> io::Result<Self> {
        Self::with(user, tls, key_set, false).await
    }

    /// The same, and it refuses to delete.
    pub async fn start_keeping(
        user: Arc<User>,
        tls: &Authority,
        key_set: KeySet,
    ) -> io::Result<Self> {
        Self::with(user, tls, key_set, true).await
    }

    async fn with(
        user: Arc<User>,
        tls: &Authority,
        key_set: KeySet,
        refuses_deletions: bool,
    ) -> io::Result<Self> {
        let trusted = Trusted::User(user);
        let state = State { trusted, key_set, refuses_deletions, made: Mutex::default() };
        let state = Arc::new(state);
        let (shared, any) = (state.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let tls = tls.server_config(Certificate::Valid);
        let server = Server::start_tls(any, tls, move |request| shared.clone().answer(request));
        Ok(Self { server: server.await?, state })
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// The deployments that are there.
    pub fn deployments(&self) -> Vec<String> {
        self.state.made().iter().map(|made| made.id.clone()).collect()
    }
}

impl State {
    fn made(&self) -> MutexGuard<'_, Vec<Deployment>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let Some(body) = http::body(body, MAX_BODY_BYTES).await else {
            return error(413, "PayloadTooLarge", "the body is too large, or broke off");
        };
        let Some(path) = head.uri.path().strip_prefix(BASE) else { return self.called(&head) };
        let verdict = self.trusted.verify(&deployment::Request::from_parts(&head, &body), now());
        if let Err(refusal) = verdict {
            return error(401, "NotAuthenticated", &refusal.to_string());
        }
        let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        let (kind, id) = path.split_once('/').unwrap_or((path, ""));
        match (&head.method, kind, id) {
            (&Method::GET, "gateways", GATEWAY) => http::reply(
                200,
                &json!({
                    "id": GATEWAY,
                    "compartmentId": COMPARTMENT,
                    "endpointType": "PUBLIC",
                    "hostname": host,
                    "lifecycleState": "ACTIVE",
                }),
            ),
            (&Method::POST, "deployments", "") => self.create(&body, host),
            (&Method::GET, "deployments", "") => {
                self.list(head.uri.query().unwrap_or_default(), host)
            }
            (&Method::GET, "deployments", id) => self.look(id, host),
            (&Method::DELETE, "deployments", id) => self.delete(id),
            _ => hidden(),
        }
    }

    fn create(&self, body: &Bytes, host: &str) -> Reply {
        let details: Details = match serde_json::from_slice(body) {
            Ok(details) => details,
            Err(why) => return error(400, "InvalidParameter", &why.to_string()),
        };
        if details.gateway_id != GATEWAY || details.compartment_id != COMPARTMENT {
            return hidden();
        }
        if let Err(why) = details.check() {
            return error(400, "InvalidParameter", why);
        }
        if matches!(self.key_set, KeySet::Refuses) {
            return error(400, "InvalidParameter", "the key set was not to be taken");
        }
        let mut made = self.made();
        let id = format!("ocid1.apideployment.oc1.sa-saopaulo-1.aaaaaaaaemulated{}", made.len());
        made.push(Deployment { id, details, state: "CREATING" });
        let last = made.last().map(|made| made.shown(host));
        http::reply(200, &last.unwrap_or_default())
    }

    fn list(&self, query: &str, host: &str) -> Reply {
        let value = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        if value("compartmentId").as_deref() != Some(COMPARTMENT) {
            return hidden();
        }
        let name = value("displayName");
        let admits = |made: &&Deployment| {
            name.as_ref().is_none_or(|name| *name == made.details.display_name)
        };
        let items: Vec<Value> =
            self.made().iter().filter(admits).map(|made| made.shown(host)).collect();
        http::reply(200, &json!({ "items": items }))
    }

    fn look(&self, id: &str, host: &str) -> Reply {
        let mut made = self.made();
        let Some(found) = made.iter_mut().find(|made| made.id == id) else { return hidden() };
        let shown = found.shown(host);
        found.state = if matches!(self.key_set, KeySet::Fails) { "FAILED" } else { "ACTIVE" };
        http::reply(200, &shown)
    }

    fn delete(&self, id: &str) -> Reply {
        if self.refuses_deletions {
            return error(400, "NoWay", "it was told not to delete");
        }
        let mut made = self.made();
        let Some(at) = made.iter().position(|made| made.id == id) else { return hidden() };
        made.remove(at);
        http::reply(202, &Value::Null)
    }

    /// A call of a deployment, which nobody signs.
    fn called(&self, head: &Parts) -> Reply {
        let path = head.uri.path();
        for made in self.made().iter().filter(|made| made.state == "ACTIVE") {
            let rest = path.strip_prefix(&made.details.path_prefix);
            let mut routes = made.details.specification.routes.iter();
            let fits = |route: &&Route| {
                rest == Some(&route.path)
                    && route.methods.iter().any(|method| head.method == **method)
            };
            let Some(Route { backend: Backend::Stock { status, body }, .. }) = routes.find(fits)
            else {
                continue;
            };
            let sent = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
            return match &self.key_set {
                KeySet::Takes(known) if token == Some(*known) => http::reply(*status, &json!(body)),
                KeySet::Takes(_) | KeySet::Refuses | KeySet::Fails => {
                    http::reply(401, &json!({ "code": 401, "message": "Unauthorized" }))
                }
            };
        }
        http::reply(404, &json!({ "code": 404, "message": "Not Found" }))
    }
}

impl Deployment {
    fn shown(&self, host: &str) -> Value {
        json!({
            "id": self.id,
            "gatewayId": GATEWAY,
            "displayName": self.details.display_name,
            "compartmentId": self.details.compartment_id,
            "pathPrefix": self.details.path_prefix,
            "endpoint": format!("https://{host}{}", self.details.path_prefix),
            "lifecycleState": self.state,
            "freeformTags": self.details.freeform_tags,
        })
    }
}

fn hidden() -> Reply {
    error(404, "NotAuthorizedOrNotFound", "it is not there, or you have no right to it")
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    http::reply(status, &json!({ "code": code, "message": message }))
}
