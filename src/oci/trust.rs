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
    /// The bundle that a variable names cannot be read.
    #[error("{0} names a file that cannot be read")]
    Unreadable(&'static str, #[source] io::Error),
    /// The bundle that a variable names is no PEM, or holds no certificate.
    #[error("{0} names a file without a usable PEM certificate")]
    Bundle(&'static str),
    /// The TLS library refused its own defaults.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// TLS 1.2 and 1.3 with the roots of webpki-roots and those of the PEM bundle at `bundle`. Verification cannot be switched off.
pub(super) fn public_and(bundle: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = bundle {
        add(&mut store, "SSL_CERT_FILE", path)?;
    }
    configured(store)
}

/// TLS 1.2 and 1.3 with the roots of one PEM bundle alone, which `variable` names.
pub(super) fn only(variable: &'static str, bundle: &Path) -> Result<ClientConfig, TrustError> {
    let mut store = RootCertStore::empty();
    add(&mut store, variable, bundle)?;
    configured(store)
}

fn add(store: &mut RootCertStore, variable: &'static str, path: &Path) -> Result<(), TrustError> {
    let bundle = fs::read(path).map_err(|error| TrustError::Unreadable(variable, error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bundle).collect();
    let certificates = certificates.ok().ok_or(TrustError::Bundle(variable))?;
    let (added, _ignored) = store.add_parsable_certificates(certificates);
    if added == 0 { Err(TrustError::Bundle(variable)) } else { Ok(()) }
}

fn configured(store: RootCertStore) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(TrustError::Tls)?.with_root_certificates(store).with_no_client_auth())
}
