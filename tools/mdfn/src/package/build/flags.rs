//! The compiler's flags: the executable needs nothing else, and reveals nothing of this machine.

use std::fs;
use std::path::{Path, PathBuf};

/// What is between two flags in the variable that may hold any path.
const SEPARATOR: &str = "\x1f";
/// The folders in cargo's home with the sources of dependencies.
const SOURCES: [&str; 2] = ["registry/src", "git/checkouts"];

/// Returns the flags for `CARGO_ENCODED_RUSTFLAGS`: those of the user, then these.
pub(super) fn encoded(pie: bool, workspace: &Path, variable: fn(&str) -> Option<String>) -> String {
    let mut flags = match (variable("CARGO_ENCODED_RUSTFLAGS"), variable("RUSTFLAGS")) {
        (Some(encoded), _) => encoded.split(SEPARATOR).map(str::to_owned).collect(),
        (None, Some(plain)) => plain.split(' ').map(str::to_owned).collect::<Vec<_>>(),
        (None, None) => Vec::new(),
    };
    flags.retain(|flag| !flag.is_empty());
    flags.push("-Ctarget-feature=+crt-static".to_owned());
    if !pie {
        flags.push("-Crelocation-model=static".to_owned());
    }
    // What code panics with names its source file, which is wherever this machine has it.
    let home = variable("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&variable("HOME")?).join(".cargo")));
    let sources = home.into_iter().flat_map(|home| SOURCES.map(|folder| home.join(folder)));
    let folders = sources.flat_map(|folder| folders(&folder)).chain([workspace.to_owned()]);
    flags.extend(folders.map(|folder| format!("--remap-path-prefix={}/=", folder.display())));
    flags.join(SEPARATOR)
}

/// Returns the folders in a folder, in order.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort_unstable();
    folders
}
