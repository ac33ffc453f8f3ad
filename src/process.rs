//! The start of a process: its environment, its clock, its log, its exit code, and no dumps of its memory.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::SystemTime;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use zeroize::Zeroizing;

use crate::config::ConfigError;
use fn_fdk::{Logger, error_chain};
use oracle_cloud_client::{PrincipalSettings, SettingsError};

/// The exit code that `sysexits.h` has for wrong use: here, for a wrong configuration.
const EX_USAGE: u8 = 64;

/// Reads a variable; nothing else reads the environment. A value that is not UTF-8 is replaced
/// by one that is refused. What remains in the environment is in one place and can be wiped.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn var(name: &str) -> Option<String> {
    let unreadable = |value: OsString| {
        drop(Zeroizing::new(value.into_encoded_bytes()));
        char::REPLACEMENT_CHARACTER.to_string()
    };
    env::var_os(name).map(|value| value.into_string().unwrap_or_else(unreadable))
}

/// Returns the names of all variables that are UTF-8. Their values, which come with them, are
/// wiped.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn names() -> Vec<String> {
    let names = env::vars_os().map(|(name, value)| {
        drop(Zeroizing::new(value.into_encoded_bytes()));
        name.into_string()
    });
    names.filter_map(Result::ok).collect()
}

/// Returns the time; nothing else reads the clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Runs a program with its configuration and that of its credentials. Returns its exit code.
pub fn start<C>(
    logger: Logger,
    config: Result<C, ConfigError>,
    run: impl FnOnce(C, PrincipalSettings) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> ExitCode {
    let settings = PrincipalSettings::from_vars(&var);
    logger.install();
    forbid_core_dumps();
    match (config, settings) {
        (Ok(config), Ok(settings)) => match run(config, settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log::error!("stopped: {}", error_chain(&*error));
                ExitCode::FAILURE
            }
        },
        (config, settings) => not_started(config.err().as_ref(), settings.err().as_ref()),
    }
}

/// Keeps the memory of this process to itself.
fn forbid_core_dumps() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        log::warn!(
            "core dumps are not switched off, so a crash may write the key into one: {error}"
        );
    }
}

/// Writes all mistakes of a configuration in one line.
fn not_started(config: Option<&ConfigError>, settings: Option<&SettingsError>) -> ExitCode {
    let config = config.map(ConfigError::mistakes).unwrap_or_default();
    let settings = settings.map(SettingsError::mistakes).unwrap_or_default();
    // Both read the regions.
    let more = settings.iter().filter(|mistake| !config.contains(mistake));
    let mistakes: Vec<&str> = config.iter().chain(more).map(String::as_str).collect();
    log::error!("not started: {}", mistakes.join("; "));
    ExitCode::from(EX_USAGE)
}
