//! What an entry opens, for people to read.

use super::entry::Entry;

/// What an entry of `ALLOWED_SERVICES` opens.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Its alias.
    pub alias: String,
    /// Its hosts, each with a port if it is not 443; the alias means the first.
    pub hosts: Vec<String>,
    /// Its operations, such as `GET,DELETE /openai/v1/responses/{}`.
    pub operations: Vec<String>,
}

impl Summary {
    /// What this entry opens.
    pub(super) fn of(entry: &Entry) -> Self {
        let operation = |(methods, pattern): (&[http::Method], &super::pattern::Pattern)| {
            let methods: Vec<&str> = methods.iter().map(http::Method::as_str).collect();
            format!("{} {}", methods.join(","), pattern.as_str())
        };
        Self {
            alias: entry.alias.clone(),
            hosts: entry.hosts.iter().map(|host| host.authority.clone()).collect(),
            operations: entry.open.patterns().map(operation).collect(),
        }
    }
}
