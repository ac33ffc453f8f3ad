//! Files that somebody replaces while the process lives: a new content takes the place of the old
//! one, unless it cannot be used.

use std::array;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use fn_fdk::error_chain;
use oracle_cloud_client::Variables;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// The files are read this often at most.
const PAUSE: Duration = Duration::from_secs(1);
/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// A file that a variable names.
pub(crate) type Named = (&'static str, PathBuf);
/// What was in a file.
pub(crate) type Content = Zeroizing<Vec<u8>>;

/// A file that cannot be used. Nothing of its content is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{0} names a file that cannot be read")]
    Unreadable(&'static str, #[source] io::Error),
    #[error("{0} names what is not a file")]
    NotAFile(&'static str),
    #[error("{0} names a file of more than 256 KiB")]
    TooLarge(&'static str),
    #[error("{0} names a file that changed while it was read")]
    Changing(&'static str),
    #[error("{0} names a file {1}")]
    Unusable(&'static str, &'static str),
}

/// What some files hold, as it was when they could last be used.
pub(crate) struct Watched<T, const N: usize> {
    files: [Named; N],
    parse: fn(&[Content; N]) -> Result<T, FileError>,
    value: RwLock<Arc<T>>,
    look: Mutex<Look>,
}

/// When the files were last read, and the hashes of what they held; None if one could not be read.
struct Look {
    at: Instant,
    hashes: Option<Vec<u8>>,
}

impl<T, const N: usize> Watched<T, N> {
    /// Reads the files for the first time; None after a mistake, which `vars` learns.
    pub(crate) fn read(
        vars: &mut Variables<'_>,
        files: [Named; N],
        parse: fn(&[Content; N]) -> Result<T, FileError>,
    ) -> Option<Self> {
        let read = contents(&files).and_then(|contents| Ok((parse(&contents)?, hashes(&contents))));
        let (value, hashes) = read.map_err(|error| vars.mistake(error_chain(&error))).ok()?;
        let look = Mutex::new(Look { at: Instant::now(), hashes: Some(hashes) });
        Some(Self { files, parse, value: RwLock::new(Arc::new(value)), look })
    }

    /// What the files hold. Whoever looks at them reads them; nobody waits for that.
    pub(crate) fn current(&self) -> Arc<T> {
        let look = match self.look.try_lock() {
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            look => look.ok(),
        };
        if let Some(mut look) = look.filter(|look| look.at.elapsed() >= PAUSE) {
            self.look(&mut look);
        }
        self.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look(&self, last: &mut Look) {
        let contents = contents(&self.files);
        let hashes = contents.as_ref().ok().map(hashes);
        last.at = Instant::now();
        if hashes == last.hashes {
            return;
        }
        last.hashes = hashes;
        match contents.and_then(|contents| (self.parse)(&contents)) {
            Ok(value) => {
                *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                log::info!("{} was read again", self.names());
            }
            Err(error) => {
                log::warn!("{}; what was read before stays in use", error_chain(&error));
            }
        }
    }

    fn names(&self) -> String {
        self.files.each_ref().map(|(name, _)| *name).join(" and ")
    }
}

/// Shows which variables name the files, and nothing of what they hold.
impl<T, const N: usize> fmt::Debug for Watched<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("files", &self.names()).finish_non_exhaustive()
    }
}

/// Tells one state of the files from another, and keeps nothing of it.
fn hashes<const N: usize>(contents: &[Content; N]) -> Vec<u8> {
    contents.iter().flat_map(|content| digest(&SHA256, content).as_ref().to_vec()).collect()
}

fn contents<const N: usize>(files: &[Named; N]) -> Result<[Content; N], FileError> {
    let mut contents: [Content; N] = array::from_fn(|_| Content::default());
    for (content, file) in contents.iter_mut().zip(files) {
        *content = content_of(file)?;
    }
    Ok(contents)
}

/// A file as a whole, unless it is written at this moment.
fn content_of((name, path): &Named) -> Result<Content, FileError> {
    let unreadable = |error| FileError::Unreadable(name, error);
    // Opening a pipe would wait for whoever writes to it.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(FileError::NotAFile(name));
    }
    let file = File::open(path).map_err(unreadable)?;
    let state = || file.metadata().and_then(|state| Ok((state.len(), state.modified()?)));
    let before = state().map_err(unreadable)?;
    if before.0 > MAX_BYTES {
        return Err(FileError::TooLarge(name));
    }
    // With room for all of it, so that no copy is left behind where it grew.
    let room = usize::try_from(MAX_BYTES).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    (&file).take(MAX_BYTES).read_to_end(&mut content).map_err(unreadable)?;
    let after = state().map_err(unreadable)?;
    if before == after { Ok(content) } else { Err(FileError::Changing(name)) }
}
