//! The configuration file of the OCI CLI and the SDKs: an API key of a user, or a session of `oci session authenticate`.
//!
//! Source: OCI request signing, config file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{Source, Sources, read_key};
use super::{Credentials, PrincipalError};
use crate::oci::{KeyId, Vars};

/// The settings of a profile, each with the variable of the CLI that overrides it.
const USER: Setting = Setting("user", "OCI_CLI_USER");
const TENANCY: Setting = Setting("tenancy", "OCI_CLI_TENANCY");
const FINGERPRINT: Setting = Setting("fingerprint", "OCI_CLI_FINGERPRINT");
const KEY_FILE: Setting = Setting("key_file", "OCI_CLI_KEY_FILE");
const PASSPHRASE: Setting = Setting("pass_phrase", "OCI_CLI_PASSPHRASE");
const TOKEN_FILE: Setting = Setting("security_token_file", "OCI_CLI_SECURITY_TOKEN_FILE");
const REGION: Setting = Setting("region", "OCI_CLI_REGION");

struct Setting(&'static str, &'static str);

/// Names and values; a passphrase may be among them.
type Settings = BTreeMap<String, Zeroizing<String>>;

/// One profile of the file, with what it inherits from `DEFAULT` and what the environment overrides.
pub(super) struct Profile<'a> {
    settings: Settings,
    var: Vars<'a>,
}

/// The file that the environment means, if it is there or was named: `OCI_CLI_CONFIG_FILE`, `OCI_CONFIG_FILE`,
/// `~/.oci/config`. A named file wins over the usual one, as one expects; in the SDKs it does not.
pub(super) fn path(var: Vars<'_>) -> Option<PathBuf> {
    let named = var("OCI_CLI_CONFIG_FILE").or_else(|| var("OCI_CONFIG_FILE"));
    match named.filter(|name| !name.is_empty()) {
        Some(name) => Some(expanded(&name, var)),
        None => Some(expanded("~/.oci/config", var)).filter(|path| path.is_file()),
    }
}

impl<'a> Profile<'a> {
    /// Reads the profile that `OCI_CLI_PROFILE` names, or `DEFAULT`.
    pub(super) fn read(path: &Path, var: Vars<'a>) -> Result<Self, PrincipalError> {
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| PrincipalError::ConfigFile(path.to_owned(), error))?;
        let text = Zeroizing::new(text);
        let name = var("OCI_CLI_PROFILE").filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "DEFAULT".to_owned());
        let profiles = parse(&text).map_err(PrincipalError::ConfigLine)?;
        let own = profiles.get(&name).ok_or(PrincipalError::Profile)?;
        let mut settings = profiles.get("DEFAULT").cloned().unwrap_or_default();
        settings.extend(own.clone());
        Ok(Self { settings, var })
    }

    /// The region as it is written, in the profile or else in `OCI_REGION`.
    pub(super) fn region(&self) -> Option<String> {
        self.get(&REGION).or_else(|| (self.var)("OCI_REGION"))
    }

    /// Whether the profile is one of `oci session authenticate`.
    pub(super) fn is_session(&self) -> bool {
        self.get(&TOKEN_FILE).is_some()
    }

    /// The profile's API key.
    pub(super) fn api_key(&self) -> Result<Credentials, PrincipalError> {
        let [tenancy, user, fingerprint] =
            [TENANCY, USER, FINGERPRINT].map(|setting| self.need(&setting));
        let key_id = KeyId::new(format!("{}/{}/{}", tenancy?, user?, fingerprint?));
        let key = read_key(&self.key()?, self.passphrase().as_ref())?;
        Ok(Credentials::api_key(key_id.map_err(PrincipalError::KeyId)?, key))
    }

    /// The profile's session; its token file is read again as the CLI renews it.
    pub(super) fn session(&self) -> Result<Sources, PrincipalError> {
        let token = Source::file(TOKEN_FILE.0, expanded(&self.need(&TOKEN_FILE)?, self.var));
        Ok(Sources { token, key: self.key()?, passphrase: self.passphrase() })
    }

    fn key(&self) -> Result<Source, PrincipalError> {
        match (self.var)("OCI_CLI_KEY_CONTENT").filter(|content| !content.is_empty()) {
            Some(content) => Ok(Source::value("OCI_CLI_KEY_CONTENT", content)),
            None => Ok(Source::file(KEY_FILE.0, expanded(&self.need(&KEY_FILE)?, self.var))),
        }
    }

    fn passphrase(&self) -> Option<Source> {
        let passphrase = self.get(&PASSPHRASE).or_else(|| self.setting("passphrase"));
        passphrase.map(|passphrase| Source::value(PASSPHRASE.0, passphrase))
    }

    fn get(&self, Setting(name, variable): &Setting) -> Option<String> {
        let value = (self.var)(variable).or_else(|| self.setting(name));
        value.filter(|value| !value.is_empty())
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).map(|value| value.to_string())
    }

    fn need(&self, setting: &Setting) -> Result<String, PrincipalError> {
        self.get(setting).ok_or(PrincipalError::Setting(setting.0))
    }
}

/// The profiles of a file, or the number of the first line that is none of it.
fn parse(text: &str) -> Result<BTreeMap<String, Settings>, usize> {
    let mut profiles: BTreeMap<String, Settings> = BTreeMap::new();
    let mut current = None;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            current = Some(profiles.entry(name.trim().to_owned()).or_default());
            continue;
        }
        // The first separator ends the name: a value may hold further ones.
        let (Some(profile), Some((name, value))) = (current.as_mut(), line.split_once(['=', ':']))
        else {
            return Err(number);
        };
        let value = Zeroizing::new(value.trim().to_owned());
        profile.insert(name.trim().to_ascii_lowercase(), value);
    }
    Ok(profiles)
}

/// A path with `~` for the home directory.
fn expanded(path: &str, var: Vars<'_>) -> PathBuf {
    match (path.strip_prefix("~/"), var("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        (Some(_), None) | (None, _) => PathBuf::from(path),
    }
}
