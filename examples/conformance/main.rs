//! The function that `mdfn conformance` asks for behaviours, on `fn-fdk`: `docs/conformance.md` says what each is.
#![expect(clippy::disallowed_methods, reason = "a program reads its own clock and environment")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is asked to print")]

mod context;
mod tracing;

use std::collections::BTreeMap;
use std::{env, fs, io, path::Path, process, thread, time::Duration, time::SystemTime};

use fn_fdk::{Call, Error, IntoReply, Json, Logger, Reply};
use serde::Deserialize;
use tokio::time::sleep;

/// A piece of a stream.
static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// What the header `Conformance` asks for, in JSON.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Ask {
    Text,
    Context,
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
    },
    Fail,
    Panic {
        #[serde(default)]
        late: bool,
        #[serde(default)]
        writing: bool,
    },
    Unserialisable,
    Sleep {
        milliseconds: u64,
    },
    Nothing,
    Ignore,
    Large {
        bytes: usize,
    },
    Stream {
        bytes: usize,
        fails: bool,
    },
    Print {
        line: String,
    },
    Log {
        text: String,
    },
    Token,
    Span,
}

fn main() -> process::ExitCode {
    Logger::default().install();
    match initialise(&env::var("CONFORMANCE_INIT").unwrap_or_default()) {
        Ok(()) => fn_fdk::run(answer),
        Err(error) => {
            log::error!("not served: {error}");
            process::ExitCode::FAILURE
        }
    }
}

/// Initialisation as it is asked for: `fail`, or `wait:` and the path of a file that will appear.
fn initialise(how: &str) -> Result<(), io::Error> {
    if how == "fail" {
        return Err(io::Error::other("initialisation failed on purpose"));
    }
    if let Some(file) = how.strip_prefix("wait:") {
        while !Path::new(file).exists() {
            thread::sleep(Duration::from_millis(10));
        }
    }
    Ok(())
}

async fn answer(call: Call) -> Result<Reply, Error> {
    let echo = || Reply::bytes("application/octet-stream", call.body().clone());
    let Some(asked) = call.headers().get("conformance") else {
        return Ok(echo());
    };
    Ok(match serde_json::from_slice(asked.as_bytes())? {
        Ask::Text => Reply::text(call.text()?),
        Ask::Context => Reply::json(&context::of(&call)),
        Ask::Reply { status, headers } => {
            let reply = echo().with_status(status);
            headers.into_iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
        }
        Ask::Fail => Err(io::Error::other("failed on purpose"))?,
        Ask::Panic { late, writing } => panic(late, writing.then(|| Reply::text("leak"))).await,
        Ask::Unserialisable => Json(BTreeMap::from([(vec![1], 1)])).into_reply()?,
        Ask::Sleep { milliseconds } => {
            sleep(Duration::from_millis(milliseconds)).await;
            Reply::text("slept")
        }
        Ask::Nothing => Reply::empty(),
        Ask::Ignore => Reply::text("ignored"),
        Ask::Large { bytes } => echo().with_body(vec![b'x'; bytes]),
        Ask::Stream { bytes, fails } => stream(bytes, fails),
        Ask::Print { line } => {
            println!("{line}");
            eprintln!("{line}");
            echo()
        }
        Ask::Log { text } => {
            log::warn!("{text}");
            echo()
        }
        Ask::Token => Reply::text(fs::read_to_string(env::var("OCI_RESOURCE_PRINCIPAL_RPST")?)?),
        Ask::Span => {
            tracing::export(&call, SystemTime::now()).await;
            echo()
        }
    })
}

#[expect(clippy::panic, reason = "it is asked to")]
async fn panic(late: bool, _unfinished: Option<Reply>) -> Reply {
    if late {
        sleep(Duration::from_millis(10)).await;
    }
    panic!("panic on purpose")
}

/// So many bytes, piece by piece; an error half-way if its source `fails`.
fn stream(bytes: usize, fails: bool) -> Reply {
    let piece = move |at: usize| {
        if fails && at >= bytes / 2 {
            return Err(io::Error::other("the source failed on purpose"));
        }
        Ok(PIECE.get(..bytes - at).unwrap_or(&PIECE))
    };
    let pieces = futures_util::stream::iter((0..bytes).step_by(PIECE.len()).map(piece));
    Reply::stream("application/octet-stream", pieces)
}
