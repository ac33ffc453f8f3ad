//! What was begun, so that nothing of it stays.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use http::StatusCode;
use oracle_cloud_client::{Error, Service};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::call::Call;
use crate::error_chain::chain;
use crate::terminal::printable;

/// Between two tries to delete, and two looks whether it is gone.
const PAUSE: Duration = Duration::from_secs(1);

/// How often something is looked for by its name.
const LOOKS: u32 = 6;

/// All that was begun.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The prefix of all names of this run, and of no others.
    prefix: String,
    begun: RefCell<Vec<Begun>>,
}

/// What may be begun, with the service that has it.
#[derive(Clone, Debug)]
pub(super) enum Thing {
    Function { service: Service, application: String },
    Deployment { service: Service, compartment: String },
}

/// Something that may be there.
#[derive(Clone, Debug)]
struct Begun {
    thing: Thing,
    name: String,
    id: Option<String>,
}

/// What still exists.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Left {
    pub(super) name: String,
    /// Where it is not known whether it is there at all, there is none.
    pub(super) id: Option<String>,
    pub(super) why: String,
}

/// A list, or one in a collection.
#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Bare(Vec<Found>),
    Collection { items: Vec<Found> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    id: String,
    display_name: String,
    #[serde(default)]
    lifecycle_state: String,
}

impl Found {
    fn is_deleted(&self) -> bool {
        self.lifecycle_state == "DELETED"
    }
}

impl Thing {
    fn service(&self) -> &Service {
        match self {
            Self::Function { service, .. } | Self::Deployment { service, .. } => service,
        }
    }

    fn list(&self, name: &str) -> (Call, &Service) {
        match self {
            Self::Function { service, application } => {
                (Call::functions(application, name), service)
            }
            Self::Deployment { service, compartment } => {
                (Call::deployments(compartment, name), service)
            }
        }
    }

    fn look(&self, id: &str) -> Call {
        match self {
            Self::Function { .. } => Call::function(id),
            Self::Deployment { .. } => Call::deployment(id),
        }
    }

    fn delete(&self, id: &str) -> Call {
        match self {
            Self::Function { .. } => Call::delete(id),
            Self::Deployment { .. } => Call::undeploy(id),
        }
    }
}

impl Ledger {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, begun: RefCell::default() }
    }

    /// Notes what is about to be made, and names it.
    pub(super) fn begin(&self, word: &str, thing: Thing) -> String {
        let name = format!("{}-{word}", self.prefix);
        self.begun.borrow_mut().push(Begun { thing, name: name.clone(), id: None });
        name
    }

    /// It was made.
    pub(super) fn made(&self, name: &str, id: &str) {
        let mut begun = self.begun.borrow_mut();
        if let Some(begun) = begun.iter_mut().find(|known| known.name == name) {
            begun.id = Some(id.to_owned());
        }
    }

    /// Records the error of a create. If the error means that nothing was made, the entry is
    /// removed.
    pub(super) fn failed(&self, name: &str, error: &Error) {
        if was_not_made(error) {
            self.strike(name);
        }
    }

    fn strike(&self, name: &str) {
        self.begun.borrow_mut().retain(|known| known.name != name);
    }

    fn begun(&self) -> Vec<Begun> {
        self.begun.borrow().clone()
    }

    /// Returns everything that still exists, with the reason why it is not deleted.
    pub(super) async fn found(&self, why: &str) -> Vec<Left> {
        let mut left = Vec::new();
        for Begun { thing, name, id } in self.begun() {
            let found = match id {
                Some(id) => Ok(id),
                None => looked_up(&thing, &name).await,
            };
            left.push(match found {
                Ok(id) => Left { name, id: Some(id), why: why.to_owned() },
                Err(why) => Left { name, id: None, why },
            });
        }
        left
    }

    /// Deletes everything, each for at most this many seconds. Deleted ones are removed from the
    /// list.
    pub(super) async fn clean(&self, seconds: u64) -> Vec<Left> {
        let mut left = Vec::new();
        for begun in self.begun() {
            let end = Instant::now() + Duration::from_secs(seconds);
            match remove(&begun, end).await {
                Ok(()) => self.strike(&begun.name),
                Err((id, why)) => left.push(Left { name: begun.name, id, why }),
            }
        }
        left
    }

    /// Returns what may still exist where it cannot be checked.
    pub(super) fn rest(&self, why: &str) -> Vec<Left> {
        let left = |begun: Begun| Left { name: begun.name, id: begun.id, why: why.to_owned() };
        self.begun().into_iter().map(left).collect()
    }
}

/// Returns the OCID of the resource with this name, if there is one.
async fn look_up(thing: &Thing, name: &str) -> Result<Option<String>, String> {
    let (call, service) = thing.list(name);
    let answer = call.request(service).send().await;
    let found: List = answer.and_then(|answer| answer.json()).map_err(|error| why(&error))?;
    let (List::Bare(found) | List::Collection { items: found }) = found;
    let is_there = |found: &Found| found.display_name == name && !found.is_deleted();
    Ok(found.into_iter().find(is_there).map(|found| found.id))
}

/// The same, looked for again: a create without an answer may still be under way.
async fn looked_up(thing: &Thing, name: &str) -> Result<String, String> {
    for look in 1..=LOOKS {
        if let Some(id) = look_up(thing, name).await? {
            return Ok(id);
        }
        if look < LOOKS {
            sleep(PAUSE).await;
        }
    }
    Err("it is unknown whether it was made: its create had no answer, and it is not listed"
        .to_owned())
}

/// Returns whether it is known, of a create with this error, that nothing is there: the service
/// refused it, or it was never sent. After a 408, or an answer of something between, it may be
/// under way.
fn was_not_made(error: &Error) -> bool {
    match error.status() {
        Some(StatusCode::REQUEST_TIMEOUT) => false,
        Some(status) => status.is_client_error() && error.code().is_some(),
        None => matches!(
            error,
            Error::Credentials(_)
                | Error::Signing(_)
                | Error::Request(_)
                | Error::Transport { was_sent: false, .. }
        ),
    }
}

/// Deletes it, and waits until it is gone; else its OCID, if that is known, and why.
async fn remove(begun: &Begun, end: Instant) -> Result<(), (Option<String>, String)> {
    let id = match &begun.id {
        Some(id) => id.clone(),
        None => looked_up(&begun.thing, &begun.name).await.map_err(|why| (None, why))?,
    };
    deleted(&begun.thing, &id, end).await.map_err(|why| (Some(id), why))
}

async fn deleted(thing: &Thing, id: &str, end: Instant) -> Result<(), String> {
    let service = thing.service();
    let mut is_accepted = false;
    loop {
        if !is_accepted {
            match thing.delete(id).request(service).send().await {
                Ok(_) => is_accepted = true,
                Err(error) if error.is_not_found() => return gone(thing, id, &error).await,
                // It is still being made.
                Err(error) if error.status().is_some_and(|status| status == 409) => {
                    if Instant::now() >= end {
                        return Err(why(&error));
                    }
                }
                Err(error) => return Err(why(&error)),
            }
        }
        if is_accepted {
            match thing.look(id).request(service).send().await {
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(why(&error)),
                Ok(answer) => {
                    let found: Found = answer.json().map_err(|error| why(&error))?;
                    match found.lifecycle_state.as_str() {
                        "DELETED" => return Ok(()),
                        // Also FAILED, which it may have been before.
                        state if Instant::now() >= end => {
                            let state = printable(state);
                            return Err(format!(
                                "its deletion was accepted, and is not done: it is {state}"
                            ));
                        }
                        _ => {}
                    }
                }
            }
        }
        sleep(PAUSE).await;
    }
}

/// Checks whether it is gone, after a deletion that was answered so: a right that is missing is a
/// 404, too.
async fn gone(thing: &Thing, id: &str, refusal: &Error) -> Result<(), String> {
    match thing.look(id).request(thing.service()).send().await {
        Err(error) if error.is_not_found() => Ok(()),
        Ok(answer) if answer.json().is_ok_and(|found: Found| found.is_deleted()) => Ok(()),
        Ok(_) | Err(_) => Err(why(refusal)),
    }
}

fn why(error: &Error) -> String {
    format!("it cannot be deleted: {}", chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_that_was_never_sent_made_nothing() {
        let error = |was_sent| Error::Transport { was_sent, source: "no way".into() };
        assert!(was_not_made(&error(false)));
        assert!(was_not_made(&Error::Request("no request".into())));
        assert!(!was_not_made(&error(true)));
        assert!(!was_not_made(&Error::Decode("no JSON".into())));
    }
}
