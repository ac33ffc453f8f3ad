//! Which target a client names in the path.

use http::Uri;
use http::uri::PathAndQuery;
use model_deployment_fn::predict::Error;

/// Takes the first part of the path, which is the alias of a target; what follows stays.
pub(crate) fn take(uri: &mut Uri) -> Result<String, Error> {
    let path = uri.path().strip_prefix('/').ok_or(Error::AliasUnknown)?;
    let (alias, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
    let rest = if rest.is_empty() { "/" } else { rest };
    let rest: PathAndQuery =
        format!("{rest}{query}").parse().map_err(|_not_a_path| Error::AliasUnknown)?;
    let alias = alias.to_owned();
    *uri = rest.into();
    Ok(alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_a_path_is_an_alias_and_the_rest_the_clients_path() {
        for (path, alias, rest) in [
            ("/iris", "iris", "/"),
            ("/iris/", "iris", "/"),
            ("/llm/v1/chat/completions?a=b", "llm", "/v1/chat/completions?a=b"),
            ("/llm?a", "llm", "/?a"),
            ("//v1", "", "/v1"),
            ("/", "", "/"),
        ] {
            let mut uri: Uri = path.parse().unwrap();
            assert_eq!(take(&mut uri).unwrap(), alias, "{path}");
            assert_eq!(uri.to_string(), rest, "{path}");
        }
    }
}
