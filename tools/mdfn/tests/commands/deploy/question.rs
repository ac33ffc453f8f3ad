//! The question at a terminal.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::task::spawn_blocking;

use super::{HERE, Setup};

/// What the command says, and its exit code, where somebody types this at the terminal.
async fn typed(setup: &Setup, text: &'static str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(["deploy", "--config-location", &setup.path("config")]);
    command.args(["--endpoint", &setup.functions.url()]);
    command.args(["--storage-endpoint", &setup.storage.url()]);
    command.args(["--archive", &setup.path("function.zip")]);
    command.args(["--application", &setup.application]);
    command.env_clear().env("SSL_CERT_FILE", setup.path("ca.pem"));
    spawn_blocking(move || {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = Path::new(OsStr::from_bytes(name.as_bytes()));
        command.stdin(File::options().read(true).write(true).open(name).unwrap());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // The terminal keeps it until the question is asked.
        File::from(terminal.try_clone().unwrap()).write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(terminal);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn only_a_yes_makes_a_function() {
    let setup = Setup::new(HERE).await;
    // The last one is the end of input.
    for text in ["n\n", "\n", "yess\n", "\u{4}"] {
        let (code, said) = typed(&setup, text).await;
        assert_eq!(code, 1, "{said}");
        assert!(
            said.contains("Is that right? [y/N] ") && said.contains("nothing was done"),
            "{said}"
        );
    }
    assert!(setup.changes().is_empty());
    let (code, said) = typed(&setup, "Yes\n").await;
    assert!(code == 0 && said.contains("is ACTIVE"), "{said}");
    assert_eq!(setup.changes(), ["POST"]);
}
