//! The function against a bare program, both as whole processes, in turns in one run: what is printed are ratios.
//!
//! `cargo bench --bench process`. Both call the same server over TLS, which takes a part of the machine too: times are of
//! this machine and this run, the ratios are what counts.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark ends with a panic, prints, and reads clock and environment itself"
)]

mod floor;
mod upstream;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use devkit::deployment::{Authority, OCID};
use devkit::principal::{Issuer, ResourcePrincipal};

const ROUNDS: usize = 15;
const CALLS: usize = 300;
const FIGURES: [&str; 4] = [
    "exec to socket, ms",
    "exec to first reply, ms",
    "CPU per call, ms",
    "resident after the calls, KiB",
];

fn main() {
    if env::args().any(|argument| argument == "floor") {
        return floor::run();
    }
    let directory = tempfile::tempdir().unwrap();
    let (issuer, authority) = (Issuer::new(), Authority::new());
    let port = upstream::start(&authority);
    let principal =
        ResourcePrincipal::mint(issuer, directory.path(), Duration::from_secs(3600)).unwrap();
    let roots = directory.path().join("ca.pem");
    fs::write(&roots, authority.pem()).unwrap();
    let socket = directory.path().join("lsnr.sock");
    let host = format!("localhost:{port}");

    let mut function: BTreeMap<&str, String> = principal.variables().into();
    function.insert("FN_LISTENER", format!("unix:{}", socket.display()));
    function.insert("ALLOWED_HOSTS", host.clone());
    function.insert("MODEL_DEPLOYMENT", format!("https://{host}/{OCID}/predict"));
    function.insert("SSL_CERT_FILE", roots.display().to_string());
    let floor = BTreeMap::from([
        ("FLOOR_SOCKET", socket.display().to_string()),
        ("FLOOR_KEY", directory.path().join("private.pem").display().to_string()),
        ("FLOOR_CA", roots.display().to_string()),
        ("FLOOR_UPSTREAM", host),
        ("FLOOR_PATH", format!("/{OCID}/predict")),
    ]);
    let programs = [
        (PathBuf::from(env!("CARGO_BIN_EXE_func")), Vec::new(), function),
        (env::current_exe().unwrap(), vec!["floor"], floor),
    ];
    let mut figures = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (figures, (path, arguments, vars)) in figures.iter_mut().zip(&programs) {
            figures.push(round(path, arguments, vars, &socket));
        }
    }
    println!(
        "{:32} {:>10} {:>10} {:>7}   quartiles of the ratio",
        format!("median of {ROUNDS} rounds"),
        "function",
        "floor",
        "ratio"
    );
    for (at, name) in FIGURES.iter().enumerate() {
        let [ours, floor] = figures
            .each_ref()
            .map(|rounds| rounds.iter().map(|round| round[at]).collect::<Vec<f64>>());
        let ratios: Vec<f64> = ours.iter().zip(&floor).map(|(ours, floor)| ours / floor).collect();
        let [low, middle, high] = quartiles(&ratios);
        println!(
            "{name:32} {:>10.3} {:>10.3} {middle:>7.2}   {low:.2} to {high:.2}",
            quartiles(&ours)[1],
            quartiles(&floor)[1]
        );
    }
}

/// One process from start to end: the figures, in their order.
fn round(
    path: &Path,
    arguments: &[&str],
    vars: &BTreeMap<&str, String>,
    socket: &Path,
) -> [f64; 4] {
    drop(fs::remove_file(socket));
    let start = Instant::now();
    let mut command = Command::new(path);
    command.args(arguments).env_clear().envs(vars).stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stream = loop {
        match UnixStream::connect(socket) {
            Ok(stream) => break stream,
            Err(_) if start.elapsed() < Duration::from_secs(10) => thread::yield_now(),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    };
    let listening = start.elapsed();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    call(&mut stream);
    let replied = start.elapsed();
    let before = cpu(&child);
    for _ in 0..CALLS {
        call(&mut stream);
    }
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let calls = f64::from(u32::try_from(CALLS).unwrap());
    let figures = [
        milliseconds(listening),
        milliseconds(replied),
        (cpu(&child) - before) / calls,
        resident(&child),
    ];
    child.kill().unwrap();
    child.wait().unwrap();
    figures
}

/// One call with a body of 1 KiB, answered to its end.
fn call(stream: &mut UnixStream) {
    let body =
        format!("{{\"data\": [[6.3, 3.3, 6.0, 2.5]], \"padding\": \"{}\"}}", "x".repeat(1024 - 53));
    let head = format!(
        "POST /call HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"\"]}") {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(buffer.get(..read).unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

/// The processor time that a process has taken, in milliseconds.
fn cpu(child: &Child) -> f64 {
    let schedule = fs::read_to_string(format!("/proc/{}/schedstat", child.id())).unwrap();
    let nanoseconds: f64 = schedule.split(' ').next().unwrap().parse().unwrap();
    nanoseconds / 1e6
}

/// The resident memory of a process, in KiB.
fn resident(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| *sorted.get(sorted.len() * quarter / 4).unwrap())
}
