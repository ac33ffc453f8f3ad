//! `mdfn predict`: a call through the gateway, as a client makes it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cause::probable;
use crate::client::{self, Answered, Client, ROOTS};
use crate::input::{self, read};
use crate::terminal::complain;
use crate::token::{self, ClientOptions, Secret};

/// The status of a gateway that does not take a token.
const UNAUTHORIZED: u16 = 401;
/// The first status that is an error.
const FIRST_ERROR: u16 = 400;

const AFTER_HELP: &str = "\
The prediction goes to standard output, byte for byte; with -v, what took how long to standard error. Where the answer is an error,
its probable cause is said in words.

The token is that of `mdfn token` with the same options and variables, or the one in --token-file.

Exit code: 0 for a status below 400, 1 for any other, 2 for wrong usage, 3 without an answer.

Example:
  echo '{\"data\": [[5.1, 3.5, 1.4, 0.2]]}' | mdfn predict https://<gateway host>/models/iris -v";

/// Calls a model through the gateway
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// The URL: the gateway's host, the deployment's prefix, the route's path
    url: String,
    /// The file with the body; `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    body: PathBuf,
    /// The method; a GET or DELETE has no body
    #[arg(long, short = 'X', default_value = "POST", value_parser = ["POST", "PUT", "GET", "DELETE"])]
    method: String,
    /// The content type of the body
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    content_type: String,
    /// The file with a token, instead of getting one; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["domain", "client_id", "client_secret_file", "scope"])]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    client: ClientOptions,
    /// Show status, request id and what took how long
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
                Error::Unreachable(_) => 3,
            })
        }
    }
}

async fn answer(
    options: &Options,
    variable: fn(&str) -> Option<String>,
) -> Result<Answered, Error> {
    let (token, kept) = match &options.token_file {
        Some(path) => {
            let token = read("`--token-file`", path)?;
            (Secret(String::from_utf8_lossy(token.trim_ascii()).into_owned()), false)
        }
        None => options.client.token(variable).await?,
    };
    let has_body = !matches!(options.method.as_str(), "GET" | "DELETE");
    let body = if has_body { read("the body", &options.body)? } else { Vec::new() };
    let roots = variable(ROOTS).map(PathBuf::from);
    let client = Client::new(roots.as_deref())?;
    let call = async |token: &Secret| {
        let mut headers = vec![("authorization", format!("Bearer {}", token.0))];
        if has_body {
            headers.push(("content-type", options.content_type.clone()));
        }
        client.send(&options.method, &options.url, &headers, body.clone()).await
    };
    let answer = call(&token).await?;
    if answer.status == UNAUTHORIZED && kept {
        // Its key may have been replaced meanwhile. The gateway refused, so nothing was done yet.
        return Ok(call(&options.client.new_token(variable).await?).await?);
    }
    Ok(answer)
}

fn show(options: &Options, answer: &Answered) -> ExitCode {
    if options.verbose {
        let phases = answer.phases;
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let total = phases.connect + phases.tls + phases.wait + phases.read;
        complain(&format!("{} {}", options.method, options.url));
        complain(&format!(
            "{} after {} ms: connection {}, TLS {}, waiting {}, reading {}",
            answer.status,
            ms(total),
            ms(phases.connect),
            ms(phases.tls),
            ms(phases.wait),
            ms(phases.read)
        ));
        if let Some(id) = answer.header("opc-request-id") {
            complain(&format!("opc-request-id {id}"));
        }
    }
    let mut stdout = io::stdout();
    // With nobody there to read it, the status is still told.
    drop(stdout.write_all(&answer.body).and_then(|()| stdout.flush()));
    if answer.status < FIRST_ERROR {
        return ExitCode::SUCCESS;
    }
    if !answer.body.is_empty() && !answer.body.ends_with(b"\n") {
        drop(writeln!(io::stdout()));
    }
    let cause = probable(answer.status, &answer.body).unwrap_or("no usual cause is known");
    complain(&format!("mdfn predict: status {}: {cause}", answer.status));
    ExitCode::FAILURE
}
