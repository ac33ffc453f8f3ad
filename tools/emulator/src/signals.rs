//! The end that a person or a supervisor asks for.

use std::io;

use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

/// Waits until SIGINT or SIGTERM comes, neither of which ends the program from now on.
pub async fn interruption() -> io::Result<()> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
