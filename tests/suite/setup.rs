//! The real binary under the emulated agent, and a deployment that verifies each signature itself.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use emulator::agent::{Agent, Invocation, Program};
use emulator::deployment::{Authority, Certificate, ModelDeployment};
use emulator::keys::Key;
use emulator::principal::{Issuer, ResourcePrincipal};
use tempfile::TempDir;
use tokio::task::LocalSet;

pub(crate) const ROW: &str = r#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#;
pub(crate) const PATH: &str = "/models/iris";
/// How late an answer at the deadline may come in a test that asks what it says: a machine that does
/// other things as well is slow.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// Whose tokens every deployment here trusts, and the key that the first token of a test is for. One for all tests: to make a key
/// takes longer than a call.
static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Issuer::new);
static SESSION: LazyLock<Key> = LazyLock::new(Key::generate);

/// Tries a test up to three times, each time with all of it anew: what is sent beside a call has half
/// a second, which a machine that does other things as well may take from it, and then there is silence.
pub(crate) async fn thrice<F: Future<Output = ()> + 'static>(test: impl Fn() -> F) {
    for _ in 0..2 {
        let local = LocalSet::new();
        let tried = local.spawn_local(test());
        if local.run_until(tried).await.is_ok() {
            return;
        }
    }
    test().await;
}

/// A deployment, and the function with its resource principal.
pub(crate) struct Setup {
    pub(crate) deployment: ModelDeployment,
    pub(crate) principal: ResourcePrincipal,
    pub(crate) program: Program,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) authority: Authority,
    directory: TempDir,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(Certificate::Valid).await
    }

    pub(crate) async fn with(certificate: Certificate) -> Self {
        let (issuer, authority) = (ISSUER.clone(), Authority::new());
        let directory = tempfile::tempdir().unwrap();
        let deployment =
            ModelDeployment::start(issuer.clone(), &authority, certificate).await.unwrap();
        let hour = Duration::from_secs(3600);
        let principal =
            ResourcePrincipal::with(issuer.clone(), &SESSION, directory.path(), hour).unwrap();
        let roots = directory.path().join("ca.pem");
        std::fs::write(&roots, authority.pem()).unwrap();
        let mut program = Program::new(env!("CARGO_BIN_EXE_func"))
            .config("ALLOWED_HOSTS", format!("localhost:{}", deployment.port()))
            .config("SSL_CERT_FILE", roots.display().to_string());
        for (name, value) in principal.variables() {
            program = program.config(name, value);
        }
        Self { deployment, principal, program, issuer, authority, directory }
    }

    pub(crate) async fn start(&self) -> Agent {
        Agent::start(self.program.clone()).await.unwrap()
    }

    /// The function with other credentials than its resource principal.
    pub(crate) fn program_as(
        &self,
        variables: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Program {
        let mut program = Program::new(&self.program.path);
        for name in ["ALLOWED_HOSTS", "SSL_CERT_FILE"] {
            program = program.config(name, self.program.config[name].clone());
        }
        variables.into_iter().fold(program, |program, (name, value)| program.config(name, value))
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn url(&self) -> String {
        self.deployment.url("localhost")
    }

    /// A call through a gateway whose route names the deployment.
    pub(crate) fn call(&self) -> Invocation {
        targeted(&self.url(), ROW)
    }
}

pub(crate) fn targeted(url: &str, body: impl Into<bytes::Bytes>) -> Invocation {
    let call = Invocation::json(body).through_gateway("POST", PATH);
    header(call, "model_deployment", url)
}

pub(crate) fn header(mut call: Invocation, name: &str, value: &str) -> Invocation {
    call.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    call
}
