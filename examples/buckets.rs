//! Another OCI service, with `oracle-cloud-client` alone: lists the Object Storage buckets of the compartment that is the argument.
#![expect(clippy::disallowed_methods, reason = "a program reads its own clock and environment")]
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::{env, error::Error, path::Path, time::Duration, time::SystemTime};

use http::Request;
use oracle_cloud_client::{
    Client, Principal, Roots, ServiceClock, ServiceError, Trust, http_client,
};
use serde_json::Value;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let compartment = env::args().nth(1).ok_or("expected the OCID of a compartment")?;
    let var = |name: &str| env::var(name).ok();
    let principal = Principal::from_vars(&var, SystemTime::now())?;
    let host = principal.host("objectstorage").await?.ok_or("the region is not known")?;
    let endpoint = var("OCI_CLI_ENDPOINT").unwrap_or(format!("https://{host}"));
    let roots = var("SSL_CERT_FILE").map(|path| Roots::read(Path::new(&path))).transpose()?;
    // A private authority counts for the host that is named here, not for Oracle's.
    let named = var("OCI_CLI_ENDPOINT").map(|url| url.replacen("https://", "", 1));
    let http = http_client(&Trust::new(roots.as_ref(), named)?).build()?;
    let client = Client::new(principal, ServiceClock::new(SystemTime::now), http);

    let get = async |path: &str| -> Result<_, Box<dyn Error>> {
        let (request, until) = (Request::get(format!("{endpoint}{path}")), Duration::from_secs(60));
        let answer = client.send(request.body(())?, Instant::now() + until).await?;
        let answer = ServiceError::check(answer)?;
        let next = answer.headers().get("opc-next-page").cloned();
        Ok((serde_json::from_slice::<Value>(answer.body())?, next))
    };
    let (namespace, _) = get("/n/").await?;
    let list =
        format!("/n/{}/b/?compartmentId={compartment}", namespace.as_str().unwrap_or_default());
    let (mut buckets, mut next) = get(&list).await?;
    loop {
        for bucket in buckets.as_array().into_iter().flatten() {
            println!("{}", bucket["name"].as_str().unwrap_or_default());
        }
        let Some(page) = next else { return Ok(()) };
        (buckets, next) = get(&format!("{list}&page={}", page.to_str()?)).await?;
    }
}
