//! A specification and a function configuration of one's own, made to lead into the emulated cloud:
//! its function, its keys, its model deployment.

use serde_json::{Value, json};

use crate::identity::{Client, ISSUER};
use crate::principal::FUNCTION;

/// What the OCID of a model deployment begins with.
const DEPLOYMENT: &str = "ocid1.datasciencemodeldeployment.";

/// Stands for everything that is elsewhere.
#[derive(Debug)]
pub(super) struct Stand {
    /// The emulated deployment's URL up to its OCID.
    pub(super) deployment: String,
    /// The emulated domain's keys.
    pub(super) keys: Value,
}

impl Stand {
    /// The same text with the emulated deployment in place of every other.
    pub(super) fn text(&self, text: &str) -> String {
        let mut parts = text.split("https://");
        let mut moved = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let path = part.split_once('/').map(|(_host, path)| path);
            if let Some(path) = path.filter(|path| path.starts_with(DEPLOYMENT)) {
                let in_ocid = |char: char| char.is_ascii_alphanumeric() || "._-".contains(char);
                moved.push_str(&self.deployment);
                moved.push_str(path.trim_start_matches(in_ocid));
            } else {
                moved.push_str("https://");
                moved.push_str(part);
            }
        }
        moved
    }

    /// The same specification with the emulated function, keys and deployment.
    pub(super) fn specification(&self, document: &mut Value) {
        match document {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.specification(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.specification(member));
                match members.get("type").and_then(Value::as_str) {
                    Some("ORACLE_FUNCTIONS_BACKEND") => {
                        members.insert("functionId".to_owned(), FUNCTION.into());
                    }
                    Some("STATIC_KEYS" | "REMOTE_JWKS") => self.validation(members),
                    _ => {}
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn validation(&self, members: &mut serde_json::Map<String, Value>) {
        for of_remote in ["uri", "isSslVerifyDisabled", "maxCacheDurationInHours"] {
            members.remove(of_remote);
        }
        members.insert("type".to_owned(), "STATIC_KEYS".into());
        members.insert("keys".to_owned(), self.keys.clone());
        let additional = members.get_mut("additionalValidationPolicy");
        if let Some(additional) = additional.and_then(Value::as_object_mut) {
            additional.insert("issuers".to_owned(), json!([ISSUER]));
        }
    }
}

/// Returns the client that a specification lets in, as far as it says so: its first audience, and
/// the first scope that a route allows.
pub(super) fn client(specification: &Value, client: Client) -> Client {
    let first = |name| first(specification, name).map(str::to_owned);
    Client {
        audience: first("audiences").unwrap_or(client.audience),
        scope: first("allowedScope").unwrap_or(client.scope),
        ..client
    }
}

/// Returns the first text of the first list of this name.
fn first<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| first(item, name)),
        Value::Object(members) => {
            let own = members.get(name).and_then(|list| list.get(0)?.as_str());
            own.or_else(|| members.values().find_map(|member| first(member, name)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Returns the paths of a specification's routes.
pub(super) fn paths(specification: &Value) -> Vec<&str> {
    let routes = specification.get("routes").and_then(Value::as_array);
    routes.into_iter().flatten().filter_map(|route| route.get("path")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand() -> Stand {
        Stand { deployment: "https://localhost:1/ocid1.here".to_owned(), keys: json!(["key"]) }
    }

    #[test]
    fn every_deployment_becomes_the_emulated_one_and_nothing_else_changes() {
        let md = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.fra.a";
        for (text, moved) in [
            (format!("{md}/predict"), "https://localhost:1/ocid1.here/predict".to_owned()),
            (
                format!(r#"{{"a":"{md}","b":"{md}/predict?x=1"}}"#),
                r#"{"a":"https://localhost:1/ocid1.here","b":"https://localhost:1/ocid1.here/predict?x=1"}"#.to_owned(),
            ),
            ("https://other.example/x, iris".to_owned(), "https://other.example/x, iris".to_owned()),
        ] {
            assert_eq!(stand().text(&text), moved);
        }
    }

    #[test]
    fn a_specification_of_ones_own_leads_to_the_emulated_function_and_keys() {
        let mut own = json!({
            "requestPolicies": { "authentication": { "validationPolicy": {
                "type": "REMOTE_JWKS",
                "uri": "https://idcs.example/jwk",
                "additionalValidationPolicy": { "issuers": ["https://mine.example/"], "audiences": ["https://api.example/"] },
            } } },
            "routes": [{
                "path": "/mine",
                "requestPolicies": { "authorization": { "allowedScope": ["call"] } },
                "backend": { "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": "ocid1.fnfunc.mine" },
            }],
        });
        stand().specification(&mut own);
        let at = |pointer: &str| own.pointer(pointer).unwrap_or(&Value::Null);
        let policy = "/requestPolicies/authentication/validationPolicy";
        assert_eq!(at(&format!("{policy}/keys")), &json!(["key"]));
        assert_eq!(at(&format!("{policy}/uri")), &Value::Null);
        assert_eq!(at(&format!("{policy}/additionalValidationPolicy/issuers")), &json!([ISSUER]));
        assert_eq!(at("/routes/0/backend/functionId"), FUNCTION);
        let text = str::to_owned;
        let client = client(
            &own,
            Client { id: text("i"), secret: text("s"), audience: text("a"), scope: text("p") },
        );
        assert_eq!(
            (client.audience.as_str(), client.scope.as_str()),
            ("https://api.example/", "call")
        );
        assert_eq!(paths(&own), ["/mine"]);
    }
}
