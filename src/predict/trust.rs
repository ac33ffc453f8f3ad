//! Whom TLS trusts: Mozilla's roots, compiled in because an empty image has none, and the operator's bundle beside them.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// TLS that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The bundle cannot be read.
    #[error("SSL_CERT_FILE names a file that cannot be read")]
    Unreadable(#[source] io::Error),
    /// The bundle is no PEM, or holds no certificate.
    #[error("SSL_CERT_FILE names a file without a usable PEM certificate")]
    Bundle,
    /// The TLS library refused its own defaults.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// TLS 1.2 and 1.3 with the roots of webpki-roots and those of the PEM bundle at `roots`. Verification cannot be switched off.
pub(super) fn client_config(roots: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = roots {
        let bundle = fs::read(path).map_err(TrustError::Unreadable)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bundle).collect();
        let (added, _ignored) =
            store.add_parsable_certificates(certificates.ok().ok_or(TrustError::Bundle)?);
        if added == 0 {
            return Err(TrustError::Bundle);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(TrustError::Tls)?.with_root_certificates(store).with_no_client_auth())
}
