//! Where a token is kept: a file that its owner alone could write and can read, in a directory of
//! that kind.

use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// More than a token and its time need, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A token on disk.
#[derive(Deserialize, Serialize)]
pub(super) struct Kept {
    pub(super) access_token: String,
    /// In seconds since 1970.
    pub(super) expires: u64,
}

/// The place of one token.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    name: String,
}

impl Cache {
    /// Creates the place of the token for `of` and `secret`, which another secret does not find;
    /// None without a home.
    pub(super) fn new(
        of: [&str; 3],
        secret: &str,
        variable: fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache =
            absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        let digest = |text: &str| URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        let name = digest(&[&of.join("\n"), "\n", &digest(secret)].concat());
        Some(Self { directory: cache.join("mdfn"), name })
    }

    /// Returns what is kept, if it can be read; an error if somebody else might have put it there.
    pub(super) fn read(&self) -> Result<Option<Kept>, String> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let Some(directory) = self.directory()? else { return Ok(None) };
        let path = self.directory.join(&self.name);
        let shown = path.display().to_string();
        let Some(file) = open(&directory, &PathBuf::from(&self.name), flags, &shown)? else {
            return Ok(None);
        };
        check(&file, FileType::RegularFile, &shown)?;
        let mut text = Vec::new();
        let read = File::from(file).take(MAX_FILE_BYTES).read_to_end(&mut text);
        read.map_err(|error| format!("{shown}: {error}"))?;
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Writes the token beside its place and moves it there, so that a reader never sees half of
    /// one.
    pub(super) fn write(&self, kept: &Kept) -> Result<(), String> {
        let text = |error: std::io::Error| format!("{}: {error}", self.directory.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).map_err(text)?;
        self.directory()?;
        let json = serde_json::to_string(kept).map_err(|error| error.to_string())?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory).map_err(text)?;
        file.write_all(json.as_bytes()).map_err(text)?;
        file.persist(self.directory.join(&self.name)).map(drop).map_err(|error| text(error.error))
    }

    /// Returns the directory, if there is one.
    fn directory(&self) -> Result<Option<OwnedFd>, String> {
        let shown = self.directory.display().to_string();
        let directory = open(CWD, &self.directory, OFlags::DIRECTORY, &shown)?;
        if let Some(directory) = &directory {
            check(directory, FileType::Directory, &shown)?;
        }
        Ok(directory)
    }
}

/// Opens what is not a symbolic link; None if there is nothing.
fn open(
    at: impl AsFd,
    path: &PathBuf,
    flags: OFlags,
    shown: &str,
) -> Result<Option<OwnedFd>, String> {
    match openat(at, path, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => {
            Err(format!("{shown} is a symbolic link or of another kind; remove it"))
        }
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

fn check(file: &OwnedFd, kind: FileType, shown: &str) -> Result<(), String> {
    let stat = fstat(file).map_err(|error| format!("{shown}: {error}"))?;
    if FileType::from_raw_mode(stat.st_mode) != kind {
        return Err(format!("{shown} is of another kind; remove it"));
    }
    if stat.st_uid != geteuid().as_raw() {
        return Err(format!("{shown} belongs to somebody else; remove it"));
    }
    if stat.st_mode & 0o077 != 0 {
        return Err(format!("{shown} is open to others; remove it, or `chmod go=` if it is yours"));
    }
    Ok(())
}
