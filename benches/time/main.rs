//! The gate on time: the function beside the bare program, in turns in one run, by the median of the ratios of each round.
//!
//! `cargo bench --package benches --bench time`. Instruction counts cannot see what the processor does with them.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::process::ExitCode;
use std::time::Duration;

use benches::agent::{Json, request};
use benches::costs::{self, first_reply, processor_time, quartiles};
use benches::running::Running;
use benches::world::{Program, World};

const ROUNDS: usize = 21;
/// So often may the machine have been busy with something else.
const RUNS: usize = 7;
const CALLS: u32 = 100;
/// Wide enough for a machine that others use too, and narrow enough for a signature that takes twice the time.
const LIMIT: f64 = 1.35;

/// By how many milliseconds the socket may be later where a deployment is connected to ahead of the first call.
const LATER: f64 = 1.0;

/// A metric, and what measures it of a program.
type Metric<'a> = (&'static str, &'a dyn Fn(&Program) -> f64);

fn main() -> ExitCode {
    let world = World::new();
    let (function, floor) = (world.function(), world.floor());
    let (socket, request) = (world.socket(), request(Json::Rows, 1024));
    let metrics: [Metric<'_>; 2] = [
        ("processor time of a call, 1 KiB", &|program| {
            processor_time(&Running::start(program, &socket, None), &socket, &request, CALLS)
        }),
        ("exec to first reply", &|program| {
            first_reply(program, &socket, &request, Duration::ZERO).as_secs_f64()
        }),
    ];
    println!("{:34} {:>7}   quartiles of {ROUNDS} rounds", "times the bare program", "median");
    let mut exceeded = false;
    for (name, metric) in metrics {
        exceeded |= (0..RUNS).all(|_run| {
            let ratios = (0..ROUNDS).map(|_| metric(&function) / metric(&floor)).collect();
            let [low, median, high] = quartiles(ratios);
            println!("{name:34} {median:>7.2}   {low:.2} to {high:.2}");
            median > LIMIT
        });
    }
    let unexpecting = function.without_default();
    let starts = |_round| {
        [&function, &unexpecting].map(|one| costs::socket(one, &socket).as_secs_f64() * 1e3)
    };
    let is_later = (0..RUNS).all(|_run| {
        let (with, without) = (0..2 * ROUNDS).map(starts).map(<(f64, f64)>::from).unzip();
        // Whatever else the machine does makes a start later, never earlier.
        let [with, without] = [with, without].map(|times| quartiles(times)[0]);
        println!("exec to socket: {with:.2} ms, without a connection ahead {without:.2} ms");
        with - without >= LATER
    });
    if is_later {
        println!("the socket must not be {LATER} ms later");
        return ExitCode::FAILURE;
    }
    if exceeded {
        println!(
            "the limit is {LIMIT}: find out what takes the time, a profile or a library built for size first"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
