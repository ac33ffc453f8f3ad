//! Reads an archive that anybody made, and finds what the service would stumble over.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Write, copy, sink};
use std::path::Path;

use bytes::Bytes;
use memchr::memmem::find_iter;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use super::architecture::Architecture;
use super::entry::{self, BadEntry};
use super::executable::{Executable, NotExecutable};
use super::file::{FileError, read_file};
use super::layout::{EXECUTABLE, Layout, RESOURCES};
use super::limits::{MAX_ARCHIVE_BYTES, MAX_DIRECT_BYTES, MAX_ENTRIES, MAX_UNPACKED_BYTES};
use crate::terminal::printable;

/// What an archive with something in it begins with.
const ZIP: &[u8] = b"PK\x03\x04";
/// What the description of an entry begins with.
const ENTRY_SIGNATURE: &[u8] = b"PK\x01\x02";

/// An archive that OCI Functions should take.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) layout: Layout,
    /// One, or x86 and Arm in this order.
    pub(crate) executables: Vec<Packed>,
    /// Its own size.
    pub(crate) bytes: u64,
    /// The hash of the whole archive, in hexadecimal.
    pub(crate) sha256: String,
}

impl Archive {
    /// Returns whether it may be sent with the call that makes the function, instead of from Object
    /// Storage.
    pub(crate) fn is_direct(&self) -> bool {
        self.bytes <= MAX_DIRECT_BYTES
    }
}

/// An executable in an archive.
#[derive(Debug)]
pub(crate) struct Packed {
    /// Its name in the archive.
    pub(crate) path: String,
    pub(crate) executable: Executable,
    /// Its size, unpacked.
    pub(crate) bytes: u64,
}

/// Why an archive would not become a function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Unreadable(FileError),
    #[error("it has {0} bytes; the service takes at most {MAX_ARCHIVE_BYTES} (250 MB)")]
    Large(u64),
    #[error("it is empty")]
    Empty,
    #[error("it is not a ZIP archive, the one form that the service takes for an executable")]
    NotZip,
    #[error("it is cut off, or its parts do not fit together: {0}")]
    Inconsistent(ZipError),
    #[error("it has more than {MAX_ENTRIES} files and folders")]
    ManyEntries,
    #[error("it unpacks to more than {0} bytes")]
    Bomb(u64),
    #[error(transparent)]
    Entry(#[from] BadEntry),
    #[error(
        "it has `{0}`; expected `func` and `resources/` at its root, or both in each of `fn-arch-x86/` and `fn-arch-arm/`"
    )]
    Unexpected(String),
    #[error("`{0}` cannot be unpacked: {1}")]
    Damaged(String, io::Error),
    #[error(
        "`{0}` is not executable for everybody; expected the Unix mode 0755 (`chmod 755 func` before it is packed, with a tool of Linux or macOS)"
    )]
    Mode(String),
    #[error("it has no `func`")]
    NoExecutable,
    #[error(
        "it has `{0}/func` and no `{1}/func`; an archive for one architecture has `func` at its root"
    )]
    OneFolder(&'static str, &'static str),
    #[error("it has `func` at its root beside `{0}/`; expected one or the other")]
    Mixed(&'static str),
    #[error("`{0}`: {1}")]
    NotExecutable(String, NotExecutable),
    #[error("`{0}` is for {1}; expected {2} in this folder")]
    WrongFolder(String, Architecture, Architecture),
}

/// Reads the archive at a path: its bytes, and what is in it.
pub(crate) fn open(path: &Path) -> Result<(Vec<u8>, Archive), Error> {
    let bytes = read_file(path, MAX_ARCHIVE_BYTES).map_err(|error| match error {
        FileError::Large(size, _) => Error::Large(size),
        FileError::NotRegular | FileError::Unreadable(_) => Error::Unreadable(error),
    })?;
    let archive = read(&bytes)?;
    Ok((bytes, archive))
}

/// Tells what is in an archive.
pub(crate) fn read(bytes: &[u8]) -> Result<Archive, Error> {
    read_within(bytes, MAX_UNPACKED_BYTES)
}

/// The same, with another bound for what is unpacked.
pub(super) fn read_within(bytes: &[u8], unpacked: u64) -> Result<Archive, Error> {
    let size = length(bytes);
    if size > MAX_ARCHIVE_BYTES {
        return Err(Error::Large(size));
    }
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    if !bytes.starts_with(ZIP) {
        return Err(Error::NotZip);
    }
    // Before memory is taken for each.
    if find_iter(bytes, ENTRY_SIGNATURE).nth(MAX_ENTRIES).is_some() {
        return Err(Error::ManyEntries);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(Error::Inconsistent)?;
    // Tools differ in which of two descriptions of a file they believe.
    archive.validate_header_consistency().map_err(Error::Inconsistent)?;
    let mut contents = Contents { archive, left: unpacked, limit: unpacked };
    let (mut executables, mut folders) = (Vec::new(), BTreeSet::new());
    for index in 0..contents.archive.len() {
        let entry = contents.archive.by_index_data(index).map_err(Error::Inconsistent)?;
        let name = entry::name(&entry)?;
        let place = Place::of(&name).ok_or_else(|| Error::Unexpected(printable(&name)))?;
        folders.extend(place.folder);
        if !place.is_executable {
            contents.unpack(index, &name, &mut sink())?;
            continue;
        }
        if !entry::is_executable(&entry) {
            return Err(Error::Mode(name));
        }
        let mut file = Vec::new();
        contents.unpack(index, &name, &mut file)?;
        let executable = Executable::parse(&file);
        let executable = executable.map_err(|why| Error::NotExecutable(name.clone(), why))?;
        executables.push((place.folder, Packed { path: name, executable, bytes: length(&file) }));
    }
    executables.sort_unstable_by_key(|(folder, _)| *folder);
    let layout = layout(&executables, &folders)?;
    let executables = executables.into_iter().map(|(_, packed)| packed).collect();
    let sha256 = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(bytes)));
    Ok(Archive { layout, executables, bytes: size, sha256 })
}

/// Returns which layout this is; that of an archive which has all that its layout asks for.
fn layout(
    executables: &[(Option<Architecture>, Packed)],
    folders: &BTreeSet<Architecture>,
) -> Result<Layout, Error> {
    for (folder, packed) in executables {
        match folder {
            Some(folder) if *folder != packed.executable.architecture => {
                let (path, is) = (packed.path.clone(), packed.executable.architecture);
                return Err(Error::WrongFolder(path, is, *folder));
            }
            _ => {}
        }
    }
    match executables {
        [] => Err(Error::NoExecutable),
        [(None, packed)] => match folders.first() {
            None => Ok(Layout::One(packed.executable.architecture)),
            Some(folder) => Err(Error::Mixed(folder.folder())),
        },
        [(Some(one), _)] => {
            let other = Architecture::ALL.into_iter().find(|other| other != one);
            Err(Error::OneFolder(one.folder(), other.unwrap_or(*one).folder()))
        }
        [(None, _), (Some(folder), _), ..] => Err(Error::Mixed(folder.folder())),
        _ => Ok(Layout::Both),
    }
}

/// Where a file or folder is.
struct Place {
    /// The architecture whose folder it is in; none at the root.
    folder: Option<Architecture>,
    is_executable: bool,
}

impl Place {
    /// None if nothing is expected there.
    fn of(name: &str) -> Option<Self> {
        let inside = |architecture: Architecture| {
            let rest = name.strip_prefix(architecture.folder())?.strip_prefix('/')?;
            Some((architecture, rest))
        };
        let (folder, rest) = match Architecture::ALL.into_iter().find_map(inside) {
            Some((architecture, rest)) => (Some(architecture), rest),
            None => (None, name),
        };
        let is_folder = folder.is_some() && rest.is_empty();
        let is_executable = rest == EXECUTABLE;
        let is_known = is_folder || is_executable || rest.starts_with(RESOURCES);
        is_known.then_some(Self { folder, is_executable })
    }
}

/// What is in an archive, and how much of it may still be unpacked.
struct Contents<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
    limit: u64,
}

impl Contents<'_> {
    /// Unpacks an entry, which checks it.
    fn unpack(&mut self, index: usize, name: &str, to: &mut impl Write) -> Result<(), Error> {
        let damaged = |error| Error::Damaged(printable(name), error);
        let entry = self.archive.by_index(index).map_err(|error| damaged(error.into()))?;
        let size = copy(&mut entry.take(self.left.saturating_add(1)), to).map_err(damaged)?;
        self.left = self.left.checked_sub(size).ok_or(Error::Bomb(self.limit))?;
        Ok(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
