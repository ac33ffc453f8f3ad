//! The other services that the function may call: what is open, whether their hosts resolve, and
//! whether all configuration fits.

use model_deployment_fn::config::Config;

use super::report::{Report, detail};

const VARIABLE: &str = "ALLOWED_SERVICES";
/// What OCI Functions takes of all config of a function, names and values, in bytes.
/// Source: docs/spec/oci-services.md#functions.
const MAX_CONFIG_BYTES: usize = 4096;

/// Reports every entry: its hosts, and the operations that are open there.
pub(super) async fn check(report: &mut Report, config: &Config) {
    for service in config.targets.services().summaries() {
        let subject = format!("service {}", service.alias);
        for host in &service.hosts {
            match config.rule.resolve(name(host)).await {
                Ok(_addresses) => report.ok(&subject, host),
                Err(error) => report
                    .fail(&subject, &format!("the function does not connect to {host}: {error}")),
            }
        }
        for operation in &service.operations {
            detail(operation);
        }
    }
}

/// Returns a host without its port.
fn name(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    name.trim_matches(['[', ']'])
}

/// Counts the config that is given, with what the environment has of services.
pub(super) fn size(
    report: &mut Report,
    given: &[(String, String)],
    var: &dyn Fn(&str) -> Option<String>,
) {
    let services = var(VARIABLE).filter(|_| given.iter().all(|(name, _)| name != VARIABLE));
    let services = services.map_or(0, |value| VARIABLE.len() + value.len());
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    match bytes + services {
        0 => {}
        bytes if bytes > MAX_CONFIG_BYTES => report.fail(
            "config",
            &format!("{bytes} bytes, names and values; OCI Functions takes {MAX_CONFIG_BYTES}"),
        ),
        bytes => report.ok("config", &format!("{bytes} of {MAX_CONFIG_BYTES} bytes")),
    }
}
