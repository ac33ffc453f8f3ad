//! Waits for a name to appear in a directory, as the agent does: by inotify, never by looking
//! again.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::unix::AsyncFd;

use super::readiness;

/// A watch over one directory. It reports everything that appears after its creation, even if it is
/// read late.
#[derive(Debug)]
pub struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    /// Watches this directory from now on.
    pub fn on(directory: &Path) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // A rename onto the name counts as its creation.
        inotify::add_watch(&inotify, directory, WatchFlags::CREATE | WatchFlags::MOVED_TO)?;
        readiness::reader(inotify).map(Self)
    }

    /// Returns at the moment this name appears.
    pub async fn appearance(&self, name: &CStr) -> io::Result<()> {
        loop {
            let mut ready = self.0.readable().await?;
            match ready.try_io(|inotify| names(inotify.get_ref(), name)) {
                Ok(Ok(true)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Ok(Ok(false)) | Err(_) => {}
            }
        }
    }
}

/// Returns whether the events at hand name it. `WouldBlock` without an event.
fn names(inotify: &OwnedFd, name: &CStr) -> io::Result<bool> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(inotify, &mut buffer);
    let mut seen = false;
    loop {
        seen |= events.next()?.file_name() == Some(name);
        if events.is_buffer_empty() {
            return Ok(seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_name_that_appeared_before_it_was_asked_for_is_seen() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let watch = Watch::on(directory.path())?;
        for name in ["other", "lsnr.sock", "third"] {
            fs::write(directory.path().join(name), "")?;
        }
        watch.appearance(c"lsnr.sock").await
    }

    #[tokio::test]
    async fn a_rename_onto_the_name_counts() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let watch = Watch::on(directory.path())?;
        fs::write(directory.path().join("a"), "")?;
        fs::rename(directory.path().join("a"), directory.path().join("lsnr.sock"))?;
        watch.appearance(c"lsnr.sock").await
    }
}
