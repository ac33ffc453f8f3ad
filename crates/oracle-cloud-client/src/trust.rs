//! The roots that TLS trusts: Mozilla's, compiled in because an empty image has none. For hosts
//! that the operator names, the operator's own roots are added.
//!
//! Source: docs/spec/oci-services.md#item-9.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use http::uri::Authority;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme,
    WantsVerifier,
};

/// TLS that cannot be set up.
///
/// ```
/// use oracle_cloud_client::{Trust, TrustError};
///
/// let roots = None;
/// let trust: Result<Trust, TrustError> = Trust::new(roots, ["service.example"]);
/// assert!(trust.is_ok());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The bundle that a variable names cannot be read.
    #[error("{0} names a file that cannot be read")]
    Unreadable(&'static str, #[source] io::Error),
    /// The bundle that a variable names is not PEM, or has no certificate.
    #[error("{0} names a file without a usable PEM certificate")]
    Bundle(&'static str),
    /// One of the certificates of a bundle cannot be read.
    #[error("{0} names a file whose certificate number {1} cannot be read")]
    Certificate(&'static str, usize),
    /// A name for which the operator's roots should count is not a host.
    #[error("a host that SSL_CERT_FILE counts for is not a `host` or `host:port`")]
    Host,
    /// The TLS library refused its own defaults.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be set up")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

/// An operator's roots: the certificates of the bundle that `SSL_CERT_FILE` names.
///
/// ```no_run
/// use oracle_cloud_client::{Roots, Trust};
///
/// let roots = Roots::read("/etc/pki/company.pem".as_ref())?;
/// let trust = Trust::new(Some(&roots), ["service.company.example"])?;
/// # Ok::<_, oracle_cloud_client::TrustError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Roots(RootCertStore);

impl Roots {
    /// Returns an empty set.
    pub(super) fn none() -> Self {
        Self(RootCertStore::empty())
    }

    /// Adds other roots.
    pub(super) fn extend(&mut self, Self(others): Self) {
        self.0.extend(others.roots);
    }

    /// Reads a PEM bundle. All of its certificates must be valid.
    ///
    /// ```
    /// use oracle_cloud_client::Roots;
    ///
    /// let error = Roots::read("/nowhere".as_ref()).unwrap_err();
    /// assert_eq!(error.to_string(), "SSL_CERT_FILE names a file that cannot be read");
    /// ```
    ///
    /// # Errors
    /// [`TrustError`] if the file cannot be read, has no certificate, or has an invalid one.
    pub fn read(bundle: &Path) -> Result<Self, TrustError> {
        read("SSL_CERT_FILE", bundle).map(Self)
    }

    /// Does the same with a bundle in memory.
    ///
    /// ```
    /// use oracle_cloud_client::{Roots, TrustError};
    ///
    /// assert!(matches!(Roots::from_pem(b"no PEM"), Err(TrustError::Bundle(_))));
    /// ```
    ///
    /// # Errors
    /// The same as [`read`](Self::read).
    pub fn from_pem(bundle: &[u8]) -> Result<Self, TrustError> {
        parse("the bundle of roots", bundle).map(Self)
    }
}

/// The roots that TLS trusts, host by host. Verification cannot be switched off.
///
/// ```
/// use oracle_cloud_client::Trust;
///
/// let trust = Trust::public()?;
/// # Ok::<_, oracle_cloud_client::TrustError>(())
/// ```
///
/// Source: docs/spec/oci-services.md#item-9.
#[derive(Clone, Debug)]
pub struct Trust(ClientConfig);

impl Trust {
    /// Trusts only Mozilla's roots.
    ///
    /// ```
    /// assert!(oracle_cloud_client::Trust::public().is_ok());
    /// ```
    ///
    /// # Errors
    /// [`TrustError::Tls`] if the TLS library refuses its own defaults.
    pub fn public() -> Result<Self, TrustError> {
        Self::new(None, [""; 0])
    }

    /// Trusts Mozilla's roots for every host, and also `roots` for those in `named`, each a `host`
    /// or `host:port`, which the operator names. A host that only a pattern allows must not be
    /// vouched for by a private authority.
    ///
    /// ```
    /// use oracle_cloud_client::{Trust, TrustError};
    ///
    /// assert!(Trust::new(None, ["service.example:8443"]).is_ok());
    /// ```
    ///
    /// # Errors
    /// [`TrustError::Host`] if there are roots and one of `named` is not a `host` or `host:port`.
    pub fn new(
        roots: Option<&Roots>,
        named: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, TrustError> {
        let public = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = builder()?;
        let Some(Roots(private)) = roots else {
            return Ok(Self(config.with_root_certificates(public).with_no_client_auth()));
        };
        let mut both = public.clone();
        both.extend(private.roots.iter().cloned());
        let provider = config.crypto_provider().clone();
        let verifier = |roots: RootCertStore| {
            let builder =
                WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
            builder.build().expect("there are roots, and no revocation lists")
        };
        let named = named.into_iter().map(|host| server_name(host.as_ref()));
        let named = named.collect::<Result<_, _>>()?;
        let by_host = ByHost { named, both: verifier(both), public: verifier(public) };
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(by_host));
        Ok(Self(config.with_no_client_auth()))
    }

    /// Trusts Mozilla's roots and these, for every host.
    ///
    /// ```no_run
    /// use oracle_cloud_client::{Roots, Trust};
    ///
    /// let trust = Trust::with_roots(&Roots::read("/etc/pki/company.pem".as_ref())?)?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrustError::Tls`] if the TLS library refuses its own defaults.
    pub fn with_roots(Roots(private): &Roots) -> Result<Self, TrustError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.extend(private.roots.iter().cloned());
        Ok(Self(builder()?.with_root_certificates(roots).with_no_client_auth()))
    }

    /// Trusts only the roots of one PEM bundle, which `variable` names.
    pub(super) fn only(variable: &'static str, bundle: &Path) -> Result<Self, TrustError> {
        let roots = read(variable, bundle)?;
        Ok(Self(builder()?.with_root_certificates(roots).with_no_client_auth()))
    }

    /// Returns the TLS configuration. Its clones share one cache of sessions.
    pub(super) fn tls(&self) -> ClientConfig {
        self.0.clone()
    }
}

fn read(variable: &'static str, bundle: &Path) -> Result<RootCertStore, TrustError> {
    let bundle = fs::read(bundle).map_err(|error| TrustError::Unreadable(variable, error))?;
    parse(variable, &bundle)
}

fn parse(variable: &'static str, bundle: &[u8]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for (number, certificate) in (1..).zip(CertificateDer::pem_slice_iter(bundle)) {
        let added = certificate.is_ok_and(|certificate| roots.add(certificate).is_ok());
        if !added {
            return Err(TrustError::Certificate(variable, number));
        }
    }
    if roots.is_empty() { Err(TrustError::Bundle(variable)) } else { Ok(roots) }
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TrustError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    builder.with_safe_default_protocol_versions().map_err(|error| TrustError::Tls(error.into()))
}

/// Returns the name of a host for TLS, without the port.
fn server_name(authority: &str) -> Result<ServerName<'static>, TrustError> {
    let authority = authority.parse::<Authority>();
    let host = authority.ok().map(|authority| authority.host().trim_matches(['[', ']']).to_owned());
    let name = host.and_then(|host| ServerName::try_from(host).ok());
    name.ok_or(TrustError::Host)
}

/// Trusts more roots for hosts that the operator named; verifies as rustls does.
#[derive(Debug)]
struct ByHost {
    named: Vec<ServerName<'static>>,
    both: Arc<WebPkiServerVerifier>,
    public: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for ByHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let named = self.named.iter().any(|named| named == host);
        let verifier = if named { &self.both } else { &self.public };
        verifier.verify_server_cert(end_entity, intermediates, host, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.public.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.public.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.public.supported_verify_schemes()
    }
}
