//! `mdfn predict`: a call through the gateway, as a client makes it.

mod wait;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cause::probable;
use crate::client::{self, Answered, Client, PREDICTION_TIMEOUT};
use crate::input::{self, check_stdin, read, read_word};
use crate::terminal::{complain, print};
use crate::token::{self, ClientOptions, Secret};

/// The status of a gateway that does not take a token.
const UNAUTHORIZED: u16 = 401;

const AFTER_HELP: &str = "\
The prediction goes to standard output, byte for byte; on a terminal a line end follows. With -v, timings go to standard
error. After an error it prints the probable cause.

The token is that of `mdfn token` with the same options and variables, or the one in --token-file.

Exit code: 0 for a status from 200 to 299, 1 for any other, 2 for wrong usage, 3 without an answer.

Example:
  echo '{\"data\": [[5.1, 3.5, 1.4, 0.2]]}' | mdfn predict https://<gateway host>/models/iris -v";

/// Calls a model through the gateway
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// URL: `https://` + gateway host + the deployment's path prefix + the route's path
    url: String,
    /// File with the body of a POST or PUT; `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    body: PathBuf,
    /// Method
    #[arg(long, short = 'X', default_value = "POST", value_parser = ["POST", "PUT", "GET", "DELETE"])]
    method: String,
    /// Content type of the body
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    content_type: String,
    /// File with a token, instead of requesting one; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["domain", "client_id", "client_secret_file", "scope"])]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    client: ClientOptions,
    /// Retry for up to 20 minutes while a new policy is not active yet (404)
    #[arg(long)]
    wait: bool,
    /// Show status, request id and timings
    #[arg(long, short)]
    verbose: bool,
}

/// A call without an answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error(transparent)]
    Token(#[from] token::Error),
    #[error(transparent)]
    Unreachable(#[from] client::Error),
}

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match answer(&options, variable).await {
        Ok(answer) => show(&options, &answer),
        Err(error) => {
            complain(&format!("mdfn predict: {error}"));
            ExitCode::from(match error {
                Error::Input(_) => 2,
                Error::Token(error) => error.exit_code(),
                Error::Unreachable(error) => error.exit_code(),
            })
        }
    }
}

async fn answer(
    options: &Options,
    variable: fn(&str) -> Option<String>,
) -> Result<Answered, Error> {
    let has_body = !matches!(options.method.as_str(), "GET" | "DELETE");
    let body = has_body.then_some(options.body.as_path());
    check_stdin(
        body.into_iter().chain(options.token_file.as_deref()).chain(options.client.secret_file()),
    )?;
    Client::check(&options.url)?;
    let client = Client::from_vars(variable)?.waiting(PREDICTION_TIMEOUT);
    let (token, request) = if let Some(path) = &options.token_file {
        (Secret(read_word("`--token-file`", path)?), None)
    } else {
        let request = options.client.request(variable)?;
        let (token, kept) = request.token().await?;
        (token, Some(request).filter(|_| kept))
    };
    let body = body.map_or(Ok(Vec::new()), |path| read("the body", path))?;
    let call = async |token: &Secret| {
        let mut headers = vec![("authorization", format!("Bearer {}", token.0))];
        if has_body {
            headers.push(("content-type", options.content_type.clone()));
        }
        client.send(&options.method, &options.url, &headers, body.clone()).await
    };
    let asked = async || {
        let answer = call(&token).await?;
        match &request {
            // A kept token's key may have been replaced. The gateway refused, so nothing was done
            // yet.
            Some(request) if answer.status == UNAUTHORIZED => {
                Ok(call(&request.new_token().await?).await?)
            }
            _ => Ok(answer),
        }
    };
    if options.wait { wait::spread(asked).await } else { asked().await }
}

fn show(options: &Options, answer: &Answered) -> ExitCode {
    if options.verbose {
        let phases = answer.phases;
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let total = phases.connect + phases.wait + phases.read;
        complain(&format!("{} {}", options.method, options.url));
        complain(&format!(
            "{} after {} ms: connection {}, waiting {}, reading {}",
            answer.status,
            ms(total),
            ms(phases.connect),
            ms(phases.wait),
            ms(phases.read)
        ));
        if let Some(id) = answer.header("opc-request-id") {
            complain(&format!("opc-request-id {id}"));
        }
    }
    let success = (200..300).contains(&answer.status);
    let as_it_is = success && !io::stdout().is_terminal();
    let ends = as_it_is || answer.body.is_empty() || answer.body.ends_with(b"\n");
    let written = print(&answer.body).and_then(|()| print(if ends { b"" } else { b"\n" }));
    if let Err(error) = &written {
        complain(&format!("mdfn predict: standard output cannot be written: {error}"));
    }
    if success {
        return ExitCode::from(u8::from(written.is_err()));
    }
    let cause = probable(answer.status, &answer.body).unwrap_or("no usual cause is known");
    complain(&format!("mdfn predict: status {}: {cause}", answer.status));
    ExitCode::FAILURE
}
