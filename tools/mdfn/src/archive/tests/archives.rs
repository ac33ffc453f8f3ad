//! Archives as `mdfn package` makes them, as others make them, and as nobody should.

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, System};

use super::samples::{ELSEWHERE, HERE, STATIC, dynamic, elsewhere, linked, replaced, unix, zip};
use crate::archive::executable::Kind;
use crate::archive::read::read_within;
use crate::archive::{Architecture, Error, Layout, read, write};

const MODE: u32 = 0o100_755;

fn refused(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// Returns what is said of an archive with a file more.
fn beside(name: &str, options: SimpleFileOptions, bytes: &[u8]) -> String {
    refused(&zip(&[("func", unix(MODE), &STATIC), (name, options, bytes)]))
}

/// Returns what is said of an archive with this alone.
fn alone(name: &str, mode: u32, bytes: &[u8]) -> String {
    refused(&zip(&[(name, unix(mode), bytes)]))
}

#[test]
fn one_architecture_is_at_the_root_and_two_have_their_folders() {
    let archive = write(Layout::One(HERE), &[(HERE, &STATIC)]).unwrap();
    let read_back = read(&archive).unwrap();
    assert_eq!(read_back.layout, Layout::One(HERE));
    assert_eq!(read_back.bytes, u64::try_from(archive.len()).unwrap());
    assert!(read_back.is_direct());
    let [packed] = &read_back.executables[..] else { panic!("{read_back:?}") };
    assert_eq!((packed.path.as_str(), packed.executable.kind), ("func", Kind::Fixed));
    assert_eq!(packed.bytes, u64::try_from(STATIC.len()).unwrap());

    let other = elsewhere();
    let archive = write(Layout::Both, &[(HERE, &STATIC), (ELSEWHERE, &other)]).unwrap();
    let read_back = read(&archive).unwrap();
    assert_eq!(read_back.layout, Layout::Both);
    let packed = read_back.executables.iter().map(|packed| packed.path.as_str());
    assert_eq!(packed.collect::<Vec<_>>(), ["fn-arch-x86/func", "fn-arch-arm/func"]);
}

#[test]
fn the_same_executables_give_the_same_bytes_in_any_order() {
    let other = elsewhere();
    let (ours, theirs) = ((HERE, &STATIC[..]), (ELSEWHERE, &other[..]));
    let archive = write(Layout::Both, &[ours, theirs]).unwrap();
    assert_eq!(archive, write(Layout::Both, &[theirs, ours]).unwrap());
    // Made on a Unix, mode 0755, of 1 January 1980: what the entry of the directory says.
    let entry = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
    assert_eq!(archive[entry + 5], 3);
    assert_eq!(archive[entry + 12..entry + 16], [0, 0, 0x21, 0]);
    assert_eq!(archive[entry + 38..entry + 42], (MODE << 16).to_le_bytes());
    // No time of any other form, and no size that follows the file.
    assert_eq!(archive[entry + 30..entry + 34], [0, 0, 0, 0]);
    assert_eq!(archive[entry + 8] & 8, 0);
}

#[test]
fn resources_may_be_beside_an_executable() {
    let dos = SimpleFileOptions::DEFAULT.system(System::Dos);
    let stored = unix(MODE).compression_method(CompressionMethod::Stored);
    let archive = zip(&[("resources/a/b.json", dos, b"{}"), ("func", stored, &STATIC)]);
    assert_eq!(read(&archive).unwrap().layout, Layout::One(HERE));
    let other = elsewhere();
    let archive = zip(&[
        ("fn-arch-arm/func", unix(MODE), if HERE == Architecture::Arm { &STATIC } else { &other }),
        ("fn-arch-arm/resources/x", unix(0o100_644), b""),
        (
            "fn-arch-x86/func",
            unix(0o100_711),
            if HERE == Architecture::X86 { &STATIC } else { &other },
        ),
    ]);
    assert_eq!(read(&archive).unwrap().layout, Layout::Both);
}

#[test]
fn a_func_that_the_service_could_not_start_is_refused() {
    let text = alone("func", MODE, b"#!/bin/sh\n");
    assert!(text.starts_with("`func`: it is a script (`#!`)"), "{text}");
    let text = alone("func", MODE, &dynamic());
    assert!(text.starts_with("`func`: it is dynamically linked and needs /"), "{text}");
    let text = alone("func", MODE, &linked(&["-shared", "-fPIC"]));
    assert_eq!(text, "`func`: it is a shared library, not an executable");
    for options in
        [unix(0o100_644), unix(0o100_744), SimpleFileOptions::DEFAULT.system(System::Dos)]
    {
        let text = refused(&zip(&[("func", options, &STATIC)]));
        assert!(text.starts_with("`func` is not executable for everybody; expected"), "{text}");
    }
    assert_eq!(
        alone("func", 0o120_777, b"../other"),
        "`func` is a link or a device; expected a regular file"
    );
}

#[test]
fn a_link_is_refused_whatever_the_system_that_packed_it_and_a_folder_only_as_a_folder() {
    let of = |system, mode: u32| {
        SimpleFileOptions::DEFAULT.system(system).external_attributes(mode << 16)
    };
    for system in [System::Unix, System::Dos, System::WindowsNTFS, System::OsDarwin] {
        for (name, mode) in [
            ("resources/a", 0o120_777),
            ("resources/a", 0o040_755),
            ("resources/a", 0o060_644),
            ("resources/a/", 0o120_777),
        ] {
            let text = beside(name, of(system, mode), b"");
            let said = format!("`{name}` is a link or a device; expected a regular file");
            assert_eq!(text, said, "{system:?} {mode:o}");
        }
        for (name, mode) in [
            ("resources/a", 0),
            ("resources/a", 0o100_644),
            ("resources/a/", 0),
            ("resources/a/", 0o040_755),
        ] {
            let with = zip(&[("func", unix(MODE), &STATIC), (name, of(system, mode), b"")]);
            assert!(read(&with).is_ok(), "{system:?} {name} {mode:o}");
        }
    }
}

#[test]
fn an_executable_must_be_where_its_architecture_says() {
    let (mine, others) = (HERE.folder(), ELSEWHERE.folder());
    let (here, there) = (format!("{mine}/func"), format!("{others}/func"));
    let text = alone(&there, MODE, &STATIC);
    assert_eq!(text, format!("`{there}` is for {HERE}; expected {ELSEWHERE} in this folder"));
    let text = alone(&here, MODE, &STATIC);
    assert!(text.starts_with(&format!("it has `{here}` and no `{there}`; an archive")), "{text}");
    let text = beside(&there, unix(MODE), &elsewhere());
    assert_eq!(
        text,
        format!("it has `func` at its root beside `{others}/`; expected one or the other")
    );
    assert_eq!(alone("resources/func", MODE, &STATIC), "it has no `func`");
}

#[test]
fn what_the_service_does_not_expect_is_named() {
    for name in ["function/func", "README.md", "Func", "__MACOSX/._func", "fn-arch-arm/bin/func"] {
        let text = beside(name, unix(MODE), &STATIC);
        let said = "expected `func` and `resources/` at its root, or both in each of";
        assert!(text.starts_with(&format!("it has `{name}`; {said}")), "{text}");
    }
}

#[test]
fn no_path_leads_out_of_the_archive() {
    // The writer makes plain paths of some: the name is put in afterwards.
    for name in [
        "../../func",
        "/etc/passwd",
        "resources/../../x",
        "resources//x",
        "resources\\..\\x",
        "resources/x\0y",
        "c:/x",
    ] {
        let plain = "x".repeat(name.len());
        let archive = zip(&[("func", unix(MODE), &STATIC), (&plain, unix(MODE), b"")]);
        let text = refused(&replaced(&archive, plain.as_bytes(), name.as_bytes()));
        assert!(
            text.ends_with("leads out of the archive or is not a plain path"),
            "{name}: {text}"
        );
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let archive = zip(&[("func", unix(MODE), &STATIC), ("funk", unix(MODE), &STATIC)]);
    let text = refused(&replaced(&archive, b"funk", b"func"));
    assert!(text.contains("duplicate file names"), "{text}");
}

#[test]
fn a_name_that_differs_in_the_two_places_is_refused() {
    let archive = zip(&[("func", unix(MODE), &STATIC)]);
    let directory = archive.len() - 22 - 46 - 4;
    let mut bytes = archive[..directory].to_vec();
    bytes.extend(replaced(&archive[directory..], b"func", b"funk"));
    let text = refused(&bytes);
    assert!(text.starts_with("it is cut off, or its parts do not fit together: "), "{text}");
}

#[test]
fn an_encrypted_or_strangely_packed_file_is_refused() {
    let stored = unix(MODE).compression_method(CompressionMethod::Stored);
    let archive = zip(&[("func", stored, b"x")]);
    let (local, entry) = (0, archive.len() - 22 - 46 - 4);
    let changed = |offset: usize, byte: u8| {
        let mut bytes = archive.clone();
        bytes[local + 4 + offset] = byte;
        bytes[entry + 6 + offset] = byte;
        refused(&bytes)
    };
    assert_eq!(changed(2, 1), "`func` is encrypted");
    let text = changed(4, 12);
    assert!(
        text.starts_with("`func` is packed with ")
            && text.ends_with("; expected deflate or no compression"),
        "{text}"
    );
}

#[test]
fn what_is_no_zip_or_a_piece_of_one_is_refused() {
    assert_eq!(refused(b""), "it is empty");
    let archive = write(Layout::One(HERE), &[(HERE, &STATIC)]).unwrap();
    for bytes in [&STATIC[..], b"PK", b"PK\x05\x06", b"\x1f\x8b\x08\0"] {
        assert!(refused(bytes).starts_with("it is not a ZIP archive, the one form"));
    }
    for bytes in [&b"PK\x03\x04"[..], &archive[..archive.len() - 23]] {
        let text = refused(bytes);
        assert!(text.starts_with("it is cut off, or its parts do not fit together: "), "{text}");
    }
    let mut damaged = archive.clone();
    damaged[200] ^= 0xff;
    let text = refused(&damaged);
    assert!(text.starts_with("`func` cannot be unpacked: "), "{text}");
}

#[test]
fn what_unpacks_without_end_is_refused_before_it_fills_the_memory() {
    let zeros = vec![0; 1_000_000];
    let archive = zip(&[("func", unix(MODE), &STATIC), ("resources/x", unix(MODE), &zeros)]);
    assert!(archive.len() < 20_000);
    let error = read_within(&archive, 999_999).unwrap_err();
    assert_eq!(error.to_string(), "it unpacks to more than 999999 bytes");
    assert!(read(&archive).is_ok());
}

#[test]
fn more_files_than_anybody_needs_are_refused() {
    let names: Vec<String> = (0..10_000).map(|number| format!("resources/{number}")).collect();
    let stored = unix(MODE).compression_method(CompressionMethod::Stored);
    let mut files = vec![("func", stored, &STATIC[..])];
    files.extend(names.iter().map(|name| (name.as_str(), stored, &b""[..])));
    let error = read(&zip(&files)).unwrap_err();
    assert!(matches!(error, Error::ManyEntries), "{error}");
    files.pop();
    assert!(read(&zip(&files)).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Wherever an archive is damaged, there is an answer, and what is taken has an executable.
    #[test]
    fn no_damage_of_an_archive_makes_it_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        from_the_end in any::<bool>(),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let file = ("resources/x", unix(MODE), &b"x"[..]);
        let mut bytes = zip(&[("func", unix(MODE), &STATIC), file]);
        // Most of it is packed code: what describes it is in the last 200 bytes.
        let described = bytes.len() - 200;
        for (at, byte) in edits {
            let at = if from_the_end { described + at.index(200) } else { at.index(bytes.len()) };
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(archive) = read(&bytes) {
            prop_assert_eq!(archive.executables.len(), 1);
        }
    }
}
