//! The streaming server beside a bare relay, in turns in one run, by the median of what is paired in each round.
//!
//! `cargo bench --package benches --bench server`. Callers and deployment share the machine with what is measured; the table says
//! how much of it they take. `ROUNDS` in the environment is the number of turns, 11 unless it is set. It fails where a figure is
//! beyond its limit in every one of some runs. The limit is below the goal: others may use the machine, and where a processor signs
//! faster, the signature, which both make, is a smaller part of a call.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark ends with a panic, prints, and reads the environment itself"
)]

mod figures;

use std::env;
use std::process::ExitCode;

use benches::agent::server_request;
use benches::costs::quartiles;
use benches::world::{World, free_address};
use emulator::deployment::OCID;
use figures::{Figures, Front, STREAMS, measure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// So often may the machine have been busy with something else.
const RUNS: usize = 7;
const SECRET: &str = "a-secret-of-the-gateway";
/// Of this process, the callers' ends and the deployment's; of the server, both of its own.
const OPEN_FILES: u64 = 2 * 1000 + 400;

/// How a figure of the server is held against that of the relay.
#[derive(Clone, Copy)]
enum Held {
    /// In times of the relay's, at least: the goal, and the limit.
    AtLeast(f64, f64),
    /// In times of the relay's, less.
    Below(f64, f64),
    /// More than the relay's by less.
    Added(f64, f64),
    /// By itself, less.
    Alone(f64, f64),
    /// For whoever reads the table.
    Told,
}

/// What a line of the table is called, how it is held, and where it stands in a round.
type Line = (&'static str, Held, fn(&Figures) -> f64);

const LINES: [Line; 8] = [
    ("calls a second, 1 connection", Held::AtLeast(0.9, 0.6), |round| round.rates[0]),
    ("calls a second, 32 connections", Held::AtLeast(0.9, 0.6), |round| round.rates[1]),
    ("calls a second, 256 connections", Held::AtLeast(0.9, 0.6), |round| round.rates[2]),
    ("to the first byte, ms", Held::Added(1.0, 1.0), |round| round.first_byte),
    ("processor time of a call, ms", Held::Below(1.1, 1.6), |round| round.cpu[0]),
    ("the same of deployment and callers", Held::Told, |round| round.cpu[1] + round.cpu[2]),
    ("resident, 1,000 streams open, MiB", Held::Below(1.5, 1.5), |round| round.resident),
    ("the same by itself", Held::Alone(128.0, 128.0), |round| round.resident),
];

fn main() -> ExitCode {
    raise_open_files();
    let rounds: usize = env::var("ROUNDS").map_or(11, |rounds| rounds.parse().unwrap());
    let world = World::new();
    let fronts = fronts(&world);
    let mut exceeded: Vec<&str> = LINES.iter().map(|(name, ..)| *name).collect();
    for _run in 0..RUNS {
        let rounds: Vec<_> = (0..rounds).map(|_| measure(&fronts, &world.socket())).collect();
        let beyond = print(&rounds);
        exceeded.retain(|name| beyond.contains(name));
        if exceeded.is_empty() {
            return ExitCode::SUCCESS;
        }
    }
    println!("beyond the limit in each of {RUNS} runs: {}", exceeded.join("; "));
    ExitCode::FAILURE
}

/// The server and the relay. The gateway's routes name the deployment in a header; the relay reads it from the path.
fn fronts(world: &World) -> [Front; 2] {
    let deployment = world.deployment();
    let base = deployment.trim_end_matches("predict");
    let request = |path: &str, action: &str| {
        let route = format!("model_deployment: {base}{action}\r\nx-gateway-secret: {SECRET}\r\n");
        server_request(path, &route, 1024)
    };
    let [call, stream] = ["predict", "predictWithResponseStream"];
    let [at_server, at_relay] = [free_address(), free_address()];
    let server = Front {
        program: world.server(at_server, SECRET),
        address: at_server,
        call: request("/iris", call),
        stream: request("/iris", stream),
    };
    let relay = Front {
        program: world.relay(at_relay),
        address: at_relay,
        call: request(&format!("/{OCID}/{call}"), call),
        stream: request(&format!("/{OCID}/{stream}"), stream),
    };
    [server, relay]
}

/// Prints medians, and the quartiles of what is paired in each round; the lines that are beyond their limits.
fn print(rounds: &[[Figures; 2]]) -> Vec<&'static str> {
    let median = format!("median of {} rounds", rounds.len());
    println!("\n{median:36} {:>9} {:>9} {:>8}   quartiles       goal", "server", "relay", "");
    let mut beyond = Vec::new();
    for (name, held, figure) in LINES {
        let pairs: Vec<[f64; 2]> =
            rounds.iter().map(|[ours, relay]| [figure(ours), figure(relay)]).collect();
        let [ours, relay] = [0, 1].map(|at| middle(&pairs, |pair| pair[at])[1]);
        let [low, held_as, high] = middle(&pairs, |&[ours, relay]| match held {
            Held::AtLeast(..) | Held::Below(..) | Held::Told => ours / relay,
            Held::Added(..) => ours - relay,
            Held::Alone(..) => ours,
        });
        let (goal, is_beyond) = match held {
            Held::AtLeast(goal, limit) => (format!("at least {goal}"), held_as < limit),
            Held::Below(goal, limit) | Held::Alone(goal, limit) => {
                (format!("below {goal}"), held_as >= limit)
            }
            Held::Added(goal, limit) => (format!("less than {goal} more"), held_as >= limit),
            Held::Told => (String::new(), false),
        };
        let quartiles = format!("{low:.2} to {high:.2}");
        println!("{name:36} {ours:>9.2} {relay:>9.2} {held_as:>8.2}   {quartiles:15} {goal}");
        beyond.extend(is_beyond.then_some(name));
    }
    for (at, name) in ["server", "relay"].iter().enumerate() {
        let parts = [0, 1, 2].map(|part| middle(rounds, |round| round[at].cpu[part])[1]);
        let whole: f64 = parts.iter().sum();
        let [program, model, callers] = parts.map(|part| part / whole * 100.0);
        println!(
            "of the processor, with the {name} at 32 connections: it {program:.0} %, deployment {model:.0} %, callers {callers:.0} %"
        );
    }
    beyond
}

/// The quartiles of a figure.
fn middle<T>(rounds: &[T], figure: impl Fn(&T) -> f64) -> [f64; 3] {
    quartiles(rounds.iter().map(figure).collect())
}

/// Lets this process, and those that it starts, open as many files as the streams need.
fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= OPEN_FILES) {
        return;
    }
    let allowed = maximum.unwrap_or(OPEN_FILES);
    assert!(
        allowed >= OPEN_FILES,
        "{STREAMS} streams need {OPEN_FILES} open files, and {allowed} are allowed: raise the hard limit (ulimit -Hn)"
    );
    setrlimit(Resource::Nofile, Rlimit { current: Some(OPEN_FILES), maximum }).unwrap();
}
