//! What a function needs around it: an authority, credentials, deployments.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use emulator::deployment::{Authority, Certificate, ModelDeployment};
use emulator::keys::Key;
use emulator::principal::{Issuer, ResourcePrincipal};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::agent::gateway_request;
use crate::function::Start;
use crate::upstream::Upstream;

/// One for all tests, as is the key that the first token is for: to make a key takes longer than a call.
static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Issuer::new);
static SESSION: LazyLock<Key> = LazyLock::new(Key::generate);

/// An emulated tenancy.
pub(crate) struct Cloud {
    pub(crate) principal: ResourcePrincipal,
    issuer: Arc<Issuer>,
    authority: Authority,
    directory: TempDir,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        let (issuer, authority) = (ISSUER.clone(), Authority::new());
        let directory = tempfile::tempdir().unwrap();
        let hour = Duration::from_secs(3600);
        let principal =
            ResourcePrincipal::with(issuer.clone(), &SESSION, directory.path(), hour).unwrap();
        fs::write(directory.path().join("ca.pem"), authority.pem()).unwrap();
        Self { principal, issuer, authority, directory }
    }

    /// Where token (`rpst`), key (`private.pem`) and roots (`ca.pem`) are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Its files are for every user to read.
    pub(crate) fn open(&self) -> &Self {
        fs::set_permissions(self.directory(), Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A deployment that verifies signatures.
    pub(crate) async fn deployment(&self) -> ModelDeployment {
        let started =
            ModelDeployment::start(self.issuer.clone(), &self.authority, Certificate::Valid);
        started.await.unwrap()
    }

    /// A deployment that answers byte by byte as it is told.
    pub(crate) async fn upstream(&self) -> Upstream {
        self.upstream_with(Certificate::Valid).await
    }

    pub(crate) async fn upstream_with(&self, certificate: Certificate) -> Upstream {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Upstream::start(listener, self.authority.server_config(certificate))
    }

    /// One on a port that was kept for it.
    pub(crate) fn upstream_at(&self, listener: TcpListener) -> Upstream {
        Upstream::start(listener, self.authority.server_config(Certificate::Valid))
    }

    /// The function, about to be started, which may call `localhost` at these ports.
    pub(crate) fn function(&self, ports: impl IntoIterator<Item = u16>) -> Start {
        let hosts: Vec<String> =
            ports.into_iter().map(|port| format!("localhost:{port}")).collect();
        let mut start = Start::new()
            .with("ALLOWED_HOSTS", hosts.join(","))
            .with("ALLOWED_PATHS", "/once")
            .with("SSL_CERT_FILE", self.directory.path().join("ca.pem").display().to_string());
        for (name, value) in self.principal.variables() {
            start = start.with(name, value);
        }
        start
    }
}

/// A call through a gateway whose route names this target.
pub(crate) fn call(url: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    targeted("Model_deployment", url, headers, body)
}

/// The same whose route names another service.
pub(crate) fn call_of_service(target: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    targeted("Service_target", target, &deadline(10.0), body)
}

fn targeted(name: &str, target: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let headers = format!(
        "Fn-Http-Method: POST\r\nFn-Http-Request-Url: /models/iris\r\nContent-Type: application/json\r\n\
         Fn-Http-H-{name}: {target}\r\n{headers}"
    );
    gateway_request(&headers, body)
}

/// The header of a call that has at most so many seconds, cut to whole ones as the agent does.
pub(crate) fn deadline(seconds: f64) -> String {
    let until = SystemTime::now() + Duration::from_secs_f64(seconds);
    let text = httpdate::fmt_http_date(until);
    let date = chrono::DateTime::parse_from_rfc2822(&text).unwrap();
    format!("Fn-Deadline: {}\r\n", date.to_rfc3339())
}
