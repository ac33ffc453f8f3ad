//! The whole cloud, started in the order in which its parts need each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedSender;

use super::Error;
use crate::agent::{Agent, Program};
use crate::deployment::{Authority, Certificate, ModelDeployment};
use crate::gateway::spec::Specification;
use crate::gateway::{Functions, Gateway};
use crate::gateway_spec::{Input, Keys};
use crate::identity::{Client, IdentityDomain};
use crate::jwk;
use crate::principal::{FUNCTION, Issuer, ResourcePrincipal};

/// The prefix of the gateway's deployment.
pub const PATH_PREFIX: &str = "/models";

/// Where the parts listen, and what runs as the function.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The function's binary.
    pub function: PathBuf,
    /// The port of the gateway; 0: a free one.
    pub gateway_port: u16,
    /// The port of the identity domain; 0: a free one.
    pub identity_port: u16,
    /// Whether the function is started in an empty root directory, as its image gives it.
    pub empty_root: bool,
    /// Where the function's lines go as they are written.
    pub log: Option<UnboundedSender<String>>,
}

/// Everything that runs. Dropped, nothing of it is left: no process, no port, no file.
#[derive(Debug)]
pub struct Cloud {
    /// Gives tokens to clients.
    pub identity: IdentityDomain,
    /// Checks tokens and calls the function.
    pub gateway: Gateway,
    /// Holds the function.
    pub agent: Arc<Agent>,
    /// Verifies signatures and predicts.
    pub deployment: ModelDeployment,
    /// The function's own identity.
    pub principal: ResourcePrincipal,
    /// The client that may predict.
    pub client: Client,
    /// What the gateway executes, as it would be uploaded.
    pub specification: Value,
    _directory: TempDir,
}

impl Cloud {
    /// Starts all parts.
    pub async fn start(plan: Plan) -> Result<Self, Error> {
        let client = Client {
            id: "iris-client".to_owned(),
            secret: "emulated-secret".to_owned(),
            audience: "https://gateway.example/".to_owned(),
            scope: "predict".to_owned(),
        };
        let identity = IdentityDomain::start(plan.identity_port, vec![client.clone()]).await;
        let identity =
            identity.map_err(|error| Error::Port("--identity-port", plan.identity_port, error))?;
        let directory = tempfile::Builder::new().prefix("mdfn").tempdir().map_err(Error::Files)?;
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let deployment = ModelDeployment::start(issuer.clone(), &authority, Certificate::Valid)
            .await
            .map_err(Error::Deployment)?;
        let principal =
            ResourcePrincipal::mint(issuer, directory.path(), Duration::from_secs(3600))
                .map_err(Error::Files)?;
        let roots = directory.path().join("ca.pem");
        fs::write(&roots, authority.pem()).map_err(Error::Files)?;

        // An empty root has no resolver: there the deployment is called by its address.
        let host = if plan.empty_root { "127.0.0.1" } else { "localhost" };
        let mut program = Program::new(&plan.function)
            .config("ALLOWED_HOSTS", format!("{host}:{}", deployment.port()));
        program.log = plan.log;
        let inside = |path: &str| {
            if plan.empty_root { within(directory.path(), path) } else { path.to_owned() }
        };
        for (name, value) in principal.variables() {
            program = program.config(name, inside(&value));
        }
        program = program.config("SSL_CERT_FILE", inside(&roots.display().to_string()));
        if plan.empty_root {
            let binary = directory.path().join("func");
            fs::copy(&plan.function, binary)
                .map_err(|error| Error::Function(plan.function.clone(), error))?;
            fs::create_dir(directory.path().join("tmp")).map_err(Error::Files)?;
            program.path = PathBuf::from("/func");
            program = program.root(directory.path());
        }
        let agent = Arc::new(Agent::start(program).await.map_err(Error::Start)?);

        let keys = jwk::static_keys(&identity.jwks()).map_err(Error::Specification)?;
        let mut input = Input::new(FUNCTION, &client.audience, Keys::Static(keys));
        input.models = BTreeMap::from([("iris".to_owned(), deployment.url(host))]);
        let specification = input.document();
        let executed =
            Specification::parse(&specification.to_string()).map_err(Error::Specification)?;
        let functions = Functions::from([(FUNCTION.to_owned(), agent.clone())]);
        let gateway = Gateway::start(plan.gateway_port, PATH_PREFIX, executed, functions).await;
        let gateway =
            gateway.map_err(|error| Error::Port("--gateway-port", plan.gateway_port, error))?;
        Ok(Self {
            identity,
            gateway,
            agent,
            deployment,
            principal,
            client,
            specification,
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
        format!("{}{PATH_PREFIX}/iris", self.gateway.url())
    }
}

/// A path below `root` as it reads inside of it.
fn within(root: &Path, path: &str) -> String {
    match Path::new(path).strip_prefix(root) {
        Ok(rest) => Path::new("/").join(rest).display().to_string(),
        Err(_elsewhere) => path.to_owned(),
    }
}
