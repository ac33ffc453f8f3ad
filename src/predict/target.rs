//! Which model deployment a call means: by the header, an envelope if they are accepted, an alias,
//! or the configured default.
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
use super::service_error::ServiceError;
use super::targets_error::TargetsError;
use super::{aliases, envelope, payload};
use crate::services::{ClientUrl, Operation, Refusal as ServiceRefusal, Services};
use fn_fdk::Intent;

/// The header that a route sets, and its spellings for proxies that drop names with an underscore.
static NAMES: [HeaderName; 3] = [
    HeaderName::from_static("model_deployment"),
    HeaderName::from_static("model-deployment"),
    HeaderName::from_static("x-model-deployment"),
];

/// The header that names another service, in the same spellings.
static SERVICE_NAMES: [HeaderName; 3] = [
    HeaderName::from_static("service_target"),
    HeaderName::from_static("service-target"),
    HeaderName::from_static("x-service-target"),
];

pub(super) const ROUTE: HeaderName = HeaderName::from_static("route");

/// What a request names.
#[derive(Debug)]
pub(super) enum Named {
    /// A deployment, which may be called.
    Deployment(Endpoint),
    /// Something of another service; not looked at yet.
    Service(String),
}

/// The model deployments and other services that this function calls.
#[derive(Debug)]
pub struct Targets {
    rule: EndpointRule,
    aliases: BTreeMap<String, Endpoint>,
    default: Option<Endpoint>,
    envelopes: bool,
    services: Services,
    default_service: Option<String>,
}

impl Targets {
    /// Reads the targets of `MODEL_DEPLOYMENTS` (a JSON object, alias to URL) and
    /// `MODEL_DEPLOYMENT` (a URL or an alias). They are checked by the same rule as the targets of
    /// calls. The errors are all that is wrong with them.
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
        let (services, default_service) = (Services::default(), None);
        let mut targets =
            Self { rule, aliases, default: None, envelopes: false, services, default_service };
        if let Some(text) = default {
            match targets.resolve(text) {
                Ok(endpoint) => targets.default = Some(endpoint),
                // It may be one of the aliases that could not be read.
                Err(_) if !mistakes.is_empty() && !text.contains("://") => {}
                Err(refusal) => mistakes.push(TargetsError::Default(refusal)),
            }
        }
        if mistakes.is_empty() { Ok(targets) } else { Err(mistakes) }
    }

    /// Accepts bodies `{"ENDPOINT": ..., "PAYLOAD": ...}`, which name a target if no header does.
    #[must_use]
    pub fn with_envelopes(self, envelopes: bool) -> Self {
        Self { envelopes, ..self }
    }

    /// Returns the other services.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Adds other services, and the target of a call that names none.
    #[must_use]
    pub fn with_services(self, services: Services, default_service: Option<String>) -> Self {
        Self { services, default_service, ..self }
    }

    /// Returns how many aliases there are.
    pub fn aliases(&self) -> usize {
        self.aliases.len()
    }

    /// Returns the rule for which addresses may be called.
    pub(super) fn rule(&self) -> &EndpointRule {
        &self.rule
    }

    /// Returns the deployment that is called when a call names none.
    pub fn default_ocid(&self) -> Option<&str> {
        self.default.as_ref().map(Endpoint::ocid)
    }

    /// Returns the deployment that the first call is expected to name: the default, or the only
    /// alias.
    pub(super) fn expected(&self) -> Option<&Endpoint> {
        let only = self.aliases.values().next().filter(|_| self.aliases.len() == 1);
        self.default.as_ref().or(only)
    }

    /// Returns the endpoint that a request means, and the body for it.
    pub fn of(&self, request: &Request<Bytes>, intent: Intent) -> Result<(Endpoint, Bytes), Error> {
        match self.named_by(request)? {
            (Named::Deployment(target), body) => {
                let wants_stream = || payload::wants_stream(&body);
                Ok((self.called_by(request, intent, target, wants_stream)?, body))
            }
            (Named::Service(_), _) => Err(Error::TargetMissing),
        }
    }

    /// Returns what a request means, by exactly one header, an envelope or a default, and the body
    /// for it. The path is not looked at yet.
    pub(super) fn named_by(&self, request: &Request<Bytes>) -> Result<(Named, Bytes), Error> {
        let of = |names: &'static [HeaderName; 3]| {
            names.iter().flat_map(|name| request.headers().get_all(name))
        };
        let (mut values, mut services) = (of(&NAMES), of(&SERVICE_NAMES));
        if let Some(service) = services.next() {
            if services.next().is_some() || values.next().is_some() {
                return Err(ServiceError::TargetRepeated.into());
            }
            let text = service.to_str().map_err(|_not_ascii| ServiceRefusal::Characters)?;
            return Ok((Named::Service(text.to_owned()), request.body().clone()));
        }
        let envelope = || {
            let opened = self.envelopes.then(|| envelope::opened(request.body()));
            opened.transpose().map(Option::flatten).map_err(|Unreadable| Error::Envelope)
        };
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Error::TargetRepeated),
            (Some(value), None) => {
                let text = value.to_str().map_err(|_not_ascii| Refusal::Characters)?;
                Ok((Named::Deployment(self.resolve(text)?), request.body().clone()))
            }
            (None, _) => match (envelope()?, &self.default, &self.default_service) {
                (Some((text, body)), _, _) => Ok((Named::Deployment(self.resolve(&text)?), body)),
                (None, Some(default), _) => {
                    Ok((Named::Deployment(default.clone()), request.body().clone()))
                }
                (None, None, Some(service)) => {
                    Ok((Named::Service(service.clone()), request.body().clone()))
                }
                (None, None, None) => Err(Error::TargetMissing),
            },
        }
    }

    /// Returns the operation of another service that a request means. A direct call has no path.
    pub(super) fn operation(
        &self,
        request: &Request<Bytes>,
        intent: Intent,
        target: &str,
    ) -> Result<Operation, Error> {
        let uri = request.uri();
        let path = (intent == Intent::Gateway).then(|| uri.path());
        let client = ClientUrl { path, query: uri.query() };
        Ok(self.services.operation(target, request.method(), client)?)
    }

    /// The deployment of an alias that the front found where a header would be another caller's word, and the body for it.
    pub(super) fn aliased(
        &self,
        alias: &str,
        request: &Request<Bytes>,
    ) -> Result<(Named, Bytes), Error> {
        if names_one(request.headers()) {
            return Err(Error::TargetHeader);
        }
        let endpoint = self.aliases.get(alias).ok_or(Error::AliasUnknown)?;
        Ok((Named::Deployment(endpoint.clone()), request.body().clone()))
    }

    /// Returns whether a client's own path names the operation, as clients of OpenAI's protocol
    /// expect.
    pub(super) fn takes_client_path(&self, named: &Named) -> bool {
        match named {
            Named::Deployment(target) => target.is_base() && self.rule.paths().any(),
            Named::Service(_) => false,
        }
    }

    /// Returns the path within its deployment that a request means: the address's, or else the
    /// client's own. A direct call has none.
    pub(super) fn called_by(
        &self,
        request: &Request<Bytes>,
        intent: Intent,
        target: Endpoint,
        wants_stream: impl FnOnce() -> bool,
    ) -> Result<Endpoint, Error> {
        let paths = self.rule.paths();
        check_route(request.headers(), paths)?;
        let endpoint = if intent == Intent::Gateway && target.is_base() {
            let end = paths.end_of(request.uri().path()).map_err(|Closed| Error::PathNotAllowed)?;
            target.with_client_path(end, wants_stream)
        } else {
            target
        };
        Ok(endpoint.with_client_query(request.uri().query()))
    }

    /// Returns the endpoint that a header with this text means: that of an alias, or a URL that may
    /// be called.
    pub fn resolve(&self, text: &str) -> Result<Endpoint, Refusal> {
        match self.aliases.get(text) {
            Some(endpoint) => Ok(endpoint.clone()),
            None => self.rule.check(text),
        }
    }
}

/// The older way to name a path of the container: the header `route` with a prediction. The same
/// list allows it.
fn check_route(headers: &HeaderMap, paths: &Paths) -> Result<(), Refusal> {
    let mut routes = headers.get_all(ROUTE).iter();
    match (routes.next().map(HeaderValue::to_str), routes.next()) {
        (None, _) => Ok(()),
        (Some(Ok(route)), None) if paths.allow(route) => Ok(()),
        (Some(_), _) => Err(Refusal::Route),
    }
}

/// Returns the header `route` of a checked call, if it has one.
pub(super) fn route(headers: &HeaderMap) -> Option<&str> {
    headers.get(ROUTE)?.to_str().ok()
}

/// Returns whether any header names a target.
pub(super) fn names_one(headers: &HeaderMap) -> bool {
    NAMES.iter().chain(&SERVICE_NAMES).any(|name| headers.contains_key(name))
}
