//! The proxy between this machine and OCI, as curl finds it. The function itself heeds none.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::error_chain::chain;
use crate::loopback::is_this_machine;

/// The variables that name a proxy for https, the first that is set.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variables with the hosts that are reached without it.
const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// A proxy that is named and cannot be used. It never shows its URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} is not a proxy that can be used; expected `http://host:port`")]
    Unusable(&'static str),
    #[error("the proxy does not answer in time")]
    Silent,
    #[error("the proxy opens no way to the host: {0}")]
    Refused(String),
}

impl Error {
    /// 2 where nothing was asked because of what the user gave, otherwise 3.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unusable(_) => 2,
            Self::Silent | Self::Refused(_) => 3,
        }
    }
}

/// The proxy of an environment.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(std::sync::Arc<Matcher>);

impl Proxy {
    /// Returns the proxy that the variables name, if they name one.
    pub(crate) fn from_vars(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let value = |name: &&'static str| variable(name).filter(|value| !value.is_empty());
        let Some((name, url)) = PROXY_VARIABLES.iter().find_map(|name| Some((*name, value(name)?)))
        else {
            return Ok(None);
        };
        let anywhere = Uri::from_static("https://host.example/");
        let named = Matcher::builder().https(url.clone()).build().intercept(&anywhere);
        if named.is_none_or(|named| named.uri().scheme_str() != Some("http")) {
            return Err(Error::Unusable(name));
        }
        let except = NO_PROXY_VARIABLES.iter().find_map(value).unwrap_or_default();
        Ok(Some(Self(Matcher::builder().https(url).no(except).build().into())))
    }

    /// Returns the proxy between this machine and a URL.
    pub(crate) fn way_to(&self, url: &Uri) -> Option<Way> {
        let local = url.host().is_some_and(|host| is_this_machine(host.trim_matches(['[', ']'])));
        self.0.intercept(url).filter(|_| !local).map(Way)
    }
}

/// A tunnel through a proxy, which does not see what is sent.
#[derive(Debug)]
pub(crate) struct Way(Intercept);

impl Way {
    /// Returns the proxy, as the HTTP client takes it.
    pub(crate) fn proxy(&self) -> Result<reqwest::Proxy, Error> {
        let refused = |error: reqwest::Error| Error::Refused(chain(&error.without_url()));
        let proxy = reqwest::Proxy::https(self.0.uri().to_string()).map_err(refused)?;
        Ok(match self.0.basic_auth() {
            Some(authorization) => proxy.custom_http_auth(authorization.clone()),
            None => proxy,
        })
    }
}
