//! `mdfn local`: what keeps it from starting is said before anything is built.

use std::fs;
use std::net::TcpListener;

use crate::invoke::write_program;
use crate::{Done, mdfn_with};

/// Runs `mdfn local` on free ports where no cargo is.
fn local(more: &[&str]) -> Done {
    let ports = ["--identity-port=0", "--page-port=0"];
    let arguments: Vec<&str> = ["local"].iter().chain(&ports).chain(more).copied().collect();
    mdfn_with(&arguments, &[("CARGO", "/nonexistent/cargo")], "")
}

#[test]
fn a_port_that_is_taken_is_said_before_the_build() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let done = local(&[&format!("--gateway-port={port}")]);
    let said = format!("mdfn local: port {port} cannot be used: ");
    assert!(done.code == 1 && done.stderr.starts_with(&said), "{done:?}");
    assert!(!done.stdout.contains("Building"), "{done:?}");
}

#[test]
fn without_cargo_it_says_what_runs_instead() {
    let done = local(&["--gateway-port=0"]);
    assert!(done.code == 1 && done.stderr.contains("cargo does not start: "), "{done:?}");
    assert!(done.stderr.contains("`--function FILE` runs a binary, `--image NAME` an image"));
}

#[test]
fn a_function_is_a_file_and_no_name_in_the_path() {
    let done = local(&["--gateway-port=0", "--function", "sh"]);
    let said = "mdfn local: sh cannot be run as the function: No such file";
    assert!(done.code == 1 && done.stderr.starts_with(said), "{done:?}");
}

#[test]
fn a_server_that_cannot_be_built_found_or_started_is_said() {
    let server = |more: &[&str]| local(&[&["--gateway-port=0", "--server"], more].concat());
    let done = server(&[]);
    assert!(done.code == 1 && done.stderr.contains("`--server-binary FILE` runs a binary"));
    let done = server(&["--server-binary", "sh"]);
    let said = "mdfn local: sh cannot be run as the server: No such file";
    assert!(done.code == 1 && done.stderr.starts_with(said), "{done:?}");
    // It ends before it says where it listens, and what it says is told.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("server");
    write_program(&file, "echo no such key >&2");
    let done = server(&["--server-binary", file.to_str().unwrap()]);
    let said = "mdfn local: the server did not start: no such key";
    assert!(done.code == 1 && done.stderr.starts_with(said), "{done:?}");
}

#[test]
fn a_function_and_a_server_exclude_each_other() {
    for more in [
        &["--server", "--function", "f"][..],
        &["--server", "--image", "i"],
        &["--server", "--specification", "s"],
    ] {
        let done = local(more);
        assert!(done.code == 2 && done.stderr.contains("cannot be used with"), "{done:?}");
    }
    for more in [["--server-binary", "s"], ["--pace", "5"]] {
        let done = local(&more);
        assert!(done.code == 2 && done.stderr.contains("--server"), "{done:?}");
    }
}

#[test]
fn a_specification_that_is_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("spec.json");
    fs::write(&file, "{").unwrap();
    let done = local(&["--gateway-port=0", "--specification", file.to_str().unwrap()]);
    assert!(done.code == 1 && done.stderr.contains("`--specification` is not JSON"), "{done:?}");
    let done = local(&["--gateway-port=0", "--config", "LOG_LEVEL"]);
    assert!(done.code == 2 && done.stderr.contains("expected `NAME=VALUE`"), "{done:?}");
}
