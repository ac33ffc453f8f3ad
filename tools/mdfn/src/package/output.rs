//! Writes the archive: whole, or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use super::error::Error;

/// What a ZIP with something in it begins with.
const ZIP: [u8; 4] = *b"PK\x03\x04";
/// Less what the user's mask takes away, as for every new file.
const MODE: u32 = 0o666;

/// Refuses a path where no archive could be written, before anything is built. An archive may be
/// replaced, and an empty file; whatever else is there is somebody's.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let unwritable = |error| Error::Unwritable(error, path.to_owned());
    let is_folder = path.as_os_str().as_bytes().ends_with(b"/");
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let mut head = Vec::new();
            File::open(path)
                .and_then(|file| file.take(4).read_to_end(&mut head))
                .map_err(unwritable)?;
            if !head.is_empty() && head != ZIP {
                return Err(Error::Occupied(path.to_owned()));
            }
        }
        Ok(_) => return Err(Error::Occupied(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_folder => {}
        Err(error) => return Err(unwritable(error)),
    }
    beside(path).map(drop).map_err(unwritable)
}

/// Writes the archive beside the path, and then puts it there.
pub(super) fn write(path: &Path, archive: &[u8]) -> Result<(), Error> {
    let written = || {
        let mut file = beside(path)?;
        file.write_all(archive)?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    written().map_err(|error| Error::Unwritable(error, path.to_owned()))
}

/// Returns a new file in the path's folder, which is removed unless it is kept.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    tempfile::Builder::new()
        .prefix(".mdfn-")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}
