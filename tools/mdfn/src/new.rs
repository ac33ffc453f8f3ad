//! `mdfn new`: a new function from the template that `fn init` uses too, without Docker.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{fs, io};

use clap::Args;

use crate::terminal::{complain, deliver};

const AFTER_HELP: &str = "\
The folder NAME gets `src/main.rs` with its test, `Cargo.toml`, `func.yaml`, a `Dockerfile`, and the crate `fn-fdk`.

Exit code: 0, 1 if it cannot be made, 2 for wrong usage.

Example:
  mdfn new greeter && cd greeter && cargo test";

/// Creates a new function in Rust
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Folder to create; its last part is the name of the function
    #[arg(value_name = "NAME", value_parser = folder)]
    folder: PathBuf,
    /// Clone of this repository with template and crate; default: the one `mdfn` was built in
    #[arg(long, value_name = "FOLDER")]
    repository: Option<PathBuf>,
}

/// Makes the function, and prints what to do next.
pub fn run(options: &Options) -> ExitCode {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let repository = options.repository.as_deref().or(built_in).unwrap_or(Path::new("."));
    match make(&options.folder, repository) {
        Ok(()) => deliver("mdfn new", &next(&options.folder)),
        Err(mistake) => {
            complain(&format!("mdfn new: {mistake}"));
            ExitCode::FAILURE
        }
    }
}

fn make(folder: &Path, repository: &Path) -> Result<(), String> {
    let assemble = repository.join("init-image/assemble");
    if !assemble.is_file() {
        let shown = repository.display();
        return Err(format!(
            "{shown} is not a clone of this repository; name one with --repository"
        ));
    }
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    fs::create_dir(folder).map_err(failed)?;
    let made = unpack(&assemble, folder).and_then(|()| {
        let yaml = folder.join("func.init.yaml");
        let more = fs::read_to_string(&yaml).map_err(failed)?;
        fs::write(folder.join("func.yaml"), func_yaml(folder, &more)).map_err(failed)?;
        fs::remove_file(yaml).map_err(failed)
    });
    if made.is_err() {
        // Nothing half-made stays.
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    made
}

/// Has the stream of files for `fn init` unpacked into a folder.
fn unpack(assemble: &Path, folder: &Path) -> Result<(), String> {
    let failed = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let mut files = Command::new(assemble);
    let mut files = files.stdout(Stdio::piped()).spawn().map_err(failed("init-image/assemble"))?;
    let stream = files.stdout.take().ok_or("init-image/assemble has no output")?;
    let mut tar = Command::new("tar");
    let tar = tar.arg("-x").arg("-C").arg(folder).stdin(stream).status();
    let files = files.wait().map_err(failed("init-image/assemble"))?;
    if !files.success() {
        return Err(format!("init-image/assemble ended with {files}"));
    }
    match tar.map_err(failed("tar"))? {
        tar if tar.success() => Ok(()),
        tar => Err(format!("tar ended with {tar}")),
    }
}

/// Returns what `fn init` writes: the name and a version, then the template's lines.
fn func_yaml(folder: &Path, more: &str) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut yaml = String::from("schema_version: 20180708\n");
    // A text takes what is written to it.
    let _infallible = writeln!(yaml, "name: {name}\nversion: 0.0.1");
    yaml + more
}

fn next(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "{folder} is a function. Next:\n  cd {folder} && cargo build\n  echo '{{\"name\": \"Ada\"}}' | \
         mdfn invoke -- target/debug/func"
    )
}

fn folder(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(fits) {
        return Ok(path);
    }
    Err("expected a folder whose name is of a-z, 0-9, `-` and `_`, and begins with a letter".into())
}
