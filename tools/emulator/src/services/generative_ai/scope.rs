//! The compartment and the project of a call.

use super::super::answer::Answer;
use super::super::call::Call;

/// The compartment that exists.
pub const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaagenerativeai";
/// A project of this region.
pub const PROJECT: &str = "ocid1.generativeaiproject.oc1.sa-saopaulo-1.aaaaaaaaproject";
/// Another project of this region.
pub const OTHER_PROJECT: &str = "ocid1.generativeaiproject.oc1.sa-saopaulo-1.aaaaaaaaother";

/// The prefix of the projects of this region.
const HERE: &str = "ocid1.generativeaiproject.oc1.sa-saopaulo-1.";

/// The header with the compartment for every operation.
pub(super) const OPC_COMPARTMENT_ID: &str = "opc-compartment-id";
/// Another header with the compartment, for chats.
pub(super) const COMPARTMENT_ID: &str = "compartmentid";

/// The project of a call, if it names one. There is only one compartment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) project: Option<&'static str>,
}

impl Scope {
    /// Reads the headers of a call. The compartment may be in any of the headers `accepted`.
    pub(super) fn read(call: &Call<'_>, accepted: &[&str]) -> Result<Self, Answer> {
        let project = project(call)?;
        let mut compartments: Vec<&[u8]> =
            accepted.iter().flat_map(|name| call.request.values(name)).collect();
        compartments.dedup();
        match compartments.as_slice() {
            [] if project.is_some() => Ok(Self { project }),
            [] => Err(compartment_missing()),
            [only] if *only == COMPARTMENT.as_bytes() => Ok(Self { project }),
            [_] => Err(Answer::hidden()),
            _ => Err(Answer::error(400, "400", "More than one compartment ID was provided")),
        }
    }

    /// Returns the project, which every operation with state needs.
    pub(super) fn state(self) -> Result<Option<&'static str>, Answer> {
        // The live service was observed to say this when the project is missing.
        self.project.map(Some).ok_or_else(compartment_missing)
    }
}

pub(super) fn compartment_missing() -> Answer {
    Answer::error(400, "400", "Compartment ID must be provided")
}

fn project(call: &Call<'_>) -> Result<Option<&'static str>, Answer> {
    let projects: Vec<&[u8]> = call.request.values("openai-project").collect();
    let invalid = || Answer::error(400, "400", "Invalid OpenAI project");
    let named = match projects.as_slice() {
        [] => return Ok(None),
        [only] => std::str::from_utf8(only).unwrap_or_default(),
        _ => return Err(invalid()),
    };
    if !named.starts_with(HERE) {
        return Err(invalid());
    }
    let known = [PROJECT, OTHER_PROJECT].into_iter().find(|known| *known == named);
    known.map(Some).ok_or_else(Answer::hidden)
}
