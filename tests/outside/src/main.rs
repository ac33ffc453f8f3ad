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
    use std::sync::Arc;

    use oracle_cloud_client::Client;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_call_is_signed() {
        let request = http::Request::post("/").header("target", "https://example.com/a");
        let signature = signed(Call::gateway(request.body("{}").unwrap())).await.unwrap();
        assert!(signature.contains("x-content-sha256\",keyId=\"a/b/c\","), "{signature}");
        let error = signed(Call::direct("{}")).await.unwrap_err();
        assert_eq!(error.downcast_ref::<StatusError>().unwrap().status(), 400);
    }

    #[tokio::test]
    async fn a_client_calls_a_service_with_a_signature() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\"ns\"";
            stream.write_all(answer).await.unwrap();
            String::from_utf8(head).unwrap()
        };
        let key = PrivateKey::generate().unwrap();
        let credentials = Arc::new(Credentials::api_key(KeyId::new("a/b/c").unwrap(), key));
        let client = Client::builder().credentials(credentials).build().await.unwrap();
        let storage = client.endpoint(&url).unwrap();
        let (head, answer) = tokio::join!(service, storage.get(["n", "a b"]).send());
        assert_eq!(answer.unwrap().json::<String>().unwrap(), "ns");
        assert!(head.starts_with("GET /n/a%20b HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("authorization: Signature version=\"1\",headers="), "{head}");
        assert!(head.contains("host\",keyId=\"a/b/c\",algorithm"), "{head}");
    }
}
