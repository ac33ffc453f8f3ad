//! What anybody may read is asked for without a signature: the key set of an identity provider.

use bytes::Bytes;
use http::{Method, Response, Uri};

use super::http_client::HttpClient;
use super::message::{SendError, plain};
use super::options::RequestOptions;
use super::timings::RequestTimings;
use super::transport::{Limits, Transport};

impl HttpClient {
    /// What is at a URL for anybody, whatever the status: one attempt, without a signature. A
    /// redirect is not followed.
    ///
    /// ```no_run
    /// use oracle_cloud_client::{HttpClient, RequestOptions, Trust};
    ///
    /// # async fn keys() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = HttpClient::new(&Trust::public()?)?;
    /// let url = "https://issuer.example/keys".parse()?;
    /// let answer = http.get_unsigned(&url, &RequestOptions::default()).await?;
    /// println!("{} {} bytes", answer.status(), answer.body().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError`], where the URL is not an `https` URL in its plain form, or no whole answer
    /// came.
    pub async fn get_unsigned(
        &self,
        url: &Uri,
        options: &RequestOptions,
    ) -> Result<Response<Bytes>, SendError> {
        let request = reqwest::Request::new(Method::GET, plain(url, self.is_plain)?);
        let limits = Limits {
            until: options.attempt_until(options.until()),
            read_timeout: options.read_timeout,
            bytes: options.max_answer,
        };
        // Of its own: the memory for long answers is not to be kept for a short one.
        let transport = Transport::default();
        let timings = &mut RequestTimings::default();
        Ok(transport.exchange(self, request, limits, timings, None).await?)
    }
}
