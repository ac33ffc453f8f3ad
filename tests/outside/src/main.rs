//! A function that signs: with `fn-fdk` and `oracle-cloud-signature` as somebody gets them from the registry.

use std::time::SystemTime;

use fn_fdk::{Call, Error, StatusError};
use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SignableBody, SigningParams, sign};

fn main() -> std::process::ExitCode {
    fn_fdk::run(signed)
}

/// The `authorization` of a POST of the body to the URL that the header `target` names, signed with a key of its own.
async fn signed(call: Call) -> Result<String, Error> {
    let target = call.headers().get("target").and_then(|target| target.to_str().ok());
    let target = target.ok_or_else(|| StatusError::bad_request("header `target` is missing"))?;
    let (mut head, ()) = http::Request::post(target).body(())?.into_parts();
    head.headers.insert("content-type", "application/json".parse()?);
    let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    let params = SigningParams::new(&credentials, SystemTime::now());
    sign(&mut head, SignableBody::Bytes(call.body()), &params)?;
    Ok(head.headers["authorization"].to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_signed() {
        let request = http::Request::post("/").header("target", "https://example.com/a");
        let signature = signed(Call::gateway(request.body("{}").unwrap())).await.unwrap();
        assert!(signature.starts_with("Signature version=\"1\",keyId=\"a/b/c\""), "{signature}");
        let error = signed(Call::direct("{}")).await.unwrap_err();
        assert_eq!(error.downcast_ref::<StatusError>().unwrap().status(), 400);
    }

    #[tokio::test]
    async fn a_client_without_credentials_says_what_it_looked_for() {
        let made = oracle_cloud_client::Client::builder().region("eu-frankfurt-1").build().await;
        drop(made);
    }
}
