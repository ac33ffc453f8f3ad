//! A function: a typed request in, a typed answer out.

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

/// What this function is for.
async fn greet(Request { name }: Request) -> Result<Answer, Error> {
    Ok(Answer { message: format!("Hello, {name}!") })
}

#[cfg(test)]
mod tests {
    use fn_fdk::{Call, Json};

    #[tokio::test]
    async fn it_greets_whoever_the_request_names() {
        let call = Call::direct(r#"{"name": "Ada"}"#);
        let Json(answer) = fn_fdk::json(super::greet)(call).await.unwrap();
        assert_eq!(answer.message, "Hello, Ada!");
    }
}
