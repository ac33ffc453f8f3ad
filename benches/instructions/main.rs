//! How many instructions the function takes, counted by callgrind: the same wherever and whenever it is run.
//!
//! `cargo bench --package benches --bench instructions` compares with `baseline.json` beside it and fails where a count has grown by
//! more than 3 %, a call by more than 1 %, in each of three runs. With `WRITE=1` in the environment it writes that file, to be committed
//! with the change that explains it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark ends with a panic, prints, and reads the environment itself"
)]

mod callgrind;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, ExitCode};
use std::{env, fs};

use benches::agent::{Json, gateway_request, request};
use benches::world::{Program, World, built};
use callgrind::Callgrind;
use serde::{Deserialize, Serialize};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions/baseline.json");
/// By how many percent a count may differ without a message.
const TOLERANCE: f64 = 3.0;
/// The same of a call, which must not pay for what is switched off, such as tracing.
const CALL: f64 = 1.0;

/// In how many runs a count has to have grown: threads that meet, or do not, are a few per cent.
const RUNS: usize = 3;

/// Counts, and the tools without which they mean nothing.
#[derive(Debug, Deserialize, Serialize)]
struct Baseline {
    rustc: String,
    valgrind: String,
    instructions: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let counted = Baseline {
        rustc: version("rustc"),
        valgrind: version("valgrind"),
        instructions: instructions(&World::new()),
    };
    if env::var("WRITE").is_ok() {
        let json = serde_json::to_string_pretty(&counted).unwrap();
        fs::write(BASELINE, json + "\n").unwrap();
    }
    let baseline: Baseline = serde_json::from_slice(&fs::read(BASELINE).unwrap()).unwrap();
    let mut grown = growth(&baseline.instructions, &counted.instructions);
    for _ in 1..RUNS {
        if !grown.is_empty() {
            let again = growth(&baseline.instructions, &instructions(&World::new()));
            grown.retain(|name| again.contains(name));
        }
    }
    let tools = |of: &Baseline| format!("{}, {}", of.rustc, of.valgrind);
    if tools(&counted) != tools(&baseline) {
        println!(
            "SKIPPED: comparing instructions: counted with {}, the baseline with {}",
            tools(&counted),
            tools(&baseline)
        );
    } else if !grown.is_empty() {
        println!(
            "{grown:?} grew by more than {TOLERANCE} %, or a call by more than {CALL} %: find out why, or commit {BASELINE} as WRITE=1 writes it with the reason"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints each count, and returns the names of those that grew beyond what they may.
fn growth(baseline: &BTreeMap<String, u64>, counted: &BTreeMap<String, u64>) -> BTreeSet<String> {
    println!("{:24} {:>12} {:>12}", "instructions", "baseline", "now");
    let grown = |(name, now): (&String, &u64)| {
        let before = baseline.get(name).copied().unwrap_or_default();
        let percent = (float(*now) / float(before) - 1.0) * 100.0;
        println!("{name:24} {before:>12} {now:>12} {percent:>+8.2} %");
        let limit = if name.starts_with("call") { CALL } else { TOLERANCE };
        (percent > limit).then(|| name.clone())
    };
    counted.iter().filter_map(grown).collect()
}

/// Returns each count by its name: of one start, one call, or one execution of a part.
fn instructions(world: &World) -> BTreeMap<String, u64> {
    let callgrind = Callgrind::new(world.socket());
    let function = world.function();
    let parts = built("benches", "parts");
    let part = |name| Program { arguments: vec![name], path: parts.clone(), ..world.function() };
    let small = request(Json::Rows, 1024);
    let start = callgrind.serving(&function, 0, &small);
    let served = |program: &Program, request: &[u8], few, many: u64| {
        let count = |calls| callgrind.serving(program, calls, request);
        (count(many) - count(few)) / (many - few)
    };
    let ran = |name: &str, few: u64, many: u64| {
        let count = |times: u64| {
            let arguments = vec![name.to_owned(), times.to_string()];
            callgrind.running(&Program { arguments, path: parts.clone(), ..part(String::new()) })
        };
        (count(many) - count(few)) / (many - few)
    };
    let wrapped = gateway_request(1024);
    BTreeMap::from([
        ("start", start),
        ("first call", callgrind.serving(&function, 1, &small) - start),
        ("call, 1 KiB", served(&function, &small, 10, 110)),
        ("call, 1 MiB", served(&function, &request(Json::Rows, 1024 * 1024), 2, 12)),
        ("part: sign", ran("sign", 10, 110)),
        ("part: check", ran("check", 10, 1010)),
        ("part: parse", served(&part("parse".to_owned()), &wrapped, 10, 510)),
        ("part: reply", served(&part("reply".to_owned()), &wrapped, 10, 510)),
    ])
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
