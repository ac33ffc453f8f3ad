//! `mdfn invoke`: one call of a program, as the platform would make it.

mod detached;
mod options;
mod outcome;
mod wait;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use thiserror::Error;
use tokio::select;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::options::Options;

use self::outcome::{FIRST_ERROR, advice, print, says_something};
use self::wait::{announced, body};
use crate::input;
use crate::terminal::complain;
use emulator::agent::{Agent, Answer, Image, Invocation, Program, Setting, StartError};
use emulator::signals::interruption;

/// How long the last lines of an ended function are waited for.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Why there was no call, or no end of it.
#[derive(Debug, Error)]
enum Error {
    #[error("`--config {0}` names a variable that is not set; write `--config {0}=VALUE`")]
    NoVariable(String),
    #[error(transparent)]
    Kind(#[from] detached::Error),
    #[error("{cause}{said}{advice}")]
    Start { cause: StartError, said: String, advice: &'static str },
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    fn exit_code(&self) -> u8 {
        match self {
            Self::NoVariable(_) | Self::Kind(_) | Self::Input(_) => 2,
            Self::Start { .. } => 3,
            Self::Interrupted => 130,
            Self::Io(_) => 1,
        }
    }
}

/// Carries the command out. `variable` reads the caller's environment.
///
/// The exit code is 0 for a status below 400, 1 for any other, 2 for wrong usage, 3 if the function
/// did not start.
pub async fn run(options: Options, variable: impl Fn(&str) -> Option<String>) -> ExitCode {
    let called = select! {
        called = call(&options, variable) => called,
        interrupted = interruption() => Err(interrupted.err().map_or(Error::Interrupted, Error::Io)),
    };
    match called {
        Ok(answer) => ExitCode::from(u8::from(answer.status >= FIRST_ERROR)),
        Err(error) => {
            complain(&format!("mdfn: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn call(
    options: &Options,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Answer, Error> {
    detached::check(options)?;
    let (sender, receiver) = unbounded_channel();
    let program = program(options, variable)?.log_to(sender);
    let invocation = invocation(options, body().await?);
    let lines = follow(receiver, options.verbose);
    let called = call_once(program, invocation, options.detached).await;
    let lines = timeout(LAST_LINES, lines).await.ok().and_then(Result::ok);
    let said = lines.as_ref().and_then(|lines| lines.iter().rfind(|line| says_something(line)));
    let said = said.map(|line| format!("; its last line: {line}")).unwrap_or_default();
    let answer = called.map_err(|cause| {
        let advice = advice(&cause, options);
        Error::Start { cause, said: said.clone(), advice }
    })?;
    print(options, &answer, &said)?;
    Ok(answer)
}

async fn call_once(
    program: Program,
    invocation: Invocation,
    detached: bool,
) -> Result<Answer, StartError> {
    let what = format!("the function's socket, for up to {:?}", program.start_timeout);
    let (program, outcomes) = detached::observed(program);
    let agent = announced(&what, Agent::start(program)).await?;
    let answer = if detached {
        detached::call(&agent, invocation, outcomes).await
    } else {
        agent.call(invocation).await
    };
    agent.stop().await;
    Ok(answer)
}

fn program(options: &Options, variable: impl Fn(&str) -> Option<String>) -> Result<Program, Error> {
    let mut command = options.command.iter();
    let program = match &options.image {
        Some(image) => Program::from_image(Image::new(image).engine(options.engine)),
        None => Program::new(command.next().cloned().unwrap_or_default()).arguments(command),
    };
    let mut program = program.timeout(Duration::from_secs(options.timeout));
    if options.fn_server {
        program = program.on_fn_server();
    }
    if let Some(seconds) = options.start_timeout {
        program = program.start_timeout(Duration::from_secs(seconds));
    }
    for Setting { name, value } in &options.config {
        let value = value.clone().or_else(|| variable(name));
        program = program.config(name, value.ok_or_else(|| Error::NoVariable(name.clone()))?);
    }
    Ok(program)
}

fn invocation(options: &Options, body: Vec<u8>) -> Invocation {
    let content_type = Some(options.content_type.clone()).filter(|text| !text.is_empty());
    let headers = options.headers.clone();
    let invocation =
        Invocation { content_type, headers, body: body.into(), ..Invocation::default() };
    if options.gateway {
        invocation.through_gateway(&options.method, &options.path)
    } else {
        invocation
    }
}

/// Collects the function's lines, and shows each at once if wanted.
fn follow(mut lines: UnboundedReceiver<String>, show: bool) -> JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(line) = lines.recv().await {
            if show && !line.is_empty() {
                complain(&format!("| {line}"));
            }
            seen.push(line);
        }
        seen
    })
}
