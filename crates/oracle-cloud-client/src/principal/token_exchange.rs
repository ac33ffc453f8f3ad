//! Token exchange: a token of an identity provider that a domain trusts is exchanged for a session
//! token (UPST) of a key of our own.
//!
//! Source: docs/spec/oci-request-signing.md#token-exchange.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, header};
use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsRequest, PrivateKey,
    ProvideCredentials, SessionToken, sensitive_header,
};
use reqwest::{Method, Request, Url};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::error::PrincipalError;
use super::renewable::{Renewable, Supply};
use super::session_key::SessionKey;
use super::token_service::TokenService;
use crate::encode::encode;
use crate::http_client::HttpClient;
use crate::message::is_loopback;
use crate::trust::Trust;

const SERVICE: &str = "the identity domain";
/// How long to wait for credentials.
const TIMEOUT: Duration = Duration::from_secs(60);

type BoxError = Box<dyn Error + Send + Sync>;
type Subject = Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send>>;

/// Credentials for programs with a JSON web token of an identity provider that an identity domain
/// trusts: a build job, a pod of another cloud, a program with a token of its own company. The
/// session token is renewed before it expires, for a new key each time.
///
/// ```no_run
/// use oracle_cloud_client::{Client, TokenExchange, Trust};
///
/// # async fn client() -> Result<(), Box<dyn std::error::Error>> {
/// let domain = "https://idcs-0123456789abcdef.identity.oraclecloud.com";
/// let subject = || async { Ok(std::fs::read_to_string("/var/run/secrets/token")?) };
/// let trust = Trust::public()?;
/// let exchange = TokenExchange::new(domain, "client id", "client secret", &trust, subject)?;
/// let client = Client::builder().credentials(exchange).region("eu-frankfurt-1").build().await?;
/// # Ok(())
/// # }
/// ```
///
/// Source: docs/spec/oci-request-signing.md#token-exchange.
#[derive(Debug)]
pub struct TokenExchange(Renewable<Exchange>);

impl TokenExchange {
    /// Exchanges the tokens that `subject` returns at a domain whose client has this id and secret,
    /// and whose certificate `trust` trusts. Nothing is sent before the first signature. Without
    /// TLS only a domain on this machine may be called, such as a test double.
    ///
    /// ```
    /// use oracle_cloud_client::{TokenExchange, Trust};
    ///
    /// let subject = || async { Ok("a token of an identity provider".to_owned()) };
    /// let trust = Trust::public()?;
    /// let exchange = |domain| TokenExchange::new(domain, "id", "secret", &trust, subject);
    /// assert!(exchange("https://domain.example").is_ok());
    /// assert!(exchange("http://domain.example").is_err());
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    ///
    /// # Errors
    /// Of the kind `Invalid` if the domain is not an `https` URL without a query, or if a header
    /// cannot have the id and secret.
    pub fn new<F, S>(
        domain: &str,
        client_id: &str,
        client_secret: &str,
        trust: &Trust,
        subject: F,
    ) -> Result<Self, CredentialsError>
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Future<Output = Result<String, BoxError>> + Send + 'static,
    {
        let invalid = |what| CredentialsError::new(CredentialsErrorKind::Invalid, what);
        let no_url =
            "the identity domain is not an `https` URL without a query, or `http` on this machine";
        let url = Url::parse(&format!("{}/oauth2/v1/token", domain.trim_end_matches('/')));
        let url = url.map_err(|_not_a_url| invalid(no_url))?;
        let is_bare =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let http = match url.scheme() {
            "https" if is_bare => HttpClient::new(trust),
            "http" if is_bare && is_loopback(&url) => HttpClient::builder(trust).plain().build(),
            _ => return Err(invalid(no_url)),
        };
        let http = http.map_err(PrincipalError::Trust)?;
        let client = Zeroizing::new(format!("{client_id}:{client_secret}"));
        let client = Zeroizing::new(STANDARD.encode(&*client));
        let authorization = sensitive_header(["Basic ", &client]);
        let exchange = Exchange {
            service: TokenService { name: SERVICE, http, retry: TokenService::TOKEN_RETRY },
            url,
            authorization: authorization
                .ok_or_else(|| invalid("the client's id and secret cannot be sent in a header"))?,
            subject: Arc::new(move || -> Subject { Box::pin(subject()) }),
            session_key: SessionKey::default(),
        };
        Ok(Self(Renewable::new(exchange, None, false)))
    }
}

impl ProvideCredentials for TokenExchange {
    async fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        let until = Instant::now() + TIMEOUT;
        Ok(match &request.refused {
            None => self.0.credentials(request.now, until).await,
            Some(refused) => self.0.refresh(refused, request.now, until).await,
        }?)
    }
}

/// A domain, and the source of the tokens that it accepts.
struct Exchange {
    service: TokenService,
    url: Url,
    authorization: HeaderValue,
    subject: Arc<dyn Fn() -> Subject + Send + Sync>,
    session_key: SessionKey,
}

/// Shows no secret.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("service", &self.service.name).finish_non_exhaustive()
    }
}

/// The answer of the domain.
#[derive(Deserialize)]
struct Answer {
    token: String,
}

impl Exchange {
    /// Returns the form that requests a token for this key.
    fn form(subject: &str, session: &PrivateKey) -> Bytes {
        let public_key = session.public_key().sanitised();
        let mut form =
            Zeroizing::new(String::with_capacity(4 * (subject.len() + public_key.len())));
        for (name, value) in [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:oci:token-type:oci-upst"),
            ("subject_token_type", "jwt"),
            ("subject_token", subject.trim_ascii()),
            ("public_key", &public_key),
        ] {
            if !form.is_empty() {
                form.push('&');
            }
            form.push_str(name);
            form.push('=');
            encode(value, &mut form);
        }
        Bytes::from_owner(Zeroizing::new(std::mem::take(&mut *form).into_bytes()))
    }
}

impl Supply for Exchange {
    type State = ();

    fn state(&self) -> Self::State {}

    async fn supply(
        &self,
        _now: SystemTime,
        until: Instant,
    ) -> Result<Credentials, PrincipalError> {
        let subject = timeout_at(until, (self.subject)()).await;
        let subject = subject.map_err(|_elapsed| PrincipalError::Late)?;
        let subject = Zeroizing::new(subject.map_err(PrincipalError::Subject)?);
        let session = self.session_key.next(until).await?;
        let form = Self::form(&subject, &session);
        let request = || {
            let mut request = Request::new(Method::POST, self.url.clone());
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, self.authorization.clone());
            let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, form_type);
            *request.body_mut() = Some(form.clone().into());
            Ok(request)
        };
        let answer = self.service.ask(until, request).await?;
        let answer = serde_json::from_slice::<Answer>(&answer);
        let answer = answer.map_err(|_not_json| PrincipalError::Unusable(SERVICE))?;
        let token = Zeroizing::new(answer.token);
        let token = SessionToken::parse(&token);
        let token = token.map_err(|error| PrincipalError::Token(SERVICE, error))?;
        Ok(Credentials::session(token, session)?)
    }
}
