//! The resource principal: what OCI's identity service puts into the container of a function or of
//! a container instance, and replaces there.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rsa::PublicKey;
use serde_json::json;

use crate::clock::{now, since_epoch};
use crate::keys::{self, Key};

/// The tenancy of the emulated cloud.
pub const TENANCY: &str = "ocid1.tenancy.oc1..aaaaaaaaemulatedemulatedemulatedemulatedemulated";
const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaaemulatedemulatedemulatedemulated";
/// The function that the tokens are for.
pub const FUNCTION: &str =
    "ocid1.fnfunc.oc1.sa-saopaulo-1.aaaaaaaaemulatedemulatedemulatedemulated";

/// The container instance that the tokens of a server are for.
pub const INSTANCE: &str =
    "ocid1.computecontainerinstance.oc1.sa-saopaulo-1.aaaaaaaaemulatedemulatedemulatedemulated";

/// Issues session tokens: the services of the emulated cloud trust what this key signed.
#[derive(Debug)]
pub struct Issuer {
    key: Key,
}

impl Issuer {
    /// Creates a new issuer with a key of its own.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { key: Key::generate() })
    }

    /// Returns the key set that services verify tokens with.
    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Returns a session token of the function for the holder of `session`, good for `lifetime`
    /// seconds from now; a negative one has expired.
    ///
    /// Source: docs/spec/oci-request-signing.md#session-token.
    pub fn token(&self, session: &Key, lifetime: i64) -> String {
        self.session_token(FUNCTION, "fnfunc", session.public(), lifetime)
    }

    /// Returns a session token of any resource.
    pub(crate) fn session_token(
        &self,
        resource: &str,
        kind: &str,
        session: &PublicKey,
        lifetime: i64,
    ) -> String {
        let issued = i64::try_from(since_epoch(now()).as_secs()).unwrap_or(i64::MAX);
        let claims = json!({
            "sub": resource,
            "iss": "authService.oracle.com",
            "iat": issued.min(issued + lifetime),
            "exp": issued + lifetime,
            "ptype": "resource",
            "ttype": "res_sp",
            "res_type": kind,
            "res_id": resource,
            "res_tenant": TENANCY,
            "res_compartment": COMPARTMENT,
            "jwk": keys::jwk(session, "session").to_string(),
        });
        self.key.token(&json!({ "alg": "RS256", "kid": "asw_emulated", "typ": "JWT" }), &claims)
    }
}

/// A token and its key as files, the way the platform keeps them.
#[derive(Debug)]
pub struct ResourcePrincipal {
    issuer: Arc<Issuer>,
    directory: PathBuf,
    resource: Resource,
}

/// Whose principal it is.
#[derive(Clone, Copy, Debug)]
enum Resource {
    Function,
    Instance,
}

impl ResourcePrincipal {
    /// Mints a pair into `directory`, good for `lifetime`.
    pub fn mint(issuer: Arc<Issuer>, directory: &Path, lifetime: Duration) -> io::Result<Self> {
        Self::with(issuer, &Key::generate(), directory, lifetime)
    }

    /// The same for a key that was made before.
    pub fn with(
        issuer: Arc<Issuer>,
        session: &Key,
        directory: &Path,
        lifetime: Duration,
    ) -> io::Result<Self> {
        Self::of(Resource::Function, issuer, session, directory, lifetime)
    }

    /// The same for a container instance in place of a function.
    pub fn of_instance(
        issuer: Arc<Issuer>,
        directory: &Path,
        lifetime: Duration,
    ) -> io::Result<Self> {
        Self::of(Resource::Instance, issuer, &Key::generate(), directory, lifetime)
    }

    fn of(
        resource: Resource,
        issuer: Arc<Issuer>,
        session: &Key,
        directory: &Path,
        lifetime: Duration,
    ) -> io::Result<Self> {
        let principal = Self { issuer, directory: directory.to_owned(), resource };
        principal.write(session, i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX))?;
        Ok(principal)
    }

    /// Replaces key and token with new ones, good for `lifetime` seconds; each file is replaced at
    /// once.
    pub fn rotate(&self, lifetime: i64) -> io::Result<()> {
        self.write(&Key::generate(), lifetime)
    }

    fn write(&self, session: &Key, lifetime: i64) -> io::Result<()> {
        self.replace("private.pem", &session.pem())?;
        let (resource, kind) = match self.resource {
            Resource::Function => (FUNCTION, "fnfunc"),
            Resource::Instance => (INSTANCE, "computecontainerinstance"),
        };
        let token = self.issuer.session_token(resource, kind, session.public(), lifetime);
        self.replace("rpst", &token)
    }

    fn replace(&self, name: &str, text: &str) -> io::Result<()> {
        let new = self.directory.join(format!("{name}.new"));
        fs::write(&new, text)?;
        // It may be read as another user than whoever wrote it.
        fs::set_permissions(&new, Permissions::from_mode(0o644))?;
        fs::rename(new, self.directory.join(name))
    }

    /// The variables by which the files are found.
    ///
    /// Source: docs/spec/oci-request-signing.md#resource-principal-variables.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        let path = |name: &str| self.directory.join(name).display().to_string();
        [
            ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_RPST", path("rpst")),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", path("private.pem")),
            ("OCI_RESOURCE_PRINCIPAL_REGION", "sa-saopaulo-1".to_owned()),
        ]
    }
}
