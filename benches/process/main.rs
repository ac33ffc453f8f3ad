//! The function against a bare program and, where they are installed, Python functions, all as whole processes, in turns in
//! one run: what counts are the ratios.
//!
//! `cargo bench --package benches --bench process`. All call the same server over TLS, which takes a part of the machine too:
//! times are of this machine and this run. `ROUNDS` in the environment is the number of turns, 15 unless it is set.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark ends with a panic, prints, and reads clock and environment itself"
)]

mod figures;

use std::env;

use benches::costs::quartiles;
use benches::limits::Limits;
use benches::world::{Program, World};
use figures::{Figures, measure};

/// Small calls of a round; fewer large ones.
const CALLS: usize = 300;
/// The Python functions are so far away that fewer calls and rounds will do. The first does not fit into 128 MB.
const PEERS: [(&str, usize, bool); 2] = [("tutorial", 30, false), ("lean", 120, true)];
const PEER_ROUNDS: usize = 3;

/// A program, and what was measured of it in each round.
struct Measured {
    program: Program,
    calls: usize,
    fits: bool,
    rounds: Vec<Figures>,
}

impl Measured {
    fn new(program: Program, calls: usize, fits: bool) -> Self {
        Self { program, calls, fits, rounds: Vec::new() }
    }

    fn values(&self, at: usize) -> Vec<f64> {
        self.rounds.iter().map(|round| round[at].1).collect()
    }

    fn size(&self) -> f64 {
        f64::from(u32::try_from(self.program.size).unwrap())
    }
}

fn main() {
    let rounds = env::var("ROUNDS").map_or(15, |rounds| rounds.parse().unwrap());
    let world = World::new();
    let limits = Limits::new().inspect_err(|error| {
        println!("SKIPPED: a tenth of a core: no cgroup can be made: {error}");
    });
    let mut measured = vec![
        Measured::new(world.function(), CALLS, true),
        Measured::new(world.floor(), CALLS, true),
    ];
    for (name, calls, fits) in PEERS {
        match world.peer(name) {
            Some(program) => measured.push(Measured::new(program, calls, fits)),
            None => {
                println!(
                    "SKIPPED: the Python function `{name}`: benches/peers/install installs it"
                );
            }
        }
    }
    for round in 0..rounds {
        for (at, one) in measured.iter_mut().enumerate() {
            if at < 2 || round < PEER_ROUNDS {
                let limits = limits.as_ref().ok().filter(|_| one.fits);
                let figures = measure(&one.program, &world, limits, one.calls);
                one.rounds.push(figures);
            }
        }
    }
    if let [function, floor, peers @ ..] = measured.as_slice() {
        print_floor(function, floor);
        print_peers(function, peers);
    }
}

/// Medians beside those of the bare program, and the quartiles of the ratio of each round.
fn print_floor(function: &Measured, floor: &Measured) {
    let median = format!("median of {} rounds", function.rounds.len());
    println!("\n{median:34} {:>11} {:>11} {:>7}   quartiles", "function", "floor", "ratio");
    for (at, (name, _)) in function.rounds[0].iter().enumerate() {
        let (ours, floor) = (function.values(at), floor.values(at));
        let ratios = ours.iter().zip(&floor).map(|(ours, floor)| ours / floor).collect();
        let [low, ratio, high] = quartiles(ratios);
        let [ours, floor] = [ours, floor].map(|values| quartiles(values)[1]);
        println!("{name:34} {ours:>11.3} {floor:>11.3} {ratio:>7.2}   {low:.2} to {high:.2}");
    }
    let (ours, floor) = (function.size(), floor.size());
    println!("{:34} {ours:>11} {floor:>11} {:>7.2}", "static binary, bytes", ours / floor);
}

/// Medians of each peer, and how many times the function's they are.
fn print_peers(function: &Measured, peers: &[Measured]) {
    for peer in peers {
        let median = format!("median of {} rounds", peer.rounds.len());
        println!("\n{median:34} {:>13} {:>9}", peer.program.name, "function x");
        for (at, (name, _)) in peer.rounds[0].iter().enumerate() {
            let [theirs, ours] = [peer, function].map(|one| quartiles(one.values(at))[1]);
            println!("{name:34} {theirs:>13.3} {:>9.2}", theirs / ours);
        }
        let times = peer.size() / function.size();
        println!("{:34} {:>13} {times:>9.2}", "binary or packages, bytes", peer.size());
    }
}
