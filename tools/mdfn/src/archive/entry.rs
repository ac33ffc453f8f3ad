//! One file or folder of an archive, as its directory describes it.

use zip::read::ZipFileEntry;
use zip::{CompressionMethod, System};

use crate::terminal::printable;

/// The bits of a mode that tell a file from a link or a device.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
/// It is unknown as which user the service starts it, so every user must have access.
const EXECUTABLE: u32 = 0o111;

/// What is wrong with an entry, whatever is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadEntry {
    #[error("`{0}` leads out of the archive or is not a plain path")]
    Path(String),
    #[error("`{0}` is encrypted")]
    Encrypted(String),
    #[error("`{0}` is packed with {1}; expected deflate or no compression")]
    Compression(String, CompressionMethod),
    #[error("`{0}` is a link or a device; expected a regular file")]
    Type(String),
}

/// Returns the name of an entry that may be unpacked; a folder's ends in `/`.
pub(super) fn name(entry: &ZipFileEntry<'_>) -> Result<String, BadEntry> {
    let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let shown = printable(&raw);
    let parts = raw.strip_suffix('/').unwrap_or(&raw).split('/');
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']);
    // A path in place of the raw name, by an extra field, would be unpacked by some tools.
    let is_text = entry.name().is_ok_and(|name| name == raw);
    if !is_text || !parts.clone().all(plain) {
        return Err(BadEntry::Path(shown));
    }
    if entry.encrypted() {
        return Err(BadEntry::Encrypted(shown));
    }
    let compression = entry.compression();
    if ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&compression) {
        return Err(BadEntry::Compression(shown, compression));
    }
    // Many tools make a link of these bits, whatever the entry's system is.
    match entry.external_attributes() >> 16 & TYPE {
        0 | REGULAR => Ok(raw),
        DIRECTORY if raw.ends_with('/') => Ok(raw),
        _ => Err(BadEntry::Type(shown)),
    }
}

/// Returns whether everybody may run it, once it is unpacked.
pub(super) fn is_executable(entry: &ZipFileEntry<'_>) -> bool {
    mode(entry).is_some_and(|mode| mode & EXECUTABLE == EXECUTABLE)
}

/// Returns the mode that it was packed with on a Unix.
fn mode(entry: &ZipFileEntry<'_>) -> Option<u32> {
    (entry.system() == System::Unix).then(|| entry.external_attributes() >> 16)
}
