//! One output stream of a program, byte by byte: log frames are about exact bytes on each of the
//! two.

use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use emulator::agent::readiness;
use rustix::io::{Errno, ioctl_fionbio, read};
use tokio::io::unix::AsyncFd;

/// The most that is kept of a stream, in bytes; a program that writes without end fills no memory.
const MAX_STREAM_BYTES: usize = 8 * 1024 * 1024;

/// The reading end of a pipe, followed in the background.
#[derive(Debug)]
pub(super) struct Capture {
    pipe: AsyncFd<OwnedFd>,
    kept: Mutex<Vec<u8>>,
}

impl Capture {
    /// Returns the pipe's reader, and the end for the program.
    pub(super) fn open() -> io::Result<(Arc<Self>, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&reader, true)?;
        let capture = Arc::new(Self { pipe: readiness::reader(reader)?, kept: Mutex::default() });
        tokio::spawn(capture.clone().follow());
        Ok((capture, writer))
    }

    /// Returns everything that the program has written by now.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.drain();
        self.kept().clone()
    }

    /// Returns everything as text, for a search.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Returns the current length of the stream, for [`Self::since`].
    pub(super) fn mark(&self) -> usize {
        self.bytes().len()
    }

    /// Returns what was written after a mark.
    pub(super) fn since(&self, mark: usize) -> Vec<u8> {
        self.bytes().split_off(mark)
    }

    /// Returns the last line that is not blank.
    pub(super) fn last_line(&self) -> Option<String> {
        self.text().lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned)
    }

    /// Takes what is in the pipe now; true at its end.
    fn drain(&self) -> bool {
        let mut kept = self.kept();
        let mut buffer = [0; 8192];
        loop {
            match read(self.pipe.get_ref(), &mut buffer) {
                Ok(0) => return true,
                Ok(count) => {
                    let left = MAX_STREAM_BYTES.saturating_sub(kept.len());
                    kept.extend(buffer.iter().take(count.min(left)));
                }
                Err(Errno::INTR) => {}
                Err(error) => return error != Errno::AGAIN,
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow(self: Arc<Self>) {
        while let Ok(mut ready) = self.pipe.readable().await {
            if self.drain() {
                return;
            }
            ready.clear_ready();
        }
    }
}
