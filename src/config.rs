//! The configuration: function config arrives as environment variables. Read once, every mistake reported at once.

mod names;
mod reader;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use log::LevelFilter;
use url::Url;

use crate::fdk::{LogFormat, Logger, Platform, Tracing};
use crate::oci::{Vars, region};
use crate::predict::{
    EndpointRule, HeaderRules, MetricsTarget, Paths, Targets, authority, is_model_deployment,
};
use reader::Reader;

const HOST: &str = "a host that may be called; expected a DNS name or an IP address, and after `:` a port from 1 to 65535";
const NAMESPACE: &str = "a name of a-z, 0-9 and `_` that Oracle has not reserved";
const TELEMETRY: &str = "`https://` and a host of Oracle's Monitoring, `telemetry-ingestion.<region>.<domain>`, or one of ALLOWED_HOSTS";
const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
const LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
];

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
pub struct ConfigError {
    mistakes: Vec<String>,
    logger: Logger,
}

impl ConfigError {
    /// What the log is written with that says so: `LOG_FORMAT` as far as it could be read.
    pub fn logger(&self) -> Logger {
        self.logger
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("; "))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads every variable through `var`. Blanks around a value and the letter case of words do not count; a variable that is
    /// set to nothing counts as absent, but for `ALLOWED_DEPLOYMENTS`.
    pub fn from_vars(var: Vars<'_>) -> Result<Self, ConfigError> {
        Self::from_environment(var, &[])
    }

    /// The same, in an environment with variables of these `names`: one that looks like a variable of the function, and is none,
    /// is a mistake too.
    pub fn from_environment(var: Vars<'_>, names: &[String]) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(var);
        misspelt(&mut reader, names);
        let logger = Logger::new(
            reader.word("LOG_FORMAT", LogFormat::Text, &FORMATS),
            reader.word("LOG_LEVEL", LevelFilter::Info, &LEVELS),
        );
        let platform = reader.keep(Platform::from_vars(var).map_err(|errors| errors.0));
        let (paths, repeatable) =
            (paths(&mut reader, "ALLOWED_PATHS"), paths(&mut reader, "RETRY_PATHS"));
        let rule = EndpointRule::new(hosts(&mut reader), deployments(&mut reader), paths);
        let (aliases, default) = (reader.get("MODEL_DEPLOYMENTS"), reader.get("MODEL_DEPLOYMENT"));
        let targets =
            reader.keep(Targets::new(rule.clone(), aliases.as_deref(), default.as_deref()));
        let envelopes = reader.flag("ACCEPT_ENVELOPE");
        let (forward, returned) = (reader.get("FORWARD_HEADERS"), reader.get("RETURN_HEADERS"));
        let headers = reader.keep(HeaderRules::new(forward.as_deref(), returned.as_deref()));
        let roots = reader.get("SSL_CERT_FILE").map(PathBuf::from);
        let (tracing, metrics) = (Tracing::from_vars(var), metrics(&mut reader, &rule));
        let mistakes = reader.into_mistakes();
        match (platform, targets, headers) {
            (Some(platform), Some(targets), Some(headers)) if mistakes.is_empty() => Ok(Self {
                platform,
                rule,
                repeatable,
                targets: targets.with_envelopes(envelopes),
                headers,
                roots,
                logger,
                tracing,
                metrics,
            }),
            _ => Err(ConfigError { mistakes, logger }),
        }
    }
}

fn misspelt(reader: &mut Reader<'_>, names: &[String]) {
    for name in names {
        if let Some(meant) = names::meant_by(name)
            && reader.get(name).is_some()
        {
            reader.mistake(format_args!(
                "{name} is no variable of this function; did you mean {meant}?"
            ));
        }
    }
}

fn paths(reader: &mut Reader<'_>, name: &'static str) -> Paths {
    let list = reader.get(name);
    let paths = Paths::new(name, list.as_deref()).map_err(|mistake| [mistake]);
    reader.keep(paths).unwrap_or_default()
}

fn hosts(reader: &mut Reader<'_>) -> BTreeSet<String> {
    let list = reader.get("ALLOWED_HOSTS").unwrap_or_default();
    reader.list("ALLOWED_HOSTS", &list, HOST, authority)
}

fn deployments(reader: &mut Reader<'_>) -> Option<BTreeSet<String>> {
    // Set to nothing is not absent here: an empty list from a template must not open every deployment.
    let list = reader.set("ALLOWED_DEPLOYMENTS")?;
    let ocid = |text: &str| is_model_deployment(text).then(|| text.to_owned());
    if list.is_empty() {
        reader.mistake("ALLOWED_DEPLOYMENTS is empty; expected OCIDs, or no such variable");
    }
    Some(reader.list("ALLOWED_DEPLOYMENTS", &list, "the OCID of a model deployment", ocid))
}

fn metrics(reader: &mut Reader<'_>, rule: &EndpointRule) -> Option<MetricsTarget> {
    let lower = |url: String| url.trim_end_matches('/').to_ascii_lowercase();
    let namespace = reader.checked("METRICS_NAMESPACE", NAMESPACE, is_namespace);
    let compartment =
        reader.checked("METRICS_COMPARTMENT", "the OCID of a compartment", is_compartment);
    let endpoint = reader.checked("METRICS_ENDPOINT", TELEMETRY, |url| takes_metrics(url, rule));
    let function = reader.get("FN_FN_NAME").or_else(|| reader.get("FN_FN_ID"));
    let function = function.unwrap_or_else(|| "none".to_owned());
    let endpoint = endpoint.map(lower);
    Some(MetricsTarget { namespace: namespace?, compartment, endpoint, function })
}

/// Whether a URL is the origin of Oracle's Monitoring, or of a host that the operator listed: what is posted is signed.
fn takes_metrics(url: &str, rule: &EndpointRule) -> bool {
    let host = url.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let host = host.and_then(|_https| url.get(8..)).map(|host| host.trim_end_matches('/'));
    let Some(authority) = host.and_then(authority) else {
        return false;
    };
    let listed = Url::parse(&format!("https://{authority}"))
        .is_ok_and(|url| url.host_str().is_some_and(|host| rule.lists_authority(host, url.port())));
    listed || is_telemetry(&authority)
}

/// Source: OCI services, `telemetry-ingestion`.
fn is_telemetry(host: &str) -> bool {
    let rest = host.strip_prefix("telemetry-ingestion.");
    rest.and_then(|rest| rest.split_once('.')).is_some_and(|(region, domain)| {
        let domain = domain.strip_prefix("oci.").unwrap_or(domain);
        region::is_identifier(region) && region::realms_of_domain(domain).next().is_some()
    })
}

/// Whether a text is the OCID of a compartment, or of a tenancy, which is one.
fn is_compartment(text: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        ["ocid1", "compartment" | "tenancy", realm, region, unique] => {
            !realm.is_empty()
                && !unique.is_empty()
                && [realm, region, unique].iter().all(|part| part.bytes().all(fits))
        }
        _ => false,
    }
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
