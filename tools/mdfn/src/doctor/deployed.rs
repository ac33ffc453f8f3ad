//! The report of a deployed function at its route `readyz`, and its meaning.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::DateTime;
use emulator::clock::now;
use serde::Deserialize;

use super::clock::MAX_DRIFT;
use super::expiry;
use super::report::Report;
use crate::cause::probable;
use crate::client::Client;
use crate::input::read_word;
use crate::terminal::printable;

/// The answer of `readyz`. Members that a later version adds are passed over.
#[derive(Debug, Deserialize)]
struct Ready {
    version: String,
    credentials: Credentials,
    region: Option<String>,
    clock_offset_s: BTreeMap<String, i64>,
    allowed: Allowed,
}

#[derive(Debug, Deserialize)]
struct Credentials {
    source: String,
    expires: Option<String>,
}

/// How much of each kind may be called; no list of deployments means all that the region has.
#[derive(Debug, Deserialize)]
struct Allowed {
    aliases: u64,
    deployments: Option<u64>,
    hosts: u64,
    paths: u64,
}

/// Calls `url`, and says what the answer means.
pub(super) async fn check(
    report: &mut Report,
    url: &str,
    token_file: Option<&Path>,
    variable: fn(&str) -> Option<String>,
) {
    let token = match token_file.map(|path| read_word("`--token-file`", path)).transpose() {
        Ok(token) => token,
        Err(error) => return report.fail("token", &error.to_string()),
    };
    let headers = token.map(|token| ("authorization", format!("Bearer {token}")));
    let headers: Vec<(&str, String)> = headers.into_iter().collect();
    let client = match Client::from_vars(variable) {
        Ok(client) => client,
        Err(error) => return report.fail("answer", &error.to_string()),
    };
    let answer = match client.send("GET", url, &headers, "").await {
        Ok(answer) => answer,
        Err(error) => return report.fail("answer", &error.to_string()),
    };
    if answer.status != 200 {
        let cause = probable(answer.status, &answer.body).unwrap_or("no usual cause is known");
        return report.fail("answer", &format!("status {}: {cause}", answer.status));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(ready) => judge(report, &ready),
        Err(_) => report.fail(
            "answer",
            "status 200, but not the answer of this function's `readyz`; is it the URL of that route, and the function of version 0.1 or \
             later?",
        ),
    }
}

fn judge(report: &mut Report, ready: &Ready) {
    let (version, own) = (printable(&ready.version), env!("CARGO_PKG_VERSION"));
    if ready.version == own {
        report.ok("version", &version);
    } else {
        report.warn("version", &format!("{version}; this tool is of version {own}"));
    }
    credentials(report, &ready.credentials);
    match &ready.region {
        Some(region) => report.ok("region", &printable(region)),
        None => report.warn("region", "the function knows none, so Monitoring has no endpoint"),
    }
    let mut clock =
        ready.clock_offset_s.iter().filter(|(_, s)| s.unsigned_abs() >= MAX_DRIFT.as_secs());
    match clock.next() {
        None => report.ok("clock", "no service has found it wrong"),
        Some((host, seconds)) => report.warn(
            "clock",
            &format!("{} is {seconds} s ahead of it; the function corrects that", printable(host)),
        ),
    }
    allowed(report, &ready.allowed);
}

fn credentials(report: &mut Report, credentials: &Credentials) {
    let source = printable(&credentials.source);
    if credentials.source == "resource_principal" {
        report.ok("credentials", &source);
    } else {
        report
            .warn("credentials", &format!("{source}; a deployed function is a resource principal"));
    }
    let expires = credentials.expires.as_deref().map(DateTime::parse_from_rfc3339);
    match expires {
        None => report.ok("token", "there is no token that expires"),
        Some(Ok(at)) => expiry::judge(report, at.into(), now()),
        Some(Err(_)) => report.fail("token", "its end is not a time of RFC 3339"),
    }
}

fn allowed(report: &mut Report, allowed: &Allowed) {
    let Allowed { aliases, deployments, hosts, paths } = allowed;
    let rest = format!("{aliases} aliases, {hosts} further hosts, {paths} custom paths");
    match deployments {
        Some(count) => report.ok("targets", &format!("{count} deployments, {rest}")),
        None => report.warn(
            "targets",
            &format!("every deployment that the policy allows, {rest}; ALLOWED_DEPLOYMENTS lists those that are meant"),
        ),
    }
}
