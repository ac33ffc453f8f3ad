//! The files that somebody replaces while the server serves: the gateway's secret, and the certificate of its port.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::secrets::SECRET;

/// A certificate for `localhost` that speaks for itself, and its key.
struct Pair {
    certificate: String,
    der: CertificateDer<'static>,
    key: String,
}

/// The files, and what is in them.
pub(crate) struct Files {
    directory: PathBuf,
    pairs: [Pair; 2],
    turn: usize,
}

impl Pair {
    fn generate() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { certificate: pem, der, key: key.serialize_pem() }
    }
}

impl Files {
    pub(crate) fn new(directory: &Path) -> Self {
        let pairs = [Pair::generate(), Pair::generate()];
        let files = Self { directory: directory.to_owned(), pairs, turn: 0 };
        files.put("secret", &files.secret());
        files.put_pair();
        files
    }

    /// What trusts both certificates.
    pub(crate) fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        for Pair { der, .. } in &self.pairs {
            roots.add(der.clone()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_root_certificates(roots).with_no_client_auth()).into()
    }

    /// Replaces the certificate and then its key, and adds a new secret to the one before.
    pub(crate) fn replace(&mut self) {
        let old = self.secret();
        self.turn += 1;
        self.put("secret", &format!("{old}\n{}\n", self.secret()));
        self.put_pair();
    }

    /// Takes the secret away that there was before.
    pub(crate) fn take_old_secret(&self) {
        self.put("secret", &self.secret());
    }

    /// The newest secret.
    pub(crate) fn secret(&self) -> String {
        format!("{SECRET}-{}", self.turn)
    }

    /// The newest certificate.
    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.pair().der
    }

    fn pair(&self) -> &Pair {
        let [even, odd] = &self.pairs;
        if self.turn.is_multiple_of(2) { even } else { odd }
    }

    fn put_pair(&self) {
        let Pair { certificate, key, .. } = self.pair();
        self.put("cert.pem", certificate);
        self.put("key.pem", key);
    }

    fn put(&self, name: &str, text: &str) {
        let new = self.directory.join(format!("{name}.new"));
        fs::write(&new, text).unwrap();
        fs::rename(new, self.directory.join(name)).unwrap();
    }
}
