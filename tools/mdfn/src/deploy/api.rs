//! The service, asked step by step.

use oracle_cloud_client::{Answer, Service};
use serde::de::DeserializeOwned;

use super::advice::Doing;
use super::call::Call;
use super::code::Packed;
use super::error::Error;
use super::model::{Accepted, Application, Function, Listed, Made, Runtime};
use super::options::Options;
use super::plan::Plan;
use super::wanted::is_ocid;
use crate::terminal::printable;

/// The language whose runtime starts an executable.
const LANGUAGE: &str = "go";
const ACTIVE: &str = "ACTIVE";

/// Returns the application that the options name.
pub(super) async fn application(
    service: &Service,
    options: &Options,
) -> Result<Application, Error> {
    let doing = Doing::FindApplication;
    let id = match &options.compartment {
        Some(compartment) if !is_ocid(&options.application) => {
            let name = options.application.clone();
            let call = Call::applications(compartment, &name);
            let mut found = list::<Listed>(service, &call, doing).await?;
            found.retain(|listed| listed.is(&name));
            match found.as_slice() {
                [one] => one.id.clone(),
                other => return Err(Error::Applications { name, count: other.len() }),
            }
        }
        _ => options.application.clone(),
    };
    read(&send(service, &Call::application(&id), doing).await?, doing)
}

/// Returns the function of this name, and its etag.
pub(super) async fn function(
    service: &Service,
    application: &str,
    name: &str,
) -> Result<Option<(Function, Option<String>)>, Error> {
    let doing = Doing::FindFunction;
    let found = list::<Listed>(service, &Call::functions(application, name), doing).await?;
    let Some(found) = found.iter().find(|listed| listed.is(name)) else { return Ok(None) };
    let answer = send(service, &Call::function(&found.id), doing).await?;
    let etag = answer.etag().map(str::to_owned);
    Ok(Some((read(&answer, doing)?, etag)))
}

/// Returns the name of the one active runtime for executables.
pub(super) async fn runtime(service: &Service) -> Result<String, Error> {
    let all = list::<Runtime>(service, &Call::runtimes(), Doing::FindRuntime).await?;
    let active: Vec<Runtime> =
        all.into_iter().filter(|runtime| runtime.lifecycle_state == ACTIVE).collect();
    let ours = active.iter().filter(|runtime| runtime.language.eq_ignore_ascii_case(LANGUAGE));
    let ours: Vec<&str> = ours.map(|runtime| runtime.name.as_str()).collect();
    match ours.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => {
            let shown = |runtime: &Runtime| {
                format!("{} ({})", printable(&runtime.name), printable(&runtime.language))
            };
            let shown: Vec<String> = active.iter().map(shown).collect();
            let none = || "none".to_owned();
            Err(Error::NoRuntime(if shown.is_empty() { none() } else { shown.join(", ") }))
        }
        several => Err(Error::Runtimes(several.join(", "))),
    }
}

/// Returns the namespace that has the tenancy's buckets.
pub(super) async fn namespace(storage: &Service) -> Result<String, Error> {
    let doing = Doing::FindNamespace;
    read(&send(storage, &Call::namespace(), doing).await?, doing)
}

/// Stores an archive as an object.
pub(super) async fn upload(
    storage: &Service,
    namespace: &str,
    bucket: &str,
    packed: &Packed,
) -> Result<(), Error> {
    let call = Call::upload(namespace, bucket, packed);
    send(storage, &call, Doing::Upload).await.map(drop)
}

/// Makes or changes a function.
pub(super) async fn carry_out(
    service: &Service,
    plan: &Plan,
    doing: Doing,
) -> Result<Accepted, Error> {
    let answer = send(service, &plan.call, doing).await?;
    let work_request = answer.header("opc-work-request-id").map(str::to_owned);
    let id = match &plan.id {
        // An update is answered without a body.
        Some(id) => id.clone(),
        None => read::<Made>(&answer, doing)?.id,
    };
    Ok(Accepted { id, work_request })
}

async fn send(service: &Service, call: &Call, doing: Doing) -> Result<Answer, Error> {
    call.request(service).send().await.map_err(|source| Error::Service { doing, source })
}

pub(super) async fn list<T: DeserializeOwned>(
    service: &Service,
    call: &Call,
    doing: Doing,
) -> Result<Vec<T>, Error> {
    let pages = call.request(service).pages();
    pages.collect().await.map_err(|source| Error::Service { doing, source })
}

fn read<T: DeserializeOwned>(answer: &Answer, doing: Doing) -> Result<T, Error> {
    answer.json().map_err(|source| Error::Service { doing, source })
}
