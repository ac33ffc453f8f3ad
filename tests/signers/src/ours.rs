//! `oracle-cloud-signature`, of this repository.

use std::time::SystemTime;

use http::HeaderName;
use oracle_cloud_signature::{
    Credentials, KeyError, KeyId, PrivateKey, SignableBody, SigningParams, SigningSettings, sign,
};

use crate::case::{Case, Who};
use crate::{Signed, Signer};

/// Our signer.
pub(crate) struct Ours;

impl Signer for Ours {
    fn name(&self) -> &'static str {
        "oracle-cloud-signature"
    }

    fn sign(&self, case: &Case) -> Result<Signed, String> {
        let passphrase = case.passphrase.as_deref().map(str::as_bytes);
        let key = PrivateKey::from_pem(case.pem.as_bytes(), passphrase);
        let key = key.map_err(|error| match error {
            KeyError::TooSmall(_) => "signs with no key of fewer than 2048 bits".to_owned(),
            other => other.to_string(),
        })?;
        let key_id = KeyId::new(case.key_id.as_str()).map_err(|error| error.to_string())?;
        let credentials = Credentials::api_key(key_id, key);

        let without_host = matches!(case.who, Who::Other("an instance's certificate"));
        let mut settings = SigningSettings::default()
            .x_date(case.x_date)
            .without_host(without_host)
            .keep_existing(true);
        let mut head = case.head.clone();
        if let Some(token) = &case.delegation_token {
            let name = HeaderName::from_static("opc-obo-token");
            let token = token.parse().map_err(|_| "not a header's value".to_owned())?;
            head.headers.insert(name.clone(), token);
            settings = settings.cover(name);
        }
        // A request without a clock has a date, which is kept.
        let time = case.clock.unwrap_or(SystemTime::UNIX_EPOCH);
        let params = SigningParams::new(&credentials, time).settings(settings);
        let body = match &case.body {
            _ if !case.sign_body => SignableBody::Unsigned,
            Some(body) => SignableBody::Bytes(body),
            None => SignableBody::Bytes(b""),
        };
        sign(&mut head, body, &params).map_err(|error| error.to_string())?;
        let header = |name: &str| {
            let value = head.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let date = header(if case.x_date { "x-date" } else { "date" });
        Ok(Signed { date, authorization: header("authorization") })
    }
}
