//! The summary of an archive.

use std::fmt::Write as _;
use std::path::Path;

use crate::archive::{Archive, MAX_DIRECT_BYTES};

/// Returns a line for each fact.
pub(super) fn summary(path: &Path, archive: &Archive) -> String {
    let mut text = format!("{}\n", path.display());
    let mut fact = |name: &str, value: &str| {
        // A text takes what is written to it.
        let _infallible = writeln!(text, "  {name:<8}{value}");
    };
    fact("size", &format!("{} bytes", archive.bytes));
    fact("shape", &format!("{} (that of the application)", archive.layout.shape()));
    for packed in &archive.executables {
        let executable = packed.executable;
        let kind = executable.kind.name();
        let size = packed.bytes;
        fact(
            "func",
            &format!(
                "{}: {}, statically linked, {kind}, {size} bytes",
                packed.path, executable.architecture
            ),
        );
    }
    fact("sha256", &archive.sha256);
    if !archive.is_direct() {
        let limit = MAX_DIRECT_BYTES / 1_000_000;
        fact(
            "note",
            &format!(
                "larger than {limit} MB: OCI Functions takes it through a bucket of Object Storage only"
            ),
        );
    }
    text
}

/// Returns the command that comes after it.
pub(super) fn next(path: &Path, archive: &Archive) -> String {
    let bucket = if archive.is_direct() { "" } else { " --bucket <name>" };
    format!("Next:\n  mdfn deploy --archive {} --application <OCID>{bucket}", path.display())
}
