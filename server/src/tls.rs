//! TLS on the data port: `TLS_CERT_FILE` and `TLS_KEY_FILE`, read again when they are replaced.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use oracle_cloud_client::Variables;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{InvalidMessage, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::watched::{Content, FileError, Watched};

const CERTIFICATE: &str = "TLS_CERT_FILE";
const KEY: &str = "TLS_KEY_FILE";
/// The longest that a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const NO_CERTIFICATE: &str = "without a usable PEM certificate";
const NO_KEY: &str = "without a usable PEM private key; expected one without a passphrase";
const MISMATCH: &str = "whose key is not that of the first certificate in TLS_CERT_FILE";

/// Takes TLS connections, TLS 1.2 and 1.3, for HTTP/1.1. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Acceptor(Arc<Watched<ServerConfig, 2>>);

/// A connection without TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The client took longer than 10 s.
    #[error("the TLS handshake took longer than 10 s")]
    Late,
    /// What came is not TLS: plain HTTP, most of the time.
    #[error("the client does not speak TLS")]
    NotTls,
    /// The client left, or the two did not agree.
    #[error("the TLS handshake failed")]
    Failed(#[source] io::Error),
}

impl Acceptor {
    /// Reads both variables and their files; None without them, or after a mistake.
    pub fn from_vars(vars: &mut Variables<'_>) -> Option<Self> {
        let [certificate, key] = vars.together([CERTIFICATE, KEY]);
        let files = [(CERTIFICATE, certificate?.into()), (KEY, key?.into())];
        Watched::read(vars, files, parse).map(|watched| Self(Arc::new(watched)))
    }

    /// Makes a connection a TLS connection, with the certificate that the files hold now.
    ///
    /// # Errors
    /// [`HandshakeError`], after which the connection is closed.
    pub async fn accept<S>(&self, stream: S) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = TlsAcceptor::from(self.0.current()).accept(stream);
        let accepted = timeout(HANDSHAKE_TIMEOUT, handshake).await;
        accepted.map_err(|_elapsed| HandshakeError::Late)?.map_err(|error| {
            if is_not_tls(&error) { HandshakeError::NotTls } else { HandshakeError::Failed(error) }
        })
    }
}

/// Whether the first bytes were those of another protocol.
fn is_not_tls(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(
        inner,
        Some(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion
        ))
    )
}

fn parse([certificates, key]: &[Content; 2]) -> Result<ServerConfig, FileError> {
    let no_certificate = FileError::Unusable(CERTIFICATE, NO_CERTIFICATE);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(no_certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key);
    let key = key.map_err(|_not_a_key| FileError::Unusable(KEY, NO_KEY))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions();
    let config = config.expect("the provider speaks TLS 1.2 and 1.3").with_no_client_auth();
    let mut config = config.with_single_cert(chain, key).map_err(|error| {
        let is_mismatch = matches!(error, rustls::Error::InconsistentKeys(_));
        let is_certificate = matches!(error, rustls::Error::InvalidCertificate(_));
        match (is_mismatch, is_certificate) {
            (true, _) => FileError::Unusable(KEY, MISMATCH),
            (_, true) => FileError::Unusable(CERTIFICATE, NO_CERTIFICATE),
            (false, false) => FileError::Unusable(KEY, NO_KEY),
        }
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
