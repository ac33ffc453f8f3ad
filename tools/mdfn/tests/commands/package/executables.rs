//! Real executables, linked by this machine's C compiler.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

/// What this machine is, and what it is not.
pub(super) const ARCHITECTURE: &str =
    if cfg!(target_arch = "x86_64") { "x86_64" } else { "aarch64" };
pub(super) const OTHER: &str = if cfg!(target_arch = "x86_64") { "aarch64" } else { "x86_64" };

const PROGRAM: &str = "void _start(void) { for (;;) {} }\n";
/// Where an ELF file says for which processor it is, and their numbers.
const MACHINE: usize = 18;
const NUMBER_ELSEWHERE: u8 = if cfg!(target_arch = "x86_64") { 183 } else { 62 };

static STATIC: LazyLock<Vec<u8>> = LazyLock::new(|| linked(&["-static"]));

/// A statically linked executable.
pub(super) fn here() -> Vec<u8> {
    STATIC.clone()
}

/// The same, as if it were for the other architecture.
pub(super) fn elsewhere() -> Vec<u8> {
    let mut bytes = here();
    bytes[MACHINE] = NUMBER_ELSEWHERE;
    bytes
}

/// The program as the compiler makes it with these options, without a C library.
pub(super) fn linked(options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, made) = (folder.path().join("program.c"), folder.path().join("made"));
    fs::write(&source, PROGRAM).unwrap();
    let mut compiler = Command::new("cc");
    compiler.arg("-nostdlib").args(options).arg("-o").args([&made, &source]);
    assert!(compiler.status().unwrap().success(), "{options:?}");
    fs::read(made).unwrap()
}
