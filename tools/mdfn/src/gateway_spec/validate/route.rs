//! One route: who may take it, and what it leads to.

use serde_json::Value;

use super::callers::{Callers, Scopes};
use super::cors;
use super::headers::Transformations;
use super::server;
use super::value::{flag, list, text, texts};
use crate::gateway_spec::findings::{Findings, Place};

/// Parts of a route that say nothing about who reaches a model, and what `mdfn local` has of them.
const ASIDE: [(&str, &str); 4] = [
    ("headerValidations", "has none"),
    ("queryParameterValidations", "has none"),
    ("queryParameterTransformations", "has none"),
    ("responsePolicies", "has `headerTransformations` alone"),
];
/// The paths that the function answers itself, where no target is named.
const HEALTH_ROUTES: [&str; 2] = ["healthz", "readyz"];

/// Judges a route, whatever its back end is.
pub(super) fn judge(route: &Value, callers: &Callers, findings: &mut Findings) {
    let path = text(route, "path").unwrap_or("without `path`");
    let absent = Value::Null;
    let policies = route.get("requestPolicies").unwrap_or(&absent);
    let place = Place::Route(path.to_owned());
    let mut checked = Checked { path, route, policies, callers, findings, place };
    checked.form();
    checked.aside();
    let transformations = Transformations::from_policies(policies);
    transformations.check(&checked.place, checked.findings);
    if let Some(cors) = policies.get("cors") {
        cors::judge(cors, &checked.place, checked.findings);
    }
    let backend = route.get("backend").unwrap_or(&absent);
    let mut servers =
        backends(backend).filter(|backend| server::is_streaming_server(backend, &transformations));
    let server = servers.next();
    if let Some(server) = server {
        server::judge(server, path, &transformations, &checked.place, checked.findings);
    }
    if server.is_some() || leads_to_function(backend) {
        transformations.targets(path, &checked.place, checked.findings);
        checked.model(transformations.has_target());
    } else if policies.get("responseCacheLookup").is_some() {
        checked.note("`responseCacheLookup` is not looked at, and `mdfn local` has none");
    }
}

struct Checked<'a> {
    path: &'a str,
    route: &'a Value,
    policies: &'a Value,
    callers: &'a Callers,
    findings: &'a mut Findings,
    place: Place,
}

impl<'a> Checked<'a> {
    fn refused(&mut self, text: &str) {
        self.findings.refused(&self.place, text);
    }

    fn r#unsafe(&mut self, text: &str) {
        self.findings.r#unsafe(&self.place, text);
    }

    fn note(&mut self, text: &str) {
        self.findings.note(&self.place, text);
    }

    /// What the service would not take.
    fn form(&mut self) {
        if text(self.route, "path").is_some_and(|path| !path.starts_with('/')) {
            self.refused("its path does not begin with a slash");
        }
        match self.route.get("methods") {
            None => self.note("it has no `methods`; which ones it takes is not known"),
            Some(_) if list(self.route, "methods").is_empty() => self.refused("it has no method"),
            Some(_) => {}
        }
        let authorization = self.authorization();
        let scopes = texts(authorization, "allowedScope");
        if text(authorization, "type") == Some("ANY_OF")
            && (scopes.is_empty() || scopes.contains(&""))
        {
            self.refused("`allowedScope` is empty");
        }
        if self.is_anonymous() && self.callers.must_be_known {
            self.refused("it is ANONYMOUS, and `isAnonymousAccessAllowed` is not true");
        }
    }

    /// What is not looked at.
    fn aside(&mut self) {
        for (name, local) in ASIDE {
            if self.policies.get(name).or(self.route.get(name)).is_some() {
                self.note(&format!("`{name}` is not looked at, and `mdfn local` {local}"));
            }
        }
        let backend = self.route.get("backend").unwrap_or(&Value::Null);
        if backend.get("routingBackends").is_some() {
            self.note("dynamic routing: which back end a request gets is not looked at");
        }
        if backends(backend).any(|backend| flag(backend, "isSslVerifyDisabled")) {
            self.note("`isSslVerifyDisabled`: anybody on the way can answer for the back end");
        }
        for backend in backends(backend) {
            server::check(backend, &self.place, self.findings);
        }
        if backends(backend).any(is_chosen_host) {
            self.r#unsafe(
                "the host of its `url` is made from the request, so that callers choose it",
            );
        }
    }

    /// A route to the function, or to the streaming server.
    fn model(&mut self, has_target: bool) {
        let cache = self.policies.get("responseCacheLookup");
        if cache.is_some_and(|cache| cache.get("isEnabled") != Some(&Value::Bool(false))) {
            self.r#unsafe(
                "answers are cached, and the body is not a part of the key; a caller gets the prediction of another",
            );
        }
        let reaches_model = has_target || !self.is_own();
        if !self.is_anonymous() {
            self.scope(reaches_model);
        } else if self.callers.have_certificates {
            self.note("it is ANONYMOUS; callers are checked by their certificates alone");
        } else {
            self.anonymous(has_target, reaches_model);
        }
        if self.takes("ANY") {
            self.note("it takes ANY method; a prediction is a POST");
        }
        if reaches_model && !has_target {
            self.note(
                "it sets no target; the function calls that of MODEL_DEPLOYMENT, or answers 400",
            );
        }
    }

    fn anonymous(&mut self, has_target: bool, reaches_model: bool) {
        if has_target {
            self.r#unsafe("it is ANONYMOUS; anybody may call the model");
        } else if !self.reads_alone() {
            self.r#unsafe(
                "it is ANONYMOUS and takes more than GET; anybody may call the model of MODEL_DEPLOYMENT",
            );
        } else if reaches_model {
            self.r#unsafe(
                "it is ANONYMOUS and not `/healthz` or `/readyz`; anybody may call the open paths of MODEL_DEPLOYMENT",
            );
        }
    }

    fn scope(&mut self, reaches_model: bool) {
        let authorization = self.authorization();
        if text(authorization, "type") == Some("ANY_OF") {
            if self.callers.scopes == Scopes::Nowhere {
                self.note("`allowedScope` needs a token, and none is checked here");
            }
            if texts(authorization, "allowedScope").iter().any(|scope| scope.contains("://")) {
                self.note("`allowedScope` has a scope with its audience; tokens have it without, so that none passes");
            }
            return;
        }
        match self.callers.scopes {
            Scopes::Token if reaches_model => self.r#unsafe(
                "no scope is required; any token for the audience is accepted; use ANY_OF with `allowedScope`",
            ),
            Scopes::Function if reaches_model => {
                self.note("no scope is required; only your function decides who may call");
            }
            Scopes::Token | Scopes::Function | Scopes::Nowhere => {}
        }
    }

    fn authorization(&self) -> &'a Value {
        self.policies.get("authorization").unwrap_or(&Value::Null)
    }

    fn is_anonymous(&self) -> bool {
        text(self.authorization(), "type") == Some("ANONYMOUS")
    }

    fn takes(&self, method: &str) -> bool {
        texts(self.route, "methods").contains(&method)
    }

    /// Returns whether a route takes GET and HEAD and nothing else; one that does not say may take
    /// anything.
    fn reads_alone(&self) -> bool {
        let methods = texts(self.route, "methods");
        !methods.is_empty() && methods.iter().all(|method| ["GET", "HEAD"].contains(method))
    }

    /// Returns whether the function answers all requests of this route itself, as long as no target
    /// is named.
    fn is_own(&self) -> bool {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        HEALTH_ROUTES.contains(&last) && self.reads_alone()
    }
}

/// Returns whether a back end is a function, by itself or as one of several.
fn leads_to_function(backend: &Value) -> bool {
    let is_function = |backend: &Value| {
        text(backend, "type") == Some("ORACLE_FUNCTIONS_BACKEND")
            || backend.get("functionId").is_some()
    };
    backends(backend).any(is_function)
}

/// Returns whether callers choose the machine that a back end is on.
fn is_chosen_host(backend: &Value) -> bool {
    let rest = text(backend, "url").map(|url| url.split_once("://").map_or(url, |(_, rest)| rest));
    let host = rest.and_then(|rest| rest.split('/').next());
    host.is_some_and(|host| host.contains("${"))
}

/// Returns a back end, and those among which it chooses.
fn backends(backend: &Value) -> impl Iterator<Item = &Value> {
    let inner = list(backend, "routingBackends").iter().filter_map(|one| one.get("backend"));
    std::iter::once(backend).chain(inner)
}
