//! The certificate authority of the emulated cloud, and the certificates a server can show.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::keys::Key;

/// Which certificate a server shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Certificate {
    /// One for `localhost`, 127.0.0.1 and 127.0.0.2.
    Valid,
    /// One for another name.
    OtherName,
    /// One whose time is over.
    Expired,
}

/// A certificate authority that is known only to programs that get its certificate.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// Creates a new authority with a key of its own.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("the machine has entropy and memory");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than its certificates have, which would otherwise look signed by themselves.
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Emulated authority");
        let certificate = params.self_signed(&key).expect("the parameters are fixed and valid");
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// Returns its certificate, for `SSL_CERT_FILE`.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns a certificate for `key` with these words in its subject, and its PEM form.
    pub(crate) fn identity(&self, key: &Key, subject: &[&str]) -> (Vec<u8>, String) {
        let pair = KeyPair::from_pem(&key.pem()).expect("two libraries read one form");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (number, word) in subject.iter().enumerate() {
            // A subject has one value of a kind, and this library's kinds are few: any of OCI's own
            // would do.
            let kind =
                if number == 0 { DnType::OrganizationalUnitName } else { DnType::OrganizationName };
            params.distinguished_name.push(kind, *word);
        }
        let certificate =
            params.signed_by(&pair, &self.issuer).expect("the parameters are fixed and valid");
        (certificate.der().to_vec(), certificate.pem())
    }

    /// Returns a TLS 1.2 and 1.3 server with such a certificate, HTTP/1.1 only.
    pub fn server_config(&self, certificate: Certificate) -> Arc<ServerConfig> {
        let names = match certificate {
            Certificate::OtherName => vec!["elsewhere.example".to_owned()],
            Certificate::Valid | Certificate::Expired => {
                ["localhost", "127.0.0.1", "127.0.0.2"].map(str::to_owned).to_vec()
            }
        };
        let key = KeyPair::generate().expect("the machine has entropy and memory");
        let mut params = CertificateParams::new(names).expect("the names are fixed and valid");
        if certificate == Certificate::Expired {
            (params.not_before, params.not_after) =
                (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
        }
        let certificate =
            params.signed_by(&key, &self.issuer).expect("the parameters are fixed and valid");
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("the provider speaks TLS 1.2 and 1.3").with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], private);
        Arc::new(config.expect("the key belongs to the certificate"))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
