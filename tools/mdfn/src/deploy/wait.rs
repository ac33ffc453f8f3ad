//! Waits until an accepted change is over, and reports its outcome.
//!
//! Source: docs/spec/oci-services.md#functions-api.

use std::time::Duration;

use oracle_cloud_client::Service;
use tokio::time::timeout;

use super::advice::Doing;
use super::api::list;
use super::call::Call;
use super::error::Error;
use super::model::{Accepted, Lifecycle, WorkError, WorkRequest};

const ACTIVE: &str = "ACTIVE";
const SUCCEEDED: &str = "SUCCEEDED";

/// Waits for at most this many seconds, until the function is active.
pub(super) async fn until_active(
    service: &Service,
    accepted: &Accepted,
    seconds: u64,
) -> Result<(), Error> {
    let mut state = "accepted".to_owned();
    let outcome = timeout(Duration::from_secs(seconds), followed(service, accepted, &mut state));
    let outcome = outcome.await;
    outcome
        .unwrap_or_else(|_elapsed| Err(Error::NotReady { id: accepted.id.clone(), state, seconds }))
}

/// Follows the work request, and then the function: an update that was accepted and has not begun
/// finds the function active as it was.
async fn followed(service: &Service, accepted: &Accepted, state: &mut String) -> Result<(), Error> {
    let id = &accepted.id;
    if let Some(work) = &accepted.work_request {
        match finished(service, work, state).await {
            // Who may see the function may not see the work.
            Err(error) if error.is_not_found() => {}
            Err(source) => return Err(Error::Service { doing: Doing::Wait, source }),
            Ok(()) if state == SUCCEEDED => {}
            Ok(()) => {
                let why = reasons(service, work).await;
                return Err(Error::Failed { id: id.clone(), state: state.clone(), why });
            }
        }
    }
    let ready = async |function: Lifecycle| {
        state.clone_from(&function.lifecycle_state);
        Ok((!matches!(state.as_str(), "CREATING" | "UPDATING")).then_some(()))
    };
    let looked = Call::function(id).request(service).poll_until(ready).await;
    looked.map_err(|source| Error::Service { doing: Doing::Wait, source })?;
    if state == ACTIVE {
        return Ok(());
    }
    Err(Error::Failed { id: id.clone(), state: state.clone(), why: String::new() })
}

/// Waits until the work request is over; `state` is its status.
async fn finished(
    service: &Service,
    work: &str,
    state: &mut String,
) -> Result<(), oracle_cloud_client::Error> {
    let ready = async |work: WorkRequest| {
        let goes_on = ["ACCEPTED", "IN_PROGRESS", "WAITING", "CANCELING"];
        state.clone_from(&work.status);
        Ok((!goes_on.contains(&state.as_str())).then_some(()))
    };
    Call::work_request(work).request(service).poll_until(ready).await
}

/// Returns the service's reasons for a failure; empty if it gives none.
async fn reasons(service: &Service, work: &str) -> String {
    // The failure itself must not be lost if its reasons cannot be fetched.
    let call = Call::work_errors(work);
    let errors = list::<WorkError>(service, &call, Doing::Wait).await.unwrap_or_default();
    let said = errors.iter().map(|error| format!(": {} ({})", error.message, error.code));
    said.collect()
}
