//! `oci-api`: its signer takes method, target, host, body and content type, as a user, and a date.

use oci_api::Oci;

use crate::case::{Case, Who};
use crate::{Signed, Signer};

/// The signer of oci-api.
pub(crate) struct OciApi;

impl Signer for OciApi {
    fn name(&self) -> &'static str {
        "oci-api"
    }

    fn sign(&self, case: &Case) -> Result<Signed, String> {
        if case.x_date {
            return Err("no interface for `x-date`".to_owned());
        }
        let (tenancy, user, fingerprint) = match &case.who {
            Who::User { tenancy, user, fingerprint } => (tenancy, user, fingerprint),
            Who::Other(what) => return Err(format!("no interface for {what}")),
        };
        let Some(date) = case.date() else {
            return Err("its clock cannot be set".to_owned());
        };
        let client = Oci::builder()
            .tenancy_id(tenancy)
            .user_id(user)
            .fingerprint(fingerprint)
            .region("us-phoenix-1")
            .private_key(case.pem.as_str())
            .and_then(oci_api::OciBuilder::build)
            .map_err(|_| "does not read this key".to_owned())?;
        let target = case.head.uri.path_and_query().map_or("/", |target| target.as_str());
        let host = case.head.uri.authority().map_or("", |authority| authority.as_str());
        let body = case.body.as_deref().filter(|_| case.sign_body);
        let signed = client.signer().sign_request_with_date_and_content_type(
            case.head.method.as_str(),
            target,
            host,
            body,
            date,
            case.header("content-type"),
        );
        let (date, authorization) = signed.map_err(|error| error.to_string())?;
        Ok(Signed { date, authorization })
    }
}
