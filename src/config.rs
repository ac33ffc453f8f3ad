//! The configuration: function config arrives as environment variables. Read once, every mistake reported at once.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use log::LevelFilter;

use crate::fdk::{LogFormat, Logger, Platform};
use crate::oci::Vars;
use crate::predict::{
    EndpointRule, HeaderRules, Paths, Targets, is_authority, is_model_deployment,
};

/// What the operator and the platform set. OCI limits all config of a function to 4 KB.
#[derive(Debug)]
pub struct Config {
    /// What the platform said about the container.
    pub platform: Platform,
    /// `ALLOWED_HOSTS`, `ALLOWED_DEPLOYMENTS`, `ALLOWED_PATHS`: which addresses may be called.
    pub rule: EndpointRule,
    /// `RETRY_PATHS`: the custom paths to which a POST may be repeated when nobody knows what became of it.
    pub repeatable: Paths,
    /// `MODEL_DEPLOYMENTS`, `MODEL_DEPLOYMENT`, `ACCEPT_ENVELOPE`: the aliases, the default, and whether a body may name one.
    pub targets: Targets,
    /// `FORWARD_HEADERS`, `RETURN_HEADERS`: which headers pass beside the built-in ones.
    pub headers: HeaderRules,
    /// `SSL_CERT_FILE`: a PEM bundle of further roots.
    pub roots: Option<PathBuf>,
    /// `LOG_FORMAT` (`text` or `json`; text if absent) and `LOG_LEVEL` (`error` to `debug`; `info` if absent).
    pub logger: Logger,
}

/// All mistakes of a configuration. Each names its variable and what was expected.
#[derive(Debug)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads every variable through `var`; one that is set to nothing counts as absent.
    pub fn from_vars(var: Vars<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader { var, errors: Vec::new() };
        let platform = reader.keep(Platform::from_vars(var));
        let (paths, repeatable) = (reader.paths("ALLOWED_PATHS"), reader.paths("RETRY_PATHS"));
        let rule = EndpointRule::new(reader.hosts(), reader.deployments(), paths);
        let envelopes = reader.one_of("ACCEPT_ENVELOPE", false, "`true` or `false`");
        let (aliases, default) = (reader.get("MODEL_DEPLOYMENTS"), reader.get("MODEL_DEPLOYMENT"));
        let targets =
            reader.keep(Targets::new(rule.clone(), aliases.as_deref(), default.as_deref()));
        let (forward, returned) = (reader.get("FORWARD_HEADERS"), reader.get("RETURN_HEADERS"));
        let headers = reader.keep(HeaderRules::new(forward.as_deref(), returned.as_deref()));
        let roots = reader.get("SSL_CERT_FILE").map(PathBuf::from);
        let format = reader.one_of("LOG_FORMAT", LogFormat::Text, "`text` or `json`");
        let level =
            reader.one_of("LOG_LEVEL", LevelFilter::Info, "`error`, `warn`, `info` or `debug`");
        match (platform, targets, headers, reader.errors) {
            (Some(platform), Some(targets), Some(headers), errors) if errors.is_empty() => {
                Ok(Self {
                    platform,
                    rule,
                    repeatable,
                    targets: targets.with_envelopes(envelopes),
                    headers,
                    roots,
                    logger: Logger::new(format, level),
                })
            }
            (.., errors) => Err(ConfigError(errors)),
        }
    }
}

/// Reads variables and remembers what was wrong with them.
struct Reader<'a> {
    var: Vars<'a>,
    errors: Vec<String>,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|value| !value.is_empty())
    }

    fn keep<T>(&mut self, result: Result<T, impl fmt::Display>) -> Option<T> {
        result.map_err(|error| self.errors.push(error.to_string())).ok()
    }

    fn paths(&mut self, name: &'static str) -> Paths {
        let list = self.get(name);
        self.keep(Paths::new(name, list.as_deref())).unwrap_or_default()
    }

    fn hosts(&mut self) -> BTreeSet<String> {
        let list = self.get("ALLOWED_HOSTS").unwrap_or_default().to_ascii_lowercase();
        let hosts: BTreeSet<String> =
            list.split_terminator(',').map(|host| host.trim().to_owned()).collect();
        if !hosts.iter().all(|host| is_authority(host)) {
            self.errors.push("ALLOWED_HOSTS is not a list of `host` or `host:port`".to_owned());
        }
        hosts
    }

    fn deployments(&mut self) -> Option<BTreeSet<String>> {
        // Set to nothing is not absent here: an empty list from a template must not open every deployment.
        let list = (self.var)("ALLOWED_DEPLOYMENTS")?;
        let ocids: BTreeSet<String> = list.split(',').map(|ocid| ocid.trim().to_owned()).collect();
        if !ocids.iter().all(|ocid| is_model_deployment(ocid)) {
            self.errors
                .push("ALLOWED_DEPLOYMENTS is not a list of model deployment OCIDs".to_owned());
        }
        Some(ocids)
    }

    fn one_of<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        match self.get(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.errors.push(format!("{name} is not {expected}"));
                default
            }
        }
    }
}
