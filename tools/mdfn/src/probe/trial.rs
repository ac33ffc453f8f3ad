//! The outcome for one function: whether it was made, and the answers to its first calls.

use std::time::{Duration, Instant};

use oracle_cloud_client::region::Regions;
use oracle_cloud_client::{Error, Service};
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use super::address;
use super::call::Call;
use super::evidence::{Evidence, asked};
use super::ledger::{Ledger, Thing};
use super::options::Options;
use super::subject::{Subject, SubjectKind};
use crate::access::Access;

/// Between two looks at a function.
const PAUSE: Duration = Duration::from_secs(1);
/// What the platform says of a function that ran, and ended its call with an error of its own: the
/// one of this repository does, without a model deployment.
const RAN: &str = "FunctionInvokeExecutionFailed";
/// Codes of refusals and failures that do not depend on what was sent.
const OF_THE_TENANCY: [&str; 2] = ["LimitExceeded", "QuotaExceeded"];

/// What a trial needs beside its subject.
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) access: &'a Access,
    pub(super) functions: &'a Service,
    pub(super) application: &'a str,
    pub(super) regions: &'a Regions,
    pub(super) ledger: &'a Ledger,
}

/// One function that was to be, and what it came to.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) kind: SubjectKind,
    pub(super) evidence: Vec<Evidence>,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// The service did not take what was sent.
    Refused,
    /// It was accepted, and then failed.
    Failed,
    /// It is active, and was called twice, unless the first call was enough.
    Active { first: Called, next: Option<Called> },
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) seconds: f64,
    /// Whether the function ran; otherwise the platform's error.
    pub(super) ran: Result<(), String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Function {
    pub(super) id: String,
    lifecycle_state: String,
    invoke_endpoint: Option<String>,
}

/// The errors of a work request.
#[derive(Deserialize)]
struct Failures {
    items: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    code: String,
    message: String,
}

impl Trial {
    /// Makes a function, and calls it.
    pub(super) async fn run(subject: &Subject, runtime: &str, bench: &Bench<'_>) -> Self {
        let mut evidence = Vec::new();
        let outcome = tried(subject, runtime, bench, &mut evidence).await;
        let outcome = outcome.unwrap_or_else(|outcome| outcome);
        for seen in &mut evidence {
            seen.subject = Some(subject.kind.word());
        }
        Self { kind: subject.kind, evidence, outcome }
    }
}

async fn tried(
    subject: &Subject,
    runtime: &str,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<Outcome, Outcome> {
    let (function, service) = make(subject, runtime, bench, evidence).await?;
    let first = call("call it for the first time", &function, &service, evidence).await;
    let next = match first.ran {
        Ok(()) => Some(call("call it again", &function, &service, evidence).await),
        Err(_) => None,
    };
    Ok(Outcome::Active { first, next })
}

/// Makes a function that is active, and finds its address.
pub(super) async fn make(
    subject: &Subject,
    runtime: &str,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<(Function, Service), Outcome> {
    // Noted first: an answer may be lost, and the function be there.
    let thing = Thing::Function {
        service: bench.functions.clone(),
        application: bench.application.to_owned(),
    };
    let name = bench.ledger.begin(subject.kind.word(), thing);
    let body = subject.body(bench.application, &name, runtime);
    let (made, answer) = asked("make a function", &Call::create(body), bench.functions).await;
    evidence.push(made);
    let answer = answer.map_err(|error| {
        bench.ledger.failed(&name, &error);
        not_made(&error)
    })?;
    let work = answer.header("opc-work-request-id").map(str::to_owned);
    let made: Function = answer.json().map_err(|error| unknown(&error))?;
    bench.ledger.made(&name, &made.id);
    let active = until_active(&made.id, bench, evidence).await;
    if let (Err(Outcome::Failed), Some(work)) = (&active, work) {
        let call = Call::work_errors(&work);
        let (mut why, answer) = asked("why it failed", &call, bench.functions).await;
        let failures = answer.and_then(|answer| answer.json::<Failures>());
        let failures = failures.map(|failures| failures.items).unwrap_or_default();
        why.said = why.said.or_else(|| reasons(&failures));
        evidence.push(why);
        let of_the_tenancy = OF_THE_TENANCY
            .into_iter()
            .find(|code| failures.iter().any(|failure| failure.code == *code));
        if let Some(code) = of_the_tenancy {
            return Err(Outcome::Unknown(format!("it failed with {code}")));
        }
    }
    let function = active?;
    let service = place(&function, bench).await?;
    Ok((function, service))
}

/// Returns where a function is called.
async fn place(function: &Function, bench: &Bench<'_>) -> Result<Service, Outcome> {
    let place = match (&bench.options.invoke_endpoint, &function.invoke_endpoint) {
        (Some(given), _) => given,
        (None, Some(named)) if address::is_of_functions(named, bench.regions) => named,
        (None, Some(_)) => {
            return Err(Outcome::Unknown(
                "the service names an address for calls that is not Oracle's; `--invoke-endpoint` names one".to_owned(),
            ));
        }
        (None, None) => {
            return Err(Outcome::Unknown(
                "the service names no address for calls; `--invoke-endpoint` names one".to_owned(),
            ));
        }
    };
    let service = bench.access.service("functions", Some(place)).await;
    service.map_err(|error| Outcome::Unknown(error.to_string()))
}

async fn call(
    step: &'static str,
    function: &Function,
    service: &Service,
    evidence: &mut Vec<Evidence>,
) -> Called {
    let call = Call::invoke(&function.id, json!({ "data": [] }));
    let (seen, answer) = asked(step, &call, service).await;
    let ran = match answer {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some(RAN) => Ok(()),
        Err(error) => Err(refusal(&error)),
    };
    let seconds = seen.seconds;
    evidence.push(seen);
    Called { seconds, ran }
}

/// Looks until the function is active.
async fn until_active(
    id: &str,
    bench: &Bench<'_>,
    evidence: &mut Vec<Evidence>,
) -> Result<Function, Outcome> {
    let end = Instant::now() + Duration::from_secs(bench.options.wait);
    loop {
        let (seen, answer) = asked("look at it", &Call::function(id), bench.functions).await;
        // The last answer is enough.
        evidence.retain(|earlier| earlier.step != seen.step);
        evidence.push(seen);
        let answer = answer.map_err(|error| unknown(&error))?;
        let function: Function = answer.json().map_err(|error| unknown(&error))?;
        match function.lifecycle_state.as_str() {
            "ACTIVE" => return Ok(function),
            "FAILED" => return Err(Outcome::Failed),
            "CREATING" if Instant::now() < end => sleep(PAUSE).await,
            "CREATING" => {
                let wait = bench.options.wait;
                return Err(Outcome::Unknown(format!("it is CREATING still, after {wait} s")));
            }
            other => return Err(Outcome::Unknown(format!("the service says {other}"))),
        }
    }
}

/// Returns the meaning of a create without a function.
pub(super) fn not_made(error: &Error) -> Outcome {
    // Without a code it is of something between, which knows nothing of functions.
    let is_of_the_request = error.code().is_some_and(|code| !OF_THE_TENANCY.contains(&code));
    match error.status().map(|status| status.as_u16()) {
        Some(400 | 413 | 415 | 422) if is_of_the_request => Outcome::Refused,
        _ => unknown(error),
    }
}

fn unknown(error: &Error) -> Outcome {
    Outcome::Unknown(refusal(error))
}

/// Returns a refusal in one word; the evidence has the rest.
pub(super) fn refusal(error: &Error) -> String {
    match (error.status(), error.code()) {
        (Some(status), Some(code)) => format!("{} {code}", status.as_u16()),
        (Some(status), None) => status.as_u16().to_string(),
        (None, _) => error.to_string(),
    }
}

/// Returns what went wrong, for the evidence.
fn reasons(failures: &[Failure]) -> Option<String> {
    let said = failures.iter().map(|Failure { code, message }| format!("{code}: {message}"));
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join("; ").chars().take(500).collect())
}
