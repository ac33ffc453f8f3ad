//! What a client and its services share: credentials and connections.

use std::fmt;
use std::sync::OnceLock;

use http::HeaderValue;

use super::http_client::HttpClient;
use super::options::RequestOptions;
use super::region::Regions;
use super::send::Sender;
use super::trust::{Trust, TrustError};

/// What a client and its services share.
pub(super) struct Inner {
    pub(super) sender: Sender,
    pub(super) http: HttpClient,
    pub(super) options: RequestOptions,
    pub(super) region: Option<String>,
    /// The region if neither the builder nor the source of credentials knows one.
    pub(super) otherwise: Option<String>,
    pub(super) regions: Regions,
    pub(super) user_agent: Option<String>,
    /// The user that every request acts for, if that is not the signer.
    pub(super) delegation: Option<HeaderValue>,
    /// Connections to services of this machine, which need no TLS; created on first use.
    pub(super) loopback: OnceLock<HttpClient>,
}

impl Inner {
    /// Returns the connections to services of this machine.
    pub(super) fn loopback(&self) -> Result<HttpClient, TrustError> {
        if let Some(http) = self.loopback.get() {
            return Ok(http.clone());
        }
        let http = HttpClient::builder(&Trust::public()?).plain();
        let http = match &self.user_agent {
            Some(agent) => http.user_agent(agent),
            None => http,
        };
        let http = http.build()?;
        Ok(self.loopback.get_or_init(|| http).clone())
    }
}

/// Shows who signs, and in which region.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("source", &self.sender.source)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
