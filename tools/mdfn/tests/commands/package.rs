//! `mdfn package`.

mod build;
mod check;
mod executables;

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::{TempDir, tempdir};

use self::executables::{ARCHITECTURE, OTHER, elsewhere, here};
use super::{Done, mdfn};

/// A folder with executables: for this machine, and as if for the other architecture.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("here"), here()).unwrap();
    fs::write(folder.path().join("elsewhere"), elsewhere()).unwrap();
    folder
}

/// Runs the command on executables of the folder, for the archive `function.zip` in it.
fn pack(folder: &Path, binaries: &[&str], options: &[&str]) -> Done {
    let paths: Vec<String> =
        binaries.iter().map(|name| folder.join(name).display().to_string()).collect();
    let output = folder.join("function.zip").display().to_string();
    let mut arguments = vec!["package", "--output", &output];
    arguments.extend(paths.iter().flat_map(|path| ["--binary", path]));
    arguments.extend(options);
    mdfn(&arguments, "")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What Python says of an archive: a line for each file, with system, mode, time and hash.
fn listed(archive: &Path) -> Vec<String> {
    let script = "import hashlib, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
for entry in archive.infolist():
    digest = hashlib.sha256(archive.read(entry)).hexdigest()
    print(entry.filename, entry.create_system, oct(entry.external_attr >> 16), entry.date_time[:3], digest)";
    let python = Command::new("python3").args(["-c", script]).arg(archive).output().unwrap();
    assert!(python.status.success(), "{python:?}");
    String::from_utf8(python.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let mut digest = Command::new("sha256sum");
    let folder = tempdir().unwrap();
    let file = folder.path().join("bytes");
    fs::write(&file, bytes).unwrap();
    let printed = digest.arg(file).output().unwrap().stdout;
    String::from_utf8(printed).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn one_executable_is_at_the_root_of_the_archive_and_the_summary_says_what_it_is() {
    let folder = folder();
    let done = pack(folder.path(), &["here"], &[]);
    let archive = folder.path().join("function.zip");
    let bytes = fs::read(&archive).unwrap();
    let shape = if ARCHITECTURE == "x86_64" { "GENERIC_X86" } else { "GENERIC_ARM" };
    let (path, size, executable) = (archive.display(), bytes.len(), here().len());
    let digest = sha256(&bytes);
    let expected = format!(
        "{path}
  size    {size} bytes
  shape   {shape} (that of the application)
  func    func: {ARCHITECTURE}, statically linked, EXEC (fixed addresses), {executable} bytes
  sha256  {digest}
Next:
  mdfn deploy --archive {path} --application <OCID>\n"
    );
    assert_eq!((done.stdout, done.stderr.as_str(), done.code), (expected, "", 0));
    let digest = sha256(&here());
    assert_eq!(listed(&archive), [format!("func 3 0o100755 (1980, 1, 1) {digest}")]);
    assert_eq!(names(folder.path()), ["elsewhere", "function.zip", "here"]);

    // What is an archive is replaced, by the same bytes.
    assert_eq!(pack(folder.path(), &["here"], &["--arch", arch()]).code, 0);
    assert_eq!(fs::read(&archive).unwrap(), bytes);
}

/// What `--arch` calls this machine.
fn arch() -> &'static str {
    if ARCHITECTURE == "x86_64" { "x86" } else { "arm" }
}

#[test]
fn two_executables_have_their_folders() {
    let folder = folder();
    let done = pack(folder.path(), &["elsewhere", "here"], &["--arch", "both"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.contains("  shape   GENERIC_X86_ARM (that"), "{done:?}");
    let paths: Vec<_> = done.stdout.lines().filter(|line| line.starts_with("  func")).collect();
    assert!(paths[0].contains("fn-arch-x86/func: x86_64, ") && paths.len() == 2, "{done:?}");
    assert!(paths[1].contains("fn-arch-arm/func: aarch64, "), "{done:?}");
    let listed = listed(&folder.path().join("function.zip"));
    let names: Vec<_> = listed.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["fn-arch-x86/func", "fn-arch-arm/func"]);
}

#[test]
fn what_is_no_static_executable_is_refused_and_nothing_is_made() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("empty"), "").unwrap();
    fs::write(path.join("script"), "#!/bin/sh\nexec sleep 1\n").unwrap();
    fs::write(path.join("cut"), &here()[..here().len() / 2]).unwrap();
    fs::write(path.join("library"), executables::linked(&["-shared", "-fPIC"])).unwrap();
    fs::copy("/bin/sh", path.join("dynamic")).unwrap();
    File::create(path.join("huge")).unwrap().set_len(1_000_000_001).unwrap();
    mknodat(CWD, path.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    fs::create_dir(path.join("folder")).unwrap();
    let before = names(path);
    for (name, said) in [
        ("empty", "cannot be packed: it is empty"),
        (
            "script",
            "cannot be packed: it is a script (`#!`); the runtime for Go starts executables",
        ),
        ("cut", "cannot be packed: it is cut off: "),
        ("library", "cannot be packed: it is a shared library, not an executable"),
        ("dynamic", "cannot be packed: it is dynamically linked and needs /"),
        ("huge", "it has 1000000001 bytes; expected at most 1000000000"),
        ("pipe", "it is not a regular file"),
        ("folder", "it is not a regular file"),
        ("missing", "it cannot be read: No such file"),
    ] {
        let done = pack(path, &[name], &[]);
        assert!(
            done.stderr.starts_with("mdfn package: ") && done.stderr.contains(said),
            "{done:?}"
        );
        assert_eq!((done.code, done.stderr.lines().count()), (2, 1), "{done:?}");
    }
    assert_eq!(names(path), before);
}

#[test]
fn executables_that_do_not_fit_together_or_the_architecture_are_refused() {
    let folder = folder();
    let other = if ARCHITECTURE == "x86_64" { "arm" } else { "x86" };
    for (binaries, options, said) in [
        (
            &["here", "here"][..],
            &[][..],
            format!("are for {ARCHITECTURE} and {ARCHITECTURE}; expected one for each"),
        ),
        (
            &["here", "elsewhere", "here"],
            &[],
            "3 executables were named; an archive has one, or two".to_owned(),
        ),
        (
            &["here"],
            &["--arch", other],
            format!("`--arch {other}` asks for {OTHER}; the executables are for {ARCHITECTURE}"),
        ),
        (
            &["elsewhere"],
            &["--arch", "both"],
            "`--arch both` asks for x86_64 and aarch64; the executables are for".to_owned(),
        ),
        (&["here"], &["--pie"], "cannot be used with".to_owned()),
        (&["here"], &["--bin", "func"], "cannot be used with".to_owned()),
        (&["here"], &["--arch", "sparc"], "[possible values: x86, arm, both]".to_owned()),
    ] {
        let done = pack(folder.path(), binaries, options);
        assert!(done.code == 2 && done.stderr.contains(&said), "{done:?}");
    }
    assert_eq!(names(folder.path()), ["elsewhere", "here"]);
}

#[test]
fn nothing_but_an_archive_is_replaced() {
    let folder = folder();
    let output = folder.path().join("function.zip");
    let occupied = "is not a ZIP archive, and is not replaced";
    fs::write(&output, "important").unwrap();
    let done = pack(folder.path(), &["here"], &[]);
    assert!(done.code == 2 && done.stderr.contains(occupied), "{done:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "important");
    fs::remove_file(&output).unwrap();

    let archive = folder.path().join("other.zip");
    fs::write(&archive, b"PK\x03\x04").unwrap();
    symlink(&archive, &output).unwrap();
    let done = pack(folder.path(), &["here"], &[]);
    assert!(done.code == 2 && done.stderr.contains(occupied), "{done:?}");
    fs::remove_file(&output).unwrap();

    fs::create_dir(&output).unwrap();
    let done = pack(folder.path(), &["here"], &[]);
    assert!(done.code == 2 && done.stderr.contains(occupied), "{done:?}");
    fs::remove_dir(&output).unwrap();

    // An empty file is nobody's.
    fs::write(&output, "").unwrap();
    assert_eq!(pack(folder.path(), &["here"], &[]).code, 0);
}

#[test]
fn a_folder_that_is_not_there_ends_with_1() {
    let folder = folder();
    let (binary, output) = (folder.path().join("here"), folder.path().join("none/function.zip"));
    let paths = [binary.to_str().unwrap(), output.to_str().unwrap()];
    let done = mdfn(&["package", "--binary", paths[0], "--output", paths[1]], "");
    let said = format!("`--output {}` cannot be written: No such file", output.display());
    assert!(done.code == 1 && done.stderr.contains(&said), "{done:?}");
}

#[test]
fn a_folder_where_nothing_can_be_written_is_noticed_before_anything_is_built() {
    let folder = folder();
    // Nobody makes a file there, not even root.
    let (none, new) = (folder.path().join("none"), folder.path().join("new/"));
    for output in ["/proc/function.zip", new.to_str().unwrap()] {
        let done = mdfn(&["package", "--binary", none.to_str().unwrap(), "--output", output], "");
        let said = format!("`--output {output}` cannot be written: ");
        assert!(done.code == 1 && done.stderr.contains(&said), "{done:?}");
    }
}

#[test]
fn an_archive_over_25_mb_must_go_through_object_storage() {
    let folder = folder();
    let mut large = here();
    // What follows an executable is not loaded, and chance cannot be compressed.
    let mut state = 1_u64;
    large.extend((0..3_200_000).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    }));
    fs::write(folder.path().join("large"), large).unwrap();
    let done = pack(folder.path(), &["large"], &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.stdout.contains("larger than 25 MB: OCI Functions takes it through a bucket of"),
        "{done:?}"
    );
    assert!(done.stdout.ends_with("--application <OCID> --bucket <name>\n"), "{done:?}");
}
