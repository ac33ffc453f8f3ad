//! Waits until a resource is in a state, or until a work request is done.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::error::Error;
use super::request::RequestBuilder;

/// The wait between two requests if the service does not say.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The shortest wait, whatever the service asks for: without any, it would be flooded.
const MIN_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The longest wait that a service may ask for.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(60);
/// How long polling lasts at most.
const POLL_TIMEOUT: Duration = Duration::from_secs(1200);

impl RequestBuilder {
    /// Sends it repeatedly until `ready` returns a value for an answer: a lifecycle state, a work
    /// request. It waits as long as `retry-after` says, within 1 s and 60 s, or else 2 s. It gives
    /// up after 20 minutes.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # use oracle_cloud_client::{Error, Service};
    /// # let queues = service.clone();
    /// # let id = "id";
    /// #[derive(serde::Deserialize)]
    /// struct Work {
    ///     status: String,
    /// }
    ///
    /// let work = queues.get(["20210201", "workRequests", id]);
    /// work.poll_until(async |work: Work| Ok((work.status == "SUCCEEDED").then_some(()))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An error that `ready` returns, an error of a request, and [`Error::Decode`] if it was never
    /// ready.
    pub async fn poll_until<T, R>(
        self,
        mut ready: impl AsyncFnMut(T) -> Result<Option<R>, Error>,
    ) -> Result<R, Error>
    where
        T: DeserializeOwned,
    {
        let end = Instant::now() + POLL_TIMEOUT;
        loop {
            let answer = self.clone().send().await?;
            let asked = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
            if let Some(value) = ready(answer.json()?).await? {
                return Ok(value);
            }
            let wait = asked.map_or(POLL_INTERVAL, Duration::from_secs);
            let wait = wait.clamp(MIN_POLL_INTERVAL, MAX_POLL_INTERVAL);
            if Instant::now() + wait > end {
                return Err(Error::decode("it was not ready within 20 minutes"));
            }
            sleep(wait).await;
        }
    }
}
