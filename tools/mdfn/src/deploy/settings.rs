//! The settings of a function: who gave them, whether they fit, and whether it would start with
//! them.

use std::collections::BTreeMap;
use std::fmt;

use emulator::agent::Setting;
use model_deployment_fn::config::Config;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::options::Options;
use super::settings_file;
use crate::input::read;

/// The most that names and values have together, in bytes of UTF-8.
///
/// Source: docs/spec/oci-services.md#functions-api.
const MAX_BYTES: usize = 4096;
/// Names a file of the container, which is not here.
const OF_THE_CONTAINER: &str = "SSL_CERT_FILE";

/// Names and values. The values may be secrets, and are not shown.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Returns the settings of the command line, the environment and the file.
    pub(super) fn given(
        options: &Options,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let mut given = match &options.config_file {
            Some(path) => settings_file::parse(&read("`--config-file`", path)?)?,
            None => Vec::new(),
        };
        for Setting { name, value } in &options.config {
            let value = value.clone().or_else(|| variable(name));
            let value = value.ok_or_else(|| Error::NoVariable(name.clone()))?;
            given.push((name.clone(), value));
        }
        let mut settings = Self::default();
        for (name, value) in given {
            if settings.0.insert(name.clone(), value).is_some() {
                return Err(Error::SettingTwice(name));
            }
        }
        settings.check_size()?;
        Ok(settings)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// These, and those of `others` over them.
    pub(super) fn with(&self, others: &Self) -> Self {
        let mut both = self.clone();
        both.0.extend(others.0.clone());
        both
    }

    /// Checks whether the service has room for them.
    pub(super) fn check_size(&self) -> Result<(), Error> {
        let size = self.0.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > MAX_BYTES { Err(Error::SettingsLarge(size)) } else { Ok(()) }
    }

    /// Checks whether the function of this repository would start with them.
    pub(super) fn check_start(&self) -> Result<(), Error> {
        let var = |name: &str| match (self.get(name), name) {
            (_, OF_THE_CONTAINER) => None,
            (None, "FN_LISTENER") => Some("unix:/tmp/iofs/lsnr.sock".to_owned()),
            (value, _) => value.map(str::to_owned),
        };
        let names: Vec<String> = self.0.keys().cloned().collect();
        match Config::from_environment(&var, &names) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::WouldNotStart(error.to_string())),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
