//! Archives that others made.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::tempdir;

use super::executables::{ARCHITECTURE, OTHER, elsewhere, here};
use crate::{Done, mdfn};

fn check(archive: &Path) -> Done {
    mdfn(&["package", "--check", archive.to_str().unwrap()], "")
}

/// The archive that Python makes of these files, as its `zipfile` does from a folder.
fn packed(folder: &Path, files: &[(&str, u32, &[u8])]) -> PathBuf {
    let source = folder.join("source");
    for (name, mode, bytes) in files {
        let path = source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
    }
    let mut python = Command::new("python3");
    python.args(["-m", "zipfile", "-c", "../function.zip"]).current_dir(&source);
    for entry in fs::read_dir(&source).unwrap() {
        python.arg(entry.unwrap().file_name());
    }
    assert!(python.status().unwrap().success());
    fs::remove_dir_all(source).unwrap();
    folder.join("function.zip")
}

#[test]
fn an_archive_of_another_tool_is_taken() {
    let folder = tempdir().unwrap();
    let archive =
        packed(folder.path(), &[("func", 0o755, &here()), ("resources/a.json", 0o600, b"{}")]);
    let done = check(&archive);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    let said =
        format!("\n  func    func: {ARCHITECTURE}, statically linked, EXEC (fixed addresses), ");
    assert!(done.stdout.contains(&said) && !done.stdout.contains("Next"), "{done:?}");

    let (ours, theirs) = (here(), elsewhere());
    let (x86, arm) = if ARCHITECTURE == "x86_64" { (&ours, &theirs) } else { (&theirs, &ours) };
    let files = [("fn-arch-x86/func", 0o755, &x86[..]), ("fn-arch-arm/func", 0o755, &arm[..])];
    let done = check(&packed(folder.path(), &files));
    assert!(done.code == 0 && done.stdout.contains("  shape   GENERIC_X86_ARM "), "{done:?}");
}

#[test]
fn an_archive_that_the_service_would_refuse_ends_with_1_and_the_reason() {
    let folder = tempdir().unwrap();
    let dynamic = fs::read("/bin/sh").unwrap();
    let (mine, others) = (here(), elsewhere());
    let wrong = if ARCHITECTURE == "x86_64" { "fn-arch-arm/func" } else { "fn-arch-x86/func" };
    let right = if ARCHITECTURE == "x86_64" { "fn-arch-x86/func" } else { "fn-arch-arm/func" };
    for (files, said) in [
        (&[("func", 0o755, &b"#!/bin/sh\n"[..])][..], "`func`: it is a script (`#!`)".to_owned()),
        (&[("func", 0o755, &dynamic)], "`func`: it is dynamically linked and needs /".to_owned()),
        (
            &[("func", 0o644, &mine)],
            "`func` is not executable for everybody; expected the Unix mode".to_owned(),
        ),
        (
            &[(wrong, 0o755, &mine)],
            format!("`{wrong}` is for {ARCHITECTURE}; expected {OTHER} in this"),
        ),
        (
            &[(right, 0o755, &mine)],
            format!("it has `{right}` and no `{wrong}`; an archive for one"),
        ),
        (
            &[("func", 0o755, &mine), (wrong, 0o755, &others)],
            "it has `func` at its root beside `fn-".to_owned(),
        ),
        (
            &[("function/func", 0o755, &mine)],
            "it has `function/`; expected `func` and `resources/`".to_owned(),
        ),
        (&[("resources/func", 0o755, &mine)], "it has no `func`".to_owned()),
    ] {
        let archive = packed(folder.path(), files);
        let done = check(&archive);
        let said = format!("mdfn package: {}: {said}", archive.display());
        assert!(done.stderr.starts_with(&said) && done.stderr.lines().count() == 1, "{done:?}");
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
    }
}

#[test]
fn a_file_over_the_limit_and_one_that_is_no_archive_are_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("function.zip");
    File::create(&path).unwrap().set_len(250_000_001).unwrap();
    for (bytes, said, code) in [
        (None, "it has 250000001 bytes; the service takes at most 250000000 (250 MB)", 1),
        (Some(&b""[..]), "it is empty", 1),
        (Some(&here()), "it is not a ZIP archive, the one form that the service takes", 1),
        (Some(b"PK\x03\x04\x14"), "it is cut off, or its parts do not fit together", 1),
    ] {
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        let done = check(&path);
        assert!(done.code == code && done.stderr.contains(said), "{done:?}");
    }
    fs::remove_file(&path).unwrap();
    let done = check(&path);
    assert!(done.code == 2 && done.stderr.contains("it cannot be read: No such file"), "{done:?}");
}
