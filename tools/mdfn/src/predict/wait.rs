//! Waits for a policy: OCI answers 404 until it has spread, which takes up to 15 minutes.
//!
//! Source: docs/spec/oci-services.md#policy-delay.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::client::Answered;
use crate::terminal::complain;

/// How often the model is called.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How often the wait is spoken of.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(20 * 60);
/// OCI's error while a policy is missing, or not known everywhere.
const CODE: &str = "NotAuthorizedOrNotFound";

/// Asks until there is another answer than that of a missing policy, or the time is up.
pub(super) async fn spread<E>(ask: impl AsyncFn() -> Result<Answered, E>) -> Result<Answered, E> {
    let start = Instant::now();
    let mut word = REPORT_INTERVAL;
    loop {
        let answer = ask().await?;
        let waited = start.elapsed();
        if !is_missing_policy(answer.status, &answer.body) || waited + POLL_INTERVAL > MAX_WAIT {
            return Ok(answer);
        }
        if waited + POLL_INTERVAL >= word {
            let minutes = word.as_secs() / 60;
            complain(&format!(
                "mdfn predict: still 404 {CODE}; waiting for the policy, minute {minutes} of 20"
            ));
            word += REPORT_INTERVAL;
        }
        sleep(POLL_INTERVAL).await;
    }
}

fn is_missing_policy(status: u16, body: &[u8]) -> bool {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let code = body.as_ref().and_then(|body| body.get("code")?.as_str());
    status == 404 && code == Some(CODE)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    fn answered(status: u16, code: &str) -> Answered {
        Answered::new(status, format!("{{\"code\": \"{code}\", \"message\": \"\"}}"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_policy_is_waited_for_and_nothing_else() {
        let asked = Cell::new(0);
        let answer = spread(async || {
            asked.set(asked.get() + 1);
            Ok::<_, Infallible>(if asked.get() < 4 {
                answered(404, CODE)
            } else {
                answered(200, "")
            })
        });
        let start = Instant::now();
        assert_eq!((answer.await.unwrap().status, asked.get()), (200, 4));
        assert_eq!(start.elapsed().as_secs(), 30);
        for other in [answered(404, "PathNotAllowed"), answered(403, CODE), answered(500, "")] {
            let status = other.status;
            let other = Cell::new(Some(other));
            let answer =
                spread(async || Ok::<_, Infallible>(other.take().expect("it is asked once"))).await;
            assert_eq!(answer.unwrap().status, status);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_after_20_minutes_with_the_last_answer() {
        let start = Instant::now();
        let answer = spread(async || Ok::<_, Infallible>(answered(404, CODE))).await.unwrap();
        assert_eq!((answer.status, start.elapsed().as_secs()), (404, 20 * 60));
    }
}
