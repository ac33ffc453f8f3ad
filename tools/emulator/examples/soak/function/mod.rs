//! The function's soak: one call after another.

mod process;
mod scenario;
mod upstream;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use emulator::principal::Issuer;
use fastrand::Rng;

use super::measure::{Limit, Measurements};
use super::principal::Principal;
use process::Function;
use scenario::{Call, Change};
use upstream::{Plan, Step, Upstream};

/// How often memory and file descriptors are looked at.
const SAMPLES: u64 = 2000;
/// So many calls come first and are not measured. A fourth of them are large, so that the heap, of
/// which the C library gives back only what is beyond its highest need so far, has had that need.
const WARM_UP: u64 = 2000;
/// What is shown of wrong answers; all are counted.
const SHOWN: usize = 10;

/// By how much each sample may grow.
const LIMITS: [Limit; 4] =
    [Limit::Part(0.02), Limit::Part(0.02), Limit::Number(1.0), Limit::Number(1.0)];

/// Makes so many calls; whether all of it was right.
pub(crate) fn soak(path: &str, calls: u64, seed: u64) -> bool {
    println!("{path}: {calls} calls, seed {seed}");
    let start = Instant::now();
    let mut soak = Soak::new(path, seed);
    let step = (calls / SAMPLES).max(1);
    for number in 1..=calls {
        soak.call(number, number <= WARM_UP);
        if number > WARM_UP && number % step == 0 {
            soak.measurements.take(soak.function.pid());
        }
        if number % (calls / 10).max(1) == 0 {
            println!("{number} calls, {} s, {} wrong", start.elapsed().as_secs(), soak.wrong.len());
        }
    }
    soak.report(start.elapsed())
}

/// The function, the deployment that it calls, and what was seen of both.
struct Soak {
    rng: Rng,
    principal: Principal,
    upstream: Upstream,
    function: Function,
    made: BTreeMap<&'static str, (u64, Duration)>,
    changes: BTreeMap<&'static str, u64>,
    wrong: Vec<String>,
    measurements: Measurements,
    /// Whether the deployment closed its connection after the last answer: a try that is sent into
    /// it at that moment is lost.
    closing: bool,
}

impl Soak {
    fn new(path: &str, seed: u64) -> Self {
        let directory = tempfile::Builder::new().prefix("soak").tempdir().unwrap();
        let issuer = Issuer::new();
        let principal = Principal::new(issuer.clone(), directory.path());
        let upstream = Upstream::start(issuer, directory.path());
        let function = Function::start(path, directory, upstream.host());
        Self {
            rng: Rng::with_seed(seed),
            principal,
            upstream,
            function,
            made: BTreeMap::new(),
            changes: BTreeMap::new(),
            wrong: Vec::new(),
            measurements: Measurements::default(),
            closing: false,
        }
    }

    /// One call, and what the platform does around it.
    fn call(&mut self, number: u64, heavy: bool) {
        let call = Call::new(number, heavy, &mut self.rng, self.upstream.url());
        let changes = Change::before(&mut self.rng, &call);
        for change in &changes {
            *self.changes.entry(change.name()).or_default() += 1;
            match change {
                Change::NewToken => self.principal.rotate(3600),
                Change::NewKeyBeforeToken => self.principal.rotate_key(),
                Change::Reconnect => self.function.close(),
                Change::Freeze => self.function.freeze(),
            }
        }
        // One that has expired replaces none that is valid.
        let token = self.principal.token().to_owned();
        if call.expired {
            self.principal.rotate(-10);
        }
        self.upstream.plan(Plan {
            body: call.body.clone(),
            answer: call.answer.clone(),
            token,
            steps: call.steps.clone(),
        });
        let start = Instant::now();
        let seen = self.function.call(&call, &self.upstream);
        let took = start.elapsed();
        self.principal.finish();
        if call.expired {
            self.principal.rotate(3600);
        }
        let (count, time) = self.made.entry(call.name).or_default();
        (*count, *time) = (*count + 1, *time + took);
        let unused = self.upstream.left();
        let tried = call.may_be_unsent || unused <= usize::from(self.closing);
        self.closing = matches!(call.steps.back(), Some(Step::AnswerAndClose));
        let mut wrong = self.upstream.wrong();
        wrong.extend(seen.err());
        wrong.extend((!tried).then(|| format!("{unused} tries were not made")));
        self.wrong
            .extend(wrong.into_iter().map(|why| format!("call {number}, {}: {why}", call.name)));
    }

    /// Prints what was seen, and whether all of it is right.
    fn report(self, elapsed: Duration) -> bool {
        let (requests, verified) = self.upstream.counts();
        println!("\n{:38} {:>9} {:>9}", "calls", "number", "mean, ms");
        for (name, (count, time)) in &self.made {
            let mean = time.as_secs_f64() * 1e3 / f64::from(u32::try_from(*count).unwrap());
            println!("{name:38} {count:>9} {mean:>9.2}");
        }
        for (name, count) in &self.changes {
            println!("{name:38} {count:>9}");
        }
        println!();
        let (flat, table) = self.measurements.table(&LIMITS);
        print!("{table}");
        println!(
            "\nrequests at the deployment   {requests}; the token of each compared, {verified} signatures verified"
        );
        let (lines, leaks, ended) = self.function.stop();
        println!(
            "lines in the function's log  {lines}; {} with a token, a body or a signature",
            leaks.len()
        );
        println!("the function's end           {ended}");
        println!("wrong answers                {}", self.wrong.len());
        println!("time                         {} s", elapsed.as_secs());
        for line in self.wrong.iter().chain(&leaks).take(SHOWN) {
            println!("WRONG {line}");
        }
        flat && self.wrong.is_empty() && leaks.is_empty() && ended.success()
    }
}
