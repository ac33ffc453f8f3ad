//! Policies and their statements.

use super::options::Options;

/// A policy, and the compartment that it is attached to.
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) description: &'static str,
    pub(super) compartment: String,
    pub(super) statements: Vec<String>,
}

/// Returns a name that no other policy of the tenancy has, for one of several policies.
pub(super) fn numbered(name: &str, earlier: usize) -> String {
    match earlier {
        0 => name.to_owned(),
        more => format!("{name}-{}", more + 1),
    }
}

/// Returns the statement that allows the function its calls in a compartment, with a condition or
/// without.
pub(super) fn allowed(
    options: &Options,
    what: &str,
    compartment: &str,
    condition: Option<&str>,
) -> String {
    let (who, myself) = match (options.any_user, &options.domain) {
        (true, _) => {
            let function = format!(
                "request.principal.type = 'fnfunc', request.principal.id = '{}'",
                options.function
            );
            ("any-user".to_owned(), Some(function))
        }
        (false, Some(domain)) => (format!("dynamic-group '{domain}'/'{}'", options.name), None),
        (false, None) => (format!("dynamic-group {}", options.name), None),
    };
    let condition = match (myself, condition) {
        (Some(myself), Some(condition)) => format!(" where ALL {{{myself}, {condition}}}"),
        (Some(myself), None) => format!(" where ALL {{{myself}}}"),
        (None, Some(condition)) => format!(" where {condition}"),
        (None, None) => String::new(),
    };
    format!("Allow {who} to {what} in compartment id {compartment}{condition}")
}
