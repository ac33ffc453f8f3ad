//! `mdfn invoke`: one call of a program, as the platform would make it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, value_parser};
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::agent::{Agent, Answer, Engine, Image, Invocation, Program, StartError};
use crate::terminal::{self, complain};

/// How long the last lines of an ended function are waited for.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long somebody may sit before a silent command; then it says what it waits for.
const SILENCE: Duration = Duration::from_secs(2);
/// The first status that is an error.
const FIRST_ERROR: u16 = 400;

const AFTER_HELP: &str = "\
The body of the call is standard input, byte for byte; on a terminal it is empty. The function gets nothing of your environment but what --config passes;
an image sees no file of this machine.

Exit code: 0 for a status below 400, 1 for any other, 2 for wrong usage, 3 if the function did not start.

Example:
  echo '{\"data\": [[5.1, 3.5, 1.4, 0.2]]}' | mdfn invoke --config MODEL_DEPLOYMENT --config OCI_CLI_AUTH=api_key \\
      --config HOME --header 'opc-request-id: mine' -- target/release/func";

/// Starts a program as a function, calls it once and prints the body of its answer
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// A header of the client (repeatable)
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, Vec<u8>)>,
    /// The content type of the body; empty for none
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    content_type: String,
    /// Call as API Gateway does
    #[arg(long)]
    gateway: bool,
    /// The method that the client used at the gateway
    #[arg(long, requires = "gateway", default_value = "POST")]
    method: String,
    /// The path that the client used at the gateway, with its query
    #[arg(long, requires = "gateway", default_value = "/")]
    path: String,
    /// Function configuration; without a value, that of your own environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = config)]
    config: Vec<(String, Option<String>)>,
    /// How long the call may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u64).range(1..=300))]
    timeout: u64,
    /// How long the function may take to start; without it 5, as on the platform, and 30 for an image
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=300))]
    start_timeout: Option<u64>,
    /// Start it as an Fn server does, without what only OCI Functions says: its name, its application's, log frames
    #[arg(long)]
    fn_server: bool,
    /// Show the function's lines, the status and the headers on stderr
    #[arg(long, short)]
    verbose: bool,
    /// Call this image, in a container under the limits of the platform
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    image: Option<String>,
    /// What runs the image
    #[arg(long, conflicts_with = "command", value_enum, default_value_t = Engine::Docker)]
    engine: Engine,
    /// Nothing stands here: only what somebody wrote without `--`
    #[arg(hide = true, value_name = "PROGRAM", value_parser = without_dashes)]
    stray: Option<Infallible>,
    /// The program and its arguments
    #[arg(last = true, required_unless_present = "image", value_name = "PROGRAM")]
    command: Vec<OsString>,
}

/// Why there was no call, or no end of it.
#[derive(Debug, Error)]
enum Error {
    #[error("`--config {0}` passes a variable that is not set; write `--config {0}=VALUE`")]
    NoVariable(String),
    #[error("{cause}{said}{advice}")]
    Start { cause: StartError, said: String, advice: &'static str },
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    fn exit_code(&self) -> u8 {
        match self {
            Self::NoVariable(_) => 2,
            Self::Start { .. } => 3,
            Self::Interrupted => 130,
            Self::Io(_) => 1,
        }
    }
}

/// Carries the command out. `variable` reads the caller's environment.
///
/// The exit code is 0 for a status below 400, 1 for any other, 2 for wrong usage, 3 if the function did not start.
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
    let (sender, receiver) = unbounded_channel();
    let program = program(options, variable)?.log_to(sender);
    let invocation = invocation(options, body().await?);
    let lines = follow(receiver, options.verbose);
    let called = call_once(program, invocation).await;
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

async fn call_once(program: Program, invocation: Invocation) -> Result<Answer, StartError> {
    let what = format!("the function's socket, for up to {:?}", program.start_timeout);
    let agent = said(&what, Agent::start(program)).await?;
    let answer = agent.call(invocation).await;
    agent.stop().await;
    Ok(answer)
}

fn program(options: &Options, variable: impl Fn(&str) -> Option<String>) -> Result<Program, Error> {
    let mut command = options.command.iter();
    let program = match &options.image {
        Some(image) => Program::of_image(Image::new(image).engine(options.engine)),
        None => Program::new(command.next().cloned().unwrap_or_default()).arguments(command),
    };
    let mut program = program.timeout(Duration::from_secs(options.timeout));
    if options.fn_server {
        program = program.on_fn_server();
    }
    if let Some(seconds) = options.start_timeout {
        program = program.start_timeout(Duration::from_secs(seconds));
    }
    for (name, value) in &options.config {
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

/// All of standard input; nothing if a person sits there.
async fn body() -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if !io::stdin().is_terminal() {
        let mut stdin = tokio::io::stdin();
        let what = "the end of standard input, the body of the call; for none add `< /dev/null`";
        said(what, stdin.read_to_end(&mut body)).await?;
    }
    Ok(body)
}

/// Does the work, and says what it waits for once it lasts.
async fn said<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    match timeout(SILENCE, &mut work).await {
        Ok(done) => done,
        Err(_elapsed) => {
            complain(&format!("mdfn: waiting for {what}"));
            work.await
        }
    }
}

/// Neither nothing, nor what the client of docker adds to the reason of every failure.
fn says_something(line: &str) -> bool {
    let pointers = ["Run 'docker run --help'", "See 'docker run --help'"];
    !line.trim().is_empty() && !pointers.iter().any(|pointer| line.starts_with(pointer))
}

/// What may help where a function did not start.
fn advice(cause: &StartError, options: &Options) -> &'static str {
    match cause {
        StartError::TimedOut(_) => "; `--start-timeout` gives it longer",
        StartError::Program { .. } if options.image.is_some() => {
            "; an image needs docker, or podman with `--engine podman`"
        }
        StartError::Program { .. }
        | StartError::Ended(_)
        | StartError::Listener(_)
        | StartError::Owner { .. }
        | StartError::Refused(_)
        | StartError::Agent(_) => "",
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

/// Waits until somebody ends the command.
pub(crate) async fn interruption() -> io::Result<()> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn print(options: &Options, answer: &Answer, said: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    if options.verbose {
        writeln!(stderr, "< {}", answer.status)?;
        for (name, value) in &answer.headers {
            writeln!(stderr, "< {name}: {}", String::from_utf8_lossy(value))?;
        }
    }
    if answer.status >= FIRST_ERROR {
        writeln!(stderr, "mdfn: {}{said}", explanation(answer))?;
    }
    terminal::print(&answer.body)
}

/// Who said that the call failed, the function or the platform.
fn explanation(answer: &Answer) -> String {
    let status = answer.status;
    let fate = if answer.container_kept { "goes on" } else { "was killed" };
    match &answer.wire {
        Some(wire) if wire.status == 200 => format!("the function answered {status}"),
        Some(wire) => format!(
            "the function replied {} on its socket, callers get {status} without its body, and the container {fate}",
            wire.status
        ),
        None => format!(
            "the function gave no whole reply, callers get {status}, and the container {fate}"
        ),
    }
}

fn header(text: &str) -> Result<(String, Vec<u8>), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().as_bytes().to_vec()))
}

/// Refuses a program that stands where its options would be taken for those of `mdfn`.
pub(crate) fn without_dashes(_text: &str) -> Result<Infallible, &'static str> {
    Err("write `--` before the program: `-- PROGRAM ARGUMENTS`")
}

/// A `NAME=VALUE` or `NAME` of the command line.
pub(crate) fn config(text: &str) -> Result<(String, Option<String>), &'static str> {
    let (name, value) =
        text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !is_name || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("a name has letters, digits and `_`, and does not begin with a digit");
    }
    Ok((name.to_owned(), value))
}
