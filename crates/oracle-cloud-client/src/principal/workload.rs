//! OKE workload identity: a pod sends its service account token to a service of its node, and gets
//! a session token.
//!
//! Source: docs/spec/oci-request-signing.md#workload-identity.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::engine::general_purpose::STANDARD;
use base64::{Engine, decoded_len_estimate};
use http::{HeaderValue, StatusCode, header};
use oracle_cloud_signature::{Credentials, SessionToken, sensitive_header};
use reqwest::{Method, Request, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::error::PrincipalError;
use super::renewable::Supply;
use super::session_key::SessionKey;
use super::source::read_file;
use super::token_service::TokenService;
use crate::http_client::HttpClient;
use crate::transport::request_id;
use crate::trust::Trust;
use crate::variables::{Given, Variables};

const HOST: &str = "KUBERNETES_SERVICE_HOST";
const CA: &str = "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH";
const TOKEN: &str = "OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH";
const MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The port on which the node's service listens.
const PORT: u16 = 12250;
const PATH: &str = "/resourcePrincipalSessionTokens";
/// The variables of a pod.
pub(super) const NAMES: [&str; 3] = [HOST, CA, TOKEN];
const SERVICE: &str = "the token service for OKE workloads";

/// A pod and the service that confirms its identity.
#[derive(Debug)]
pub(super) struct Workload {
    service: TokenService,
    url: Url,
    account: PathBuf,
    session_key: SessionKey,
}

/// The answer of the token service, inside its base64.
#[derive(Deserialize)]
struct Answer {
    token: String,
}

/// The variables of a pod.
pub(super) struct WorkloadSettings {
    url: Given<Url>,
    ca: PathBuf,
    account: PathBuf,
}

impl WorkloadSettings {
    /// Reads `KUBERNETES_SERVICE_HOST`, and the paths of the service account's certificate and
    /// token: those that Kubernetes mounts, or of a projected volume those in
    /// `OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH` and `..._TOKEN_PATH`.
    pub(super) fn from_vars(vars: &mut Variables<'_>) -> Self {
        let url = vars.given(HOST, |host| {
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            let url = Url::parse(&format!("https://{host}:{PORT}{PATH}"));
            // Anything beside a host would change the path.
            let url = url.ok().filter(|url| url.path() == PATH && url.username().is_empty());
            url.ok_or_else(|| format!("{HOST} is not the name or the address of a host"))
        });
        let mut path = |name, file: &str| {
            vars.text(name).map_or_else(|| Path::new(MOUNT).join(file), PathBuf::from)
        };
        Self { url, ca: path(CA, "ca.crt"), account: path(TOKEN, "token") }
    }

    /// Returns the same, or a mistake without a host.
    pub(super) fn needed(self, vars: &mut Variables<'_>) -> Option<Self> {
        let url = vars.needed(HOST, "the address of the cluster", self.url)?;
        Some(Self { url: Given::Value(url), ..self })
    }
}

impl Workload {
    /// Creates the pod that this process runs in.
    pub(super) fn new(settings: WorkloadSettings) -> Result<Self, PrincipalError> {
        let trust = Trust::only(CA, &settings.ca).map_err(PrincipalError::Trust)?;
        let http = HttpClient::new(&trust).map_err(PrincipalError::Trust)?;
        Ok(Self {
            service: TokenService { name: SERVICE, http, retry: TokenService::TOKEN_RETRY },
            url: settings.url.value().ok_or(PrincipalError::Url(HOST))?,
            account: settings.account,
            session_key: SessionKey::default(),
        })
    }

    /// Returns the token of the service account, which Kubernetes replaces while the process runs.
    fn account(&self, now: SystemTime) -> Result<HeaderValue, PrincipalError> {
        let text = read_file(TOKEN, &self.account)?;
        let text = std::str::from_utf8(&text).unwrap_or("not text").trim_ascii();
        let token =
            SessionToken::parse(text).map_err(|error| PrincipalError::Token(TOKEN, error))?;
        if token.expires() <= now {
            return Err(PrincipalError::TokenExpired);
        }
        sensitive_header(["Bearer ", text]).ok_or(PrincipalError::Unusable(TOKEN))
    }
}

impl Supply for Workload {
    type State = ();

    fn state(&self) -> Self::State {}

    async fn supply(&self, now: SystemTime, until: Instant) -> Result<Credentials, PrincipalError> {
        let bearer = self.account(now)?;
        let session = self.session_key.next(until).await?;
        let body = json!({ "podKey": session.public_key().sanitised() }).to_string();
        let id = [request_id(), request_id(), request_id()].join("/");
        let id = HeaderValue::try_from(id).ok().ok_or(PrincipalError::Unusable(SERVICE))?;
        let request = || {
            let mut request = Request::new(Method::POST, self.url.clone());
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, bearer.clone());
            headers.insert("opc-request-id", id.clone());
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
            Ok(request)
        };
        let answer = match self.service.ask(until, request).await {
            Err(PrincipalError::Refused(_, refusal)) if refusal.status == StatusCode::FORBIDDEN => {
                return Err(PrincipalError::ClusterNotEnhanced);
            }
            answer => answer?,
        };
        let token = token(&answer).ok_or(PrincipalError::Unusable(SERVICE))?;
        let token =
            SessionToken::parse(&token).map_err(|error| PrincipalError::Token(SERVICE, error))?;
        Ok(Credentials::session(token, session)?)
    }
}

/// Returns the session token in an answer: base64, perhaps in quotes, of JSON with a whole key id.
fn token(answer: &[u8]) -> Option<Zeroizing<String>> {
    let text = answer.trim_ascii();
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let mut json = Zeroizing::new(Vec::with_capacity(decoded_len_estimate(text.len())));
    STANDARD.decode_vec(text, &mut json).ok()?;
    let answer = serde_json::from_slice::<Answer>(&json).ok()?;
    let key_id = Zeroizing::new(answer.token);
    Some(Zeroizing::new(key_id.strip_prefix("ST$")?.to_owned()))
}
