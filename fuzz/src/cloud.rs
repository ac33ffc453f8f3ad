//! The function between an agent and a model deployment, in one process.

use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use emulator::deployment::{Authority, Certificate};
use fn_fdk::{Call, IntoReply, Listener, Server};
use model_deployment_fn::config::Config;
use model_deployment_fn::front;
use model_deployment_fn::predict::{Forwarder, Predictor};
use oracle_cloud_client::Principal;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::world::now;

/// The session token of the function and its key; no service takes them.
pub const TOKEN: &str = include_str!("../../tests/vectors/rpst/valid.jwt");
/// The key that [`TOKEN`] names.
pub const KEY: &str = include_str!("../../tests/vectors/keys/test-rsa2048-a.pkcs8.pem");
/// A deployment of a realm that no host of Oracle's serves: nothing but this process can be called.
pub const OCID: &str =
    "ocid1.datasciencemodeldeployment.oc999.sa-saopaulo-1.aaaaaaaaexampleexampleexampleexample";

/// A function that is served at a socket.
#[derive(Debug)]
pub struct Function {
    socket: PathBuf,
    _directory: TempDir,
}

impl Function {
    /// Serves a handler in the runtime of the caller.
    pub fn serve<H, F, R>(handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = R> + Send + 'static,
        R: IntoReply + Send + 'static,
    {
        let directory = tempfile::tempdir().expect("there is a place for a socket");
        let socket = directory.path().join("lsnr.sock");
        let listener = Listener::publish(&socket).expect("a socket can be bound there");
        tokio::spawn(
            Server::new(listener)
                .with_clock(now)
                .serve(move |call: Call| handler(call), std::future::pending()),
        );
        Self { socket, _directory: directory }
    }

    /// Serves predictions of a deployment: under the alias `iris` and by default, with every custom path open.
    ///
    /// `extra` are further settings.
    #[must_use]
    pub fn predict(deployment: &Deployment, extra: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("there is a place for a certificate");
        let roots = directory.path().join("ca.pem");
        std::fs::write(&roots, &deployment.roots).expect("a file can be written there");
        let settings = [
            ("FN_LISTENER", "unix:/not-used/lsnr.sock".to_owned()),
            ("ALLOWED_HOSTS", format!("127.0.0.1:{}", deployment.port)),
            ("ALLOWED_DEPLOYMENTS", OCID.to_owned()),
            ("ALLOWED_PATHS", "openai,/items/{}".to_owned()),
            ("MODEL_DEPLOYMENT", "iris".to_owned()),
            ("MODEL_DEPLOYMENTS", format!(r#"{{"iris":"{}"}}"#, deployment.url())),
            ("SSL_CERT_FILE", roots.display().to_string()),
            ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_RPST", TOKEN.to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", KEY.to_owned()),
        ];
        let var = |name: &str| {
            let extra =
                extra.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
            extra.or_else(|| {
                settings.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone())
            })
        };
        let config = Config::from_vars(&var).expect("the settings are valid");
        let principal = Principal::from_vars(&var, now()).expect("the token is of the key");
        let trust = config.trust().expect("the certificate is one");
        let forwarder = Forwarder::new(&config.rule, &trust, principal, now, config.repeatable);
        let forwarder = forwarder.expect("its parts fit");
        let (targets, headers) = (config.targets, config.headers);
        let predictor = Predictor { targets, headers, forwarder, tracer: None, metrics: None };
        let predictor = Arc::new(predictor);
        Self::serve(move |call| {
            let predictor = predictor.clone();
            async move { front::answer(&predictor, call).await }
        })
    }

    /// Writes everything to a connection of its own, ends that side of it, and reads until the function closes it.
    pub async fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let stream = UnixStream::connect(&self.socket).await.expect("the function listens");
        let (mut read, mut write) = stream.into_split();
        let mut answer = Vec::new();
        // The function may close it before it has read everything.
        let written = async {
            let _closed = write.write_all(bytes).await;
            let _closed = write.shutdown().await;
        };
        let _reset = tokio::join!(written, read.read_to_end(&mut answer)).1;
        answer
    }
}

/// A deployment that answers every request with the same bytes, whatever they are.
#[derive(Debug)]
pub struct Deployment {
    port: u16,
    roots: String,
    script: Arc<Mutex<Script>>,
}

/// What a deployment does, and what was sent to it.
#[derive(Debug, Default)]
struct Script {
    answer: Vec<u8>,
    closes: bool,
    requests: Vec<Vec<u8>>,
}

impl Deployment {
    /// Starts in the runtime of the caller.
    pub async fn start() -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let acceptor = TlsAcceptor::from(authority.server_config(Certificate::Valid));
        let script = Arc::new(Mutex::new(Script::default()));
        tokio::spawn(accept(listener, acceptor, script.clone()));
        Self { port, roots: authority.pem().to_owned(), script }
    }

    /// Its predict URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/{OCID}/predict", self.port)
    }

    /// Its certificate authority.
    #[must_use]
    pub fn roots(&self) -> &str {
        &self.roots
    }

    /// Answers so from now on, and closes each connection after it or not.
    pub fn answer_with(&self, answer: &[u8], closes: bool) {
        *self.script() = Script { answer: answer.to_vec(), closes, requests: Vec::new() };
    }

    /// The requests since then.
    #[must_use]
    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.script().requests.clone()
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, script: Arc<Mutex<Script>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Else the kernel keeps an answer back for some milliseconds, for which this clock does not wait.
        stream.set_nodelay(true).expect("it is a TCP stream");
        let (acceptor, script) = (acceptor.clone(), script.clone());
        connections.spawn(async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _broken = serve(&mut stream, &script).await;
                let _broken = stream.shutdown().await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve<S>(stream: &mut S, script: &Mutex<Script>) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWriteExt + Unpin,
{
    let mut buffer = Vec::new();
    loop {
        let Some(request) = request(stream, &mut buffer).await? else { return Ok(()) };
        let (answer, closes) = {
            let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
            script.requests.push(request);
            (script.answer.clone(), script.closes)
        };
        stream.write_all(&answer).await?;
        stream.flush().await?;
        if closes {
            return Ok(());
        }
    }
}

/// The next request with a sized body; None when the peer is done.
async fn request<S>(stream: &mut S, buffer: &mut Vec<u8>) -> std::io::Result<Option<Vec<u8>>>
where
    S: AsyncRead + Unpin,
{
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
            if buffer.len() >= end + 4 + length {
                return Ok(Some(buffer.drain(..end + 4 + length).collect()));
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}
