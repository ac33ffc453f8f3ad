//! Posts a point of a custom metric: compartment, namespace, name and value are the arguments.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program's own")]
use oracle_cloud_client::{Client, timestamp};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [compartment, namespace, name, value] = arguments.as_slice() else {
        return Err("expected a compartment, a namespace, a name and a value".into());
    };
    let client = Client::from_env().await?;
    let monitoring = match std::env::var("OCI_CLI_ENDPOINT") {
        Ok(url) => client.endpoint(&url)?,
        Err(_) => client.service("telemetry-ingestion").await?,
    };
    let (at, value) = (timestamp(client.now()), value.parse::<f64>()?);
    let point = json!({ "timestamp": at, "value": value, "count": 1 });
    let metrics = json!({ "metricData": [{ "compartmentId": compartment, "namespace": namespace,
        "name": name, "dimensions": { "source": "example" }, "datapoints": [point] }] });
    let posted = monitoring.post("/20180401/metrics").json(&metrics).send().await?;
    println!("{}", String::from_utf8_lossy(posted.body()));
    Ok(())
}
