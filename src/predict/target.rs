//! Which model deployment a call means: the header, an alias, or the configured default.

use std::collections::BTreeMap;

use http::header::{HeaderMap, HeaderName};

use super::{Endpoint, EndpointRule, Error, Refusal};

/// The header that a route sets, and its spellings for proxies that drop names with an underscore.
static NAMES: [HeaderName; 3] = [
    HeaderName::from_static("model_deployment"),
    HeaderName::from_static("model-deployment"),
    HeaderName::from_static("x-model-deployment"),
];

/// The model deployments that this function calls.
#[derive(Debug)]
pub struct Targets {
    rule: EndpointRule,
    aliases: BTreeMap<String, Endpoint>,
    default: Option<Endpoint>,
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
        let mut targets = Self { rule, aliases, default: None };
        targets.default =
            default.map(|text| targets.resolve(text)).transpose().map_err(TargetsError::Default)?;
        Ok(targets)
    }

    /// The endpoint that a call with these headers means: exactly one value, or none and there is a default.
    pub fn endpoint_of(&self, headers: &HeaderMap) -> Result<Endpoint, Error> {
        let mut values = NAMES.iter().flat_map(|name| headers.get_all(name));
        match (values.next(), values.next()) {
            (Some(value), None) => {
                let text = value.to_str().ok().ok_or(Refusal::Characters)?;
                Ok(self.resolve(text)?)
            }
            (Some(_), Some(_)) => Err(Error::TargetRepeated),
            (None, _) => self.default.clone().ok_or(Error::TargetMissing),
        }
    }

    fn resolve(&self, text: &str) -> Result<Endpoint, Refusal> {
        match self.aliases.get(text) {
            Some(endpoint) => Ok(endpoint.clone()),
            None => self.rule.check(text),
        }
    }
}
