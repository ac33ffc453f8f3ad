//! The configuration: function config arrives as environment variables. Read once, every mistake reported at once.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;
use log::LevelFilter;

use crate::fdk::{LogFormat, Logger, Platform, Tracing};
use crate::oci::{Roots, Trust, TrustError, Vars};
use crate::predict::{
    EndpointRule, HeaderRules, MetricsTarget, Paths, Targets, is_authority, is_model_deployment,
};

const NAMESPACE: &str = "a name of a-z, 0-9 and `_` that Oracle has not reserved";

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
    /// What the platform says of tracing.
    pub tracing: Tracing,
    /// `METRICS_NAMESPACE`, `METRICS_COMPARTMENT`, `METRICS_ENDPOINT`: where each call's figures go; none without the first.
    pub metrics: Option<MetricsTarget>,
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
        let (tracing, metrics) = (Tracing::from_vars(var), reader.metrics());
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
                    tracing,
                    metrics,
                })
            }
            (.., errors) => Err(ConfigError(errors)),
        }
    }
}

impl Config {
    /// Whom TLS trusts: the roots of `SSL_CERT_FILE` count for the hosts that the operator or the platform names, and for no other.
    pub fn trust(&self) -> Result<Trust, TrustError> {
        let roots = self.roots.as_deref().map(Roots::read).transpose()?;
        let metrics = self.metrics.as_ref().and_then(|metrics| metrics.endpoint.as_deref());
        // A URL without a host is refused where it is used.
        let urls = metrics.into_iter().chain(self.tracing.collector());
        let urls: Vec<Uri> = urls.filter_map(|url| url.parse().ok()).collect();
        let authorities = urls.iter().filter_map(Uri::authority).map(Authority::as_str);
        Trust::new(roots.as_ref(), self.rule.hosts().chain(authorities))
    }
}

fn is_origin(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|host| is_authority(host.trim_end_matches('/')))
}

fn is_compartment(text: &str) -> bool {
    ["ocid1.compartment.", "ocid1.tenancy."].iter().any(|kind| text.starts_with(kind))
}

/// Whether a name may be that of custom metrics. Source: Monitoring, `PostMetricData`.
fn is_namespace(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let reserved = ["oci_", "oracle_"].iter().any(|prefix| name.starts_with(prefix));
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
        && name.bytes().all(known)
        && name.len() <= 256
        && !reserved
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

    fn metrics(&mut self) -> Option<MetricsTarget> {
        let lower = |url: String| url.trim_end_matches('/').to_ascii_lowercase();
        let namespace = self.checked("METRICS_NAMESPACE", is_namespace, NAMESPACE);
        let compartment =
            self.checked("METRICS_COMPARTMENT", is_compartment, "the OCID of a compartment");
        let endpoint = self.checked("METRICS_ENDPOINT", is_origin, "`https://` and a host");
        let function = self.get("FN_FN_NAME").or_else(|| self.get("FN_FN_ID"));
        let function = function.unwrap_or_else(|| "none".to_owned());
        Some(MetricsTarget {
            namespace: namespace?,
            compartment,
            endpoint: endpoint.map(lower),
            function,
        })
    }

    fn checked(&mut self, name: &str, fits: fn(&str) -> bool, expected: &str) -> Option<String> {
        let text = self.get(name)?;
        if !fits(&text) {
            self.errors.push(format!("{name} is not {expected}"));
        }
        Some(text)
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
