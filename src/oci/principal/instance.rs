//! Instance principals: an instance proves with the certificate from its metadata service who it is, and gets a session token.
//!
//! ```text
//! metadata service ─ region, certificate, key ─▶ POST /v1/x509, signed with that key ─▶ session token for a key of our own
//! ```
//!
//! Source: OCI request signing, instance principal.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, Uri, header};
use reqwest::{Request, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;
use zeroize::Zeroizing;

use super::renewable::Supply;
use super::token_service::TokenService;
use super::{Credentials, PrincipalError};
use crate::oci::region::Regions;
use crate::oci::variables::Variables;
use crate::oci::{
    Content, KeyId, PrivateKey, Roots, SessionToken, Signing, Trust, http_client, sign,
};

const BASE_URL: &str = "OCI_METADATA_BASE_URL";
const AUTH_URL: &str = "OCI_SDK_AUTH_CLIENT_REGION_URL";
/// The variables of an instance.
pub(super) const NAMES: [&str; 2] = [BASE_URL, AUTH_URL];
const METADATA: &str = "the metadata service of the instance";
const FEDERATION: &str = "the token service for instances";

/// An instance and the services that vouch for it.
#[derive(Debug)]
pub(super) struct Instance {
    metadata: TokenService,
    federation: TokenService,
    base: String,
    auth: Option<String>,
    regions: Regions,
    region: OnceLock<String>,
    tenancy: OnceLock<String>,
}

/// The answer of the token service.
#[derive(Deserialize)]
struct Answer {
    token: String,
}

/// What the variables say about an instance.
pub(super) struct InstanceSettings {
    base: String,
    auth: Option<String>,
    roots: Option<PathBuf>,
}

impl InstanceSettings {
    pub(super) fn from_vars(vars: &mut Variables<'_>) -> Self {
        let base = vars.parse(BASE_URL, "an `http` or `https` URL without a query", |url| {
            plain_url(url, &["http", "https"])
        });
        Self {
            base: base.unwrap_or_else(|| "http://169.254.169.254/opc/v2".to_owned()),
            auth: vars.parse(AUTH_URL, "an `https` URL without a query", |url| {
                plain_url(url, &["https"])
            }),
            roots: vars.text("SSL_CERT_FILE").map(PathBuf::from),
        }
    }
}

impl Instance {
    /// The instance that this process runs on. Nothing is asked before the first signature.
    pub(super) fn new(
        settings: InstanceSettings,
        regions: Regions,
    ) -> Result<Self, PrincipalError> {
        // Of the hosts that are asked, the operator may name this one.
        let named = settings.auth.as_deref().and_then(|url| Url::parse(url).ok());
        let named = named.as_ref().map(Url::authority);
        let roots = settings.roots.as_deref().map(Roots::read).transpose();
        let trust = roots.and_then(|roots| Trust::new(roots.as_ref(), named));
        let trust = trust.map_err(PrincipalError::Trust)?;
        let client = || http_client(&trust);
        // The metadata service is on the instance's own link and speaks no TLS.
        let plain = client().https_only(false).build().map_err(PrincipalError::Client)?;
        let tls = client().build().map_err(PrincipalError::Client)?;
        let service = |name, http, retry| TokenService { name, http, retry };
        Ok(Self {
            metadata: service(METADATA, plain, TokenService::METADATA_RETRY),
            federation: service(FEDERATION, tls, TokenService::TOKEN_RETRY),
            base: settings.base,
            auth: settings.auth,
            regions,
            region: OnceLock::new(),
            tenancy: OnceLock::new(),
        })
    }

    /// The region of the instance, once it is known.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.get().map(String::as_str)
    }

    async fn metadata(&self, path: &str) -> Result<Vec<u8>, PrincipalError> {
        let url = Url::parse(&format!("{}/{path}", self.base));
        let url = url.ok().ok_or(PrincipalError::Url(BASE_URL))?;
        let request = || {
            let mut request = Request::new(Method::GET, url.clone());
            let bearer = HeaderValue::from_static("Bearer Oracle");
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
            Ok(request)
        };
        // Not a copy: the key is among what is asked for.
        Ok(self.metadata.ask(request).await?.into())
    }

    /// Learns the region, the first time.
    pub(super) async fn located(&self) -> Result<&str, PrincipalError> {
        if let Some(region) = self.region.get() {
            return Ok(region);
        }
        let name = String::from_utf8(self.metadata("instance/region").await?);
        let name = name.ok().ok_or(PrincipalError::Unusable(METADATA))?;
        Ok(self.region.get_or_init(|| self.regions.identifier(&name)))
    }

    /// The certificate of the instance, its key, and the certificate of who issued it.
    async fn identity(&self) -> Result<Identity, PrincipalError> {
        let [leaf, intermediate] = [
            self.metadata("identity/cert.pem").await?,
            self.metadata("identity/intermediate.pem").await?,
        ]
        .map(|pem| CertificateDer::from_pem_slice(&pem).ok());
        let key = Zeroizing::new(self.metadata("identity/key.pem").await?);
        let key = PrivateKey::from_pem(&key, None)
            .map_err(|error| PrincipalError::Key("the instance's key", error))?;
        let unusable = || PrincipalError::Unusable(METADATA);
        let (leaf, intermediate) = leaf.zip(intermediate).ok_or_else(unusable)?;
        let tenancy = tenancy(&leaf).ok_or_else(unusable)?;
        // A certificate of another tenancy would change who signs under the feet of whoever relies on it.
        if *self.tenancy.get_or_init(|| tenancy.clone()) != tenancy {
            return Err(PrincipalError::TenancyChanged);
        }
        Ok(Identity { leaf, intermediate, key, tenancy })
    }
}

impl Supply for Instance {
    type State = ();

    fn state(&self) -> Self::State {}

    async fn supply(&self, now: SystemTime) -> Result<Credentials, PrincipalError> {
        let region = self.located().await?;
        let identity = self.identity().await?;
        let session = PrivateKey::generate().ok_or(PrincipalError::Generate)?;
        let auth = self.auth.clone();
        let auth = auth.unwrap_or_else(|| format!("https://{}", self.regions.host("auth", region)));
        let body = json!({
            "certificate": STANDARD.encode(&identity.leaf),
            "intermediateCertificates": [STANDARD.encode(&identity.intermediate)],
            "publicKey": session.public_key().sanitised(),
            "purpose": "DEFAULT",
            "fingerprintAlgorithm": "SHA256",
        });
        let body = body.to_string();
        let uri: Uri =
            format!("{auth}/v1/x509").parse().ok().ok_or(PrincipalError::Url(AUTH_URL))?;
        let by = identity.credentials()?;
        // The service wants everything but the host covered.
        let signing = Signing { without_host: true, ..Signing::default() };
        let request = || {
            let (mut head, ()) = http::Request::new(()).into_parts();
            (head.method, head.uri) = (Method::POST, uri.clone());
            sign(&mut head, Content::Bytes(body.as_bytes()), &by, signing, now)
                .map_err(PrincipalError::NotSigned)?;
            let request = http::Request::from_parts(head, body.clone());
            Request::try_from(request).ok().ok_or(PrincipalError::Url(AUTH_URL))
        };
        let answer = Zeroizing::new(Vec::from(self.federation.ask(request).await?));
        let answer = serde_json::from_slice::<Answer>(&answer);
        let token = answer.ok().map(|answer| Zeroizing::new(answer.token));
        let token = token.ok_or(PrincipalError::Unusable(FEDERATION))?;
        let token = SessionToken::parse(&token)
            .map_err(|error| PrincipalError::Token(FEDERATION, error))?;
        Credentials::session(token, session)
    }
}

/// What the instance proves itself with.
struct Identity {
    leaf: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    key: PrivateKey,
    tenancy: String,
}

impl Identity {
    /// The credentials for the one request to the token service.
    fn credentials(self) -> Result<Credentials, PrincipalError> {
        let pairs: Vec<String> =
            Sha256::digest(&self.leaf).iter().map(|byte| format!("{byte:02x}")).collect();
        let key_id = format!("{}/fed-x509-sha256/{}", self.tenancy, pairs.join(":"));
        let key_id = KeyId::new(key_id).map_err(PrincipalError::NotSigned)?;
        Ok(Credentials::api_key(key_id, self.key))
    }
}

/// A URL to which a path can be added, without a slash at its end.
fn plain_url(text: &str, schemes: &[&str]) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.has_host() && url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    let known = schemes.contains(&url.scheme());
    (plain && bare && known).then(|| text.trim_end_matches('/').to_owned())
}

/// The tenancy that a certificate was issued to, from its subject.
fn tenancy(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let subject = certificate.tbs_certificate().subject();
    let values: Vec<&str> =
        subject.iter().filter_map(|part| std::str::from_utf8(part.value.value()).ok()).collect();
    let named = |prefix| values.iter().find_map(|value| value.strip_prefix(prefix));
    named("opc-tenant:").or_else(|| named("opc-identity:")).map(str::to_owned)
}
