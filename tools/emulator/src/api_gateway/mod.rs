//! The API of API Gateway, as far as a deployment on a gateway that is there goes: signatures
//! verified, bodies read strictly; and the deployment itself, which executes its specification.
//!
//! The shapes are those of Oracle's SDK for Python, version 2.189. Whether the real gateway takes
//! an identity domain's key set by its address is not known: a test says what becomes of it.

mod details;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method, Request, Response};
use serde_json::{Value, json};

use self::details::Details;
use crate::clock::now;
use crate::deployment::{self, Authority, Certificate};
use crate::gateway::spec::ValidationPolicy;
use crate::gateway::{self, AnswerBody, Functions};
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

/// What the gateway does beside what its documents say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Habit {
    /// Nothing.
    #[default]
    None,
    /// It refuses to delete.
    Keeps,
    /// It passes an answer on when it has all of it.
    Collects,
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
    habit: Habit,
    /// The authority whose certificates servers may have, in PEM.
    authority: String,
    made: Mutex<Vec<Deployment>>,
}

#[derive(Clone, Debug)]
struct Deployment {
    id: String,
    details: Details,
    state: &'static str,
    /// Whether tokens are checked by a key set that nobody has: it takes what [`KeySet`] says.
    is_remote: bool,
    executed: Arc<gateway::Deployment>,
}

impl ApiGateway {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`, trusting `user`.
    pub async fn start(user: Arc<User>, tls: &Authority, key_set: KeySet) -> io::Result<Self> {
        Self::start_with(user, tls, key_set, Habit::None).await
    }

    /// The same, with a habit.
    pub async fn start_with(
        user: Arc<User>,
        tls: &Authority,
        key_set: KeySet,
        habit: Habit,
    ) -> io::Result<Self> {
        let (trusted, authority) = (Trusted::User(user), tls.pem().to_owned());
        let state = State { trusted, key_set, habit, authority, made: Mutex::default() };
        let state = Arc::new(state);
        let (shared, any) = (state.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let tls = tls.server_config(Certificate::Valid);
        let server = Server::start_tls(any, tls, move |request| shared.clone().answer(request));
        Ok(Self { server: server.await?, state })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// Returns the deployments that are there.
    pub fn deployments(&self) -> Vec<String> {
        self.state.made().iter().map(|made| made.id.clone()).collect()
    }
}

impl State {
    fn made(&self) -> MutexGuard<'_, Vec<Deployment>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<AnswerBody> {
        if request.uri().path().starts_with(BASE) {
            self.managed(request).await.map(AnswerBody::from)
        } else {
            self.called(request).await
        }
    }

    async fn managed(&self, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let Some(body) = http::body(body, MAX_BODY_BYTES).await else {
            return error(413, "PayloadTooLarge", "the body is too large, or broke off");
        };
        let path = head.uri.path().strip_prefix(BASE).unwrap_or_default();
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
        let mut specification = match details.specification() {
            Ok(specification) => specification,
            Err(why) => return error(400, "InvalidParameter", &why),
        };
        let is_remote = specification.request_policies.authentication.take_if(|authentication| {
            matches!(authentication.validation_policy, ValidationPolicy::RemoteJwks { .. })
        });
        let is_remote = is_remote.is_some();
        if is_remote && matches!(self.key_set, KeySet::Refuses) {
            return error(400, "InvalidParameter", "the key set was not to be taken");
        }
        let authorities = [self.authority.clone()];
        let executed = gateway::Deployment::new(
            &details.path_prefix,
            specification,
            Functions::new(),
            &authorities,
            None,
        );
        let executed = match executed {
            Ok(executed) => Arc::new(executed),
            Err(why) => return error(400, "InvalidParameter", &why.to_string()),
        };
        let mut made = self.made();
        let id = format!("ocid1.apideployment.oc1.sa-saopaulo-1.aaaaaaaaemulated{}", made.len());
        made.push(Deployment { id, details, state: "CREATING", is_remote, executed });
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
        let fails = found.is_remote && matches!(self.key_set, KeySet::Fails);
        found.state = if fails { "FAILED" } else { "ACTIVE" };
        http::reply(200, &shown)
    }

    fn delete(&self, id: &str) -> Reply {
        if self.habit == Habit::Keeps {
            return error(400, "NoWay", "it was told not to delete");
        }
        let mut made = self.made();
        let Some(at) = made.iter().position(|made| made.id == id) else { return hidden() };
        made.remove(at);
        http::reply(202, &Value::Null)
    }

    /// Returns an unsigned call of a deployment.
    async fn called(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        let path = request.uri().path();
        let is_called = |made: &&Deployment| {
            made.state == "ACTIVE" && path.starts_with(&format!("{}/", made.details.path_prefix))
        };
        let Some(made) = self.made().iter().find(is_called).cloned() else {
            return refusal(404, "Not Found");
        };
        if made.is_remote && !self.takes(request.headers()) {
            return refusal(401, "Unauthorized");
        }
        let answer = made.executed.answer(request).await;
        if self.habit != Habit::Collects {
            return answer;
        }
        let (head, body) = answer.into_parts();
        let Ok(body) = body.collect().await else { return refusal(502, "Bad Gateway") };
        Response::from_parts(head, Full::from(body.to_bytes()).into())
    }

    /// Whether a key set that nobody has lets a caller in.
    fn takes(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
        matches!(&self.key_set, KeySet::Takes(known) if token == Some(*known))
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

/// What a caller of a deployment is refused with.
fn refusal(status: u16, message: &str) -> Response<AnswerBody> {
    http::reply(status, &json!({ "code": status, "message": message })).map(AnswerBody::from)
}

fn hidden() -> Reply {
    error(404, "NotAuthorizedOrNotFound", "it is not there, or you have no right to it")
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    http::reply(status, &json!({ "code": code, "message": message }))
}
