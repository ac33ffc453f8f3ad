//! The whole cloud, started in the order in which its parts need each other.

pub mod calls;
mod own;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use self::calls::Calls;
use self::own::Stand;
use crate::agent::{Agent, Image, Program, StartError};
use crate::collector::Collector;
use crate::deployment::{Authority, Certificate, ModelDeployment, OCID};
use crate::gateway::document::{Input, Keys};
use crate::gateway::signing_key::static_keys;
use crate::gateway::spec::Specification;
use crate::gateway::{Functions, Gateway};
use crate::identity::{Client, IdentityDomain};
use crate::principal::{FUNCTION, Issuer, ResourcePrincipal};

/// The prefix of the gateway's deployment.
pub const PATH_PREFIX: &str = "/models";

/// Where OCI Functions puts a container's credentials.
const CREDENTIALS: &str = "/.oci-credentials";

/// What keeps the cloud from running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is no function.
    #[error("{path} cannot be run as the function: {1}", path = .0.display())]
    Function(PathBuf, io::Error),
    /// The gateway's port, and why it cannot be listened at.
    #[error("port {0} cannot be used for the gateway: {1}")]
    Gateway(u16, io::Error),
    /// The identity domain's port, and why it cannot be listened at.
    #[error("port {0} cannot be used for the identity domain: {1}")]
    Identity(u16, io::Error),
    /// No room for the few files.
    #[error("the temporary directory cannot be used: {0}")]
    Files(io::Error),
    /// The deployment's port.
    #[error("the model deployment could not listen: {0}")]
    Deployment(io::Error),
    /// The collector's port.
    #[error("the collector of traces could not listen: {0}")]
    Collector(io::Error),
    /// The function did not start.
    #[error("the function did not start: {0}")]
    Start(StartError),
    /// The specification is not one that the gateway takes.
    #[error("{0}")]
    Specification(String),
}

/// Where the parts listen, and what runs as the function.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What runs as the function.
    pub function: Function,
    /// The port of the gateway; 0: a free one.
    pub gateway_port: u16,
    /// The port of the identity domain; 0: a free one.
    pub identity_port: u16,
    /// Whether the function is told to send its spans, and a collector takes them.
    pub tracing: bool,
    /// The specification that the gateway executes, in place of that of the two models.
    pub specification: Option<Value>,
    /// Function configuration, over that of the two models.
    pub config: Vec<(String, String)>,
    /// Where the function's lines go as they are written.
    pub log: Option<UnboundedSender<String>>,
}

impl Plan {
    /// Free ports, and tracing off, as it is on the platform until somebody switches it on.
    pub fn new(function: Function) -> Self {
        Self {
            function,
            gateway_port: 0,
            identity_port: 0,
            tracing: false,
            specification: None,
            config: Vec::new(),
            log: None,
        }
    }
}

/// What runs as the function, and where.
#[derive(Clone, Debug)]
pub enum Function {
    /// A binary of this machine.
    Binary(PathBuf),
    /// A static binary in a root directory with nothing else in it.
    EmptyRoot(PathBuf),
    /// An image that docker has, in a container.
    Image(String),
}

impl Function {
    /// The program to start, and where it finds the files of `directory`.
    fn program(self, directory: &Path) -> Result<(Program, PathBuf), Error> {
        match self {
            Self::Binary(path) => Ok((Program::new(path), directory.to_owned())),
            Self::EmptyRoot(path) => {
                fs::copy(&path, directory.join("func"))
                    .map_err(|error| Error::Function(path, error))?;
                fs::create_dir(directory.join("tmp")).map_err(Error::Files)?;
                Ok((Program::new("/func").root(directory), PathBuf::from("/")))
            }
            Self::Image(name) => {
                // The function reads as another user than whoever wrote the files.
                let readable = Permissions::from_mode(0o755);
                fs::set_permissions(directory, readable).map_err(Error::Files)?;
                let image = Image::new(name).mount(directory, CREDENTIALS);
                Ok((Program::from_image(image), PathBuf::from(CREDENTIALS)))
            }
        }
    }
}

/// Everything that runs. Dropped, nothing of it is left: no process, no port, no file.
#[derive(Debug)]
pub struct Cloud {
    /// Certifies the servers that the function calls.
    pub authority: Authority,
    /// Gives tokens to clients.
    pub identity: IdentityDomain,
    /// Checks tokens and calls the function.
    pub gateway: Gateway,
    /// Holds the function.
    pub agent: Arc<Agent>,
    /// Verifies signatures and predicts.
    pub deployment: Arc<ModelDeployment>,
    /// Takes the function's spans, with tracing on.
    pub collector: Option<Arc<Collector>>,
    /// What the gateway answered.
    pub calls: Calls,
    /// The function's own identity.
    pub principal: ResourcePrincipal,
    /// The client that may predict.
    pub client: Client,
    /// What the gateway executes, as it would be uploaded.
    pub specification: Value,
    _entering: JoinSet<()>,
    _directory: TempDir,
}

impl Cloud {
    /// Starts all parts.
    pub async fn start(plan: Plan) -> Result<Self, Error> {
        let own = Client {
            id: "iris-client".to_owned(),
            secret: "emulated-secret".to_owned(),
            audience: "https://gateway.example/".to_owned(),
            scope: "predict".to_owned(),
        };
        let client = match &plan.specification {
            Some(specification) => own::client(specification, own),
            None => own,
        };
        let identity = IdentityDomain::start(plan.identity_port, vec![client.clone()]).await;
        let identity = identity.map_err(|error| Error::Identity(plan.identity_port, error))?;
        let directory = tempfile::Builder::new().prefix("mdfn").tempdir().map_err(Error::Files)?;
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let deployment = ModelDeployment::start(issuer.clone(), &authority, Certificate::Valid)
            .await
            .map_err(Error::Deployment)?;
        let deployment = Arc::new(deployment);
        let collector = if plan.tracing { Some(collector(&authority).await?) } else { None };
        let principal =
            ResourcePrincipal::mint(issuer, directory.path(), Duration::from_secs(3600))
                .map_err(Error::Files)?;
        let roots = directory.path().join("ca.pem");
        fs::write(&roots, authority.pem()).map_err(Error::Files)?;

        // An empty root has no resolver: there the deployment is called by its address.
        let host = match plan.function {
            Function::EmptyRoot(_) => "127.0.0.1",
            Function::Binary(_) | Function::Image(_) => "localhost",
        };
        let keys = static_keys(&identity.jwks())
            .map_err(|error| Error::Specification(error.to_string()))?;
        let base = deployment.url(host);
        let base = base.strip_suffix("/predict").unwrap_or(&base).to_owned();
        let stand = Stand { deployment: base, keys };
        let (mut program, credentials) = plan.function.program(directory.path())?;
        program.log = plan.log;
        program.collector = collector.as_ref().map(|collector| collector.url(host));
        let here = format!("{host}:{}", deployment.port());
        program = program.config("ALLOWED_HOSTS", &here).config("ALLOWED_PATHS", "openai");
        let roots = ("SSL_CERT_FILE", roots.display().to_string());
        for (name, value) in principal.variables().into_iter().chain([roots]) {
            program = program.config(name, moved(&value, directory.path(), &credentials));
        }
        for (name, value) in plan.config {
            let value = match name.as_str() {
                "ALLOWED_HOSTS" => format!("{value},{here}"),
                "ALLOWED_DEPLOYMENTS" => format!("{value},{OCID}"),
                _ => stand.text(&value),
            };
            program = program.config(&name, value);
        }
        let agent = Arc::new(Agent::start(program).await.map_err(Error::Start)?);

        let specification = match plan.specification {
            Some(mut own) => {
                stand.specification(&mut own);
                own
            }
            None => two_models(&stand, &client),
        };
        let executed =
            Specification::parse(&specification.to_string()).map_err(Error::Specification)?;
        let functions = Functions::from([(FUNCTION.to_owned(), agent.clone())]);
        let (calls, (told, exchanges)) = (Calls::new(collector.clone()), unbounded_channel());
        let gateway =
            Gateway::start_told(plan.gateway_port, PATH_PREFIX, executed, functions, Some(told));
        let gateway = gateway.await.map_err(|error| Error::Gateway(plan.gateway_port, error))?;
        let mut entering = JoinSet::new();
        entering.spawn(calls.clone().enter(exchanges, deployment.clone()));
        Ok(Self {
            authority,
            identity,
            gateway,
            agent,
            deployment,
            collector,
            calls,
            principal,
            client,
            specification,
            _entering: entering,
            _directory: directory,
        })
    }

    /// Stops all parts, and waits for the function's end.
    pub async fn stop(self) {
        let Self { agent, gateway, .. } = self;
        // No further call: one that is in hand ends with the gateway.
        drop(gateway);
        agent.stop().await;
    }

    /// The URL of the route to the Iris model.
    pub fn route(&self) -> String {
        format!("{}/iris", self.routes())
    }

    /// The URL that every route's path follows.
    pub fn routes(&self) -> String {
        format!("{}{PATH_PREFIX}", self.gateway.url())
    }

    /// The paths of the routes that the gateway has.
    pub fn paths(&self) -> Vec<&str> {
        own::paths(&self.specification)
    }
}

/// A specification with a classifier, and a model that speaks as OpenAI's.
fn two_models(stand: &Stand, client: &Client) -> Value {
    let mut input = Input::new(FUNCTION, &client.audience, Keys::Static(stand.keys.clone()));
    let predict = format!("{}/predict", stand.deployment);
    input.models = BTreeMap::from([("iris".to_owned(), predict)]);
    input.openai_models = BTreeMap::from([("llm".to_owned(), stand.deployment.clone())]);
    input.document()
}

async fn collector(authority: &Authority) -> Result<Arc<Collector>, Error> {
    let collector = Collector::start(authority, Certificate::Valid).await;
    collector.map(Arc::new).map_err(Error::Collector)
}

/// A path below `directory` as it reads where the function finds that directory; anything else as
/// it is.
fn moved(value: &str, directory: &Path, inside: &Path) -> String {
    match Path::new(value).strip_prefix(directory) {
        Ok(rest) => inside.join(rest).display().to_string(),
        Err(_elsewhere) => value.to_owned(),
    }
}
