//! Where the report goes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::task::spawn_blocking;

use super::{Setup, ended};

#[tokio::test]
async fn nothing_but_a_report_is_replaced_and_a_place_that_cannot_be_written_is_told_before() {
    let setup = Setup::new().await;
    let report = setup.path("report.json");
    let occupied = "is neither empty nor a report, and is not replaced";
    for text in ["important", "[1]", "{\"cut\": "] {
        fs::write(&report, text).unwrap();
        ended(&setup.run(&["--yes"]).await, 2, &[occupied]);
        assert_eq!(fs::read_to_string(&report).unwrap(), text);
    }
    fs::remove_file(&report).unwrap();
    fs::create_dir(&report).unwrap();
    ended(&setup.run(&["--yes"]).await, 2, &[occupied]);
    fs::remove_dir(&report).unwrap();
    fs::write(setup.path("other.json"), "{}").unwrap();
    symlink(setup.path("other.json"), &report).unwrap();
    ended(&setup.run(&["--yes"]).await, 2, &[occupied]);
    fs::remove_file(&report).unwrap();
    // Nobody makes a file in /proc, not even root; and a name that ends so is no file's.
    let none = setup.path("none/report.json");
    for path in [none, "/proc/report.json".to_owned(), setup.path("new/")] {
        let mut arguments = setup.arguments(&["--yes"]);
        let place = arguments.iter().position(|text| *text == report).unwrap();
        arguments[place].clone_from(&path);
        let done = setup.run_all(arguments, &[]).await;
        ended(&done, 2, &[&format!("the report cannot be written to {path}, and nothing was")]);
    }
    assert!(setup.functions.asked().is_empty());
    for text in ["", "{\"program\": \"mdfn 0\"}"] {
        fs::write(&report, text).unwrap();
        ended(&setup.run(&["--yes"]).await, 0, &[]);
        assert!(setup.report()["questions"].is_array());
    }
}

#[tokio::test]
async fn while_it_asks_whether_to_begin_no_file_is_there() {
    let setup = Setup::new().await;
    let before = files(&setup);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(setup.arguments(&[])).env_clear();
    command.env("SSL_CERT_FILE", setup.path("ca.pem")).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let name = Path::new(OsStr::from_bytes(name.as_bytes()));
    command.stdin(File::options().read(true).write(true).open(name).unwrap());
    let mut child = command.spawn().unwrap();
    let mut said = child.stderr.take().unwrap();
    spawn_blocking(move || said.read_exact(&mut [0; "Is that right?".len()]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(files(&setup), before);
    File::from(terminal.try_clone().unwrap()).write_all(b"n\n").unwrap();
    let status = spawn_blocking(move || child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(files(&setup), before);
}

/// The names of all files beside the report.
fn files(setup: &Setup) -> Vec<String> {
    let all = fs::read_dir(setup.files.path()).unwrap();
    let mut all: Vec<_> =
        all.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    all.sort_unstable();
    all
}
