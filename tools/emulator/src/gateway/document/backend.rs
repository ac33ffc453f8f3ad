//! Who answers the routes of a specification.

use std::fmt;

use serde_json::{Value, json};

/// The header by which the streaming server knows its gateway.
pub const SECRET_HEADER: &str = "x-gateway-secret";

/// How long the server may say nothing, in seconds: the most that the gateway allows. The server
/// itself says something every 15 s.
const READ_TIMEOUT: u32 = 300;

/// A function, or the streaming server.
#[derive(Clone)]
pub enum BackEnd {
    /// A function, by its OCID.
    Function(String),
    /// The streaming server.
    Server {
        /// Its URL, without a path.
        url: String,
        /// What it knows the gateway by.
        secret: String,
    },
}

impl BackEnd {
    /// The back end of a route with this path.
    pub(super) fn of_route(&self, path: &str) -> Value {
        match self {
            Self::Function(ocid) => {
                json!({ "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": ocid })
            }
            Self::Server { url, .. } => json!({
                "type": "HTTP_BACKEND",
                // The rest of the path has to be named, or it would not pass.
                "url": format!("{url}{}", path.replace("{path*}", "${request.path[path]}")),
                "readTimeoutInSeconds": READ_TIMEOUT,
            }),
        }
    }

    /// The header that shows whose request it is, where the back end asks for one.
    pub(super) fn proof(&self) -> Option<Value> {
        match self {
            Self::Function(_) => None,
            Self::Server { secret, .. } => {
                Some(json!({ "name": SECRET_HEADER, "ifExists": "OVERWRITE", "values": [secret] }))
            }
        }
    }

    /// The paths that the back end answers itself.
    pub(super) fn own_paths(&self) -> &'static [&'static str] {
        match self {
            Self::Function(_) => &["/healthz", "/readyz"],
            // It does so on a port of its own.
            Self::Server { .. } => &[],
        }
    }
}

impl fmt::Debug for BackEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(ocid) => f.debug_tuple("Function").field(ocid).finish(),
            Self::Server { url, .. } => {
                f.debug_struct("Server").field("url", url).finish_non_exhaustive()
            }
        }
    }
}
