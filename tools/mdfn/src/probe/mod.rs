//! `mdfn probe`: answers questions that need a tenancy, in one.
//!
//! ```text
//! Options ▶ Wanted ▶ Access ▶ agreed ▶ Trials, noted in a Ledger ▶ Answers ▶ Report
//!                                                └▶ deleted
//! ```
//!
//! Source: docs/spec/oci-services.md#functions-api.

mod address;
mod call;
mod detached;
mod dry_run;
mod error;
mod evidence;
mod finding;
mod gateway;
mod key_set;
mod ledger;
mod options;
mod output;
mod question;
mod report;
mod round;
mod runtimes;
mod signals;
mod streaming;
mod subject;
mod target;
mod trial;
mod wanted;

use std::process::{self, ExitCode};

use emulator::clock::{now, rfc3339, since_epoch};
use oracle_cloud_client::region::Regions;
use tokio::select;

pub use self::options::Options;

use self::error::Error;
use self::finding::Finding;
use self::ledger::{Ledger, Left};
use self::output::Output;
use self::question::Question;
use self::report::Report;
use self::round::Round;
use self::signals::Signals;
use self::subject::SubjectKind;
use self::target::Target;
use self::trial::Bench;
use self::wanted::Wanted;
use crate::access::Access;
use crate::ask;
use crate::client::Client;
use crate::terminal::{complain, print};

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match probe(&options, variable).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&format!("mdfn probe: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn probe(options: &Options, variable: fn(&str) -> Option<String>) -> Result<u8, Error> {
    let wanted = Wanted::read(options)?;
    if !options.dry_run && !options.yes && !ask::is_anybody_there() {
        return Err(Error::NoTerminal);
    }
    if let Some(path) = options.output.as_ref().filter(|_| !options.dry_run) {
        Output::check(path)?;
    }
    let access = Access::new(&options.access, variable).await?;
    let functions = access.service("functions", options.endpoint.as_deref()).await?;
    if options.dry_run {
        say(&dry_run::text(&wanted, options, &functions))?;
        return Ok(0);
    }
    let regions =
        Regions::from_vars(&variable).map_err(|error| Error::Regions(error.to_string()))?;
    let client = Client::without_proxy(variable)?;
    let target = Target::find(&wanted, options, &functions).await?;
    let prefix = format!("mdfn-probe-{}-{}", since_epoch(now()).as_secs(), process::id());
    say(&intention(&wanted, &target, &prefix, options))?;
    if !options.yes && !ask::agrees("Is that right?") {
        return Err(Error::Declined);
    }
    let mut signals = Signals::new().map_err(Error::Signals)?;
    let output = options.output.as_deref().map(Output::new).transpose()?;
    let (functions, ledger) = (&functions, &Ledger::new(prefix));
    let application = &target.application;
    let bench =
        Bench { options, access: &access, functions, application, regions: &regions, ledger };
    let round = Round::default();
    let stopped = select! {
        () = round.ask(&wanted, &bench, &client) => false,
        () = signals.any() => true,
    };
    let left = end(&bench, &mut signals).await;
    let report = Report {
        program: concat!("mdfn ", env!("CARGO_PKG_VERSION")),
        time: rfc3339(now()),
        region: access.region.clone(),
        application: (!target.application.is_empty()).then(|| target.application.clone()),
        shape: target.shape,
        questions: round.answers(&wanted),
        stopped,
        left,
    };
    let said = say(&report.text());
    if let Some(output) = output {
        output.write(&report)?;
    }
    said?;
    Ok(exit_code(&report, options.keep))
}

/// Returns the summary of what will happen, for the question.
fn intention(wanted: &Wanted, target: &Target, prefix: &str, options: &Options) -> String {
    let numbers: Vec<String> =
        wanted.asked.iter().map(|question| question.number().to_string()).collect();
    let mut lines = vec![format!("asked are the questions {}", numbers.join(", "))];
    let then = if options.keep { "left there" } else { "deleted again" };
    let gateway = options.gateway.as_deref().unwrap_or_default();
    if wanted.asked.contains(&Question::KeySet) {
        lines.push(format!(
            "  a deployment {prefix}-key-set is made on {gateway}, which answers itself, and {then}"
        ));
    }
    if wanted.asked.contains(&Question::Streaming) {
        let backend = options.stream_backend.as_deref().unwrap_or_default();
        lines.push(format!(
            "  a deployment {prefix}-streaming is made on {gateway}, which leads to {backend} with a token of this probe, called once, and {then}"
        ));
    }
    for subject in &wanted.subjects {
        let word = subject.kind.word();
        let application = &target.application;
        let called =
            if subject.kind == SubjectKind::Detached { "called detached" } else { "called twice" };
        lines.push(format!(
            "  a function {prefix}-{word} is made in {application}, {called}, and {then}"
        ));
    }
    lines.join("\n")
}

/// Deletes what was made, or looks what is kept. A further Ctrl-C ends that too.
async fn end(bench: &Bench<'_>, signals: &mut Signals) -> Vec<Left> {
    let Bench { ledger, options, .. } = bench;
    if options.keep {
        return select! {
            left = ledger.found("`--keep` was given") => left,
            () = signals.sent() => ledger.rest("the look for it was stopped"),
        };
    }
    select! {
        left = ledger.clean(options.wait) => left,
        () = signals.sent() => ledger.rest("the deletion was stopped"),
    }
}

/// Returns the summary of the outcomes.
fn exit_code(report: &Report, keep: bool) -> u8 {
    let has_no_answer = |answer: &Finding| answer.no_answer.is_some();
    match report {
        Report { stopped: true, .. } => 1,
        Report { left, .. } if !left.is_empty() && !keep => 1,
        Report { questions, .. } if questions.iter().any(has_no_answer) => 3,
        _ => 0,
    }
}

fn say(text: &str) -> Result<(), Error> {
    print(format!("{text}\n").as_bytes()).map_err(Error::Stdout)
}
