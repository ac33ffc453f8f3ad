//! Which model deployment a call means: the header, an envelope where they are taken, an alias, or the configured default.
//!
//! Source: docs/spec/oci-services.md#item-1.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::endpoint::{Endpoint, EndpointRule, Refusal};
use super::envelope::Unreadable;
use super::error::Error;
use super::path::{Closed, Paths};
use super::targets_error::TargetsError;
use super::{aliases, envelope, payload};
use fn_fdk::Intent;

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

impl Targets {
    /// The targets of `MODEL_DEPLOYMENTS` (a JSON object, alias to URL) and `MODEL_DEPLOYMENT` (a URL or an alias), all of
    /// them checked by the rule that also checks what a call names; or everything that is wrong with them.
    pub fn new(
        rule: EndpointRule,
        aliases: Option<&str>,
        default: Option<&str>,
    ) -> Result<Self, Vec<TargetsError>> {
        let aliases = aliases.map(|json| aliases::checked(json, &rule));
        let (aliases, mut mistakes) = match aliases {
            None => (BTreeMap::new(), Vec::new()),
            Some(Ok(aliases)) => (aliases, Vec::new()),
            Some(Err(mistakes)) => (BTreeMap::new(), mistakes),
        };
        let mut targets = Self { rule, aliases, default: None, envelopes: false };
        if let Some(text) = default {
            match targets.resolve(text) {
                Ok(endpoint) => targets.default = Some(endpoint),
                // It may be one of the aliases that were not read.
                Err(_) if !mistakes.is_empty() && !text.contains("://") => {}
                Err(refusal) => mistakes.push(TargetsError::Default(refusal)),
            }
        }
        if mistakes.is_empty() { Ok(targets) } else { Err(mistakes) }
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

    /// What decides which addresses may be called.
    pub(super) fn rule(&self) -> &EndpointRule {
        &self.rule
    }

    /// The deployment that is called where nothing names one.
    pub fn default_ocid(&self) -> Option<&str> {
        self.default.as_ref().map(Endpoint::ocid)
    }

    /// The deployment that a first call goes to, as far as that is known: the default, or the only alias.
    pub(super) fn expected(&self) -> Option<&Endpoint> {
        let only = self.aliases.values().next().filter(|_| self.aliases.len() == 1);
        self.default.as_ref().or(only)
    }

    /// The endpoint that a request means, and the body for it.
    pub fn of(&self, request: &Request<Bytes>, intent: Intent) -> Result<(Endpoint, Bytes), Error> {
        let (target, body) = self.named_by(request)?;
        Ok((self.called_by(request, intent, target, &body)?, body))
    }

    /// The deployment that a request means, by exactly one header, an envelope or the default; and the body for it. What of the
    /// deployment is called is not looked at yet.
    pub(super) fn named_by(&self, request: &Request<Bytes>) -> Result<(Endpoint, Bytes), Error> {
        let mut values = NAMES.iter().flat_map(|name| request.headers().get_all(name));
        let envelope = || {
            let opened = self.envelopes.then(|| envelope::opened(request.body()));
            opened.transpose().map(Option::flatten).map_err(|Unreadable| Error::Envelope)
        };
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Error::TargetRepeated),
            (Some(value), None) => {
                let text = value.to_str().map_err(|_not_ascii| Refusal::Characters)?;
                Ok((self.resolve(text)?, request.body().clone()))
            }
            (None, _) => match (envelope()?, &self.default) {
                (Some((text, body)), _) => Ok((self.resolve(&text)?, body)),
                (None, Some(default)) => Ok((default.clone(), request.body().clone())),
                (None, None) => Err(Error::TargetMissing),
            },
        }
    }

    /// Whether a client's own path names what of a deployment is called, as clients of OpenAI's protocol expect it.
    pub(super) fn takes_client_path(&self, target: &Endpoint) -> bool {
        target.is_base() && self.rule.paths().any()
    }

    /// What of its deployment a request means: what the address says, or else the client's own path; a direct call has none.
    pub(super) fn called_by(
        &self,
        request: &Request<Bytes>,
        intent: Intent,
        target: Endpoint,
        body: &[u8],
    ) -> Result<Endpoint, Error> {
        let paths = self.rule.paths();
        check_route(request.headers(), paths)?;
        let endpoint = if intent == Intent::Gateway && target.is_base() {
            let end = paths.end_of(request.uri().path()).map_err(|Closed| Error::PathNotAllowed)?;
            target.with_client_path(end, || payload::wants_stream(body))
        } else {
            target
        };
        Ok(endpoint.with_client_query(request.uri().query()))
    }

    /// The endpoint that a header with this text means: that of an alias, or a URL that may be called.
    pub fn resolve(&self, text: &str) -> Result<Endpoint, Refusal> {
        match self.aliases.get(text) {
            Some(endpoint) => Ok(endpoint.clone()),
            None => self.rule.check(text),
        }
    }
}

/// The older way to name a path of the container, the header `route` beside a prediction: the same list opens it.
fn check_route(headers: &HeaderMap, paths: &Paths) -> Result<(), Refusal> {
    let mut routes = headers.get_all(ROUTE).iter();
    match (routes.next().map(HeaderValue::to_str), routes.next()) {
        (None, _) => Ok(()),
        (Some(Ok(route)), None) if paths.allow(route) => Ok(()),
        (Some(_), _) => Err(Refusal::Route),
    }
}

/// The header `route` of a call that was checked, if it has one.
pub(super) fn route(headers: &HeaderMap) -> Option<&str> {
    headers.get(ROUTE)?.to_str().ok()
}

/// Whether any header names a target.
pub(super) fn names_one(headers: &HeaderMap) -> bool {
    NAMES.iter().any(|name| headers.contains_key(name))
}
