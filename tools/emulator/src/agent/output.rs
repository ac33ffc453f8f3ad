//! What the function writes: both streams merged in one pipe, as the platform merges them, read
//! line by line.

use std::io::{self, PipeWriter};
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::{Errno, ioctl_fionbio, read};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::UnboundedSender;

use super::readiness;

/// The lines of all containers of one agent.
#[derive(Debug, Default)]
pub(super) struct Journal {
    lines: Mutex<Vec<String>>,
    live: Option<UnboundedSender<String>>,
}

impl Journal {
    pub(super) fn new(live: Option<UnboundedSender<String>>) -> Self {
        Self { lines: Mutex::default(), live }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }

    fn add(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line).into_owned();
        if let Some(live) = &self.live {
            // Who no longer listens does not stop the function.
            drop(live.send(line.clone()));
        }
        lock(&self.lines).push(line);
    }
}

/// The reading end of one container's pipe.
#[derive(Debug)]
pub(super) struct Output {
    pipe: AsyncFd<OwnedFd>,
    unfinished: Mutex<Vec<u8>>,
    journal: Arc<Journal>,
}

impl Output {
    /// Returns the pipe's reader, which follows it in the background to its end, and the end for
    /// the process.
    pub(super) fn open(journal: Arc<Journal>) -> io::Result<(Arc<Self>, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&reader, true)?;
        let (pipe, unfinished) = (readiness::reader(reader)?, Mutex::default());
        let output = Arc::new(Self { pipe, unfinished, journal });
        tokio::spawn(output.clone().follow());
        Ok((output, writer))
    }

    /// Takes all that is in the pipe now; true at its end.
    ///
    /// Whoever calls this after a reply has every line that was written before the reply.
    pub(super) fn drain(&self) -> bool {
        let mut unfinished = lock(&self.unfinished);
        let mut buffer = [0; 8192];
        let at_end = loop {
            match read(self.pipe.get_ref(), &mut buffer) {
                Ok(0) => break true,
                Ok(count) => unfinished.extend(buffer.iter().take(count)),
                Err(Errno::INTR) => {}
                Err(error) => break error != Errno::AGAIN,
            }
        };
        self.take_lines(&mut unfinished);
        if at_end && !unfinished.is_empty() {
            self.journal.add(&mem::take(&mut *unfinished));
        }
        at_end
    }

    fn take_lines(&self, unfinished: &mut Vec<u8>) {
        while let Some(end) = unfinished.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = unfinished.drain(..=end).collect();
            self.journal.add(line.strip_suffix(b"\n").unwrap_or(&line));
        }
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn every_line_written_before_is_there_at_once() -> io::Result<()> {
        let journal = Arc::new(Journal::default());
        let (output, mut writer) = Output::open(journal.clone())?;
        writer.write_all(b"one\ntwo \xff\n\nhalf")?;
        assert!(!output.drain());
        assert_eq!(journal.lines(), ["one", "two \u{fffd}", ""]);
        drop(writer);
        assert!(output.drain());
        assert_eq!(journal.lines().last().unwrap(), "half");
        Ok(())
    }
}
