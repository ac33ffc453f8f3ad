//! Who may call: the gateway, which knows a secret; clients with a token; or, on this machine,
//! anybody.

mod keys;
mod refusal;
mod secret;
mod settings;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use oracle_cloud_client::{Client, HttpClient, Roots, TrustError};

pub use refusal::NotAdmitted;
pub use settings::TrustSettings;

use keys::Keys;
use settings::Callers;

/// Who may call this server.
#[derive(Debug)]
pub struct Trust(Callers<Keys>);

impl Trust {
    /// What was configured. The key set of an issuer is fetched when the first token comes; the
    /// operator's own `roots` count for it. `client` signs for an identity domain that shows its
    /// keys to nobody else.
    ///
    /// # Errors
    /// [`TrustError`] where TLS to the issuer cannot be set up.
    pub fn new(
        settings: TrustSettings,
        roots: Option<&Roots>,
        client: &Client,
    ) -> Result<Self, TrustError> {
        let trust = oracle_cloud_client::Trust::new(roots, settings.issuer_authority())?;
        Ok(Self::over(settings, HttpClient::new(&trust)?, client))
    }

    /// The same with connections of yours to the issuer.
    pub fn over(settings: TrustSettings, http: HttpClient, client: &Client) -> Self {
        Self(match settings.0 {
            Callers::Anybody => Callers::Anybody,
            Callers::Gateway(secrets) => Callers::Gateway(secrets),
            Callers::Clients(rule, at) => Callers::Clients(rule, at.open(http, client)),
        })
    }

    /// Whether a request with these headers may be carried out.
    ///
    /// # Errors
    /// [`NotAdmitted`] where it may not: what the caller reads, and what the log says.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<(), NotAdmitted> {
        match &self.0 {
            Callers::Anybody => Ok(()),
            Callers::Gateway(secrets) => secrets.check(headers),
            Callers::Clients(rule, keys) => Ok(rule.check(headers, keys).await?),
        }
    }

    /// The headers that prove who calls: they never go on to a model, nor into a log.
    pub fn header_names() -> [HeaderName; 2] {
        [secret::HEADER, AUTHORIZATION]
    }

    /// Whether a header may name the target. A client with a token names it in the path alone.
    pub fn takes_target_header(&self) -> bool {
        !matches!(self.0, Callers::Clients(..))
    }
}
