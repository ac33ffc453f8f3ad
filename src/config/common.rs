//! The variables that every front has.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use log::LevelFilter;

use super::names::{self, FrontNames};
use crate::predict::{EndpointRule, HeaderRules, Paths, Targets, authority, is_model_deployment};
use crate::services::Services;
use fn_fdk::{LogFormat, Logger, error_chain};
use oracle_cloud_client::region::Regions;
use oracle_cloud_client::{PrincipalSettings, Roots, Variables, Vars};

const HOST: &str = "a host that may be called; expected a DNS name or an IP address, and after `:` a port from 1 to 65535";
/// Where the region of a principal stands, the nearest one first.
const OWN_REGION: [&str; 3] = ["OCI_RESOURCE_PRINCIPAL_REGION", "OCI_CLI_REGION", "OCI_REGION"];
const LEVELS: &str = "`error`, `warn`, `info` or `debug`";

/// What the operator set, whatever the front. A part that has a mistake is None, or what it is where nothing is set.
#[derive(Debug)]
pub struct Common {
    /// `LOG_FORMAT` and `LOG_LEVEL`.
    pub logger: Logger,
    /// The regions that are known beside the built-in ones.
    pub regions: Regions,
    /// `ALLOWED_HOSTS`, `ALLOWED_DEPLOYMENTS`, `ALLOWED_PATHS`.
    pub rule: EndpointRule,
    /// `RETRY_PATHS`.
    pub repeatable: Paths,
    /// `MODEL_DEPLOYMENTS`, `MODEL_DEPLOYMENT`, `ACCEPT_ENVELOPE`.
    pub targets: Option<Targets>,
    /// `FORWARD_HEADERS`, `RETURN_HEADERS`.
    pub headers: Option<HeaderRules>,
    /// `SSL_CERT_FILE`.
    pub roots: Option<Roots>,
}

impl Common {
    /// Reads every variable through `var`, in an environment with variables of these `names`.
    pub fn read(
        vars: &mut Variables<'_>,
        var: Vars<'_>,
        names: &[String],
        front: FrontNames,
    ) -> Self {
        misspelt(vars, names, front);
        let logger = logger(vars);
        let regions = Regions::from_vars(var).map_err(|error| error.mistakes().to_vec());
        let regions = keep(vars, regions).unwrap_or_default();
        let (paths, repeatable) = (paths(vars, "ALLOWED_PATHS"), paths(vars, "RETRY_PATHS"));
        let hosts = list(vars, "ALLOWED_HOSTS", HOST, authority).unwrap_or_default();
        let rule = EndpointRule::new(hosts, deployments(vars, var), paths);
        let services = services(vars, &regions);
        let service_hosts = services.iter().flat_map(Services::literal_hosts).map(str::to_owned);
        let rule = rule.with_regions(regions.clone()).with_service_hosts(service_hosts.collect());
        let (aliases, default) = (vars.text("MODEL_DEPLOYMENTS"), vars.text("MODEL_DEPLOYMENT"));
        let targets = Targets::new(rule.clone(), aliases.as_deref(), default.as_deref());
        let targets = keep(vars, targets);
        let envelopes = vars.flag("ACCEPT_ENVELOPE");
        let target = service_target(vars, services.as_ref(), default.is_some());
        let services = services.unwrap_or_default();
        let targets = targets
            .map(|targets| targets.with_envelopes(envelopes).with_services(services, target));
        let (forward, returned) = (vars.text("FORWARD_HEADERS"), vars.text("RETURN_HEADERS"));
        let headers = HeaderRules::new(forward.as_deref(), returned.as_deref());
        let headers = keep(vars, headers);
        let roots = roots(vars);
        Self { logger, regions, rule, repeatable, targets, headers, roots }
    }
}

/// Returns what was made, or records its mistakes.
pub(super) fn keep<T, E: fmt::Display>(
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

fn misspelt(vars: &mut Variables<'_>, names: &[String], front: FrontNames) {
    let known: Vec<&str> = PrincipalSettings::names().collect();
    for name in names {
        if let Some(meant) = names::meant_by(name, front.variables, &known)
            && vars.text(name).is_some()
        {
            let program = front.program;
            vars.mistake(format_args!(
                "{name} is not a variable of {program}; did you mean {meant}?"
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

/// Returns the entries of a comma-separated list, each as `read` understands it. A trailing comma
/// is allowed.
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

/// `ALLOWED_SERVICES`, in the function's own region where an entry names none: that of its principal, as far as a variable has it.
fn services(vars: &mut Variables<'_>, regions: &Regions) -> Option<Services> {
    let own = OWN_REGION.into_iter().find_map(|name| vars.text(name));
    let own = own.map(|own| regions.identifier(&own));
    let json = vars.text("ALLOWED_SERVICES")?;
    keep(vars, Services::new(&json, regions, own.as_deref()))
}

/// `SERVICE_TARGET`: what a call means that names nothing.
fn service_target(
    vars: &mut Variables<'_>,
    services: Option<&Services>,
    has_deployment: bool,
) -> Option<String> {
    let target = vars.text("SERVICE_TARGET")?;
    if has_deployment {
        vars.mistake("SERVICE_TARGET and MODEL_DEPLOYMENT are both set; expected one of them");
    }
    match services.map(|services| services.check(&target)) {
        // What is wrong with the entries is said already.
        None if vars.text("ALLOWED_SERVICES").is_some() => {}
        None => vars.mistake("SERVICE_TARGET is set without ALLOWED_SERVICES"),
        Some(Ok(())) => {}
        Some(Err(refusal)) => vars.mistake(format_args!(
            "SERVICE_TARGET is not an alias or a URL that ALLOWED_SERVICES opens: {refusal}"
        )),
    }
    Some(target)
}

fn deployments(vars: &mut Variables<'_>, var: Vars<'_>) -> Option<BTreeSet<String>> {
    let ocid = |text: &str| is_model_deployment(text).then(|| text.to_owned());
    let ocids = list(vars, "ALLOWED_DEPLOYMENTS", "the OCID of a model deployment", ocid);
    // An empty variable is not absent here: an empty list from a template must not open every
    // deployment.
    let empty = ocids.is_none() && var("ALLOWED_DEPLOYMENTS").is_some();
    if empty {
        vars.mistake("ALLOWED_DEPLOYMENTS is empty; expected OCIDs, or the variable unset");
    }
    ocids
}
