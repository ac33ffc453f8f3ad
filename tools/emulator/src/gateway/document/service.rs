//! Routes to other services than model deployments.

/// A service behind a path of its own, with a scope of its own.
#[derive(Clone, Debug)]
pub struct Service {
    /// What the function is told: an alias or a URL.
    pub target: String,
    /// The scope that a token needs, without the audience.
    pub scope: String,
    /// The methods of the path itself.
    pub alone: Vec<String>,
    /// The methods of the paths below it.
    pub below: Vec<String>,
    /// The client's headers that it looks at, beside those of every call.
    pub headers: Vec<String>,
    /// The headers of its answers, beside those of every answer.
    pub returns: Vec<String>,
}

impl Service {
    /// Returns the paths of a service of this name, each with the methods that the function opens.
    pub(super) fn paths(&self, name: &str) -> impl Iterator<Item = (String, Vec<&str>)> {
        let paths =
            [(format!("/{name}"), &self.alone), (format!("/{name}/{{path*}}"), &self.below)];
        let named = paths.into_iter().filter(|(_, methods)| !methods.is_empty());
        named.map(|(path, methods)| (path, methods.iter().map(String::as_str).collect()))
    }
}
