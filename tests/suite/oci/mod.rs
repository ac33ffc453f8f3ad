//! Who signs, what is signed, and what becomes of it. The numbers in test names are those of the conformance checklist of
//! OCI request signing.

mod client;
mod clocks;
mod config_file;
mod credentials;
mod forms;
mod instance;
mod key_costs;
mod keys;
mod referee;
mod refusals;
mod regions;
mod renewal;
mod replacement;
mod retries;
mod rotation;
mod signatures;
mod tokens;
mod transport;
mod trusts;
mod workload;

use std::error::Error;

use fn_fdk::error_chain;
use oracle_cloud_client::signature::CredentialsError;

/// What happened, below the word that there are no credentials.
fn reason(error: &CredentialsError) -> String {
    error_chain(error.source().unwrap())
}
