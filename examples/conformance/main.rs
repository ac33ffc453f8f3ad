//! The function that `mdfn conformance` asks for behaviours, on `fn-fdk`: `docs/conformance.md` says what each is.
#![expect(clippy::disallowed_methods, reason = "a program reads its own clock and environment")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is asked to print")]

mod context;
mod tracing;

use std::{
    env, error::Error, fs, io, path::Path, process, thread, time::Duration, time::SystemTime,
};

use bytes::Bytes;
use fn_fdk::{self, Call, Function, Logger, Platform, Reply};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
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
    match serve() {
        Ok(()) => process::ExitCode::SUCCESS,
        Err(error) => {
            log::error!("not served: {}", fn_fdk::error_chain(&*error));
            process::ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    initialise(&env::var("CONFORMANCE_INIT").unwrap_or_default())?;
    let platform = Platform::from_vars(|name| env::var(name).ok())?;
    Function::publish(platform, SystemTime::now)?.serve(answer)?;
    Ok(())
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

async fn answer(call: Call) -> Result<Reply, fn_fdk::Error> {
    let echo =
        || Reply::new(HeaderValue::from_static("application/octet-stream"), call.body().clone());
    let Some(asked) = call.headers().get("conformance") else {
        return Ok(echo());
    };
    Ok(match serde_json::from_slice(asked.as_bytes())? {
        Ask::Text => Reply::text(str::from_utf8(call.body())?),
        Ask::Context => Reply::json(context::of(&call).to_string()),
        Ask::Reply { status, headers } => {
            reply(echo().with_status(StatusCode::from_u16(status)?)?, headers)?
        }
        Ask::Fail => Err(io::Error::other("failed on purpose"))?,
        Ask::Panic { late, writing } => panic(late, writing.then(|| Reply::text("leak"))).await,
        Ask::Unserialisable => Reply::json(serde_json::to_vec(
            &[(vec![1], 1)].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        )?),
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

fn reply(reply: Reply, headers: Vec<(String, String)>) -> Result<Reply, fn_fdk::Error> {
    headers.into_iter().try_fold(reply, |reply, (name, value)| {
        let (name, value) =
            (HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&value)?);
        Ok(reply.with_header(name, value)?)
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
        Ok(Frame::data(Bytes::from_static(&PIECE).slice(..PIECE.len().min(bytes - at))))
    };
    let pieces = futures_util::stream::iter((0..bytes).step_by(PIECE.len()).map(piece));
    Reply::stream(HeaderValue::from_static("application/octet-stream"), StreamBody::new(pieces))
}
