//! The application that functions are made in.

use oracle_cloud_client::Service;
use serde::Deserialize;

use super::call::Call;
use super::error::Error;
use super::options::Options;
use super::subject::Subject;
use super::wanted::Wanted;
use crate::application::is_ocid;

/// Its OCID, which is empty where nothing is made, and its shape.
#[derive(Debug, Default)]
pub(super) struct Target {
    pub(super) application: String,
    pub(super) shape: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    id: String,
    display_name: String,
    shape: Option<String>,
}

impl Target {
    /// Finds it, and checks that the archives fit.
    pub(super) async fn find(
        wanted: &Wanted,
        options: &Options,
        service: &Service,
    ) -> Result<Self, Error> {
        let Some(named) = options.application.as_ref().filter(|_| !wanted.subjects.is_empty())
        else {
            return Ok(Self::default());
        };
        let application = match &options.compartment {
            Some(compartment) if !is_ocid(named) => {
                let call = Call::applications(compartment, named);
                let answer = call.request(service).send().await;
                let all: Vec<Application> =
                    answer.and_then(|answer| answer.json()).map_err(Error::Application)?;
                let all = all.into_iter().filter(|found| found.display_name == *named);
                let all: Vec<Application> = all.collect();
                let count = all.len();
                match <[Application; 1]>::try_from(all) {
                    Ok([one]) => one,
                    Err(_) => return Err(Error::Applications { name: named.clone(), count }),
                }
            }
            _ => {
                let answer = Call::application(named).request(service).send().await;
                answer.and_then(|answer| answer.json()).map_err(Error::Application)?
            }
        };
        if let Some(shape) = &application.shape {
            let shapes = wanted.subjects.iter().filter_map(Subject::shape);
            if let Some(archive) = shapes.into_iter().find(|needed| needed != shape) {
                let (application, shape) = (application.display_name, shape.clone());
                return Err(Error::Shape { application, shape, archive });
            }
        }
        Ok(Self { application: application.id, shape: application.shape })
    }
}
