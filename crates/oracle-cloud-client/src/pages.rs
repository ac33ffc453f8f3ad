//! Lists that services return page by page.
//!
//! Source: docs/spec/oci-services.md#object-storage.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::error::Error;
use super::request::RequestBuilder;

impl RequestBuilder {
    /// Sends it page by page, following the `opc-next-page` of each answer.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let mut pages = storage.get("/n/ns/b").query("compartmentId",
    /// "ocid1.compartment.oc1..a").pages(); while let Some(page) = pages.next().await? {
    /// println!("{} buckets", page.items::<serde_json::Value>()?.len()); }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self) -> Pages {
        Pages { request: self, next: Next::First, seen: HashSet::new() }
    }
}

/// Pages, fetched one after the other. After an error the same page is fetched again.
///
/// ```
#[doc = include_str!("../doc/service.md")]
/// # let storage = service.clone();
/// let pages = storage.get("/n/ns/b").query("compartmentId", "ocid1.compartment.oc1..a").pages();
/// let buckets: Vec<serde_json::Value> = pages.collect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent before `next`"]
pub struct Pages {
    request: RequestBuilder,
    next: Next,
    /// The pages so far, so that a cycle is recognised.
    seen: HashSet<String>,
}

#[derive(Debug)]
enum Next {
    First,
    Page(String),
    None,
}

impl Pages {
    /// Returns the next page; `None` after the last one.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let mut pages = service.get("/list").pages();
    /// let first = pages.next().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`RequestBuilder::send`]; [`Error::Decode`] if a page names itself or an earlier
    /// one as the next, which would never end.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        let request = self.request.clone();
        let request = match &self.next {
            Next::First => request,
            Next::Page(page) => request.page(page),
            Next::None => return Ok(None),
        };
        let answer = request.send().await?;
        let next = answer.header("opc-next-page").filter(|page| !page.is_empty());
        self.next = match next {
            None => Next::None,
            Some(next) if self.seen.insert(next.to_owned()) => Next::Page(next.to_owned()),
            Some(_) => return Err(Error::decode("`opc-next-page` names an earlier page")),
        };
        Ok(Some(Page(answer)))
    }

    /// Returns all items of all pages.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let pages = service.get("/list").pages();
    /// let all: Vec<serde_json::Value> = pages.collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`next`](Self::next) and [`Page::items`].
    pub async fn collect<T: DeserializeOwned>(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(page) = self.next().await? {
            all.extend(page.items::<T>()?);
        }
        Ok(all)
    }
}

/// One page.
///
/// ```
#[doc = include_str!("../doc/service.md")]
/// # let page = service.get("/list").pages().next().await?.ok_or("no page")?;
/// #[derive(serde::Deserialize)]
/// struct Bucket {
///     name: String,
/// }
///
/// for bucket in page.items::<Bucket>()? {
///     println!("{}", bucket.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Page(Answer);

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl Page {
    /// Returns the items of an array, or of an object's member `items`: services use both.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let page = service.get("/list").pages().next().await?.ok_or("no page")?;
    /// println!("{} items", page.items::<serde_json::Value>()?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Decode`] if the page is neither, or has other items.
    pub fn items<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        if self.0.body().trim_ascii_start().starts_with(b"[") {
            self.0.json()
        } else {
            self.0.json::<Items<T>>().map(|page| page.items)
        }
    }

    /// Returns the answer that the page was read from.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let page = service.get("/list").pages().next().await?.ok_or("no page")?;
    /// println!("{:?}", page.answer().header("opc-total-items"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn answer(&self) -> &Answer {
        &self.0
    }
}
