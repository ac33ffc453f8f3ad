//! `reqsign-oracle`: it signs the head of a request, as a user, at the time of its own clock.

use reqsign_core::{Context, FileRead, Signer as RequestSigner};
use reqsign_oracle::{RequestSigner as Oracle, StaticCredentialProvider};
use tokio::runtime::Runtime;

use crate::case::{Case, Who};
use crate::{Signed, Signer};

/// The signer of reqsign.
pub(crate) struct Reqsign(Runtime);

impl Reqsign {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Self(runtime.expect("a runtime without drivers"))
    }
}

/// Reads every file as this one.
#[derive(Debug)]
struct KeyFile(String);

impl FileRead for KeyFile {
    async fn file_read(&self, _: &str) -> reqsign_core::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }
}

impl Signer for Reqsign {
    fn name(&self) -> &'static str {
        "reqsign-oracle"
    }

    fn sign(&self, case: &Case) -> Result<Signed, String> {
        if case.x_date {
            return Err("no interface for `x-date`".to_owned());
        }
        let (tenancy, user, fingerprint) = match &case.who {
            Who::User { tenancy, user, fingerprint } => (tenancy, user, fingerprint),
            Who::Other(what) => return Err(format!("no interface for {what}")),
        };
        if case.clock.is_some() {
            return Err("its clock cannot be set".to_owned());
        }
        let context = Context::new().with_file_read(KeyFile(case.pem.clone()));
        let credentials = StaticCredentialProvider::new(user, tenancy, "key.pem", fingerprint);
        let signer = RequestSigner::new(context, credentials, Oracle::new());
        let mut head = case.head.clone();
        let outcome = self.0.block_on(signer.sign(&mut head, None));
        outcome.map_err(|error| {
            let key = error.to_string().contains("Failed to read private key");
            if key { "does not read this key".to_owned() } else { error.to_string() }
        })?;
        let header = |name: &str| {
            let value = head.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        Ok(Signed { date: header("date"), authorization: header("authorization") })
    }
}
