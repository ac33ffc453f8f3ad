//! What both bare programs need of the deployment that they call: signed requests, and connections over TLS.

use std::sync::Arc;
use std::{env, fs};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub type Connection = SendRequest<Full<Bytes>>;

/// What the measuring process passes in variables: which server to call, which roots to trust, and
/// the key to sign with.
pub struct Deployment {
    key: KeyPair,
    host: String,
    connector: TlsConnector,
}

impl Deployment {
    pub fn from_env() -> Self {
        let var = |name| env::var(name).unwrap();
        let key = fs::read(var("FLOOR_KEY")).unwrap();
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add(CertificateDer::from_pem_file(var("FLOOR_CA")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        Self {
            key: KeyPair::from_pkcs8(
                PrivatePkcs8KeyDer::from_pem_slice(&key).unwrap().secret_pkcs8_der(),
            )
            .unwrap(),
            host: var("FLOOR_UPSTREAM"),
            connector: TlsConnector::from(Arc::new(
                tls.with_root_certificates(roots).with_no_client_auth(),
            )),
        }
    }

    pub fn request(&self, path: &str, body: Bytes) -> Request<Full<Bytes>> {
        let digest = STANDARD.encode(Sha256::digest(&body));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), digest.as_bytes(), &mut signature)
            .unwrap();
        let request = Request::post(path).header("host", &self.host);
        let request = request
            .header("authorization", STANDARD.encode(signature))
            .header("x-content-sha256", digest);
        request.body(Full::new(body)).unwrap()
    }

    pub async fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = self.connector.connect(name, stream).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }
}
