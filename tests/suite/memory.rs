//! What is left in the process's memory of secrets that are no longer used, seen from outside?
//!
//! Only root sees it: who is not skips these tests.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use emulator::agent::Agent;
use memchr::memmem;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PrivateKeyParts;

use crate::data;
use crate::setup::Setup;

/// The longest piece of a secret that is looked for, in bytes.
const PIECE: usize = 32;

const SKIPPED: &str = "SKIPPED: the memory of another process is for root to read";

/// Everything that a process can write to, and so everything that it may have copied a secret to.
struct Image(Vec<Vec<u8>>);

impl Image {
    /// None for who may not see it.
    fn of(function: &Agent) -> Option<Self> {
        let pid = function.pid().unwrap();
        let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let environment = environment(pid);
        let region = |line: &str| {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            // What was given back meanwhile holds nothing any more.
            memory.read_exact_at(&mut bytes, start).ok()?;
            // The kernel's own copy of the environment, on the stack, is no copy that the process made.
            for at in environment.clone().filter(|at| (start..end).contains(at)) {
                bytes[usize::try_from(at - start).unwrap()] = 0;
            }
            Some(bytes)
        };
        Some(Self(maps.lines().filter(|line| line.contains(" rw")).filter_map(region).collect()))
    }

    /// How many pieces of a PEM are there, one out of each of its lines.
    fn count_all(&self, lines: &[String]) -> usize {
        lines.iter().map(|line| self.count(line)).sum()
    }

    /// How often a piece out of the middle of a secret is there.
    fn count(&self, secret: impl AsRef<[u8]>) -> usize {
        let secret = secret.as_ref();
        let length = secret.len().min(PIECE);
        let start = (secret.len() - length) / 2;
        let piece = &secret[start..start + length];
        self.0.iter().map(|region| memmem::find_iter(region, piece).count()).sum()
    }
}

/// Where the kernel put the environment of a process.
fn environment(pid: u32) -> std::ops::Range<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may hold blanks, the third field comes first; the ends of the environment are 50 and 51.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let field = |number: usize| fields.split(' ').nth(number - 3).unwrap().parse().unwrap();
    field(50)..field(51)
}

/// The lines of a PEM that are long enough to be its own.
fn body(pem: &str) -> Vec<String> {
    let own = |line: &&str| line.len() >= 2 * PIECE && !line.contains('-');
    pem.lines().filter(own).map(str::to_owned).collect()
}

/// A private key, in the forms in which it can lie around.
struct Key {
    /// Of its PEM, all of them: a copy of a part counts.
    lines: Vec<String>,
    /// As DER has it.
    prime: Vec<u8>,
    /// As a machine calculates with it.
    number: Vec<u8>,
}

impl Key {
    fn new(pem: &str) -> Self {
        let lines = body(pem);
        let key = rsa::PrivateKey::from_pkcs8_pem(pem).unwrap();
        let prime = key.primes()[0].to_be_bytes().to_vec();
        let number = prime.iter().rev().copied().collect();
        Self { lines, prime, number }
    }

    /// Whether it is in memory as it must be to sign, and in no other form.
    fn assert_only_in_use(&self, image: &Image) {
        assert_eq!((image.count_all(&self.lines), image.count(&self.prime)), (0, 0));
        assert_ne!(image.count(&self.number), 0, "nothing is seen");
    }

    fn assert_gone(&self, image: &Image) {
        assert_eq!(image.count_all(&self.lines), 0);
        assert_eq!([&self.prime, &self.number].map(|form| image.count(form)), [0; 2]);
    }
}

/// The signature of the session token, without which the rest is worth nothing, and its key.
fn session(setup: &Setup) -> (String, Key) {
    let read = |name: &str| fs::read_to_string(setup.directory().join(name)).unwrap();
    let token = read("rpst");
    (token.rsplit('.').next().unwrap().to_owned(), Key::new(&read("private.pem")))
}

#[tokio::test]
async fn a_token_that_was_replaced_and_its_key_are_gone() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for _ in 0..3 {
        let (token, key) = session(&setup);
        assert_eq!(function.call(setup.call()).await.status, 200);
        let Some(image) = Image::of(&function) else { return println!("{SKIPPED}") };
        // It stands beside its claims, in the key id, and in what the HTTP library has sent last.
        let copies = image.count(&token);
        assert!((1..=3).contains(&copies), "{copies} copies of the token");
        key.assert_only_in_use(&image);

        setup.principal.rotate(3600).unwrap();
        assert_eq!(function.call(setup.call()).await.status, 200);
        let Some(image) = Image::of(&function) else { return println!("{SKIPPED}") };
        assert_eq!(image.count(&token), 0);
        key.assert_gone(&image);
    }
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_key_that_was_replaced_is_gone_also_when_its_connection_was_closed() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let (token, key) = session(&setup);
    assert_eq!(function.call(setup.call()).await.status, 200);
    setup.deployment.close_idle().await;
    setup.principal.rotate(3600).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    let Some(image) = Image::of(&function) else { return println!("{SKIPPED}") };
    key.assert_gone(&image);
    // The HTTP library gives a connection's buffer back as it is.
    assert!(image.count(&token) <= 1, "{} copies of the token", image.count(&token));
}

#[tokio::test]
async fn a_passphrase_and_what_it_opened_are_gone_after_the_start() {
    let key = Key::new(&data::text("keys/test-rsa2048-a.pkcs8.pem"));
    for form in ["legacy-aes128", "legacy-des3", "pkcs8-aes256-sha256", "pkcs8-pbes1-3des"] {
        let setup = Setup::new().await;
        let config = setup.directory().join("config");
        let file = data::path(&format!("keys/test-rsa2048-a.{form}.pem"));
        let text = format!(
            "[DEFAULT]\ntenancy=t\nuser=u\nfingerprint=c3:e0:13:b8:83:35:30:ca\nkey_file={}\npass_phrase=test passphrase=1\n",
            file.display()
        );
        fs::write(&config, text).unwrap();
        let program = setup.program_as([("OCI_CONFIG_FILE", config.display().to_string())]);
        let function = Agent::start(program).await.unwrap();
        let Some(image) = Image::of(&function) else { return println!("{SKIPPED}") };
        assert_ne!(image.count("c3:e0:13:b8:83:35:30:ca"), 0, "nothing is seen");
        assert_eq!(image.count("test passphrase=1"), 0, "{form}");
        key.assert_only_in_use(&image);
    }
}

#[tokio::test]
async fn credentials_in_variables_are_gone_from_all_but_the_environment_itself() {
    let plain = Key::new(&data::text("keys/test-rsa2048-a.pkcs8.pem"));
    let token = data::text("rpst/valid.jwt");
    let (passphrase, read) =
        ("test passphrase=1", |form: &str| data::text(&format!("keys/test-rsa2048-a.{form}.pem")));
    let user = |form: &str| {
        vec![
            ("OCI_CLI_TENANCY", "ocid1.tenancy.oc1..aaaa".to_owned()),
            ("OCI_CLI_USER", "ocid1.user.oc1..bbbb".to_owned()),
            ("OCI_CLI_FINGERPRINT", "c3:e0:13:b8:83:35:30:ca".to_owned()),
            ("OCI_CLI_KEY_CONTENT", read(form)),
            ("OCI_CLI_PASSPHRASE", passphrase.to_owned()),
        ]
    };
    let resource = |form: &str| {
        vec![
            ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_RPST", token.clone()),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", read(form)),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE", passphrase.to_owned()),
        ]
    };
    for (form, variables) in [
        ("pkcs8", resource("pkcs8")),
        ("pkcs8-aes256-sha256", resource("pkcs8-aes256-sha256")),
        ("pkcs8", user("pkcs8")),
        ("legacy-aes128", user("legacy-aes128")),
    ] {
        let setup = Setup::new().await;
        let function = Agent::start(setup.program_as(variables)).await.unwrap();
        let Some(image) = Image::of(&function) else { return println!("{SKIPPED}") };
        assert_eq!(image.count(passphrase), 0, "{form}");
        assert_eq!(image.count_all(&body(&read(form))), 0, "{form}");
        plain.assert_only_in_use(&image);
        // As the source holds it, and as the key id.
        let copies = image.count(token.trim().rsplit('.').next().unwrap());
        assert!(copies <= 3, "{form}: {copies} copies of the token");
    }
}

/// Aborts a program that says `ready` on stderr, with as large a dump as its user may have; whether
/// the system wrote its memory to a file.
fn dumps_core(setup: &Setup, program: &str) -> bool {
    let listener = format!("unix:{}", setup.directory().join("lsnr.sock").display());
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -S -c \"$(ulimit -H -c)\" && exec {program}")])
        .current_dir(setup.directory())
        .envs(setup.principal.variables())
        .env("FN_LISTENER", listener)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")), "{program} ended");
    assert!(
        Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap().success()
    );
    child.wait().unwrap().core_dumped()
}

#[tokio::test]
async fn a_crash_leaves_no_core_dump() {
    let setup = Setup::new().await;
    if !dumps_core(&setup, "sh -c 'echo ready >&2; exec sleep 20'") {
        println!("SKIPPED: this machine writes no core dumps");
    }
    assert!(!dumps_core(&setup, env!("CARGO_BIN_EXE_func")));
}
