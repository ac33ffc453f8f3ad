//! One round of one program: every figure of the table.

use std::path::Path;
use std::time::{Duration, Instant};

use benches::agent::{Connection, Json, named_request, rate, request};
use benches::costs::{first_reply, processor_time};
use benches::limits::Limits;
use benches::running::Running;
use benches::world::{Program, World};

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;
/// Bodies larger than 1 KiB, and what their figures are called.
const LARGE: [(Json, usize, [&str; 2]); 4] = [
    (Json::Rows, MIB, ["CPU per call, 1 MiB of rows, ms", "peak with 1 MiB of rows, MiB"]),
    (Json::Text, 5 * MIB, ["CPU per call, 5 MiB of text, ms", "peak with 5 MiB of text, MiB"]),
    (
        Json::Floats,
        5 * MIB,
        ["CPU per call, 5 MiB of floats, ms", "peak with 5 MiB of floats, MiB"],
    ),
    (Json::Rows, 5 * MIB, ["CPU per call, 5 MiB of rows, ms", "peak with 5 MiB of rows, MiB"]),
];

/// The figures of a round by their names, in the order of the table.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// Measures a program once, with this number of small calls, and fewer large ones.
pub(crate) fn measure(
    program: &Program,
    world: &World,
    limits: Option<&Limits>,
    calls: usize,
) -> Figures {
    let socket = &world.socket();
    let mut figures = small(program, socket, calls);
    let named = named_request(&world.deployment(), KIB);
    let unnamed = request(Json::Rows, KIB);
    let starts: [(_, &[u8], _, _); 3] = [
        ("exec to first reply, ms", &unnamed, program.clone(), Duration::ZERO),
        ("the same, no default deployment", &named, program.without_default(), Duration::ZERO),
        ("the same, call 5 ms after socket", &unnamed, program.clone(), Duration::from_millis(5)),
    ];
    figures.extend(starts.map(|(name, request, program, after)| {
        (name, milliseconds(first_reply(&program, socket, request, after)))
    }));
    for (json, size, names) in LARGE {
        let calls = (calls * MIB / 10).div_ceil(size);
        figures.extend(names.into_iter().zip(large(program, socket, &request(json, size), calls)));
    }
    if let Some(limits) = limits {
        figures.extend(limited(program, socket, limits, calls.div_ceil(6)));
    }
    figures
}

fn small(program: &Program, socket: &Path, calls: usize) -> Figures {
    let request = request(Json::Rows, KIB);
    let start = Instant::now();
    let running = Running::start(program, socket, None);
    let mut connection = Connection::open(socket);
    let listening = start.elapsed();
    connection.call(&request);
    let resident = running.resident();
    let before = running.cpu();
    let times = (0..calls).map(|_| connection.call(&request)).collect();
    let cpu = (running.cpu() - before) / count(calls);
    let [half, most] = percentiles(times);
    drop(connection);
    let rate = |connections| rate(|| Connection::open(socket), connections, calls, &request);
    vec![
        ("exec to socket, ms", milliseconds(listening)),
        ("resident after first call, MiB", resident),
        ("CPU per call, 1 KiB, ms", cpu),
        ("p50 of a call, 1 KiB, ms", half),
        ("p99 of a call, 1 KiB, ms", most),
        ("calls a second, 1 connection", rate(1)),
        ("calls a second, 8 connections", rate(8)),
        ("calls a second, 32 connections", rate(32)),
    ]
}

/// Processor time per call in milliseconds, and peak memory in MiB.
fn large(program: &Program, socket: &Path, request: &[u8], calls: usize) -> [f64; 2] {
    let running = Running::start(program, socket, None);
    let calls = u32::try_from(calls).unwrap();
    [processor_time(&running, socket, request, calls), running.peak()]
}

fn limited(program: &Program, socket: &Path, limits: &Limits, calls: usize) -> Figures {
    let request = request(Json::Rows, KIB);
    let start = Instant::now();
    let _running = Running::start(program, socket, Some(limits));
    let mut connection = Connection::open(socket);
    connection.call(&request);
    let replied = start.elapsed();
    let start = Instant::now();
    let times = (0..calls).map(|_| connection.call(&request)).collect();
    let rate = count(calls) / start.elapsed().as_secs_f64();
    let [half, most] = percentiles(times);
    vec![
        ("10 % of a core: first reply, ms", milliseconds(replied)),
        ("10 % of a core: p50, ms", half),
        ("10 % of a core: p99, ms", most),
        ("10 % of a core: calls a second", rate),
    ]
}

fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort();
    [50, 99].map(|percent| milliseconds(times[(times.len() - 1) * percent / 100]))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn count(calls: usize) -> f64 {
    f64::from(u32::try_from(calls).unwrap())
}
