//! Which servers the gateway believes: those with a certificate of its authorities, or anybody.

use std::io;
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs::default_provider, verify_tls12_signature,
    verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Both ways to speak TLS with a server.
#[derive(Debug)]
pub(super) struct Trust {
    checked: Arc<ClientConfig>,
    unchecked: Arc<ClientConfig>,
}

impl Trust {
    /// Believes certificates of these authorities, in PEM.
    pub(super) fn new(authorities: &[String]) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for pem in authorities {
            let wrong = |error: String| io::Error::new(io::ErrorKind::InvalidInput, error);
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        let provider = Arc::new(default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .expect("the provider speaks TLS 1.2 and 1.3")
        };
        let anybody = Arc::new(Anybody(provider.signature_verification_algorithms));
        let unchecked = builder().dangerous().with_custom_certificate_verifier(anybody);
        Ok(Self {
            checked: Arc::new(builder().with_root_certificates(roots).with_no_client_auth()),
            unchecked: Arc::new(unchecked.with_no_client_auth()),
        })
    }

    /// How to speak with a server whose certificate is checked, or not.
    pub(super) fn config(&self, is_checked: bool) -> Arc<ClientConfig> {
        if is_checked { self.checked.clone() } else { self.unchecked.clone() }
    }
}

/// Takes every certificate: what `isSslVerifyDisabled` means.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
