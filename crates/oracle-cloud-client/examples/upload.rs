//! Stores a file as an object of Object Storage: file, bucket and name are the arguments.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program's own")]
use oracle_cloud_client::{Body, Client};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, bucket, object] = arguments.as_slice() else {
        return Err("expected a file, a bucket and a name".into());
    };
    let client = Client::from_env().await?;
    let storage = match std::env::var("OCI_CLI_ENDPOINT") {
        Ok(url) => client.endpoint(&url)?,
        Err(_) => client.service("objectstorage").await?,
    };
    let namespace: String = storage.get("/n/").send().await?.json()?;
    let path = ["n", &namespace, "b", bucket, "o", object];
    let file = Body::from_file(file).await?;
    let answer = storage.put(path).unsigned_body(file).send().await?;
    println!("stored, etag {}", answer.etag().unwrap_or("none"));
    Ok(())
}
