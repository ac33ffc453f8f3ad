//! What a person should know beside the plan, and what comes after it.

use oracle_cloud_client::region::realm_of_region;

use super::advice::Doing;
use super::code::{Code, Place};
use super::wanted::Wanted;

/// The realm that has functions of archives.
///
/// Source: docs/spec/oci-services.md#functions-api.
const REALM_OF_ARCHIVES: &str = "oc1";

/// Returns what cannot be checked here, or what somebody else has to do.
pub(super) fn of(
    wanted: &Wanted<'_>,
    doing: Doing,
    place: &Place,
    region: Option<&str>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let realm = region.and_then(realm_of_region);
    if let (Code::Archive(_), Some(realm)) = (&wanted.code, realm)
        && realm != REALM_OF_ARCHIVES
    {
        notes.push(format!(
            "functions of archives are for realm {REALM_OF_ARCHIVES}, and this region is of {realm}"
        ));
    }
    if let (Code::Archive(_), Doing::Create) = (&wanted.code, doing) {
        notes.push(
            "whether the service takes an executable that Go did not build is not known".to_owned(),
        );
    }
    if let Place::Object { bucket, .. } = place {
        notes.push(format!(
            "the application itself, as a resource principal, must be allowed to read objects of the bucket {bucket}"
        ));
    }
    notes
}

/// Returns the commands that follow a new function.
pub(super) fn next(id: &str) -> String {
    format!(
        "Next, the group and the policy that let it predict, and a call:\n  \
         mdfn policy --function {id} --models <compartment of the model deployments>\n  \
         oci fn function invoke --function-id {id} --file - --body '{{\"data\": [[5.1, 3.5, 1.4, 0.2]]}}'"
    )
}
