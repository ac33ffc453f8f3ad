//! The configuration: the function's variables, and those of this server. Read once, every mistake
//! reported at once.

use std::net::SocketAddr;
use std::time::Duration;

use fn_fdk::Logger;
use model_deployment_fn::config::{Common, ConfigError, FrontNames};
use model_deployment_fn::predict::{EndpointRule, HeaderRules, Paths, Targets};
use oracle_cloud_client::{Roots, Variables, Vars};

use crate::tls::Acceptor;
use crate::trust::{Trust, TrustSettings};

const NAMES: FrontNames = FrontNames {
    program: "this server",
    variables: &[
        "ADMIN_ADDRESS",
        "CALL_TIMEOUT",
        "DRAIN_TIMEOUT",
        "GATEWAY_SECRET_FILE",
        "LISTEN_ADDRESS",
        "MAX_BODY",
        "MAX_BUFFERED",
        "MAX_CONCURRENT",
        "TLS_CERT_FILE",
        "TLS_KEY_FILE",
        "TOKEN_AUDIENCE",
        "TOKEN_ISSUER",
        "TOKEN_KEYS",
        "TOKEN_SCOPE",
    ],
};
/// The function's variables that have no meaning here, and what has it.
const FOREIGN: [&str; 3] = ["METRICS_COMPARTMENT", "METRICS_ENDPOINT", "METRICS_NAMESPACE"];
const ADDRESS: &str = "an IP address or `localhost`, `:` and a port";
const MIB: usize = 1024 * 1024;
/// More is no size for bodies.
const MAX_BYTES: usize = 1024 * MIB;

/// What of the Model Context Protocol passes to a model, and what comes back.
const MCP_FORWARDED: [&str; 3] = ["last-event-id", "mcp-protocol-version", "mcp-session-id"];
const MCP_RETURNED: [&str; 1] = ["mcp-session-id"];

/// What the operator set.
#[derive(Debug)]
pub struct Config {
    /// `LISTEN_ADDRESS`: where clients or the gateway call; `127.0.0.1:8080` if absent.
    pub listen: SocketAddr,
    /// `ADMIN_ADDRESS`: where probes and Prometheus call; nowhere if absent.
    pub admin: Option<SocketAddr>,
    /// `GATEWAY_SECRET_FILE` or `TOKEN_*`: who may call.
    pub callers: TrustSettings,
    /// `TLS_CERT_FILE` and `TLS_KEY_FILE`; plain HTTP without them.
    pub tls: Option<Acceptor>,
    /// How much, and how long.
    pub limits: Limits,
    /// `ALLOWED_HOSTS`, `ALLOWED_DEPLOYMENTS`, `ALLOWED_PATHS`.
    pub rule: EndpointRule,
    /// `RETRY_PATHS`.
    pub repeatable: Paths,
    /// `MODEL_DEPLOYMENTS`, `MODEL_DEPLOYMENT`, `ACCEPT_ENVELOPE`.
    pub targets: Targets,
    /// `FORWARD_HEADERS`, `RETURN_HEADERS`.
    pub headers: HeaderRules,
    /// `SSL_CERT_FILE`.
    pub roots: Option<Roots>,
    /// `LOG_FORMAT` and `LOG_LEVEL`.
    pub logger: Logger,
}

/// How much, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `MAX_BODY`: the largest body of a request, in bytes; 20 MiB if absent.
    pub max_body: usize,
    /// `MAX_BUFFERED`: what all bodies that are held may have together, in bytes; 256 MiB if absent.
    pub max_buffered: usize,
    /// `MAX_CONCURRENT`: how many calls may run at once; 256 if absent. There may be four times as
    /// many connections.
    pub max_concurrent: usize,
    /// `CALL_TIMEOUT`: how long a call may take, its answer included, in seconds; 300 if absent.
    pub call_timeout: Duration,
    /// `DRAIN_TIMEOUT`: how long calls may take after SIGTERM, in seconds; 30 if absent.
    pub drain_timeout: Duration,
}

impl Config {
    /// Reads every variable through `var`, in an environment with variables of these `names`.
    pub fn from_environment(var: Vars<'_>, names: &[String]) -> Result<Self, ConfigError> {
        let mut vars = Variables::new(var);
        let common = Common::read(&mut vars, var, names, NAMES);
        for name in FOREIGN {
            if vars.text(name).is_some() {
                vars.mistake(format_args!(
                    "{name} is the function's; expected ADMIN_ADDRESS, where Prometheus reads /metrics"
                ));
            }
        }
        let default = SocketAddr::from(([127, 0, 0, 1], 8080));
        let listen = vars.parse("LISTEN_ADDRESS", ADDRESS, address).unwrap_or(default);
        let admin = vars.parse("ADMIN_ADDRESS", ADDRESS, address);
        let callers = TrustSettings::from_vars(&mut vars, &common.regions);
        check_callers(&mut vars, callers.as_ref(), &common, listen);
        let (tls, limits) = (Acceptor::from_vars(&mut vars), Limits::from_vars(&mut vars));
        let Common { logger, rule, repeatable, targets, headers: rules, roots, .. } = common;
        let headers = rules.map(|rules| headers(&mut vars, rules));
        let whole = callers.zip(targets).zip(headers);
        let made = whole.map(|((callers, targets), headers)| Self {
            listen,
            admin,
            callers,
            tls,
            limits,
            rule,
            repeatable,
            targets,
            headers,
            roots,
            logger,
        });
        vars.finish(made).map_err(|mistakes| ConfigError::new(mistakes, logger))
    }
}

/// A server that anybody can reach must not sign for anybody; and clients with a token need aliases.
fn check_callers(
    vars: &mut Variables<'_>,
    callers: Option<&TrustSettings>,
    common: &Common,
    listen: SocketAddr,
) {
    if callers.is_some_and(TrustSettings::is_open) && !listen.ip().is_loopback() {
        vars.mistake(
            "LISTEN_ADDRESS is not an address of this machine alone; expected GATEWAY_SECRET_FILE or \
             TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_SCOPE and TOKEN_KEYS, which say who may call",
        );
    }
    let no_alias = common.targets.as_ref().is_some_and(|targets| targets.aliases() == 0);
    if vars.text("TOKEN_ISSUER").is_some() && no_alias {
        vars.mistake(
            "MODEL_DEPLOYMENTS is not set; expected aliases, which clients with a token name in the path",
        );
    }
}

/// What passes to a model and back: nothing that proves who calls; what the Model Context Protocol has.
fn headers(vars: &mut Variables<'_>, rules: HeaderRules) -> HeaderRules {
    for name in Trust::header_names() {
        if rules.forwards(name.as_str()) {
            vars.mistake(format_args!("FORWARD_HEADERS: `{name}` is a header that never passes"));
        }
    }
    rules.forwarding(&MCP_FORWARDED).returning(&MCP_RETURNED)
}

impl Limits {
    fn from_vars(vars: &mut Variables<'_>) -> Self {
        let max_body = vars.number("MAX_BODY", 1..=MAX_BYTES).unwrap_or(20 * MIB);
        let max_buffered = vars.number("MAX_BUFFERED", 1..=MAX_BYTES).unwrap_or(256 * MIB);
        if max_buffered < max_body {
            vars.mistake("MAX_BUFFERED is less than MAX_BODY; expected room for one body at least");
        }
        let call_timeout = vars.number("CALL_TIMEOUT", 1..=3600).unwrap_or(300);
        let drain_timeout = vars.number("DRAIN_TIMEOUT", 0..=3600).unwrap_or(30);
        Self {
            max_body,
            max_buffered,
            max_concurrent: vars.number("MAX_CONCURRENT", 1..=100_000).unwrap_or(256),
            call_timeout: Duration::from_secs(call_timeout),
            drain_timeout: Duration::from_secs(drain_timeout),
        }
    }
}

/// An address with a port. A name would have to be looked up, and may have several.
fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::from(([127, 0, 0, 1], port)))
    })
}
