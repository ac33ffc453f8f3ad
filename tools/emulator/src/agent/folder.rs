//! The folder in which an agent and a function meet, and who may enter it.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// Returns a new folder for its owner alone: whoever reaches the socket in it calls with the
/// owner's credentials.
pub fn private(parent: &Path) -> io::Result<TempDir> {
    // A short name: the path of a socket has at most 107 bytes.
    let mut builder = Builder::new();
    builder.prefix("fn").permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}
