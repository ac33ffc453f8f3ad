//! Waits until a work request of the queue service, whose OCID is the argument, is done.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program's own")]
use oracle_cloud_client::Client;

#[derive(serde::Deserialize)]
struct Work {
    status: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("expected the OCID of a work request")?;
    let client = Client::from_env().await?;
    let queues = match std::env::var("OCI_CLI_ENDPOINT") {
        Ok(url) => client.endpoint(&url)?,
        Err(_) => client.service("messaging").await?,
    };
    let is_over = |status: &str| ["SUCCEEDED", "FAILED", "CANCELED"].contains(&status);
    let work = queues.get(["20210201", "workRequests", &id]);
    let end = async |work: Work| Ok(Some(work.status).filter(|status| is_over(status)));
    println!("{}", work.poll_until(end).await?);
    Ok(())
}
