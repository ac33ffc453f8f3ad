//! `mdfn probe` against the emulated service: each outcome that a tenancy may give, and what is
//! left behind.

mod behind;
mod detached;
mod given;
mod key_set;
mod outcomes;
mod output;
mod stopped;
mod streaming;

use std::fs;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::deployment::Authority;
use emulator::functions::FunctionsService;
use emulator::object_storage::Objects;
use emulator::streaming::Streaming;
use emulator::user::User;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::deploy::{HERE, ended, zip};
use crate::{BOUND, Done, mdfn_with};

const COMPARTMENT: &str = "ocid1.compartment.oc1..functions";
const IMAGE: &str = "gru.ocir.io/ns/f:1";

/// An archive at fixed addresses, and one of a static PIE.
static FIXED: LazyLock<Vec<u8>> = LazyLock::new(|| archive(&["-static", "-no-pie"]));
static PIE: LazyLock<Vec<u8>> = LazyLock::new(|| archive(&["-static-pie", "-fPIE"]));

fn archive(linked: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, made) = (folder.path().join("program.c"), folder.path().join("made"));
    fs::write(&source, "void _start(void) { for (;;) {} }\n").unwrap();
    let mut compiler = Command::new("cc");
    compiler.arg("-nostdlib").args(linked).arg("-o").args([&made, &source]);
    assert!(compiler.status().unwrap().success());
    zip(&[("func", &fs::read(made).unwrap())])
}

/// What the service names an archive by.
fn hash(archive: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(archive))
}

/// The service, the user, an application and both archives.
struct Setup {
    functions: FunctionsService,
    application: String,
    files: TempDir,
    user: Arc<User>,
    tls: Authority,
}

impl Setup {
    async fn new() -> Self {
        let (user, tls) = (User::new(), Authority::new());
        let functions = FunctionsService::start(user.clone(), Objects::default(), &tls);
        let functions = functions.await.unwrap();
        let application = functions.add_application("models", COMPARTMENT, HERE);
        let files = tempfile::tempdir().unwrap();
        user.write(files.path()).unwrap();
        for (name, bytes) in [
            ("ca.pem", tls.pem().as_bytes()),
            ("fixed.zip", FIXED.as_slice()),
            ("pie.zip", PIE.as_slice()),
        ] {
            fs::write(files.path().join(name), bytes).unwrap();
        }
        Self { functions, application, files, user, tls }
    }

    /// Streams that the user may read and functions may write.
    async fn streaming(&self) -> Streaming {
        let streaming = Streaming::start(self.user.clone(), &self.tls).await.unwrap();
        self.functions.set_streams(streaming.streams());
        streaming
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    /// The arguments that every command here has.
    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let (config, url, report) =
            (self.path("config"), self.functions.url(), self.path("report.json"));
        let known = ["probe", "--config-location", &config, "--output", &report];
        let places = ["--endpoint", &url, "--invoke-endpoint", &url];
        known.iter().chain(&places).chain(more).map(|text| (*text).to_owned()).collect()
    }

    async fn run(&self, more: &[&str]) -> Done {
        self.run_all(self.arguments(more), &[]).await
    }

    /// With these arguments, and these variables beside the roots.
    async fn run_all(
        &self,
        arguments: Vec<String>,
        variables: &[(&'static str, &'static str)],
    ) -> Done {
        let (variables, roots) = (variables.to_vec(), self.path("ca.pem"));
        let done = spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let roots = [("SSL_CERT_FILE", roots.as_str())];
            mdfn_with(&arguments, &[&roots[..], &variables].concat(), "")
        });
        done.await.unwrap()
    }

    /// Asks with the application and these options, without a question at the terminal.
    async fn probe(&self, options: &[&str]) -> Done {
        let known = ["--application", &self.application, "--yes"];
        self.run(&[&known, options].concat()).await
    }

    /// The same with both archives and an image.
    async fn probe_all(&self, options: &[&str]) -> Done {
        let (fixed, pie) = (self.path("fixed.zip"), self.path("pie.zip"));
        let all = ["--archive", &fixed, "--archive-pie", &pie, "--image", IMAGE];
        self.probe(&[&all, options].concat()).await
    }

    fn report(&self) -> Value {
        let text = fs::read_to_string(self.path("report.json")).unwrap();
        for secret in ["PRIVATE KEY", "Signature version", "archiveFile"] {
            assert!(!text.contains(secret), "{text}");
        }
        serde_json::from_str(&text).unwrap()
    }

    /// The outcome of a question in the report.
    fn question(&self, number: u64) -> Value {
        let report = self.report();
        let all = report["questions"].as_array().unwrap();
        all.iter().find(|question| question["number"] == number).unwrap().clone()
    }

    /// How often something was looked for by its name.
    fn looks(&self) -> usize {
        let asked = self.functions.asked();
        asked.iter().filter(|asked| asked.target.contains("displayName=mdfn-probe-")).count()
    }

    /// How many functions were made in all; none of them is there.
    fn made(&self) -> usize {
        assert!(self.functions.functions().is_empty(), "{:?}", self.functions.functions());
        assert_eq!(self.report()["left"], serde_json::json!([]));
        self.functions.asked().iter().filter(|asked| asked.target == "/20260325/functions").count()
    }
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < BOUND);
        sleep(Duration::from_millis(10)).await;
    }
}
