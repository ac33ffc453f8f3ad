//! `mdfn deploy` against the emulated service: what it makes, what it changes, and what it says
//! where neither is possible.

mod changes;
mod cloud_shell;
mod dry_run;
mod faults;
mod given;
mod question;
mod refusals;

use std::fs;
use std::io::{Cursor, Write};
use std::process::Command;
use std::sync::LazyLock;

use emulator::deployment::Authority;
use emulator::functions::FunctionsService;
use emulator::object_storage::ObjectStorage;
use emulator::user::User;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, System, ZipWriter};

use crate::{Done, mdfn_with};

const COMPARTMENT: &str = "ocid1.compartment.oc1..functions";
const SECRET: &str = "hunter2-secret";
/// The shape that an application needs for executables of this machine, and the other one.
pub(super) const HERE: &str =
    if cfg!(target_arch = "x86_64") { "GENERIC_X86" } else { "GENERIC_ARM" };
pub(super) const ELSEWHERE: &str =
    if cfg!(target_arch = "x86_64") { "GENERIC_ARM" } else { "GENERIC_X86" };

/// A statically linked executable.
static EXECUTABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (source, made) = (folder.path().join("program.c"), folder.path().join("made"));
    fs::write(&source, "void _start(void) { for (;;) {} }\n").unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-nostdlib", "-static", "-o"]).args([&made, &source]);
    assert!(compiler.status().unwrap().success());
    fs::read(made).unwrap()
});

/// Where an ELF file says which processor it is for, and its numbers of them.
const MACHINE: usize = 18;
const X86_64: u8 = 62;
const AARCH64: u8 = 183;

/// An archive of the executable, and of a resource that is so long.
fn archive(resource: usize) -> Vec<u8> {
    zip(&[("func", &EXECUTABLE), ("resources/data", &vec![b'x'; resource])])
}

/// An archive for both processors, of one program with another number in it.
fn archive_of_both() -> Vec<u8> {
    let [x86, arm] = [X86_64, AARCH64].map(|machine| {
        let mut executable = EXECUTABLE.clone();
        executable[MACHINE] = machine;
        executable
    });
    zip(&[("fn-arch-x86/func", &x86), ("fn-arch-arm/func", &arm)])
}

pub(super) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Stored)
        .system(System::Unix)
        .external_attributes(0o100_755 << 16);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The services, the user, and an application.
struct Setup {
    functions: FunctionsService,
    storage: ObjectStorage,
    application: String,
    files: TempDir,
}

impl Setup {
    async fn new(shape: &str) -> Self {
        let (user, tls) = (User::new(), Authority::new());
        let storage = ObjectStorage::start_for(user.clone(), &tls).await.unwrap();
        let objects = storage.objects();
        let functions = FunctionsService::start(user.clone(), objects, &tls).await.unwrap();
        let application = functions.add_application("models", COMPARTMENT, shape);
        let files = tempfile::tempdir().unwrap();
        user.write(files.path()).unwrap();
        fs::write(files.path().join("ca.pem"), tls.pem()).unwrap();
        fs::write(files.path().join("function.zip"), archive(10)).unwrap();
        Self { functions, storage, application, files }
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.files.path().join(name), bytes).unwrap();
        self.path(name)
    }

    /// Runs the command as somebody does who has a configuration file.
    async fn run(&self, arguments: &[&str]) -> Done {
        let (config, roots) = (self.path("config"), self.path("ca.pem"));
        let (functions, storage) = (self.functions.url(), self.storage.url());
        let known = ["deploy", "--config-location", &config, "--endpoint", &functions];
        let known = known.into_iter().chain(["--storage-endpoint", &storage]);
        let all: Vec<String> = known.chain(arguments.iter().copied()).map(str::to_owned).collect();
        let done = spawn_blocking(move || {
            let arguments: Vec<&str> = all.iter().map(String::as_str).collect();
            let variables = [("SSL_CERT_FILE", roots.as_str()), ("TOKEN_OF_MINE", SECRET)];
            mdfn_with(&arguments, &variables, "")
        });
        let done = done.await.unwrap();
        for said in [&done.stdout, &done.stderr] {
            assert!(!said.contains(SECRET) && !said.contains("PRIVATE KEY"), "{done:?}");
            assert!(!said.contains("Signature version"), "{done:?}");
        }
        done
    }

    /// The same for the archive and the application, without a question.
    async fn deploy(&self, arguments: &[&str]) -> Done {
        let archive = self.path("function.zip");
        let known = ["--archive", &archive, "--application", &self.application, "--yes"];
        self.run(&[&known, arguments].concat()).await
    }

    /// The one function that there is.
    fn function(&self) -> Value {
        let functions = self.functions.functions();
        assert_eq!(functions.len(), 1, "{functions:?}");
        functions[0].clone()
    }

    /// The methods of all requests that would change something.
    fn changes(&self) -> Vec<String> {
        let asked = self.functions.asked();
        let changes = asked.iter().filter(|asked| asked.method != "GET");
        changes.map(|asked| asked.method.clone()).collect()
    }
}

/// It ended so, and said all of this.
pub(super) fn ended(done: &Done, code: i32, said: &[&str]) {
    assert_eq!(done.code, code, "{done:?}");
    for said in said {
        assert!(done.stdout.contains(said) || done.stderr.contains(said), "{said}\n{done:?}");
    }
}
