//! The server's soak: many callers at once, in rounds, while the gateway's secret, the certificate and the session token are
//! replaced. Between two rounds nothing is open, and what the process holds is looked at.

mod caller;
mod deployment;
mod files;
mod kind;
mod process;

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use emulator::deployment::Authority;
use emulator::principal::Issuer;
use fastrand::Rng;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::measure::{Limit, Measurements, open_files};
use crate::principal::Principal;
use caller::{Caller, Made, World};
use deployment::Deployment;
use files::Files;
use process::{Log, Process};

const CALLERS: usize = 16;
const ROUND: Duration = Duration::from_secs(10);
/// So many rounds come first, in which the heap has its highest need.
const WARM_UP: u32 = 2;
/// How long connections that nobody uses may take to go.
const PATIENCE: Duration = Duration::from_secs(10);
/// The server looks at a file that was replaced within a second of the calls after it.
const NOTICED: Duration = Duration::from_secs(4);
/// By how much each sample may grow. The heap is so small that a round more or less of what is kept
/// shows: 2.5 MiB. tokio keeps a thread for ten seconds that looked up a name.
const LIMITS: [Limit; 4] =
    [Limit::Part(0.25), Limit::Number(2560.0), Limit::Number(1.0), Limit::Number(16.0)];
/// What is shown of what was wrong; all is counted.
const SHOWN: usize = 10;

/// Calls for so many seconds; whether all of it was right.
pub(crate) fn soak(path: &str, seconds: u64, seed: u64) -> bool {
    println!("{path}: {seconds} s, seed {seed}");
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let mut soak = Soak::new(path, seed).await;
        let mut rounds = 0;
        while rounds <= WARM_UP || start.elapsed().as_secs() < seconds {
            soak.round().await;
            rounds += 1;
            soak.rest(rounds >= WARM_UP).await;
        }
        soak.report(start.elapsed()).await
    })
}

/// The server, its callers and its deployment, and what was seen of them.
struct Soak {
    rng: Rng,
    principal: Principal,
    files: Files,
    process: Process,
    /// How many files the process has open that serves nobody.
    files_at_rest: u32,
    world: Arc<World>,
    made: BTreeMap<&'static str, (u64, Duration)>,
    expected: Expected,
    wrong: Vec<String>,
    measurements: Measurements,
    _directory: TempDir,
}

/// What log and metrics must have counted.
#[derive(Default)]
struct Expected {
    logged: BTreeMap<u16, u64>,
    calls: BTreeMap<String, u64>,
    refusals: BTreeMap<String, u64>,
}

impl Soak {
    async fn new(path: &str, seed: u64) -> Self {
        let directory = tempfile::Builder::new().prefix("soak").tempdir().unwrap();
        let (issuer, authority) = (Issuer::new(), Authority::new());
        fs::write(directory.path().join("ca.pem"), authority.pem()).unwrap();
        let principal = Principal::new(issuer.clone(), directory.path());
        let files = Files::new(directory.path());
        let deployment = Deployment::start(issuer, &authority).await;
        let process = Process::start(path, directory.path(), &deployment.host());
        let world = World {
            address: process.address,
            connector: files.connector(),
            deployment,
            secret: Mutex::new(files.secret()),
            calls: AtomicU64::new(0),
        };
        Self {
            rng: Rng::with_seed(seed),
            principal,
            files,
            files_at_rest: open_files(process.pid()),
            process,
            world: Arc::new(world),
            made: BTreeMap::new(),
            expected: Expected::default(),
            wrong: Vec::new(),
            measurements: Measurements::default(),
            _directory: directory,
        }
    }

    /// All callers call, while files are replaced.
    async fn round(&mut self) {
        let until = Instant::now() + ROUND;
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(Caller::new(self.world.clone(), self.rng.fork()).run(until));
        }
        self.replace().await;
        while let Some(made) = callers.join_next().await {
            made.unwrap().into_iter().for_each(|made| self.note(made));
        }
        self.wrong.extend(self.world.deployment.wrong());
        if !self.world.deployment.has_seen(self.principal.token()) {
            self.wrong.push("the new token is not used".to_owned());
        }
    }

    /// Replaces all files. The old secret is taken away when nobody says it any more.
    async fn replace(&mut self) {
        sleep(Duration::from_millis(500)).await;
        self.files.replace();
        self.principal.rotate(3600);
        sleep(NOTICED).await;
        *self.world.secret.lock().unwrap() = self.files.secret();
        sleep(NOTICED).await;
        self.files.take_old_secret();
    }

    fn note(&mut self, Made { kind, took, wrong }: Made) {
        let (count, time) = self.made.entry(kind.name).or_default();
        (*count, *time) = (*count + 1, *time + took);
        *self.expected.logged.entry(kind.logged).or_default() += 1;
        let (counts, label) = match (kind.refusal, kind.logged) {
            (Some(code), _) => (&mut self.expected.refusals, code.to_owned()),
            (None, status) => (&mut self.expected.calls, status.to_string()),
        };
        *counts.entry(label).or_default() += 1;
        self.wrong.extend(wrong);
    }

    /// Nobody calls: the new certificate is shown, and every connection goes.
    async fn rest(&mut self, is_measured: bool) {
        let connection = self.world.connect().await.unwrap();
        let shown = connection.get_ref().1.peer_certificates().and_then(<[_]>::first);
        if shown != Some(self.files.certificate()) {
            self.wrong.push("the new certificate is not shown".to_owned());
        }
        drop(connection);
        let begin = Instant::now();
        // Again and again: a connection that was begun beside another may be ready only then.
        while open_files(self.process.pid()) > self.files_at_rest && begin.elapsed() < PATIENCE {
            self.world.deployment.close_idle();
            sleep(Duration::from_millis(20)).await;
        }
        let open = open_files(self.process.pid());
        if open > self.files_at_rest {
            let before = self.files_at_rest;
            self.wrong.push(format!("{open} files are open at rest, {before} were at the start"));
        }
        if is_measured {
            self.measurements.take(self.process.pid());
        }
    }

    /// Prints what was seen, and whether all of it is right.
    async fn report(mut self, elapsed: Duration) -> bool {
        println!("{:38} {:>9} {:>9}", "calls", "number", "mean, ms");
        for (name, (count, time)) in &self.made {
            let mean = time.as_secs_f64() * 1e3 / f64::from(u32::try_from(*count).unwrap());
            println!("{name:38} {count:>9} {mean:>9.2}");
        }
        let (flat, table) = self.measurements.table(&LIMITS);
        println!("\n{table}");
        let (requests, verified) = self.world.deployment.counts();
        let metrics = self.process.metrics().await;
        let (Log { lines, statuses, wrong, .. }, ended) = self.process.stop().await;
        self.wrong.extend(wrong);
        self.wrong.extend(self.expected.differences(&statuses, &metrics));
        println!("requests at the deployment   {requests}, {verified} signatures verified");
        println!(
            "lines in the log             {lines}; {} of calls, one each",
            statuses.values().sum::<u64>()
        );
        println!("the server's end             {ended}");
        println!("what was wrong               {}", self.wrong.len());
        println!("time                         {} s", elapsed.as_secs());
        for line in self.wrong.iter().take(SHOWN) {
            println!("WRONG {line}");
        }
        flat && self.wrong.is_empty() && ended.success()
    }
}

impl Expected {
    /// Where the log or the metrics have counted otherwise.
    fn differences(&self, logged: &BTreeMap<u16, u64>, metrics: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut compare = |what: &str, expected: String, counted: String| {
            if expected != counted {
                wrong.push(format!("{what}: expected {expected}, counted {counted}"));
            }
        };
        compare("lines by status", format!("{:?}", self.logged), format!("{logged:?}"));
        let calls = series(metrics, "model_deployment_calls_total", "status");
        compare("calls", format!("{:?}", self.calls), format!("{calls:?}"));
        let refusals = series(metrics, "model_deployment_refusals_total", "code");
        compare("refusals", format!("{:?}", self.refusals), format!("{refusals:?}"));
        let open = metrics.lines().find(|line| line.starts_with("model_deployment_streams_open"));
        compare(
            "open",
            "model_deployment_streams_open 0".to_owned(),
            open.unwrap_or_default().to_owned(),
        );
        wrong
    }
}

/// The values of a counter by one of its labels.
fn series(metrics: &str, name: &str, label: &str) -> BTreeMap<String, u64> {
    let mut values = BTreeMap::new();
    for line in metrics.lines().filter_map(|line| line.strip_prefix(name)) {
        let Some((labels, value)) = line.rsplit_once(' ') else { continue };
        let label = labels.split(&format!("{label}=\"")).nth(1);
        let label = label.and_then(|rest| rest.split('"').next()).unwrap_or_default();
        *values.entry(label.to_owned()).or_default() += value.parse::<u64>().unwrap();
    }
    values
}
