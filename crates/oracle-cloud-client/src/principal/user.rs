//! A user's credentials: those of a profile of the configuration file, which the variables of the
//! OCI CLI override, or those of the variables alone.
//!
//! Source: docs/spec/oci-request-signing.md#config-file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, mem};

use oracle_cloud_signature::{Credentials, KeyError, KeyId, PrivateKey};
use zeroize::Zeroizing;

use super::config_file::{ConfigFile, Settings};
use super::error::PrincipalError;
use super::files::Sources;
use super::source::{KeySource, Source, bytes, open};
use crate::region;
use crate::variables::{Given, Variables};

const USER: &str = "user";
const TENANCY: &str = "tenancy";
const FINGERPRINT: &str = "fingerprint";
const KEY_FILE: &str = "key_file";
const PASSPHRASE: &str = "pass_phrase";
const TOKEN_FILE: &str = "security_token_file";
const REGION: &str = "region";
/// The settings of a profile that a variable overrides. The region and the passphrase have rules of
/// their own.
const OVERRIDDEN: [(&str, &str); 5] = [
    (USER, "OCI_CLI_USER"),
    (TENANCY, "OCI_CLI_TENANCY"),
    (FINGERPRINT, "OCI_CLI_FINGERPRINT"),
    (KEY_FILE, "OCI_CLI_KEY_FILE"),
    (TOKEN_FILE, "OCI_CLI_SECURITY_TOKEN_FILE"),
];
const CLI_REGION: &str = "OCI_CLI_REGION";
const CLI_PASSPHRASE: &str = "OCI_CLI_PASSPHRASE";
const KEY_CONTENT: &str = "OCI_CLI_KEY_CONTENT";
const CLI_PROFILE: &str = "OCI_CLI_PROFILE";
const CLI_CONFIG_FILE: &str = "OCI_CLI_CONFIG_FILE";
const CONFIG_FILE: &str = "OCI_CONFIG_FILE";
const ANY_REGION: &str = "OCI_REGION";
/// The variables of a user.
pub(super) const NAMES: [&str; 12] = [
    "OCI_CLI_USER",
    "OCI_CLI_TENANCY",
    "OCI_CLI_FINGERPRINT",
    "OCI_CLI_KEY_FILE",
    "OCI_CLI_SECURITY_TOKEN_FILE",
    CLI_REGION,
    CLI_PASSPHRASE,
    KEY_CONTENT,
    CLI_PROFILE,
    CLI_CONFIG_FILE,
    CONFIG_FILE,
    ANY_REGION,
];

/// The variables of a user, before the file is read.
pub(super) struct User {
    file: Option<PathBuf>,
    profile: Option<String>,
    home: Option<String>,
    overrides: Settings,
    key: Given<Content>,
    region: Option<String>,
}

/// The key in a variable.
enum Content {
    Open(Arc<PrivateKey>),
    /// It is encrypted, and only the profile can have the passphrase.
    Locked(Zeroizing<String>),
}

/// A user who signs with a key, or with a session.
pub(super) enum Found {
    ApiKey(Credentials),
    Session(Sources),
}

impl User {
    pub(super) fn from_vars(vars: &mut Variables<'_>) -> Self {
        let mut overrides = Settings::new();
        for (setting, variable) in OVERRIDDEN {
            let value = vars.text(variable);
            if [USER, TENANCY, FINGERPRINT].contains(&setting)
                && value.as_ref().is_some_and(|value| KeyId::new(value.as_str()).is_err())
            {
                vars.mistake(format_args!("{variable} is not visible ASCII without `\"`"));
            }
            overrides.extend(value.map(|value| (setting.to_owned(), Zeroizing::new(value))));
        }
        let passphrase = vars.secret(CLI_PASSPHRASE, Ok::<_, PrincipalError>).value();
        let key = vars.secret(KEY_CONTENT, |pem| {
            content(pem, passphrase.as_ref().map(|secret| secret.as_bytes()))
        });
        overrides.extend(passphrase.map(|secret| (PASSPHRASE.to_owned(), secret)));
        let region = region::from_vars(vars, CLI_REGION);
        let otherwise = region::from_vars(vars, ANY_REGION);
        overrides.extend(region.map(|region| (REGION.to_owned(), Zeroizing::new(region))));
        let named = [vars.text(CLI_CONFIG_FILE), vars.text(CONFIG_FILE)];
        let (profile, home) = (vars.text(CLI_PROFILE), vars.text("HOME"));
        let file = named.into_iter().flatten().next();
        // A named file overrides the usual one. In the SDKs it does not.
        let file = match file {
            Some(name) => Some(expanded(&name, home.as_deref())),
            None => Some(expanded("~/.oci/config", home.as_deref())).filter(|path| exists(path)),
        };
        Self { file, profile, home, overrides, key, region: otherwise }
    }

    /// Returns whether there is a file, or anything that would override it or names a part of it.
    pub(super) fn is_set(&self) -> bool {
        let own = |name: &str| self.overrides.contains_key(name);
        self.file.is_some()
            || self.key.is_set()
            || self.profile.as_deref().is_some_and(|name| name != "DEFAULT")
            || OVERRIDDEN.iter().any(|(setting, _)| own(setting))
            || own(PASSPHRASE)
    }

    /// Checks whether the variables alone are enough if there is no file. Missing ones are
    /// mistakes.
    pub(super) fn check(&self, session: Option<bool>, vars: &mut Variables<'_>) {
        if self.file.is_some() {
            return;
        }
        if !self.is_set() {
            return vars.mistake(
                "there is no configuration file; expected one in OCI_CONFIG_FILE or ~/.oci/config",
            );
        }
        if let Some(profile) = &self.profile
            && profile != "DEFAULT"
        {
            vars.mistake(format_args!(
                "{CLI_PROFILE} is set and there is no configuration file; expected one in {CONFIG_FILE} or ~/.oci/config"
            ));
        }
        if matches!(self.key, Given::Value(Content::Locked(_))) {
            vars.mistake(PrincipalError::Key(KEY_CONTENT, KeyError::PassphraseMissing));
        }
        let session = session.unwrap_or(self.overrides.contains_key(TOKEN_FILE));
        for setting in self.missing(session) {
            let known = OVERRIDDEN.iter().find(|(name, _)| *name == setting);
            let variable = known.map_or(setting, |(_, variable)| variable);
            vars.mistake(format_args!(
                "{variable} is not set; expected it, or a configuration file in {CONFIG_FILE} or ~/.oci/config"
            ));
        }
    }

    /// Returns the variables that are missing if there is no file.
    fn missing(&self, session: bool) -> impl Iterator<Item = &'static str> {
        let needed: &[&str] =
            if session { &[TOKEN_FILE, KEY_FILE] } else { &[USER, TENANCY, FINGERPRINT, KEY_FILE] };
        let there = |setting: &str| {
            self.overrides.contains_key(setting) || setting == KEY_FILE && self.key.is_set()
        };
        needed.iter().copied().filter(move |setting| !there(setting))
    }

    /// Returns the profile to read, and its file; `None` if the variables are enough.
    pub(super) fn place(&self) -> Option<(String, PathBuf)> {
        let profile = self.profile.as_deref().unwrap_or("DEFAULT");
        Some((profile.to_owned(), self.file.clone()?))
    }

    /// Reads the profile, and a key that does not change. The region is returned as it is written.
    pub(super) fn load(
        mut self,
        session: Option<bool>,
    ) -> Result<(Found, Option<String>), PrincipalError> {
        let is_session = session.unwrap_or(self.overrides.contains_key(TOKEN_FILE));
        let [own, inherited] = match self.file.as_deref().map(ConfigFile::read).transpose()? {
            None => Default::default(),
            Some(file) => match file.profile(self.profile.as_deref()) {
                Some(profile) => profile,
                // If the variables are enough, no unnamed profile is needed.
                None if self.profile.is_none() && self.missing(is_session).next().is_none() => {
                    Default::default()
                }
                None => return Err(PrincipalError::Profile),
            },
        };
        let layers = [mem::take(&mut self.overrides), own, inherited];
        let profile = Profile { layers, home: self.home };
        for unread in ["key_content", "authentication_type"] {
            if profile.get(unread).is_some() {
                return Err(PrincipalError::Unread(unread));
            }
        }
        let region = profile.get(REGION).map(ToOwned::to_owned).or(self.region);
        if region.as_ref().is_some_and(|region| !region::is_name(region)) {
            return Err(PrincipalError::RegionName);
        }
        let key = profile.key(self.key)?;
        let found = if session.unwrap_or_else(|| profile.is_session()) {
            let token = Source::File(TOKEN_FILE, profile.path(TOKEN_FILE)?);
            Found::Session(Sources { token, key })
        } else {
            Found::ApiKey(Credentials::api_key(profile.key_id()?, key.read()?))
        };
        Ok((found, region))
    }
}

/// A user's settings: those of the environment, of the profile itself and of `DEFAULT`, in this
/// order of precedence.
struct Profile {
    layers: [Settings; 3],
    home: Option<String>,
}

impl Profile {
    fn get(&self, setting: &str) -> Option<&str> {
        let value = self.layers.iter().find_map(|layer| layer.get(setting))?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    fn need(&self, setting: &'static str) -> Result<&str, PrincipalError> {
        self.get(setting).ok_or(PrincipalError::Setting(setting))
    }

    fn path(&self, setting: &'static str) -> Result<PathBuf, PrincipalError> {
        Ok(expanded(self.need(setting)?, self.home.as_deref()))
    }

    /// Returns whether it is a profile of `oci session authenticate`. The first source that has a
    /// user or a token decides: a profile with its own user is not the session that `DEFAULT` has.
    fn is_session(&self) -> bool {
        let says = |layer: &&Settings| layer.contains_key(USER) || layer.contains_key(TOKEN_FILE);
        let token = self.layers.iter().find(says).and_then(|layer| layer.get(TOKEN_FILE));
        token.is_some_and(|token| !token.is_empty())
    }

    fn key_id(&self) -> Result<KeyId, PrincipalError> {
        let [tenancy, user, fingerprint] =
            [TENANCY, USER, FINGERPRINT].map(|setting| self.need(setting));
        KeyId::new(format!("{}/{}/{}", tenancy?, user?, fingerprint?))
            .map_err(PrincipalError::KeyId)
    }

    fn key(&self, content: Given<Content>) -> Result<KeySource, PrincipalError> {
        // The CLI's name comes first, then that of Oracle's SDK for Go.
        let passphrase = self.get(PASSPHRASE).or_else(|| self.get("passphrase"));
        let passphrase = passphrase.map(|text| bytes(Zeroizing::new(text.to_owned())));
        let key = match content.value() {
            Some(Content::Open(key)) => Source::Value(KEY_CONTENT, key),
            Some(Content::Locked(pem)) => {
                let key = open(pem.as_bytes(), passphrase.as_ref().map(|secret| secret.as_slice()));
                let key = key.map_err(|error| PrincipalError::Key(KEY_CONTENT, error))?;
                Source::Value(KEY_CONTENT, Arc::new(key))
            }
            None => Source::File(KEY_FILE, self.path(KEY_FILE)?),
        };
        let passphrase = passphrase.map(|secret| Source::Value(PASSPHRASE, secret));
        Ok(KeySource { passphrase: passphrase.filter(|_| key.is_file()), key })
    }
}

fn content(pem: Zeroizing<String>, passphrase: Option<&[u8]>) -> Result<Content, PrincipalError> {
    match open(pem.as_bytes(), passphrase) {
        Ok(key) => Ok(Content::Open(Arc::new(key))),
        Err(KeyError::PassphraseMissing) => Ok(Content::Locked(pem)),
        Err(error) => Err(PrincipalError::Key(KEY_CONTENT, error)),
    }
}

/// Returns whether something exists at the path, readable or not.
fn exists(path: &Path) -> bool {
    !fs::metadata(path).is_err_and(|error| region::absent(error.kind()))
}

/// Expands `~` to the home directory.
fn expanded(path: &str, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        (Some(_), None) | (None, _) => PathBuf::from(path),
    }
}
