//! A function: a typed request in, a typed answer out.

use std::{env, error::Error, time::SystemTime};

use fdk::{Call, Function, Intent, Logger, Platform, Reply};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize)]
struct Request {
    name: String,
}

#[derive(Serialize)]
struct Answer {
    message: String,
}

/// What this function is for.
fn greet(request: Request) -> Answer {
    Answer { message: format!("Hello, {}!", request.name) }
}

/// Answers one call. An error that `?` returns goes to the log, and the caller learns only that the function failed.
async fn answer(call: Call) -> Result<Reply, fdk::Error> {
    let request = match serde_json::from_slice(call.body()) {
        Ok(request) => request,
        Err(error) => return refuse(&call, &error),
    };
    Ok(Reply::json(serde_json::to_vec(&greet(request))?))
}

/// Says what was wrong with the request, to whoever can hear it.
fn refuse(call: &Call, error: &serde_json::Error) -> Result<Reply, fdk::Error> {
    let message = format!("expected {{\"name\": \"...\"}}: {error}");
    log::warn!("{message}");
    let reply = Reply::json(json!({ "code": "InvalidRequest", "message": message }).to_string());
    match call.intent() {
        Intent::Gateway => Ok(reply.with_status(400.try_into()?)?),
        // There is no status for a direct caller but 200 and 502.
        Intent::Direct => Err(fdk::Error::failed(reply)),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    Logger::default().install();
    let platform = Platform::from_vars(|name| env::var(name).ok())?;
    Function::publish(platform, SystemTime::now)?.serve(answer)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(body: &'static str) -> Call {
        Call::from_agent(Default::default(), body, SystemTime::now()).unwrap()
    }

    #[tokio::test]
    async fn it_greets_whoever_the_request_names() {
        let reply = answer(call(r#"{"name": "Ada"}"#)).await.unwrap();
        assert_eq!(reply.body(), br#"{"message":"Hello, Ada!"}"#);
    }

    #[tokio::test]
    async fn it_refuses_what_is_no_request() {
        assert!(answer(call("Ada")).await.is_err());
    }
}
