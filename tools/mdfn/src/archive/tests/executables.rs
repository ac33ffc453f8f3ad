//! Executables of every kind, and of none.

use proptest::prelude::*;

use super::samples::{ELSEWHERE, HERE, STATIC, dynamic, elsewhere, linked};
use crate::archive::executable::{Executable, Kind, NotExecutable};

fn refused(bytes: &[u8]) -> String {
    Executable::parse(bytes).unwrap_err().to_string()
}

/// Returns the bytes with another one at a place.
fn with(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = STATIC.clone();
    assert_ne!(bytes[at], byte);
    bytes[at] = byte;
    bytes
}

#[test]
fn static_executables_are_told_apart_by_kind_and_architecture() {
    for (bytes, architecture, kind) in [
        (STATIC.clone(), HERE, Kind::Fixed),
        (linked(&["-static-pie", "-fPIE"]), HERE, Kind::Pie),
        (elsewhere(), ELSEWHERE, Kind::Fixed),
    ] {
        assert_eq!(Executable::parse(&bytes), Ok(Executable { architecture, kind }));
    }
}

#[test]
fn a_dynamic_executable_is_refused_with_its_interpreter() {
    let text = refused(&dynamic());
    assert!(text.starts_with("it is dynamically linked and needs /lib"), "{text}");
    assert!(text.contains("/ld-linux") && text.ends_with("; link it statically"), "{text}");
}

#[test]
fn libraries_are_refused_whatever_they_are() {
    assert_eq!(
        refused(&linked(&["-shared", "-fPIC"])),
        "it is a shared library, not an executable"
    );
    assert_eq!(refused(&linked(&["-c"])), "it is an object file, not an executable");
    // Every shared object of this machine's C library needs another.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let library = maps.split_whitespace().find(|word| word.contains("/libgcc_s")).unwrap();
    assert_eq!(Executable::parse(&std::fs::read(library).unwrap()), Err(NotExecutable::Libraries));
}

#[test]
fn what_linux_of_these_processors_does_not_run_is_named() {
    for (bytes, said) in [
        (Vec::new(), "it is empty"),
        (b"#!/bin/sh\nexec ./other\n".to_vec(), "it is a script (`#!`); the runtime for Go starts"),
        (
            b"\xcf\xfa\xed\xfe\x0c\0\0\x01".to_vec(),
            "it is a program for macOS, or of Java; expected",
        ),
        (b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec(), "it is a program for macOS, or of Java; expected"),
        (b"MZ\x90\0".to_vec(), "it is a program for Windows; expected a Linux executable (ELF)"),
        (b"{\"data\": []}".to_vec(), "it is not a program; expected a Linux executable (ELF)"),
        (with(4, 1), "it is a 32-bit executable; expected one of 64 bits"),
        (with(5, 2), "it is for a big-endian processor; expected x86_64 or aarch64"),
        (with(7, 9), "it is for FreeBSD; expected Linux"),
        (with(7, 97), "it is for another operating system; expected Linux"),
        (with(18, 243), "it is for RISC-V; expected x86_64 or aarch64"),
        (with(18, 2), "it is for processor 2 of ELF's list; expected x86_64 or aarch64"),
        (with(16, 4), "it is a core dump or the like, not an executable"),
        (with(54, 1), "it is damaged: its segments cannot be read"),
    ] {
        let text = refused(&bytes);
        assert!(text.starts_with(said), "{text}");
    }
}

#[test]
fn a_file_that_was_cut_off_is_refused_wherever_it_was_cut() {
    for end in 4..STATIC.len() {
        let error = Executable::parse(&STATIC[..end]).unwrap_err();
        assert!(matches!(error, NotExecutable::CutOff(..)), "{end}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Wherever it is damaged, there is an answer.
    #[test]
    fn no_damage_makes_it_panic(
        edits in prop::collection::vec((0..512_usize, any::<u8>()), 1..8),
        is_pie in any::<bool>(),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        static PIE: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| linked(&["-static-pie", "-fPIE"]));
        let mut bytes = if is_pie { PIE.clone() } else { STATIC.clone() };
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Err(error) = Executable::parse(&bytes) {
            prop_assert!(error.to_string().starts_with("it is "));
        }
    }
}
