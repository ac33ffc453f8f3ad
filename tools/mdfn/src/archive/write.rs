//! Makes an archive, always of the same bytes for the same executables.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::architecture::Architecture;
use super::layout::Layout;

/// A regular file that everybody may read and run.
const MODE: u32 = 0o100_755;
/// Where a ZIP has the mode of Unix.
const MODE_SHIFT: u32 = 16;
/// The best, which takes a second for an executable of 6 MB.
const COMPRESSION: i64 = 9;

/// Returns the archive of these executables, in this order whatever theirs.
pub(crate) fn write(
    layout: Layout,
    executables: &[(Architecture, &[u8])],
) -> std::io::Result<Vec<u8>> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(COMPRESSION))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .external_attributes(MODE << MODE_SHIFT);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut executables = executables.to_vec();
    executables.sort_unstable_by_key(|(architecture, _)| *architecture);
    for (architecture, bytes) in executables {
        archive.start_file(layout.path(architecture), options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
