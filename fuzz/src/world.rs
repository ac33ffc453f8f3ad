//! A runtime whose clock runs only while nothing else can.

use std::future::Future;
use std::sync::Once;
use std::time::{Duration, SystemTime};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

/// The time of day of every run: 2026-11-24T10:00:00Z.
const NOW: Duration = Duration::from_secs(1_795_514_400);
/// How far the clock runs at a time.
const STEP: Duration = Duration::from_millis(10);
/// How long, in real time, bytes may be under way between two sockets before the clock runs on.
const KERNEL: Duration = Duration::from_micros(200);
/// How often all sockets are looked at before the clock runs on.
const LOOKS: u32 = 8;
/// Longer than anything may take on that clock.
const LONGEST: Duration = Duration::from_secs(60);

/// The time of day, which stands still.
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW
}

/// A runtime with a clock of its own.
#[derive(Debug)]
pub struct World(Runtime);

/// Keeps a peer that has gone from ending the process, as the runtime of any Rust program does; here there is none.
fn survive_broken_pipes() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(signal(SignalKind::pipe()).expect("the signal can be caught")));
}

impl World {
    /// A new world, and what is in it from its beginning.
    pub fn with<T, F: Future<Output = T>>(content: impl FnOnce() -> F) -> (Self, T) {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.expect("the machine has descriptors");
        runtime.block_on(async { survive_broken_pipes() });
        // A paused clock jumps to the next timer though a socket has something to read: short steps leave time for that.
        runtime.spawn(async {
            loop {
                for _ in 0..LOOKS {
                    yield_now().await;
                }
                // On a busy machine the kernel has bytes under way, too.
                std::thread::sleep(KERNEL);
                sleep(STEP).await;
            }
        });
        let content = runtime.block_on(content());
        (Self(runtime), content)
    }

    /// Runs to the end, which must come within a minute of this world's time.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let bounded = async { timeout(LONGEST, future).await };
        self.0.block_on(bounded).expect("it ends within a minute")
    }
}
