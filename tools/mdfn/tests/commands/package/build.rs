//! Building what is packed, with the real cargo.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use super::executables::ARCHITECTURE;
use crate::{Done, mdfn_with, mdfn_with_cargo};

const MANIFEST: &str =
    "[package]\nname = \"greeter\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
/// Panics with the name of its file, as everything does.
const MAIN: &str = "fn main() {\n    assert!(std::env::args().count() < 9);\n}\n";

/// A package with these binaries, in a folder of any depth in the temporary one.
fn package(depth: &str, binaries: &[&str]) -> (TempDir, PathBuf) {
    let home = tempdir().unwrap();
    let folder = home.path().join(depth);
    fs::create_dir_all(folder.join("src/bin")).unwrap();
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    for name in binaries {
        fs::write(folder.join("src/bin").join(name).with_extension("rs"), MAIN).unwrap();
    }
    (home, folder)
}

fn arguments(folder: &Path) -> [String; 4] {
    let path = |name: &str| folder.join(name).display().to_string();
    ["--manifest-path".to_owned(), path("Cargo.toml"), "--output".to_owned(), path("function.zip")]
}

fn build(folder: &Path, options: &[&str]) -> Done {
    let ours = arguments(folder);
    let mut arguments = vec!["package"];
    arguments.extend(ours.iter().map(String::as_str));
    arguments.extend(options);
    mdfn_with_cargo(&arguments)
}

#[test]
fn the_only_binary_of_a_package_is_built_with_the_same_bytes_in_any_folder() {
    let (_home, here) = package("one", &["greet"]);
    let done = build(&here, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let said = format!("func: {ARCHITECTURE}, statically linked, EXEC (fixed addresses), ");
    assert!(done.stdout.contains(&said), "{done:?}");
    assert!(
        done.stderr.contains(&format!("Building greet for {ARCHITECTURE} (release)")),
        "{done:?}"
    );
    let (_home, there) = package("another/of/another/depth", &["greet"]);
    assert_eq!(build(&there, &[]).code, 0);
    let archive = |folder: &Path| fs::read(folder.join("function.zip")).unwrap();
    assert_eq!(archive(&here), archive(&there));

    let done = build(&here, &["--pie", "--locked"]);
    let said = format!("func: {ARCHITECTURE}, statically linked, DYN (static PIE), ");
    assert!(done.code == 0 && done.stdout.contains(&said), "{done:?}");
    assert_ne!(archive(&here), archive(&there));
    // The last one counts.
    assert_eq!(build(&here, &["--pie", "--no-pie"]).code, 0);
    assert_eq!(archive(&here), archive(&there));
}

#[test]
fn a_binary_that_is_not_the_only_one_must_be_named() {
    let (_home, folder) = package("two", &["greet", "part"]);
    for (options, said) in [
        (
            &[][..],
            "package `greeter` has several binaries; choose one with `--bin`: `greet`, `part`",
        ),
        (
            &["--bin", "func"],
            "package `greeter` has no binary `func`; expected one of `greet`, `part`",
        ),
        (
            &["--package", "other"],
            "no package `other` is in the workspace; expected one of `greeter`",
        ),
    ] {
        let done = build(&folder, options);
        assert_eq!(done.stderr, format!("mdfn package: {said}\n"));
        assert_eq!(done.code, 2, "{done:?}");
    }
    assert!(!folder.join("function.zip").exists());
    assert_eq!(build(&folder, &["--bin", "part", "--package", "greeter"]).code, 0);
}

#[test]
fn a_folder_of_several_packages_asks_which() {
    let home = tempdir().unwrap();
    let members = ["a", "b"];
    fs::write(
        home.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n",
    )
    .unwrap();
    for name in members {
        let folder = home.path().join(name);
        fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = MANIFEST.replace("greeter", name).replace("\n[workspace]\n", "");
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.join("src/main.rs"), MAIN).unwrap();
    }
    let done = build(home.path(), &[]);
    assert!(
        done.code == 2 && done.stderr.contains("choose one with `--package`: `a`, `b`"),
        "{done:?}"
    );
    let done = build(home.path(), &["--package", "b"]);
    assert!(done.code == 0 && done.stderr.contains("Building b for"), "{done:?}");
    // Its own folder says which.
    let done = build(&home.path().join("a"), &[]);
    assert!(done.code == 0 && done.stderr.contains("Building a for"), "{done:?}");
}

#[test]
fn what_cannot_be_compiled_leaves_nothing() {
    let (_home, folder) = package("broken", &["greet"]);
    fs::write(folder.join("src/bin/greet.rs"), "fn main() { nothing() }\n").unwrap();
    let done = build(&folder, &[]);
    assert!(done.code == 1 && done.stderr.contains("cannot find function `nothing`"), "{done:?}");
    assert!(
        done.stderr.ends_with("mdfn package: cargo build failed: exit status: 101\n"),
        "{done:?}"
    );
    let done = build(&folder.join("src"), &[]);
    assert!(done.code == 1 && done.stderr.contains("cargo locate-project failed"), "{done:?}");
    assert!(!folder.join("function.zip").exists());
}

#[test]
fn what_is_missing_for_the_other_architecture_is_said_before_anything_is_built() {
    let (home, folder) = package("one", &["greet"]);
    // The toolchain of this test, and nothing else: no C compiler for anything.
    let tools = home.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for name in ["cargo", "rustc"] {
        symlink(Path::new(env!("CARGO")).with_file_name(name), tools.join(name)).unwrap();
    }
    let ours = arguments(&folder);
    let mut arguments = vec!["package", "--arch", "both"];
    arguments.extend(ours.iter().map(String::as_str));
    let done = mdfn_with(&arguments, &[("PATH", tools.to_str().unwrap())], "");
    let (other, packages) = match ARCHITECTURE {
        "x86_64" => ("aarch64", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
        _ => ("x86_64", "gcc-x86-64-linux-gnu libc6-dev-amd64-cross"),
    };
    let said = format!("mdfn package: an executable for {other} cannot be built here; install ");
    assert!(done.stderr.starts_with(&said) && done.stderr.lines().count() == 1, "{done:?}");
    assert!(done.stderr.contains(&format!("`apt-get install {packages}`")), "{done:?}");
    assert_eq!(done.code, 1);
    assert!(!folder.join("target").exists());

    fs::remove_file(tools.join("cargo")).unwrap();
    let done = mdfn_with(&arguments, &[("PATH", tools.to_str().unwrap())], "");
    let said = "mdfn package: cargo locate-project does not start: No such file or directory (os error 2); \
                `--binary FILE` packs an executable that is built already\n";
    assert_eq!((done.stderr.as_str(), done.code), (said, 1));
}
