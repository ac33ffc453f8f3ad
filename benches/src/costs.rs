//! What one run of a program costs: from its start to the first reply, and the processor time of the calls after it.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::agent::{Connection, PATIENCE};
use super::running::Running;
use super::world::Program;

/// Measures the time from exec to the socket.
pub fn socket(program: &Program, socket: &Path) -> Duration {
    let start = Instant::now();
    let _running = Running::start(program, socket, None);
    // Who sleeps meanwhile is woken when the program leaves the processor.
    while UnixStream::connect(socket).is_err() {
        assert!(start.elapsed() < PATIENCE, "nothing listens");
    }
    start.elapsed()
}

/// Measures the time from exec to the first reply, to a call that is made this long after the
/// socket appears.
pub fn first_reply(program: &Program, socket: &Path, request: &[u8], after: Duration) -> Duration {
    let start = Instant::now();
    let _running = Running::start(program, socket, None);
    let mut connection = Connection::open(socket);
    thread::sleep(after);
    connection.call(request);
    start.elapsed()
}

/// Returns the processor time of a call in milliseconds, after a first one.
pub fn processor_time(running: &Running, socket: &Path, request: &[u8], calls: u32) -> f64 {
    let mut connection = Connection::open(socket);
    connection.call(request);
    let before = running.cpu();
    for _ in 0..calls {
        connection.call(request);
    }
    (running.cpu() - before) / f64::from(calls)
}

/// Returns the quartiles of what was measured, the median in the middle.
pub fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
