//! The configuration: function config arrives as environment variables. All of them are read once,
//! at start, and all mistakes are reported together.

mod common;
mod names;

use std::fmt;

use http::Uri;
use http::uri::Authority;
use url::Url;

use crate::ocid::Ocid;
use crate::predict::{EndpointRule, HeaderRules, MetricsTarget, Paths, Targets, authority};
use fn_fdk::{Logger, Platform, Tracing};
use oracle_cloud_client::region::{self, Regions};
use oracle_cloud_client::{Roots, SettingsError, Trust, TrustError, Variables, Vars};

pub use common::Common;
pub use names::FrontNames;

use common::keep;
use names::FUNCTION;

const NAMESPACE: &str = "a name of a-z, 0-9 and `_` that Oracle has not reserved";
const TELEMETRY: &str = "`https://` and a host of Oracle's Monitoring, `telemetry-ingestion.<region>.<domain>`, or one of ALLOWED_HOSTS";

/// What the operator and the platform set. OCI limits all config of a function to 4 KB.
#[derive(Debug)]
pub struct Config {
    /// What the platform says about the container.
    pub platform: Platform,
    /// `ALLOWED_HOSTS`, `ALLOWED_DEPLOYMENTS`, `ALLOWED_PATHS`: which addresses may be called.
    pub rule: EndpointRule,
    /// `RETRY_PATHS`: the custom paths to which a POST may be retried when its outcome is unknown.
    pub repeatable: Paths,
    /// `MODEL_DEPLOYMENTS`, `MODEL_DEPLOYMENT`, `ACCEPT_ENVELOPE`: the aliases, the default, and
    /// whether a body may name a target.
    pub targets: Targets,
    /// `FORWARD_HEADERS`, `RETURN_HEADERS`: which headers are forwarded beside the built-in ones.
    pub headers: HeaderRules,
    /// `SSL_CERT_FILE`: a PEM bundle of additional root certificates.
    pub roots: Option<Roots>,
    /// `LOG_FORMAT` (`text` or `json`; text if absent) and `LOG_LEVEL` (`error` to `debug`; `info`
    /// if absent).
    pub logger: Logger,
    /// The platform's settings for tracing.
    pub tracing: Tracing,
    /// `METRICS_NAMESPACE`, `METRICS_COMPARTMENT`, `METRICS_ENDPOINT`: where each call's samples
    /// are posted. Without the first, none are.
    pub metrics: Option<MetricsTarget>,
}

/// All mistakes of a configuration. Each names its variable and what was expected.
#[derive(Debug)]
pub struct ConfigError {
    mistakes: SettingsError,
    logger: Logger,
}

impl ConfigError {
    /// These mistakes, and what the log is written with.
    pub fn new(mistakes: SettingsError, logger: Logger) -> Self {
        Self { mistakes, logger }
    }

    /// Returns the mistakes, one sentence each.
    pub fn mistakes(&self) -> &[String] {
        self.mistakes.mistakes()
    }

    /// Returns the logger for this error: it follows `LOG_FORMAT` as far as that could be read.
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
    /// Reads every variable through `var`. Surrounding blanks and the letter case of words do not
    /// matter. An empty variable counts as absent, except for `ALLOWED_DEPLOYMENTS`.
    pub fn from_vars(var: Vars<'_>) -> Result<Self, ConfigError> {
        Self::from_environment(var, &[])
    }

    /// Does the same, and checks the `names` of all variables: one that looks like a misspelt
    /// variable of this function is a mistake too.
    pub fn from_environment(var: Vars<'_>, names: &[String]) -> Result<Self, ConfigError> {
        let mut vars = Variables::new(var);
        let common = Common::read(&mut vars, var, names, FUNCTION);
        let platform = Platform::from_vars(var).map_err(|errors| errors.0);
        let platform = keep(&mut vars, platform);
        let metrics = metrics(&mut vars, &common.rule, &common.regions);
        let (tracing, logger) = (Tracing::from_vars(var), common.logger);
        let Common { rule, repeatable, targets, headers, roots, .. } = common;
        let made = match (platform, targets, headers) {
            (Some(platform), Some(targets), Some(headers)) => Some(Self {
                platform,
                rule,
                repeatable,
                targets,
                headers,
                roots,
                logger,
                tracing,
                metrics,
            }),
            _ => None,
        };
        vars.finish(made).map_err(|mistakes| ConfigError::new(mistakes, logger))
    }
}

impl Config {
    /// Returns the roots that TLS trusts. Those of `SSL_CERT_FILE` count only for the hosts that
    /// the operator or the platform names.
    pub fn trust(&self) -> Result<Trust, TrustError> {
        let metrics = self.metrics.as_ref().and_then(|metrics| metrics.endpoint.as_deref());
        // A URL without a host is refused where it is used.
        let urls = metrics.into_iter().chain(self.tracing.collector());
        let urls: Vec<Uri> = urls.filter_map(|url| url.parse().ok()).collect();
        let authorities = urls.iter().filter_map(Uri::authority).map(Authority::as_str);
        Trust::new(self.roots.as_ref(), self.rule.all_hosts().chain(authorities))
    }
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

/// Returns whether a URL is the origin of Oracle's Monitoring or of a host that the operator
/// listed. Posts to it are signed.
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

/// Returns whether a text is the OCID of a compartment. A tenancy is one too.
fn is_compartment(text: &str) -> bool {
    Ocid::parse(text).is_some_and(|ocid| matches!(ocid.kind, "compartment" | "tenancy"))
}

/// Returns whether custom metrics may have this namespace.
/// Source: docs/spec/oci-services.md#post-metric-data.
fn is_namespace(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let reserved = ["oci_", "oracle_"].iter().any(|prefix| name.starts_with(prefix));
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
        && name.bytes().all(known)
        && name.len() <= 256
        && !reserved
}
