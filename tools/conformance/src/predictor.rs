//! The function that predicts, as a subject: an emulated model deployment behaves as the protocol's
//! function would.
//!
//! The deployment's request shows what the handler saw. The deployment also sends the answer that
//! an item asks for.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use emulator::deployment::{Authority, Behaviour, Certificate, ModelDeployment, Received};
use emulator::principal::{Issuer, ResourcePrincipal};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ask::Ask;
use crate::call::Call;
use crate::context::Context;
use crate::verdict::{Problem, expect};

/// The client's headers in the items, which the function is configured to forward.
const FORWARDED: &str = "x-a,x_foo,x-foo,x-mixed,x-bytes,user-agent";
/// The deployment's headers in the items, which the function is configured to return.
const RETURNED: &str = "x-a,x-b";
const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// What all deployments of a run share.
#[derive(Debug)]
pub(super) struct Predictor {
    issuer: Arc<Issuer>,
    authority: Authority,
    principal: ResourcePrincipal,
    directory: TempDir,
}

impl Predictor {
    /// Mints the function's identity into files.
    pub(super) fn new() -> Result<Self, Problem> {
        let directory = tempfile::Builder::new().prefix("mdfn").tempdir();
        let directory = directory.map_err(Problem::machine("a temporary directory"))?;
        // Item 14 runs the function as another user.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755))
            .map_err(Problem::machine("a directory for everybody"))?;
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let principal = ResourcePrincipal::mint(issuer.clone(), directory.path(), TOKEN_LIFETIME)
            .map_err(Problem::machine("a resource principal's files"))?;
        fs::write(directory.path().join("ca.pem"), authority.pem())
            .map_err(Problem::machine("a file of certificates"))?;
        Ok(Self { issuer, authority, principal, directory })
    }

    /// Returns a deployment of its own for one process of the function.
    pub(super) async fn stage(&self) -> Result<Stage, Problem> {
        let (issuer, certificate) = (self.issuer.clone(), Certificate::Valid);
        let deployment = ModelDeployment::start(issuer, &self.authority, certificate).await;
        let deployment = deployment.map_err(Problem::machine("a port on loopback"))?;
        let mut variables = vec![
            ("ALLOWED_HOSTS", format!("localhost:{}", deployment.port())),
            ("ALLOWED_PATHS", "/echo".to_owned()),
            ("SSL_CERT_FILE", self.directory.path().join("ca.pem").display().to_string()),
            ("FORWARD_HEADERS", FORWARDED.to_owned()),
            ("RETURN_HEADERS", RETURNED.to_owned()),
        ];
        variables.extend(self.principal.variables());
        Ok(Stage { deployment, variables })
    }

    /// Returns a resource principal in files of its own, to be rotated.
    pub(super) fn principal(&self, directory: &Path) -> Result<ResourcePrincipal, Problem> {
        ResourcePrincipal::mint(self.issuer.clone(), directory, TOKEN_LIFETIME)
            .map_err(Problem::machine("a resource principal's files"))
    }
}

/// One deployment, with the configuration of the function that calls it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) deployment: ModelDeployment,
    variables: Vec<(&'static str, String)>,
}

impl Stage {
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns the predict URL.
    pub(super) fn url(&self) -> String {
        self.deployment.url("localhost")
    }

    /// Names the deployment in a call, and prepares its answer.
    pub(super) fn dress(&self, ask: &Ask, call: Call) -> Result<Call, Problem> {
        let body = call.body.clone();
        let plain = |status, body| Behaviour::Reply(status, Vec::new(), body);
        let (behaviour, path) = match ask {
            Ask::Echo | Ask::Context | Ask::Print(_) | Ask::Log(_) => (plain(200, body), "/echo"),
            Ask::Text => (plain(200, body), ""),
            Ask::Reply(status, headers) => {
                (Behaviour::Reply(*status, headers.clone(), body), "/echo")
            }
            Ask::Sleep(milliseconds) => {
                (Behaviour::Slow(Duration::from_millis(*milliseconds)), "/echo")
            }
            Ask::Nothing => (plain(200, Vec::new()), "/echo"),
            Ask::Large(bytes) => (plain(200, vec![b'x'; *bytes]), "/echo"),
            // Without a deployment's address the call fails before its body is read.
            Ask::Fail | Ask::Ignore => return Ok(call),
            Ask::Panic | Ask::PanicLate | Ask::PanicWriting => {
                return Err(Problem::not_checked("the predictor cannot be made to panic"));
            }
            Ask::Unserialisable => {
                return Err(Problem::not_checked(
                    "the predictor passes bytes and serialises nothing",
                ));
            }
            Ask::Stream(..) => {
                return Err(Problem::not_checked("the predictor gives every answer in one piece"));
            }
            Ask::Token => {
                return Err(Problem::not_checked("the predictor does not show its token"));
            }
            Ask::Span => return Err(Problem::not_checked("the predictor makes spans of its own")),
        };
        self.deployment.behave_only(behaviour);
        let typed = path.is_empty() || call.has("Content-Type");
        let call =
            if typed { call } else { call.header("Content-Type", "application/octet-stream") };
        Ok(call.client("model_deployment", self.url() + path))
    }

    /// Expects that this body was the last to arrive.
    pub(super) fn received_body(&self, body: &[u8]) -> Result<(), Problem> {
        let received = self.last()?.request.body;
        expect(received == body, format!("{} bytes at the deployment", body.len()), || {
            format!("{} others", received.len())
        })
    }

    /// Returns the last request, as the handler's view of the call.
    pub(super) fn context(&self) -> Result<Context, Problem> {
        let request = self.last()?.request;
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let latin = |value: &[u8]| value.iter().copied().map(char::from).collect::<String>();
        let headers: Vec<Value> =
            request.headers.iter().map(|(name, value)| json!([name, latin(value)])).collect();
        Ok(Context::new(json!({
            "method": request.method,
            "predict": path,
            "query": query,
            "headers": headers,
        })))
    }

    pub(super) fn last(&self) -> Result<Received, Problem> {
        let last = self.deployment.received().pop();
        last.ok_or_else(|| Problem::failed("a request at the model deployment", "none"))
    }
}
