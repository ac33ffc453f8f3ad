//! One round: every figure of both programs, each measured of one right after the other.

use std::net::SocketAddr;
use std::path::Path;

use benches::agent::{Connection, rate};
use benches::running::{Running, own_cpu};
use benches::world::Program;

/// So many streams are open at once when memory is looked at.
pub(crate) const STREAMS: usize = 1000;
/// Connections at once, and the calls that they make together.
const LOADS: [(usize, usize); 3] = [(1, 300), (32, 1600), (256, 2560)];
/// Of which of them the processor time is measured.
const CPU_AT: usize = 1;

/// A program, where it listens, and what is sent to it.
pub(crate) struct Front {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    /// A call with a short answer.
    pub(crate) call: Vec<u8>,
    /// A call whose answer does not end.
    pub(crate) stream: Vec<u8>,
}

/// What was measured of a program in one round.
#[derive(Default)]
pub(crate) struct Figures {
    /// The median time from a request to the first byte of its answer, one call after another, in milliseconds.
    pub(crate) first_byte: f64,
    /// Calls a second, over 1, 32 and 256 connections.
    pub(crate) rates: [f64; 3],
    /// The processor time of a call over 32 connections, in milliseconds: that of the program, of the deployment, and of the
    /// callers.
    pub(crate) cpu: [f64; 3],
    /// Resident memory with 1,000 streams open, in MiB.
    pub(crate) resident: f64,
}

/// Measures both programs, which run beside each other and are called in turns.
pub(crate) fn measure(fronts: &[Front; 2], socket: &Path) -> [Figures; 2] {
    let running = fronts.each_ref().map(|front| Running::start(&front.program, socket, None));
    let mut round = <[Figures; 2]>::default();
    let each = || fronts.iter().zip(&running);
    for (figures, (front, _)) in round.iter_mut().zip(each()) {
        figures.first_byte = first_byte(front);
    }
    for (at, load) in LOADS.into_iter().enumerate() {
        for (figures, (front, running)) in round.iter_mut().zip(each()) {
            let (rate, cpu) = loaded(front, running, load);
            figures.rates[at] = rate;
            if at == CPU_AT {
                figures.cpu = cpu;
            }
        }
    }
    for (figures, (front, running)) in round.iter_mut().zip(each()) {
        figures.resident = streaming(front, running);
    }
    round
}

/// The median time to the first byte. The answer is so short that it comes in one piece.
fn first_byte(front: &Front) -> f64 {
    let mut connection = Connection::dial(front.address);
    connection.call(&front.call);
    let mut times: Vec<_> = (0..300).map(|_| connection.call(&front.call)).collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// Calls a second, and the processor time of each: of the program, of the deployment, and of the callers.
fn loaded(
    front: &Front,
    running: &Running,
    (connections, calls): (usize, usize),
) -> (f64, [f64; 3]) {
    let spent = || {
        let [model, callers] = own_cpu();
        [running.cpu(), model, callers]
    };
    let before = spent();
    let rate = rate(|| Connection::dial(front.address), connections, calls, &front.call);
    let after = spent();
    // Each connection makes one more before the clock runs.
    let calls = f64::from(u32::try_from(calls + connections).unwrap());
    (rate, [0, 1, 2].map(|part| (after[part] - before[part]) / calls))
}

/// Resident memory with streams open.
fn streaming(front: &Front, running: &Running) -> f64 {
    let open: Vec<_> = (0..STREAMS)
        .map(|_| {
            let mut connection = Connection::dial(front.address);
            connection.begin(&front.stream);
            connection
        })
        .collect();
    let resident = running.resident();
    drop(open);
    resident
}
