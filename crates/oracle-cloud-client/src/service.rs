//! One service at one address.

use std::sync::Arc;

use http::Method;

use super::http_client::HttpClient;
use super::inner::Inner;
use super::path::IntoPath;
use super::request::RequestBuilder;

/// One service at one address. Cheap to clone.
///
/// ```no_run
/// # async fn buckets(client: oracle_cloud_client::Client)
/// # -> Result<(), oracle_cloud_client::Error> {
/// let storage = client.service("objectstorage").await?;
/// let namespace: String = storage.get("/n/").send().await?.json()?;
/// storage.delete(["n", &namespace, "b", "old bucket"]).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Service {
    inner: Arc<Inner>,
    http: HttpClient,
    url: Arc<str>,
}

impl Service {
    pub(super) fn new(inner: Arc<Inner>, http: HttpClient, url: &str) -> Self {
        Self { inner, http, url: url.into() }
    }

    /// Returns its base URL, without a slash at its end.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// println!("{}", service.url());
    /// # Ok(())
    /// # }
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts a request with any method. Nothing is sent before a method of the builder sends it.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # use http::Method;
    /// let change = serde_json::json!({ "displayName": "new" }); service.request(Method::PATCH,
    /// ["streams", "ocid1.stream.oc1..a"]).json(&change).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl IntoPath) -> RequestBuilder {
        let (inner, http) = (self.inner.clone(), self.http.clone());
        RequestBuilder::new(inner, http, method, &self.url, path)
    }

    /// Starts a GET.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let namespace: String = storage.get("/n/").send().await?.json()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, path: impl IntoPath) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Starts a HEAD.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let answer = storage.head(["n", "ns", "b", "bucket", "o", "report#1.csv"]).send().await?;
    /// println!("{:?}", answer.header("content-length"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn head(&self, path: impl IntoPath) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// Starts a POST.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let queue = service.clone();
    /// let queue_of = serde_json::json!({ "displayName": "q", "compartmentId":
    /// "ocid1.compartment.oc1..a" });
    /// queue.post("/20210201/queues").retry_token("once").json(&queue_of).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn post(&self, path: impl IntoPath) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Starts a PUT.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// storage.put(["n", "ns", "b", "bucket", "o", "greeting"]).body("hello").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn put(&self, path: impl IntoPath) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// Starts a DELETE.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// storage.delete(["n", "ns", "b", "bucket", "o", "greeting"]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, path: impl IntoPath) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }
}
