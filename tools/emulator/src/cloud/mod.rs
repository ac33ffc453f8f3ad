//! The whole cloud, started in the order in which its parts need each other.

pub mod calls;
mod error;
mod own;
mod plan;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

pub use self::error::Error;
pub use self::plan::{Function, Host, Plan};
pub use self::server::Server;

use self::calls::Calls;
use self::own::Stand;
use crate::agent::Agent;
use crate::collector::Collector;
use crate::deployment::{Authority, Certificate, ModelDeployment, OCID};
use crate::gateway::document::{BackEnd, Input, Keys};
use crate::gateway::signing_key::static_keys;
use crate::gateway::spec::Specification;
use crate::gateway::{Functions, Gateway, Setup};
use crate::identity::{Client, IdentityDomain};
use crate::principal::{FUNCTION, Issuer, ResourcePrincipal};

/// The prefix of the gateway's deployment.
pub const PATH_PREFIX: &str = "/models";

/// What the server knows the gateway by.
const SECRET: &str = "emulated-gateway-secret-emulated";

/// Everything that runs. Dropped, nothing of it is left: no process, no port, no file.
#[derive(Debug)]
pub struct Cloud {
    /// Certifies the servers that are called.
    pub authority: Authority,
    /// Gives tokens to clients.
    pub identity: IdentityDomain,
    /// Checks tokens and calls the function or the server.
    pub gateway: Gateway,
    /// Answers the gateway, and signs.
    pub hosted: Hosted,
    /// Verifies signatures and predicts.
    pub deployment: Arc<ModelDeployment>,
    /// Takes a function's spans, with tracing on.
    pub collector: Option<Arc<Collector>>,
    /// What the gateway answered.
    pub calls: Calls,
    /// The identity that signs.
    pub principal: ResourcePrincipal,
    /// The client that may predict.
    pub client: Client,
    /// What the gateway executes, as it would be uploaded.
    pub specification: Value,
    _entering: JoinSet<()>,
    _directory: TempDir,
}

/// What runs between gateway and deployment.
#[derive(Debug)]
pub enum Hosted {
    /// A function, and the agent that holds it.
    Function(Arc<Agent>),
    /// The streaming server.
    Server(Box<Server>),
}

impl Cloud {
    /// Starts all parts.
    pub async fn start(plan: Plan) -> Result<Self, Error> {
        let client = match &plan.specification {
            Some(specification) => own::client(specification, iris_client()),
            None => iris_client(),
        };
        let identity = IdentityDomain::start(plan.identity_port, vec![client.clone()]).await;
        let identity = identity.map_err(|error| Error::Identity(plan.identity_port, error))?;
        let directory = tempfile::Builder::new().prefix("mdfn").tempdir().map_err(Error::Files)?;
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let deployment = ModelDeployment::start(issuer.clone(), &authority, Certificate::Valid)
            .await
            .map_err(Error::Deployment)?;
        deployment.set_pace(plan.pace);
        let deployment = Arc::new(deployment);
        let collector = if plan.tracing { Some(collector(&authority).await?) } else { None };
        let principal = plan.host.principal(issuer, directory.path());
        let principal = principal.map_err(Error::Files)?;
        let roots = directory.path().join("ca.pem");
        fs::write(&roots, authority.pem()).map_err(Error::Files)?;

        let name = plan.host.resolvable();
        let keys = static_keys(&identity.jwks())
            .map_err(|error| Error::Specification(error.to_string()))?;
        let base = deployment.url(name);
        let base = base.strip_suffix("/predict").unwrap_or(&base).to_owned();
        let stand = Stand { deployment: base, keys };
        let here = format!("{name}:{}", deployment.port());
        let roots = ("SSL_CERT_FILE".to_owned(), roots.display().to_string());
        let files = principal.variables().map(|(name, path)| (name.to_owned(), path));
        let files: Vec<_> = files.into_iter().chain([roots]).collect();
        let config: Vec<_> = config(plan.config, &here, &stand).collect();
        let (hosted, back_end) = match plan.host {
            Host::Function(function) => {
                let (mut program, credentials) = function.program(directory.path())?;
                program.log = plan.log;
                program.collector = collector.as_ref().map(|collector| collector.url(name));
                program = program.config("ALLOWED_HOSTS", &here).config("ALLOWED_PATHS", "openai");
                for (name, value) in files {
                    program = program.config(&name, moved(&value, directory.path(), &credentials));
                }
                for (name, value) in config {
                    program = program.config(&name, value);
                }
                let agent = Arc::new(Agent::start(program).await.map_err(Error::Start)?);
                (Hosted::Function(agent), BackEnd::Function(FUNCTION.to_owned()))
            }
            Host::Server(path) => {
                let secret = directory.path().join("gateway-secret");
                fs::write(&secret, SECRET).map_err(Error::Files)?;
                let own = [
                    ("GATEWAY_SECRET_FILE", secret.display().to_string()),
                    ("ALLOWED_HOSTS", here),
                    ("ALLOWED_PATHS", "openai,/mcp".to_owned()),
                ];
                let own = own.map(|(name, value)| (name.to_owned(), value));
                let variables: Vec<_> = own.into_iter().chain(files).chain(config).collect();
                let server = Server::start(&path, &variables, plan.log).await?;
                let (url, secret) = (format!("http://{}", server.address), SECRET.to_owned());
                (Hosted::Server(Box::new(server)), BackEnd::Server { url, secret })
            }
        };

        let specification = match plan.specification {
            Some(mut own) => {
                stand.specification(&mut own);
                own
            }
            None => two_models(back_end, &stand, &client),
        };
        let executed =
            Specification::parse(&specification.to_string()).map_err(Error::Specification)?;
        let (calls, (told, exchanges)) = (Calls::new(collector.clone()), unbounded_channel());
        let setup = Setup {
            functions: hosted.functions(),
            authorities: vec![authority.pem().to_owned()],
            exchanges: Some(told),
        };
        let gateway = Gateway::start_with(plan.gateway_port, PATH_PREFIX, executed, setup);
        let gateway = gateway.await.map_err(|error| Error::Gateway(plan.gateway_port, error))?;
        let mut entering = JoinSet::new();
        entering.spawn(calls.clone().enter(exchanges, deployment.clone()));
        Ok(Self {
            authority,
            identity,
            gateway,
            hosted,
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

    /// Stops all parts, and waits for the end of the function or the server.
    pub async fn stop(self) {
        let Self { hosted, gateway, .. } = self;
        // No further call: one that is in hand ends with the gateway.
        drop(gateway);
        match hosted {
            Hosted::Function(agent) => agent.stop().await,
            Hosted::Server(server) => server.stop().await,
        }
    }

    /// What holds the function, if there is one.
    pub fn agent(&self) -> Option<&Agent> {
        match &self.hosted {
            Hosted::Function(agent) => Some(agent),
            Hosted::Server(_) => None,
        }
    }

    /// Returns the URL of the route to the Iris model.
    pub fn route(&self) -> String {
        format!("{}/iris", self.routes())
    }

    /// Returns the URL that every route's path follows.
    pub fn routes(&self) -> String {
        format!("{}{PATH_PREFIX}", self.gateway.url())
    }

    /// Returns the paths of the routes that the gateway has.
    pub fn paths(&self) -> Vec<&str> {
        own::paths(&self.specification)
    }
}

impl Hosted {
    fn functions(&self) -> Functions {
        match self {
            Self::Function(agent) => Functions::from([(FUNCTION.to_owned(), agent.clone())]),
            Self::Server(_) => Functions::new(),
        }
    }
}

/// The client that may predict, unless a specification says otherwise.
fn iris_client() -> Client {
    Client {
        id: "iris-client".to_owned(),
        secret: "emulated-secret".to_owned(),
        audience: "https://gateway.example/".to_owned(),
        scope: "predict".to_owned(),
    }
}

/// Somebody's configuration, made to lead into the emulated cloud, whose deployment is at `here`.
fn config(
    own: Vec<(String, String)>,
    here: &str,
    stand: &Stand,
) -> impl Iterator<Item = (String, String)> {
    own.into_iter().map(move |(name, value)| {
        let value = match name.as_str() {
            "ALLOWED_HOSTS" => format!("{value},{here}"),
            "ALLOWED_DEPLOYMENTS" => format!("{value},{OCID}"),
            _ => stand.text(&value),
        };
        (name, value)
    })
}

/// A specification with a classifier, and a model that speaks as OpenAI's.
fn two_models(back_end: BackEnd, stand: &Stand, client: &Client) -> Value {
    let is_server = matches!(back_end, BackEnd::Server { .. });
    let keys = Keys::Static(stand.keys.clone());
    let mut input = Input { back_end, ..Input::new(FUNCTION, &client.audience, keys) };
    let predict = format!("{}/predict", stand.deployment);
    input.models = BTreeMap::from([("iris".to_owned(), predict)]);
    input.openai_models = BTreeMap::from([("llm".to_owned(), stand.deployment.clone())]);
    if is_server {
        input.server_paths.push("/mcp".to_owned());
    }
    input.document()
}

async fn collector(authority: &Authority) -> Result<Arc<Collector>, Error> {
    let collector = Collector::start(authority, Certificate::Valid).await;
    collector.map(Arc::new).map_err(Error::Collector)
}

/// Returns a path below `directory` as it reads where the function finds that directory; anything
/// else as it is.
fn moved(value: &str, directory: &Path, inside: &Path) -> String {
    match Path::new(value).strip_prefix(directory) {
        Ok(rest) => inside.join(rest).display().to_string(),
        Err(_elsewhere) => value.to_owned(),
    }
}
