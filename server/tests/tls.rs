//! TLS on the data port: versions, protocols, certificates that are replaced, clients that do not
//! speak it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model_deployment_server::tls::{Acceptor, HandshakeError};
use oracle_cloud_client::{SettingsError, Variables};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for `localhost` that speaks for itself, and its key.
struct Pair {
    certificate: String,
    key: String,
    roots: RootCertStore,
}

impl Pair {
    fn generate() -> Self {
        Self::of(&KeyPair::generate().unwrap())
    }

    fn of(key: &KeyPair) -> Self {
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem(), roots }
    }
}

/// Puts a file in its place, as a whole.
fn put(folder: &TempDir, name: &str, content: &str) {
    let next = folder.path().join("next");
    fs::write(&next, content).unwrap();
    fs::rename(next, folder.path().join(name)).unwrap();
}

fn put_pair(folder: &TempDir, pair: &Pair) {
    put(folder, "cert", &pair.certificate);
    put(folder, "key", &pair.key);
}

fn configured(vars: &[(&str, String)]) -> Result<Option<Acceptor>, SettingsError> {
    let vars: BTreeMap<&str, &String> = vars.iter().map(|(name, value)| (*name, value)).collect();
    let var = |name: &str| vars.get(name).map(|value| (*value).clone());
    let mut vars = Variables::new(&var);
    let acceptor = Acceptor::from_vars(&mut vars);
    vars.finish(Some(acceptor))
}

fn files(folder: &TempDir) -> Vec<(&'static str, String)> {
    let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
    vec![("TLS_CERT_FILE", path("cert")), ("TLS_KEY_FILE", path("key"))]
}

/// A server that takes one connection after another and greets, and where it is.
struct Greeter {
    folder: TempDir,
    address: std::net::SocketAddr,
    results: tokio::sync::mpsc::UnboundedReceiver<Result<(), HandshakeError>>,
}

impl Greeter {
    async fn start(pair: &Pair) -> Self {
        let folder = tempfile::tempdir().unwrap();
        put_pair(&folder, pair);
        let acceptor = configured(&files(&folder)).unwrap().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (said, results) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, said) = (acceptor.clone(), said.clone());
                tokio::spawn(async move {
                    let accepted = acceptor.accept(stream).await;
                    let result = match accepted {
                        Ok(mut stream) => {
                            stream.write_all(b"hello").await.unwrap();
                            drop(stream.shutdown().await);
                            Ok(())
                        }
                        Err(error) => Err(error),
                    };
                    drop(said.send(result));
                });
            }
        });
        Self { folder, address, results }
    }

    async fn connect(&self, client: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(client)).connect(name, stream).await
    }

    /// Whether a client that trusts this pair alone is greeted.
    async fn greets(&self, pair: &Pair) -> bool {
        let Ok(mut stream) = self.connect(client(pair, &version::TLS13)).await else {
            return false;
        };
        let mut greeting = String::new();
        stream.read_to_string(&mut greeting).await.unwrap();
        greeting == "hello"
    }
}

fn client(pair: &Pair, version: &'static SupportedProtocolVersion) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(&[version]).unwrap();
    config.with_root_certificates(pair.roots.clone()).with_no_client_auth()
}

async fn pass(time: Duration) {
    time::pause();
    time::advance(time).await;
    time::resume();
}

#[tokio::test]
async fn clients_of_tls_1_2_and_1_3_speak_http_1_1_and_no_other_protocol() {
    let pair = Pair::generate();
    let mut greeter = Greeter::start(&pair).await;
    for version in [&version::TLS12, &version::TLS13] {
        let mut config = client(&pair, version);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut stream = greeter.connect(config).await.unwrap();
        let mut greeting = String::new();
        stream.read_to_string(&mut greeting).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(greeting, "hello");
        greeter.results.recv().await.unwrap().unwrap();
    }
    let mut config = client(&pair, &version::TLS13);
    config.alpn_protocols = vec![b"h2".to_vec()];
    greeter.connect(config).await.unwrap_err();
    let refused = greeter.results.recv().await.unwrap();
    assert!(matches!(refused, Err(HandshakeError::Failed(_))), "{refused:?}");
}

#[tokio::test]
async fn a_pair_that_is_replaced_takes_over_and_a_bad_one_does_not() {
    let [old, new, newest] = [0; 3].map(|_| Pair::generate());
    let greeter = Greeter::start(&old).await;
    assert!(greeter.greets(&old).await);
    put_pair(&greeter.folder, &new);
    pass(Duration::from_secs(1)).await;
    assert!(greeter.greets(&new).await && !greeter.greets(&old).await);
    for (name, bad) in [
        ("cert", ""),
        ("cert", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("cert", old.certificate.as_str()),
        ("key", old.key.as_str()),
        ("key", "no key"),
    ] {
        put(&greeter.folder, name, bad);
        pass(Duration::from_secs(1)).await;
        assert!(greeter.greets(&new).await, "{name}: {bad}");
        put_pair(&greeter.folder, &new);
        pass(Duration::from_secs(1)).await;
    }
    // Between the two files the old pair serves.
    put(&greeter.folder, "cert", &newest.certificate);
    pass(Duration::from_secs(1)).await;
    assert!(greeter.greets(&new).await);
    put(&greeter.folder, "key", &newest.key);
    pass(Duration::from_secs(1)).await;
    assert!(greeter.greets(&newest).await && !greeter.greets(&new).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_is_replaced_under_load_without_a_connection_lost() {
    let [old, new] = [0; 2].map(|_| Arc::new(Pair::generate()));
    let mut greeter = Greeter::start(&old).await;
    let mut both = old.roots.clone();
    both.extend(new.roots.roots.clone());
    let both = Pair { certificate: String::new(), key: String::new(), roots: both };
    let done = AtomicBool::new(false);
    let load = async {
        let mut connections = 0_u32;
        while !done.load(Ordering::SeqCst) {
            assert!(greeter.greets(&both).await, "after {connections} connections");
            connections += 1;
        }
        connections
    };
    let replace = async {
        put_pair(&greeter.folder, &new);
        while !greeter.greets(&new).await {
            time::sleep(Duration::from_millis(20)).await;
        }
        done.store(true, Ordering::SeqCst);
    };
    let (connections, ()) = tokio::join!(load, replace);
    assert!(connections > 0);
    greeter.results.close();
}

#[tokio::test]
async fn plain_http_on_the_port_ends_at_once_and_says_so() {
    let pair = Pair::generate();
    let mut greeter = Greeter::start(&pair).await;
    let noise: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"\0\0\0\0\0\0",
        b"SSH-2.0-x\r\n",
        &[0xff; 9000],
    ];
    for sent in noise {
        let mut stream = TcpStream::connect(greeter.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let refused = greeter.results.recv().await.unwrap();
        assert!(matches!(refused, Err(HandshakeError::NotTls)), "{refused:?}");
        // An alert at most, and the end of the connection.
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
        assert!(rest.len() < 32, "{rest:?}");
    }
    assert!(greeter.greets(&pair).await);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_waited_for_ten_seconds() {
    let pair = Pair::generate();
    let mut greeter = Greeter::start(&pair).await;
    let silent = TcpStream::connect(greeter.address).await.unwrap();
    let mut slow = TcpStream::connect(greeter.address).await.unwrap();
    slow.write_all(&[0x16, 3, 1]).await.unwrap();
    assert!(greeter.greets(&pair).await);
    greeter.results.recv().await.unwrap().unwrap();
    // Nothing else happens: the clock goes on by itself to the end of the wait.
    time::pause();
    let begin = time::Instant::now();
    for _ in 0..2 {
        let refused = greeter.results.recv().await.unwrap();
        assert!(matches!(refused, Err(HandshakeError::Late)), "{refused:?}");
    }
    assert!(begin.elapsed() <= Duration::from_secs(10), "{:?}", begin.elapsed());
    drop((silent, slow));
}

#[test]
fn both_files_or_neither() {
    assert!(configured(&[]).unwrap().is_none());
    let folder = tempfile::tempdir().unwrap();
    put_pair(&folder, &Pair::generate());
    let both = files(&folder);
    assert!(configured(&both).unwrap().is_some());
    let alone = |at: usize| configured(&both[at..=at]).unwrap_err().to_string();
    assert_eq!(alone(0), "TLS_KEY_FILE is not set; expected it beside TLS_CERT_FILE");
    assert_eq!(alone(1), "TLS_CERT_FILE is not set; expected it beside TLS_KEY_FILE");
}

#[test]
fn a_file_that_cannot_be_used_is_refused_by_the_name_of_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, other) =
        (Pair::generate(), Pair::of(&KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()));
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (name, content, expected) in [
        ("cert", "", "TLS_CERT_FILE names a file without a usable PEM certificate"),
        ("cert", pair.key.as_str(), "TLS_CERT_FILE names a file without a usable PEM certificate"),
        ("key", "", "TLS_KEY_FILE names a file without a usable PEM private key"),
        ("key", encrypted, "TLS_KEY_FILE names a file without a usable PEM private key"),
        ("key", other.key.as_str(), "TLS_KEY_FILE names a file whose key is not that of the first"),
    ] {
        put_pair(&folder, &pair);
        put(&folder, name, content);
        let mistakes = configured(&files(&folder)).unwrap_err().to_string();
        assert!(mistakes.starts_with(expected), "{mistakes}");
        assert!(!mistakes.contains("BEGIN") && !mistakes.contains("AAAA"), "{mistakes}");
    }
    fs::remove_file(folder.path().join("key")).unwrap();
    let mistakes = configured(&files(&folder)).unwrap_err().to_string();
    assert!(mistakes.starts_with("TLS_KEY_FILE names a file that cannot be read"), "{mistakes}");
}
