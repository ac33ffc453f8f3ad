//! Instance principals: an instance proves its identity with the certificate from its metadata
//! service, and gets a session token.
//!
//! ```text
//! metadata service ─ region, certificate, key
//!   ─▶ POST /v1/x509, signed with that key ─▶ session token for a key of our own
//! ```
//!
//! Source: docs/spec/oci-request-signing.md#instance-principal.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, StatusCode, Uri, header};
use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
use reqwest::{Request, Url};
use rsa::pkcs1::RsaPublicKey;
use rsa::pkcs1::der::asn1::UintRef;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::error::PrincipalError;
use super::federation::{Identity, Lead, exchange, explains};
use super::renewable::Supply;
use super::session_key::SessionKey;
use super::source::Secret;
use super::token_service::TokenService;
use crate::http_client::HttpClient;
use crate::region::Regions;
use crate::retry::Retry;
use crate::trust::{Roots, Trust};
use crate::variables::Variables;

const BASE_URL: &str = "OCI_METADATA_BASE_URL";
const AUTH_URL: &str = "OCI_SDK_AUTH_CLIENT_REGION_URL";
/// The variables of an instance.
pub(super) const NAMES: [&str; 2] = [BASE_URL, AUTH_URL];
const METADATA: &str = "the metadata service of the instance";
const FEDERATION: &str = "the token service for instances";
/// The path of the region in the metadata service.
const REGION: &str = "instance/region";
/// How long it takes to find that there is no metadata service.
const GUESS_TIMEOUT: Duration = Duration::from_secs(1);
/// Certificate and key are replaced one after the other: the wait before reading them again, which
/// doubles each time, and the longest wait.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1600)];

/// An instance and the services that confirm its identity.
#[derive(Debug)]
pub(super) struct Instance {
    metadata: TokenService,
    federation: TokenService,
    federation_clock: Lead,
    session_key: SessionKey,
    base: String,
    auth: Option<String>,
    regions: Regions,
    region: OnceLock<String>,
    tenancy: OnceLock<String>,
    /// Whether the configuration does not say that this is an instance.
    is_guess: bool,
    /// Whether it was found that this is not an instance.
    is_none: AtomicBool,
}

/// The variables of an instance.
pub(super) struct InstanceSettings {
    base: String,
    auth: Option<String>,
    roots: Option<PathBuf>,
    /// Whether the configuration does not say that this is an instance.
    pub(super) is_guess: bool,
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
            is_guess: false,
        }
    }
}

impl Instance {
    /// Creates the instance that this process runs on. No service is contacted before the first
    /// signature.
    pub(super) fn new(
        settings: InstanceSettings,
        regions: Regions,
    ) -> Result<Self, PrincipalError> {
        // Of the hosts that are called, the operator may configure this one.
        let named = settings.auth.as_deref().and_then(|url| Url::parse(url).ok());
        let named = named.as_ref().map(Url::authority);
        let roots = settings.roots.as_deref().map(Roots::read).transpose();
        let trust = roots.and_then(|roots| Trust::new(roots.as_ref(), named));
        let trust = trust.map_err(PrincipalError::Trust)?;
        // The metadata service is on the instance's own link and has no TLS.
        let plain = HttpClient::builder(&trust).plain().build().map_err(PrincipalError::Trust)?;
        let tls = HttpClient::new(&trust).map_err(PrincipalError::Trust)?;
        let service = |name, http, retry| TokenService { name, http, retry };
        Ok(Self {
            metadata: service(METADATA, plain, TokenService::METADATA_RETRY),
            federation: service(FEDERATION, tls, TokenService::TOKEN_RETRY),
            federation_clock: Lead::default(),
            session_key: SessionKey::default(),
            base: settings.base,
            auth: settings.auth,
            regions,
            region: OnceLock::new(),
            tenancy: OnceLock::new(),
            is_guess: settings.is_guess,
            is_none: AtomicBool::new(false),
        })
    }

    /// Returns whether the configuration does not say that this is an instance.
    pub(super) fn is_guess(&self) -> bool {
        self.is_guess
    }

    /// Returns the region of the instance, once it is known.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.get().map(String::as_str)
    }

    async fn metadata(&self, path: &str, until: Instant) -> Result<Secret, PrincipalError> {
        self.metadata_with(self.metadata.retry, path, until).await
    }

    async fn metadata_with(
        &self,
        retry: Retry,
        path: &str,
        until: Instant,
    ) -> Result<Secret, PrincipalError> {
        let url = Url::parse(&format!("{}/{path}", self.base));
        let url = url.ok().ok_or(PrincipalError::Url(BASE_URL))?;
        let request = || {
            let mut request = Request::new(Method::GET, url.clone());
            let bearer = HeaderValue::from_static("Bearer Oracle");
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
            Ok(request)
        };
        self.metadata.ask_with(retry, until, request).await
    }

    /// Fetches the region, on first use.
    pub(super) async fn located(&self, until: Instant) -> Result<&str, PrincipalError> {
        if let Some(region) = self.region.get() {
            return Ok(region);
        }
        let name = if self.is_guess {
            self.guessed_region(until).await?
        } else {
            self.metadata(REGION, until).await?
        };
        let name = std::str::from_utf8(&name);
        let region = name.ok().map(|name| self.regions.identifier(name));
        // It becomes part of a host's name, and is logged.
        let region = region.filter(|region| is_label(region));
        let region = region.ok_or(PrincipalError::Unusable(METADATA))?;
        Ok(self.region.get_or_init(|| region))
    }

    /// Fetches the region if there is a metadata service at all. It is asked once, for one second.
    async fn guessed_region(&self, until: Instant) -> Result<Secret, PrincipalError> {
        if self.is_none.load(Ordering::Relaxed) {
            return Err(PrincipalError::NotFound);
        }
        let until = until.min(Instant::now() + GUESS_TIMEOUT);
        self.metadata_with(Retry::NEVER, REGION, until).await.map_err(|_whatever_it_was| {
            self.is_none.store(true, Ordering::Relaxed);
            PrincipalError::NotFound
        })
    }

    /// Returns the certificate of the instance, its key, and the issuer's certificate, once they
    /// belong together.
    async fn identity(&self, until: Instant) -> Result<Identity, PrincipalError> {
        let [mut wait, longest] = LOOK_AGAIN;
        loop {
            match self.read_identity(until).await {
                Err(PrincipalError::KeyCertificateMismatch)
                    if wait <= longest && Instant::now() + wait < until =>
                {
                    sleep(wait).await;
                }
                read => return read,
            }
            wait *= 2;
        }
    }

    async fn read_identity(&self, until: Instant) -> Result<Identity, PrincipalError> {
        let [leaf, intermediate] = [
            self.metadata("identity/cert.pem", until).await?,
            self.metadata("identity/intermediate.pem", until).await?,
        ]
        .map(|pem| CertificateDer::from_pem_slice(&pem).ok());
        let key = self.metadata("identity/key.pem", until).await?;
        let key = PrivateKey::from_pem(&key, None)
            .map_err(|error| PrincipalError::Key("the instance's key", error))?;
        let unusable = || PrincipalError::Unusable(METADATA);
        let (leaf, intermediate) = leaf.zip(intermediate).ok_or_else(unusable)?;
        let certificate = Certificate::from_der(&leaf).ok().ok_or_else(unusable)?;
        let modulus = modulus(&certificate).ok_or_else(unusable)?;
        if modulus != key.public_key().modulus() {
            return Err(PrincipalError::KeyCertificateMismatch);
        }
        let tenancy = tenancy(&certificate).ok_or_else(unusable)?;
        // A certificate of another tenancy would silently change who signs.
        if *self.tenancy.get_or_init(|| tenancy.clone()) != tenancy {
            return Err(PrincipalError::TenancyChanged);
        }
        let pairs: Vec<String> =
            Sha256::digest(&leaf).iter().map(|byte| format!("{byte:02x}")).collect();
        let key_id = KeyId::new(format!("{tenancy}/fed-x509-sha256/{}", pairs.join(":")));
        let by = Credentials::api_key(key_id.map_err(PrincipalError::NotSigned)?, key);
        Ok(Identity { leaf, intermediate, by })
    }
}

impl Supply for Instance {
    type State = ();

    fn state(&self) -> Self::State {}

    async fn supply(&self, now: SystemTime, until: Instant) -> Result<Credentials, PrincipalError> {
        let region = self.located(until).await?;
        let auth = self.auth.clone();
        let auth = auth.unwrap_or_else(|| format!("https://{}", self.regions.host("auth", region)));
        let uri: Uri =
            format!("{auth}/v1/x509").parse().ok().ok_or(PrincipalError::Url(AUTH_URL))?;
        let identity = self.identity(until).await?;
        let session = self.session_key.next(until).await?;
        let asked = async |identity: &Identity, at| {
            exchange(&self.federation, &uri, identity, &session, at, until).await
        };
        let at = self.federation_clock.service_time(now);
        let token = match asked(&identity, at).await {
            // Tries once more by the service's clock, or with the certificate and key that have
            // replaced these meanwhile.
            Err(PrincipalError::Refused(service, refusal))
                if refusal.status == StatusCode::UNAUTHORIZED =>
            {
                if let Some(told) = refusal.date.filter(|told| explains(*told, at, now)) {
                    let token = asked(&identity, told).await?;
                    self.federation_clock.keep(told, now);
                    token
                } else {
                    let newer = self.identity(until).await?;
                    if newer.leaf == identity.leaf {
                        return Err(PrincipalError::Refused(service, refusal));
                    }
                    asked(&newer, at).await?
                }
            }
            token => token?,
        };
        Ok(Credentials::session(token, session)?)
    }
}

/// Returns a URL that a path can be appended to, without a slash at its end.
fn plain_url(text: &str, schemes: &[&str]) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.has_host() && url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    let known = schemes.contains(&url.scheme());
    (plain && bare && known).then(|| text.trim_end_matches('/').to_owned())
}

/// Returns the tenancy that a certificate was issued to, from its subject.
fn tenancy(certificate: &Certificate) -> Option<String> {
    let subject = certificate.tbs_certificate().subject();
    // Values that are not text are not of the kind that is searched.
    let values: Vec<&str> =
        subject.iter().filter_map(|part| std::str::from_utf8(part.value.value()).ok()).collect();
    let named = |prefix| values.iter().find_map(|value| value.strip_prefix(prefix));
    named("opc-tenant:").or_else(|| named("opc-identity:")).map(str::to_owned)
}

/// Returns the modulus of the key that a certificate is for.
fn modulus(certificate: &Certificate) -> Option<Vec<u8>> {
    let key =
        certificate.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes()?;
    let key = RsaPublicKey::<UintRef<'_>>::from_der(key).ok()?;
    Some(key.modulus.as_bytes().to_vec())
}

/// Returns whether a text can be a label of a host name.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
