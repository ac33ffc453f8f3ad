//! One call after another through the cloud, shown and checked: a step with an unexpected result
//! ends it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use emulator::agent::Agent;
use emulator::cloud::calls::Call;
use emulator::cloud::{Cloud, Hosted};
use emulator::gateway::Exchange;
use serde_json::Value;
use tokio::select;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::error::Error;
use super::page::Page;
use super::stream::{self, Streamed};
use super::trace;
use super::waterfall::milliseconds;
use crate::client::{self, Answered, Client, PREDICTION_TIMEOUT};
use crate::terminal::{printable, say};

/// The longest that a call which was answered is waited for to be entered.
const ENTERED: Duration = Duration::from_secs(5);
/// An Iris virginica: sepal and petal, length and width, in centimetres.
const ROW: &str = r#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#;

/// Shows the way from a client's secret to a prediction.
pub(super) async fn all(cloud: &Cloud, log: &mut UnboundedReceiver<String>) -> Result<(), Error> {
    let token = token(cloud).await?;
    without_token(&cloud.route(), ROW).await?;
    prediction(cloud, &token).await?;
    signature(cloud)?;
    // All that it wrote before it answered.
    drop(cloud.agent().map(Agent::lines));
    while let Ok(line) = log.try_recv() {
        if line.contains("predicted") {
            say(&format!("\n5. The function's log\n   {line}"));
        }
    }
    trace(cloud).await;
    Ok(())
}

/// Shows the way from a client's secret to an answer that comes piece by piece.
pub(super) async fn streamed(
    cloud: &Cloud,
    pace: Duration,
    log: &mut UnboundedReceiver<String>,
) -> Result<(), Error> {
    let (token, url) = (token(cloud).await?, conversation(cloud));
    without_token(&url, stream::BODY).await?;
    say(&format!("\n3. The call\n   POST {url}\n   {}", stream::BODY));
    // A client's own header must not choose the address: the route overwrites it.
    let own = ("model_deployment", "https://attacker.example/".to_owned());
    let headers = [("authorization", format!("Bearer {token}")), json_type(), own];
    let streamed = Streamed::of(post(&url, &headers, stream::BODY, 200)).await?;
    say(&format!("   {}", streamed.status()));
    streamed.check(pace)?;
    signature(cloud)?;
    let line = async {
        while let Some(line) = log.recv().await {
            if line.contains("predicted") {
                return say(&format!("\n5. The server's log\n   {line}"));
            }
        }
    };
    // It is written when the answer has ended, which the client may see first.
    drop(timeout(ENTERED, line).await);
    streamed.show(cloud, pace);
    Ok(())
}

/// Where the language model is asked.
fn conversation(cloud: &Cloud) -> String {
    format!("{}/llm/v1/chat/completions", cloud.routes())
}

/// Step 1: the client proves itself to the identity domain.
async fn token(cloud: &Cloud) -> Result<String, Error> {
    let url = format!("{}/oauth2/v1/token", cloud.identity.url());
    let scope = cloud.client.qualified_scope();
    say(&format!(
        "\n1. A token from the identity domain\n   POST {url}\n   grant_type=client_credentials&scope={scope}"
    ));
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", &scope)
        .finish();
    let basic = STANDARD.encode(format!("{}:{}", cloud.client.id, cloud.client.secret));
    let headers = [
        ("authorization", format!("Basic {basic}")),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
    ];
    let answer = post(&url, &headers, form, 200).await?;
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Error::Unexpected(format!("the token answer: {error}")))?;
    let token = body
        .get("access_token")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::Unexpected("there is no access_token".to_owned()))?;
    let claims = token
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .unwrap_or_default();
    let start: String = token.chars().take(20).collect();
    say(&format!("   {} access_token={start}... ({} characters)", answer.status, token.len()));
    say(&format!("   claims {}", String::from_utf8_lossy(&claims)));
    Ok(token.to_owned())
}

/// Step 2: without a token, the gateway lets nobody in.
async fn without_token(url: &str, body: &'static str) -> Result<(), Error> {
    say(&format!("\n2. The gateway without a token\n   POST {url}"));
    let answer = post(url, &[json_type()], body, 401).await?;
    say(&format!("   {} {}", answer.status, answer.text()));
    Ok(())
}

/// Step 3: with the token, the model's prediction.
async fn prediction(cloud: &Cloud, token: &str) -> Result<(), Error> {
    let url = cloud.route();
    say(&format!("\n3. The call\n   POST {url}\n   {ROW}"));
    // A client's own header must not choose the address: the route overwrites it.
    let own = ("model_deployment", "https://attacker.example/".to_owned());
    let headers = [("authorization", format!("Bearer {token}")), json_type(), own];
    let answer = post(&url, &headers, ROW, 200).await?;
    say(&format!("   {} {}", answer.status, answer.text()));
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Error::Unexpected(format!("the prediction: {error}")))?;
    if body.pointer("/prediction/0") != Some(&Value::from("virginica")) {
        return Err(Error::Unexpected(format!("the flower is a virginica: {body}")));
    }
    let id = answer
        .header("opc-request-id")
        .ok_or_else(|| Error::Unexpected("there is no opc-request-id".to_owned()))?;
    say(&format!("   opc-request-id {id}"));
    Ok(())
}

/// Step 4: what the deployment saw.
fn signature(cloud: &Cloud) -> Result<(), Error> {
    let received = cloud.deployment.received();
    let [received] = received.as_slice() else {
        return Err(Error::Unexpected(format!(
            "the deployment received {} requests",
            received.len()
        )));
    };
    let verified = received
        .verdict
        .as_ref()
        .map_err(|refusal| Error::Unexpected(format!("the signature was refused: {refusal}")))?;
    say("\n4. The model deployment verified the signature");
    say(&format!("   POST {}", received.request.target));
    say(&format!("   signed headers: {}", verified.headers));
    say(&format!("   signed by: {} (session token of its resource principal)", verified.resource));
    say("   body digest and date: as signed");
    Ok(())
}

/// Step 6: the spans that the function sent to the collector, if it sends any.
async fn trace(cloud: &Cloud) {
    // The first was the one without a token.
    let Ok(call) = timeout(ENTERED, cloud.calls.after(1)).await else {
        return;
    };
    let lines = trace::lines(&call.spans);
    if let Some(span) = call.spans.first() {
        say(&format!("\n6. The trace\n   {} spans of trace {}", lines.len(), span.trace_id));
        for line in lines {
            say(&format!("   {line}"));
        }
    }
}

/// Every line of the function and every further call, until nothing can come any more.
pub(super) async fn calls(cloud: &Cloud, page: Option<&Page>, log: &mut UnboundedReceiver<String>) {
    let mut shown = cloud.calls.all().last().map_or(0, |call| call.number);
    let host = match cloud.hosted {
        Hosted::Function(_) => "function",
        Hosted::Server(_) => "server",
    };
    loop {
        select! {
            // Lines that were logged before the answer come first.
            biased;
            line = log.recv() => match line {
                // The frame around a call's lines has no blank in it.
                Some(line) if line.contains(' ') => say(&format!("{host}: {}", shortened(&line))),
                Some(_frame) => {}
                None => return,
            },
            call = cloud.calls.after(shown) => {
                shown = call.number;
                one(page, &call);
            }
        }
    }
}

/// Returns a line with the middle of its OCIDs left out; the page has them whole.
fn shortened(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.split_once("ocid1.") {
        Some((before, ocid)) if ocid.len() > 40 => {
            let kind = ocid.split('.').next().unwrap_or_default();
            let end: Vec<char> = ocid.chars().rev().take(6).collect();
            let end: String = end.into_iter().rev().collect();
            format!("{before}ocid1.{kind}...{end}")
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn one(page: Option<&Page>, call: &Call) {
    let Exchange { method, path, status, took, .. } = &call.exchange;
    let took = milliseconds(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    let pieces = call.exchange.relayed.as_ref().map(|relayed| {
        let head = milliseconds(u64::try_from(relayed.head.as_micros()).unwrap_or(u64::MAX));
        format!(", head after {head}, {} pieces", relayed.count)
    });
    let page = page.map(|page| format!(", {}", page.call(call.number)));
    say(&format!(
        "gateway: {} {} {status} in {took}{}{}",
        printable(method),
        printable(path),
        pieces.unwrap_or_default(),
        page.unwrap_or_default()
    ));
    for line in trace::lines(&call.spans) {
        say(&format!("  {line}"));
    }
}

/// The same calls for the command line.
pub(super) fn commands(cloud: &Cloud, page: Option<&Page>) {
    let (client, identity, route) = (&cloud.client, cloud.identity.url(), cloud.route());
    if !cloud.paths().contains(&"/iris") {
        return routes(cloud, page);
    }
    say("\nBy hand:");
    say(&format!(
        "TOKEN=$(curl -s -u {}:{} -d grant_type=client_credentials --data-urlencode scope={} {identity}/oauth2/v1/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
        client.id,
        client.secret,
        client.qualified_scope()
    ));
    say(&format!("curl -s -i -w '\\n' -H 'Content-Type: application/json' -d '{ROW}' {route}"));
    say(&format!(
        "echo \"Authorization: Bearer $TOKEN\" | curl -s -i -w '\\n' -H @- -H 'Content-Type: application/json' -d '{ROW}' {route}"
    ));
    if matches!(cloud.hosted, Hosted::Server(_)) {
        say(&format!(
            "echo \"Authorization: Bearer $TOKEN\" | curl -s -N -H @- -H 'Content-Type: application/json' -d '{}' {}",
            stream::BODY,
            conversation(cloud)
        ));
    }
    if let Some(page) = page {
        say(&format!("\nAll requests, in a browser: {}", page.url()));
    }
    say("\nCtrl-C stops everything.");
}

/// What the gateway serves by a specification of somebody's own.
fn routes(cloud: &Cloud, page: Option<&Page>) {
    let (client, routes) = (&cloud.client, cloud.routes());
    say("\nRoutes:");
    for path in cloud.paths() {
        say(&format!("{routes}{}", printable(path)));
    }
    say(&format!(
        "\nexport MDFN_DOMAIN={} MDFN_CLIENT_ID={} MDFN_CLIENT_SECRET={} MDFN_SCOPE={}",
        cloud.identity.url(),
        client.id,
        client.secret,
        printable(&client.qualified_scope())
    ));
    if let Some(page) = page {
        say(&format!("\nAll requests, in a browser: {}", page.url()));
    }
    say("\nCtrl-C stops everything.");
}

fn json_type() -> (&'static str, String) {
    ("content-type", "application/json".to_owned())
}

/// Returns one call, and its answer if it has this status.
async fn post(
    url: &str,
    headers: &[(&str, String)],
    body: impl Into<Bytes>,
    status: u16,
) -> Result<Answered, Error> {
    let unexpected = |error: client::Error| Error::Unexpected(error.to_string());
    let client = Client::new(None).map_err(unexpected)?.waiting(PREDICTION_TIMEOUT);
    let answer = client.send("POST", url, headers, body).await.map_err(unexpected)?;
    if answer.status == status {
        return Ok(answer);
    }
    Err(Error::Unexpected(format!(
        "status {} instead of {status}: {}",
        answer.status,
        answer.text()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ocid_is_told_by_its_kind_and_its_end() {
        let line = "level=info deployment=ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.aaaaaaaairisirisiris path=/predict";
        let short = "level=info deployment=ocid1.datasciencemodeldeployment...isiris path=/predict";
        assert_eq!(shortened(line), short);
        assert_eq!(shortened("a  b ocid1.fnfunc.x"), "a  b ocid1.fnfunc.x");
    }
}
