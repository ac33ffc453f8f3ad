//! Application Performance Monitoring: spans, and the collector that they are sent to.

mod span;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use reqwest::{Url, header};
use tokio::time::{self, timeout_at};

pub use span::{Kind, Service, Span, span_id, trace_id};

use super::http_client::HttpClient;
use super::transport::TransportError;
use super::trust::{Trust, TrustError};

/// For how long nothing is sent to a collector after a failure, so that calls do not wait for it
/// one after another.
const COLLECTOR_BACKOFF: Duration = Duration::from_secs(30);

/// The collector of an APM domain, over a connection that is kept open.
///
/// Source: docs/spec/fn-container-contract.md#tracing.
///
/// ```
/// use oracle_cloud_client::Trust;
/// use oracle_cloud_client::apm::Collector;
///
/// let url = "https://collector.example/20200101/observations/public-span?dataKey=key";
/// let collector = Collector::new(url, &Trust::public()?)?;
/// assert!(!format!("{collector:?}").contains("dataKey"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Collector {
    url: Url,
    http: HttpClient,
    rests_until: Mutex<Option<time::Instant>>,
}

/// A collector that cannot be used, or that did not accept spans. No message contains its address,
/// which contains a key.
///
/// ```
/// use oracle_cloud_client::Trust;
/// use oracle_cloud_client::apm::{Collector, CollectorError};
///
/// let refused = Collector::new("http://collector.example", &Trust::public()?);
/// assert!(matches!(refused, Err(CollectorError::Address)));
/// # Ok::<_, oracle_cloud_client::TrustError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// The address is not an `https` URL.
    #[error("the address of the trace collector is not an https URL")]
    Address,
    /// The HTTP client for it could not be created.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The collector did not answer.
    #[error("the trace collector did not answer")]
    Unanswered(#[from] TransportError),
    /// The collector answered with a refusal.
    #[error("the trace collector refused the spans with status {0}")]
    Refused(StatusCode),
}

impl Collector {
    /// Creates the collector at `url`, exactly as the platform gives it, if `trust` trusts its
    /// certificate.
    ///
    /// ```
    /// use oracle_cloud_client::Trust;
    /// use oracle_cloud_client::apm::Collector;
    ///
    /// assert!(Collector::new("https://collector.example", &Trust::public()?).is_ok());
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    ///
    /// # Errors
    /// [`CollectorError::Address`] if the URL is not `https`.
    pub fn new(url: &str, trust: &Trust) -> Result<Self, CollectorError> {
        let url = Url::parse(url).ok().filter(|url| url.scheme() == "https");
        let url = url.ok_or(CollectorError::Address)?;
        let http = HttpClient::new(trust)?;
        Ok(Self { url, http, rests_until: Mutex::default() })
    }

    /// Sends spans, and waits until they are accepted, for at most `patience` and until `deadline`.
    /// After a failure, or if the whole `patience` was not enough, nothing is sent for 30 s and no
    /// error is returned.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use oracle_cloud_client::apm::{Collector, CollectorError, Span};
    ///
    /// async fn report(collector: &Collector, spans: &[Span]) -> Result<(), CollectorError> {
    ///     let patience = Duration::from_millis(500);
    ///     collector.send(spans, patience, Instant::now() + patience).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`CollectorError`] if they were not accepted.
    pub async fn send(
        &self,
        spans: &[Span],
        patience: Duration,
        deadline: Instant,
    ) -> Result<(), CollectorError> {
        let rests_until = || self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, until) = (time::Instant::now(), time::Instant::from_std(deadline));
        if rests_until().is_some_and(|end| begin < end) {
            return Ok(());
        }
        let sent = timeout_at(until.min(begin + patience), self.post(spans)).await;
        let hurried = sent.is_err() && until < begin + patience;
        let sent = sent.unwrap_or(Err(TransportError::AttemptTimeout.into()));
        *rests_until() =
            (sent.is_err() && !hurried).then(|| time::Instant::now() + COLLECTOR_BACKOFF);
        sent
    }

    async fn post(&self, spans: &[Span]) -> Result<(), CollectorError> {
        let body = serde_json::to_vec(spans).expect("texts and numbers are JSON");
        let post = self.http.inner.post(self.url.clone()).body(body);
        let post = post.header(header::CONTENT_TYPE, "application/json");
        let mut answer = post.send().await.map_err(TransportError::unanswered)?;
        if !answer.status().is_success() {
            return Err(CollectorError::Refused(answer.status()));
        }
        // Read to its end, so that the connection can be kept.
        while answer.chunk().await.map_err(TransportError::unanswered)?.is_some() {}
        Ok(())
    }
}

/// Does not show the address, which contains a key.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_failed_is_left_alone_for_30_s_and_one_without_time_is_not() {
        let trust = Trust::public().unwrap();
        // Port 1 of this machine: nobody is there.
        let collector = Collector::new("https://127.0.0.1:1/", &trust).unwrap();
        let second = Duration::from_secs(1);
        let now = || time::Instant::now().into_std();
        let send = |patience| collector.send(&[], patience, now() + second);
        assert!(collector.send(&[], second, now()).await.is_err());
        assert!(send(second / 2).await.is_err(), "what had no time is tried again at once");
        assert!(send(second / 2).await.is_ok());
        time::advance(29 * second).await;
        assert!(send(second / 2).await.is_ok());
        time::advance(second).await;
        assert!(send(second / 2).await.is_err());
    }
}
