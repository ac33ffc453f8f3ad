//! Which model deployment a call means: the header, an envelope where they are taken, an alias, or the configured default.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Endpoint, EndpointRule, Error, Paths, Refusal, envelope, payload};
use crate::fdk::Call;

/// The header that a route sets, and its spellings for proxies that drop names with an underscore.
static NAMES: [HeaderName; 3] = [
    HeaderName::from_static("model_deployment"),
    HeaderName::from_static("model-deployment"),
    HeaderName::from_static("x-model-deployment"),
];

pub(super) const ROUTE: HeaderName = HeaderName::from_static("route");

/// The model deployments that this function calls.
#[derive(Debug)]
pub struct Targets {
    rule: EndpointRule,
    aliases: BTreeMap<String, Endpoint>,
    default: Option<Endpoint>,
    envelopes: bool,
}

/// A configured target that must not be called; found at start, so that no call meets it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TargetsError {
    /// `MODEL_DEPLOYMENTS` is something else than an object of texts.
    #[error(
        "MODEL_DEPLOYMENTS is not a JSON object of aliases and URLs; expected `{{\"iris\": \"https://…\"}}`"
    )]
    NotAnObject,
    /// An alias whose URL is refused.
    #[error("MODEL_DEPLOYMENTS has a URL that may not be called: {0}")]
    Alias(Refusal),
    /// `MODEL_DEPLOYMENT` is neither an alias nor an allowed URL.
    #[error(
        "MODEL_DEPLOYMENT is neither an alias of MODEL_DEPLOYMENTS nor a URL that may be called: {0}"
    )]
    Default(Refusal),
}

impl Targets {
    /// The targets of `MODEL_DEPLOYMENTS` (a JSON object, alias to URL) and `MODEL_DEPLOYMENT` (a URL or an alias), all of
    /// them checked by the rule that also checks what a call names.
    pub fn new(
        rule: EndpointRule,
        aliases: Option<&str>,
        default: Option<&str>,
    ) -> Result<Self, TargetsError> {
        let urls: BTreeMap<String, String> = match aliases {
            Some(json) => serde_json::from_str(json).ok().ok_or(TargetsError::NotAnObject)?,
            None => BTreeMap::new(),
        };
        let checked = |(alias, url): (String, String)| match rule.check(&url) {
            Ok(endpoint) => Ok((alias, endpoint)),
            Err(refusal) => Err(TargetsError::Alias(refusal)),
        };
        let aliases = urls.into_iter().map(checked).collect::<Result<BTreeMap<_, _>, _>>()?;
        let mut targets = Self { rule, aliases, default: None, envelopes: false };
        targets.default =
            default.map(|text| targets.resolve(text)).transpose().map_err(TargetsError::Default)?;
        Ok(targets)
    }

    /// The same, and bodies of the form `{"ENDPOINT": ..., "PAYLOAD": ...}` name a target where no header does.
    #[must_use]
    pub fn with_envelopes(self, envelopes: bool) -> Self {
        Self { envelopes, ..self }
    }

    /// How many aliases there are.
    pub fn aliases(&self) -> usize {
        self.aliases.len()
    }

    /// The deployment that is called where nothing names one.
    pub fn default_ocid(&self) -> Option<&str> {
        self.default.as_ref().map(Endpoint::ocid)
    }

    /// The endpoint that a call means, by exactly one header, an envelope or the default; and the body for it.
    pub(super) fn of(&self, call: &Call) -> Result<(Endpoint, Bytes), Error> {
        let mut values = NAMES.iter().flat_map(|name| call.headers().get_all(name));
        let envelope = || self.envelopes.then(|| envelope::opened(call.body())).flatten();
        let (endpoint, body) = match (values.next(), values.next()) {
            (Some(_), Some(_)) => return Err(Error::TargetRepeated),
            (Some(value), None) => {
                let text = value.to_str().ok().ok_or(Refusal::Characters)?;
                (self.resolve(text)?, call.body().clone())
            }
            (None, _) => match (envelope(), &self.default) {
                (Some((text, body)), _) => (self.resolve(&text)?, body),
                (None, Some(default)) => (default.clone(), call.body().clone()),
                (None, None) => return Err(Error::TargetMissing),
            },
        };
        let wants_stream = || payload::wants_stream(&body);
        check_route(call.headers(), self.rule.paths())?;
        Ok((endpoint.called_at(call.uri(), self.rule.paths(), wants_stream)?, body))
    }

    /// The endpoint that a header with this text means: that of an alias, or a URL that may be called.
    pub fn resolve(&self, text: &str) -> Result<Endpoint, Refusal> {
        match self.aliases.get(text) {
            Some(endpoint) => Ok(endpoint.clone()),
            None => self.rule.check(text),
        }
    }
}

/// The older way to name a path of the container, the header `route` beside a prediction: it opens nothing that is closed.
fn check_route(headers: &HeaderMap, paths: &Paths) -> Result<(), Refusal> {
    let mut routes = headers.get_all(ROUTE).iter();
    match (routes.next().map(HeaderValue::to_str), routes.next()) {
        (None, _) => Ok(()),
        (Some(Ok(route)), None) if paths.allow_route(route) => Ok(()),
        (Some(_), _) => Err(Refusal::Route),
    }
}

/// Whether any header names a target.
pub(super) fn names_one(headers: &HeaderMap) -> bool {
    NAMES.iter().any(|name| headers.contains_key(name))
}
