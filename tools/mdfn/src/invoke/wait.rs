//! Says what a call waits for.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::pin::pin;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::input::{Error, MAX_INPUT_BYTES};
use crate::terminal::complain;

/// After this long a silent command says what it waits for.
const ANNOUNCE_AFTER: Duration = Duration::from_secs(2);
/// What is read, for a message.
const BODY: &str = "the body";

/// Returns all of standard input; nothing if a person sits there.
pub(super) async fn body() -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    if io::stdin().is_terminal() {
        return Ok(body);
    }
    let mut stdin = tokio::io::stdin().take(MAX_INPUT_BYTES + 1);
    let what = "the end of standard input, the body of the call; for none add `< /dev/null`";
    let read = announced(what, stdin.read_to_end(&mut body)).await;
    read.map_err(|cause| Error::Unreadable { what: BODY, path: "-".into(), cause })?;
    // With the limit used up there was more.
    if stdin.limit() == 0 { Err(Error::Large(BODY, "standard input".into())) } else { Ok(body) }
}

/// Does the work, and after a while says what it waits for.
pub(super) async fn announced<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    match timeout(ANNOUNCE_AFTER, &mut work).await {
        Ok(done) => done,
        Err(_elapsed) => {
            complain(&format!("mdfn: waiting for {what}"));
            work.await
        }
    }
}
