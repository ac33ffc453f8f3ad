//! Lists the Object Storage buckets of a compartment, which is the argument, page by page.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program's own")]
use oracle_cloud_client::Client;

#[derive(serde::Deserialize)]
struct Bucket {
    name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let compartment = std::env::args().nth(1).ok_or("expected the OCID of a compartment")?;
    let client = Client::from_env().await?;
    let storage = match std::env::var("OCI_CLI_ENDPOINT") {
        Ok(url) => client.endpoint(&url)?,
        Err(_) => client.service("objectstorage").await?,
    };
    let namespace: String = storage.get("/n/").send().await?.json()?;
    let buckets = storage.get(format!("/n/{namespace}/b/")).query("compartmentId", compartment);
    for bucket in buckets.pages().collect::<Bucket>().await? {
        println!("{}", bucket.name);
    }
    Ok(())
}
