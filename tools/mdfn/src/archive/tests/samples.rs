//! Real executables, linked by this machine's C compiler in every way that matters, and archives.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use zip::write::SimpleFileOptions;
use zip::{System, ZipWriter};

use crate::archive::Architecture;

/// The architecture of this machine, which its compiler links for.
pub(super) const HERE: Architecture =
    if cfg!(target_arch = "x86_64") { Architecture::X86 } else { Architecture::Arm };
pub(super) const ELSEWHERE: Architecture =
    if cfg!(target_arch = "x86_64") { Architecture::Arm } else { Architecture::X86 };

const PROGRAM: &str = "void _start(void) { for (;;) {} }\n";
/// Where an ELF file says for which processor it is, and their numbers.
const MACHINE: usize = 18;
const AARCH64: u8 = 183;
const X86_64: u8 = 62;

/// A statically linked executable.
pub(super) static STATIC: LazyLock<Vec<u8>> = LazyLock::new(|| linked(&["-static"]));

/// Returns the program as the compiler makes it with these options, without a C library.
pub(super) fn linked(options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, made) = (folder.path().join("program.c"), folder.path().join("made"));
    fs::write(&source, PROGRAM).unwrap();
    let mut compiler = Command::new("cc");
    compiler.arg("-nostdlib").args(options).arg("-o").args([&made, &source]);
    assert!(compiler.status().unwrap().success(), "{options:?}");
    fs::read(made).unwrap()
}

/// Returns the executable of this test, which needs a dynamic linker.
pub(super) fn dynamic() -> Vec<u8> {
    fs::read(Path::new("/proc/self/exe")).unwrap()
}

/// The same executable, as if it were for the other architecture.
pub(super) fn elsewhere() -> Vec<u8> {
    let mut bytes = STATIC.clone();
    bytes[MACHINE] = if HERE == Architecture::X86 { AARCH64 } else { X86_64 };
    bytes
}

/// Packed as a Unix does it.
pub(super) fn unix(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::DEFAULT.system(System::Unix).external_attributes(mode << 16)
}

/// Returns an archive with these files.
pub(super) fn zip(files: &[(&str, SimpleFileOptions, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, options, bytes) in files {
        archive.start_file(*name, *options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Returns the bytes with each of these in place of the other; there must be one.
pub(super) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = memchr::memmem::find_iter(bytes, from).collect();
    assert!(!places.is_empty(), "{from:?}");
    let mut bytes = bytes.to_vec();
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    bytes
}
