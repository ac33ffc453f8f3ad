//! The bare program that the function is measured against: a Unix socket, one signature, one kept-alive TLS connection,
//! and nothing that makes a product of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::{env, fs};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
use tokio::net::{TcpStream, UnixListener};
use tokio::runtime::Builder;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

/// What the measuring process tells the floor, in variables: where to listen, whom to call, whom to trust.
struct Floor {
    key: KeyPair,
    upstream: String,
    path: String,
    connector: TlsConnector,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

fn main() {
    let var = |name| env::var(name).unwrap();
    let key = fs::read(var("FLOOR_KEY")).unwrap();
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add(CertificateDer::from_pem_file(var("FLOOR_CA")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let floor = Arc::new(Floor {
        key: KeyPair::from_pkcs8(
            PrivatePkcs8KeyDer::from_pem_slice(&key).unwrap().secret_pkcs8_der(),
        )
        .unwrap(),
        upstream: var("FLOOR_UPSTREAM"),
        path: var("FLOOR_PATH"),
        connector: TlsConnector::from(Arc::new(
            tls.with_root_certificates(roots).with_no_client_auth(),
        )),
        connection: Mutex::new(None),
    });
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = UnixListener::bind(var("FLOOR_SOCKET")).unwrap();
        loop {
            let stream = TokioIo::new(listener.accept().await.unwrap().0);
            let floor = floor.clone();
            let service = service_fn(move |request| floor.clone().answer(request));
            tokio::spawn(http1::Builder::new().serve_connection(stream, service));
        }
    });
}

impl Floor {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let digest = STANDARD.encode(Sha256::digest(&body));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), digest.as_bytes(), &mut signature)
            .unwrap();
        let mut connection = self.connection.lock().await;
        if connection.as_ref().is_none_or(SendRequest::is_closed) {
            *connection = Some(self.connect().await);
        }
        let request = Request::post(&self.path).header("host", &self.upstream);
        let request = request
            .header("authorization", STANDARD.encode(signature))
            .header("x-content-sha256", digest);
        let request = request.body(Full::new(body)).unwrap();
        let response = connection.as_mut().unwrap().send_request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok(Response::new(Full::new(body)))
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(&self.upstream).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = self.connector.connect(name, stream).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }
}
