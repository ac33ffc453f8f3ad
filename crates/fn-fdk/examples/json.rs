//! A typed request and a typed answer.

use fn_fdk::Error;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    name: String,
}

#[derive(Serialize)]
struct Answer {
    message: String,
}

fn main() -> std::process::ExitCode {
    fn_fdk::run(fn_fdk::json(greet))
}

async fn greet(request: Request) -> Result<Answer, Error> {
    Ok(Answer { message: format!("Hello, {}!", request.name) })
}
