//! Somebody with a signature, and what the services are asked.

use std::sync::Arc;

use emulator::deployment::Authority;
use emulator::keys::Key;
use emulator::principal::Issuer;
use emulator::services::generative_ai::{COMPARTMENT, PROJECT};
use emulator::services::{Service, Services};
use emulator::user::User;
use serde_json::Value;
use tokio_rustls::TlsConnector;

use crate::deployment::client::{Answer, Call, Connection, connector};

/// The services, a user, and a resource principal.
pub(crate) struct Setup {
    pub(crate) services: Services,
    pub(crate) user: Arc<User>,
    connector: TlsConnector,
    session: Key,
    token: String,
}

/// One request.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) service: Service,
    pub(crate) target: &'a str,
    pub(crate) call: Call<'a>,
    pub(crate) by_user: bool,
}

/// The header lines of a call in the compartment, and in its project.
pub(crate) fn in_compartment() -> String {
    format!("opc-compartment-id: {COMPARTMENT}\r\nCompartmentId: {COMPARTMENT}\r\n")
}

pub(crate) fn in_project(project: &str) -> String {
    format!("{}openai-project: {project}\r\n", in_compartment())
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let (issuer, authority, session) = (Issuer::new(), Authority::new(), Key::generate());
        let user = User::new();
        let services = Services::start(issuer.clone(), user.clone(), &authority).await.unwrap();
        let token = issuer.token(&session, 600);
        Self { services, user, connector: connector(&authority), session, token }
    }

    pub(crate) fn port(&self, service: Service) -> u16 {
        self.services.url(service).rsplit_once(':').unwrap().1.parse().unwrap()
    }

    pub(crate) async fn connect(&self, service: Service) -> Connection {
        Connection::to(self.port(service), &self.connector).await
    }

    /// The bytes of a request.
    pub(crate) fn sign(&self, request: &Request<'_>) -> Vec<u8> {
        let Request { target, call, by_user, .. } = request;
        if *by_user {
            call.signed(target, self.user.key(), &self.user.key_id())
        } else {
            call.signed(target, &self.session, &format!("ST${}", self.token))
        }
    }

    /// One request on a connection of its own.
    pub(crate) async fn send(&self, request: &Request<'_>) -> Answer {
        self.connect(request.service).await.call(&self.sign(request)).await.unwrap()
    }

    /// A request without a body, with these header lines.
    pub(crate) async fn bare(
        &self,
        service: Service,
        method: &str,
        target: &str,
        further: &str,
    ) -> Answer {
        let call = Call { method, further, ..Call::BODYLESS };
        self.send(&Request { service, target, call, by_user: false }).await
    }

    /// A POST of JSON with these header lines.
    pub(crate) async fn json(
        &self,
        service: Service,
        target: &str,
        further: &str,
        body: &Value,
    ) -> Answer {
        let body = body.to_string();
        let call = Call { further, body: body.as_bytes(), ..Call::PREDICT };
        self.send(&Request { service, target, call, by_user: false }).await
    }

    /// A POST of JSON to a path of OpenAI's protocol, in the project.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let target = format!("/openai/v1{path}");
        self.json(Service::Inference, &target, &in_project(PROJECT), body).await
    }

    /// A request without a body to a path of OpenAI's protocol, in the project.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Answer {
        let target = format!("/openai/v1{path}");
        self.bare(Service::Inference, method, &target, &in_project(PROJECT)).await
    }
}
