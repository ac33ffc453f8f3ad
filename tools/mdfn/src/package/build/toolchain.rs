//! What links for an architecture, this machine's or another.

use std::path::Path;
use std::process::{Command, Stdio};

use super::error::BuildError;
use super::process::run;
use crate::archive::Architecture;

/// How executables for an architecture are built.
#[derive(Debug)]
pub(super) struct Toolchain {
    pub(super) architecture: Architecture,
    pub(super) triple: String,
    /// The variable that names the linker to cargo, and its value, where cargo needs one.
    pub(super) linker: Option<(String, String)>,
}

/// What the compiler runs on.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) architecture: Architecture,
    triple: String,
    rustc: String,
}

/// This machine, as the compiler names it.
pub(super) fn host(variable: fn(&str) -> Option<String>) -> Result<Host, BuildError> {
    let rustc = variable("RUSTC").unwrap_or_else(|| "rustc".to_owned());
    let said = run(Command::new(&rustc).arg("-vV").stdin(Stdio::null()), "rustc")?;
    let said = String::from_utf8_lossy(&said);
    let triple = said.lines().find_map(|line| line.strip_prefix("host: "));
    let triple = triple.ok_or_else(|| BuildError::Misunderstood("rustc -vV", said.to_string()))?;
    let is_of = |architecture: &Architecture| triple.starts_with(&format!("{architecture}-"));
    let architecture = Architecture::ALL.into_iter().find(is_of);
    match architecture.filter(|_| triple.contains("-linux")) {
        Some(architecture) => Ok(Host { architecture, triple: triple.to_owned(), rustc }),
        None => Err(BuildError::Host(triple.to_owned())),
    }
}

impl Toolchain {
    /// Looks for all that is needed, and says what to install.
    pub(super) fn find(
        architecture: Architecture,
        host: &Host,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Self, BuildError> {
        if architecture == host.architecture {
            return Ok(Self { architecture, triple: host.triple.clone(), linker: None });
        }
        let triple = format!("{architecture}-unknown-linux-gnu");
        let mut missing = Vec::new();
        if !has_standard_library(&host.rustc, &triple) {
            missing.push(format!("the target (`rustup target add {triple}`)"));
        }
        let name = triple.to_uppercase().replace('-', "_");
        let name = format!("CARGO_TARGET_{name}_LINKER");
        let compiler = format!("{architecture}-linux-gnu-gcc");
        // A linker that the user names brings its own libraries.
        let linker = variable(&name).is_none().then_some((name, compiler.clone()));
        if linker.is_some() && !has_static_library(&compiler) {
            let packages = match architecture {
                Architecture::X86 => "gcc-x86-64-linux-gnu libc6-dev-amd64-cross",
                Architecture::Arm => "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
            };
            missing
                .push(format!("the cross compiler (Debian, Ubuntu: `apt-get install {packages}`)"));
        }
        if missing.is_empty() {
            Ok(Self { architecture, triple, linker })
        } else {
            Err(BuildError::Missing { architecture, missing })
        }
    }
}

/// Returns whether the compiler has the standard library for a target.
fn has_standard_library(rustc: &str, triple: &str) -> bool {
    let folder = answer(rustc, &["--print", "target-libdir", "--target", triple]);
    folder.is_some_and(|folder| Path::new(&folder).is_dir())
}

/// Returns whether there is a C compiler, with a C library to link statically.
fn has_static_library(compiler: &str) -> bool {
    // Without one it prints the name alone.
    answer(compiler, &["-print-file-name=libc.a"]).is_some_and(|path| path.contains('/'))
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| answer.trim_end().to_owned())
}
