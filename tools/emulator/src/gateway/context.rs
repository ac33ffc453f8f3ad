//! Values with variables: what of a request they stand for.
//!
//! Source: docs/spec/oci-services.md#context-variables.

use std::collections::BTreeMap;

use hyper::header::HeaderMap;
use serde_json::Value;

/// What `${request.…}` stands for in a value: always the request as the client sent it.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) path: &'a BTreeMap<String, String>,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) claims: &'a Value,
}

impl Context<'_> {
    /// A value with its variables filled in; what is not there is nothing.
    pub(super) fn rendered(&self, template: &str) -> String {
        let mut rendered = String::new();
        let mut rest = template;
        while let Some((before, variable)) = rest.split_once("${") {
            rendered.push_str(before);
            let Some((variable, after)) = variable.split_once('}') else {
                rendered.push_str("${");
                rest = variable;
                continue;
            };
            rendered.push_str(&self.variable(variable).unwrap_or_default());
            rest = after;
        }
        rendered + rest
    }

    fn variable(&self, variable: &str) -> Option<String> {
        if variable == "request.host" {
            return self.headers.get("host")?.to_str().ok().map(str::to_owned);
        }
        let (table, key) = variable.strip_suffix(']')?.split_once('[')?;
        match table {
            "request.path" => self.path.get(key).cloned(),
            "request.query" => self
                .query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.to_owned()),
            "request.headers" => self.headers.get(key)?.to_str().ok().map(str::to_owned),
            "request.auth" => self
                .claims
                .get(key)
                .map(|claim| claim.as_str().map_or_else(|| claim.to_string(), str::to_owned)),
            _ => None,
        }
    }
}
