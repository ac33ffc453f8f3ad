//! The configuration: function config arrives as environment variables. Read once, every mistake reported at once.

mod names;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use http::Uri;
use http::uri::Authority;
use log::LevelFilter;
use url::Url;

use crate::predict::{
    EndpointRule, HeaderRules, MetricsTarget, Paths, Targets, authority, is_model_deployment,
};
use fn_fdk::{LogFormat, Logger, Platform, Tracing, error_chain};
use oracle_cloud_client::region::{self, Regions};
use oracle_cloud_client::{
    PrincipalSettings, Roots, SettingsError, Trust, TrustError, Variables, Vars,
};

const HOST: &str = "a host that may be called; expected a DNS name or an IP address, and after `:` a port from 1 to 65535";
const NAMESPACE: &str = "a name of a-z, 0-9 and `_` that Oracle has not reserved";
const TELEMETRY: &str = "`https://` and a host of Oracle's Monitoring, `telemetry-ingestion.<region>.<domain>`, or one of ALLOWED_HOSTS";
const LEVELS: &str = "`error`, `warn`, `info` or `debug`";

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
    pub roots: Option<Roots>,
    /// `LOG_FORMAT` (`text` or `json`; text if absent) and `LOG_LEVEL` (`error` to `debug`; `info` if absent).
    pub logger: Logger,
    /// What the platform says of tracing.
    pub tracing: Tracing,
    /// `METRICS_NAMESPACE`, `METRICS_COMPARTMENT`, `METRICS_ENDPOINT`: where each call's samples go; none without the first.
    pub metrics: Option<MetricsTarget>,
}

/// All mistakes of a configuration. Each names its variable and what was expected.
#[derive(Debug)]
pub struct ConfigError {
    mistakes: SettingsError,
    logger: Logger,
}

impl ConfigError {
    /// The mistakes, a sentence each.
    pub fn mistakes(&self) -> &[String] {
        self.mistakes.mistakes()
    }

    /// What the log is written with that says so: `LOG_FORMAT` as far as it could be read.
    pub fn logger(&self) -> Logger {
        self.logger
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistakes.fmt(f)
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
        let mut vars = Variables::new(var);
        misspelt(&mut vars, names);
        let logger = logger(&mut vars);
        let platform = Platform::from_vars(var).map_err(|errors| errors.0);
        let platform = keep(&mut vars, platform);
        let regions = Regions::from_vars(var).map_err(|error| error.mistakes().to_vec());
        let regions = keep(&mut vars, regions).unwrap_or_default();
        let (paths, repeatable) =
            (paths(&mut vars, "ALLOWED_PATHS"), paths(&mut vars, "RETRY_PATHS"));
        let hosts = list(&mut vars, "ALLOWED_HOSTS", HOST, authority).unwrap_or_default();
        let rule = EndpointRule::new(hosts, deployments(&mut vars, var), paths);
        let rule = rule.with_regions(regions.clone());
        let (aliases, default) = (vars.text("MODEL_DEPLOYMENTS"), vars.text("MODEL_DEPLOYMENT"));
        let targets = Targets::new(rule.clone(), aliases.as_deref(), default.as_deref());
        let targets = keep(&mut vars, targets);
        let envelopes = vars.flag("ACCEPT_ENVELOPE");
        let (forward, returned) = (vars.text("FORWARD_HEADERS"), vars.text("RETURN_HEADERS"));
        let headers = HeaderRules::new(forward.as_deref(), returned.as_deref());
        let headers = keep(&mut vars, headers);
        let roots = roots(&mut vars);
        let (tracing, metrics) = (Tracing::from_vars(var), metrics(&mut vars, &rule, &regions));
        let made = match (platform, targets, headers) {
            (Some(platform), Some(targets), Some(headers)) => Some(Self {
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
            _ => None,
        };
        vars.finish(made).map_err(|mistakes| ConfigError { mistakes, logger })
    }
}

impl Config {
    /// Whom TLS trusts: the roots of `SSL_CERT_FILE` count for the hosts that the operator or the platform names, and for no other.
    pub fn trust(&self) -> Result<Trust, TrustError> {
        let metrics = self.metrics.as_ref().and_then(|metrics| metrics.endpoint.as_deref());
        // A URL without a host is refused where it is used.
        let urls = metrics.into_iter().chain(self.tracing.collector());
        let urls: Vec<Uri> = urls.filter_map(|url| url.parse().ok()).collect();
        let authorities = urls.iter().filter_map(Uri::authority).map(Authority::as_str);
        Trust::new(self.roots.as_ref(), self.rule.hosts().chain(authorities))
    }
}

/// What could be made, or its mistakes.
fn keep<T, E: fmt::Display>(
    vars: &mut Variables<'_>,
    made: Result<T, impl IntoIterator<Item = E>>,
) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(mistakes) => {
            mistakes.into_iter().for_each(|mistake| vars.mistake(mistake));
            None
        }
    }
}

fn misspelt(vars: &mut Variables<'_>, names: &[String]) {
    let known: Vec<&str> = PrincipalSettings::names().collect();
    for name in names {
        if let Some(meant) = names::meant_by(name, &known)
            && vars.text(name).is_some()
        {
            vars.mistake(format_args!(
                "{name} is not a variable of this function; did you mean {meant}?"
            ));
        }
    }
}

fn logger(vars: &mut Variables<'_>) -> Logger {
    let format = vars.word("LOG_FORMAT", "`text` or `json`", |word| word.parse().ok());
    let level = vars.word("LOG_LEVEL", LEVELS, |word| match word {
        "error" | "warn" | "info" | "debug" => word.parse().ok(),
        _ => None,
    });
    Logger::new(format.unwrap_or(LogFormat::Text), level.unwrap_or(LevelFilter::Info))
}

fn roots(vars: &mut Variables<'_>) -> Option<Roots> {
    let path = vars.text("SSL_CERT_FILE")?;
    keep(vars, Roots::read(Path::new(&path)).map_err(|error| [error_chain(&error)]))
}

fn paths(vars: &mut Variables<'_>, name: &'static str) -> Paths {
    let list = vars.text(name);
    let paths = Paths::new(name, list.as_deref()).map_err(|mistake| [mistake]);
    keep(vars, paths).unwrap_or_default()
}

/// The entries of a comma-separated list, each as `read` understands it. A comma may end the list.
fn list(
    vars: &mut Variables<'_>,
    name: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Option<BTreeSet<String>> {
    let list = vars.text(name)?;
    let mut entries = BTreeSet::new();
    for (entry, number) in list.split_terminator(',').map(str::trim).zip(1..) {
        match read(entry) {
            Some(entry) => drop(entries.insert(entry)),
            None => vars.mistake(format_args!("{name}: entry {number} is not {expected}")),
        }
    }
    Some(entries)
}

fn deployments(vars: &mut Variables<'_>, var: Vars<'_>) -> Option<BTreeSet<String>> {
    let ocid = |text: &str| is_model_deployment(text).then(|| text.to_owned());
    let ocids = list(vars, "ALLOWED_DEPLOYMENTS", "the OCID of a model deployment", ocid);
    // Set to nothing is not absent here: an empty list from a template must not open every deployment.
    let empty = ocids.is_none() && var("ALLOWED_DEPLOYMENTS").is_some();
    if empty {
        vars.mistake("ALLOWED_DEPLOYMENTS has no OCID; expected some, or no such variable");
    }
    ocids
}

fn metrics(
    vars: &mut Variables<'_>,
    rule: &EndpointRule,
    regions: &Regions,
) -> Option<MetricsTarget> {
    let checked = |fits: fn(&str) -> bool| move |text: &str| fits(text).then(|| text.to_owned());
    let namespace = vars.parse("METRICS_NAMESPACE", NAMESPACE, checked(is_namespace));
    let compartment =
        vars.parse("METRICS_COMPARTMENT", "the OCID of a compartment", checked(is_compartment));
    let endpoint = vars.parse("METRICS_ENDPOINT", TELEMETRY, |url| {
        takes_metrics(url, rule, regions).then(|| url.trim_end_matches('/').to_ascii_lowercase())
    });
    let function = vars.text("FN_FN_NAME").or_else(|| vars.text("FN_FN_ID"));
    let function = function.unwrap_or_else(|| "none".to_owned());
    Some(MetricsTarget { namespace: namespace?, compartment, endpoint, function })
}

/// Whether a URL is the origin of Oracle's Monitoring, or of a host that the operator listed: what is posted is signed.
fn takes_metrics(url: &str, rule: &EndpointRule, regions: &Regions) -> bool {
    let host = url.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let host = host.and_then(|_https| url.get(8..)).map(|host| host.trim_end_matches('/'));
    let Some(authority) = host.and_then(authority) else {
        return false;
    };
    let listed = Url::parse(&format!("https://{authority}"))
        .is_ok_and(|url| url.host_str().is_some_and(|host| rule.lists_authority(host, url.port())));
    listed || is_telemetry(&authority, regions)
}

/// Source: docs/spec/oci-services.md#telemetry-ingestion.
fn is_telemetry(host: &str, regions: &Regions) -> bool {
    let rest = host.strip_prefix("telemetry-ingestion.");
    rest.and_then(|rest| rest.split_once('.')).is_some_and(|(region, domain)| {
        let domain = domain.strip_prefix("oci.").unwrap_or(domain);
        region::is_identifier(region) && regions.knows_domain(domain)
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

/// Whether a name may be that of custom metrics. Source: docs/spec/oci-services.md#post-metric-data.
fn is_namespace(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let reserved = ["oci_", "oracle_"].iter().any(|prefix| name.starts_with(prefix));
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
        && name.bytes().all(known)
        && name.len() <= 256
        && !reserved
}
