//! What if the machine has no more of something: descriptors, threads, memory, places in a
//! directory, a log that takes lines?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::agent::{Connection, PATIENCE, chunked};
use crate::cloud::{Cloud, call, deadline};
use crate::function::{has_namespaces, is_echo, is_root, refusal, run, socket_of};
use crate::tally::{skipped, tried};
use crate::upstream::{End, Fault, Gate, Script, Step, Upstream};

/// As many as a container of OCI Functions may open.
const DESCRIPTORS: usize = 350;

#[tokio::test]
async fn more_connections_than_descriptors_leave_a_function_that_answers() {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let limited = ["prlimit", &format!("--nofile={DESCRIPTORS}")];
    let function = cloud.function([upstream.port()]).through(&limited).ready().await;
    let rest = function.descriptors();
    function.serves(&upstream.url(), "nothing").await;
    let start = Instant::now();
    for round in 0..3 {
        // More than there is room for; those beyond it wait in the queue of the socket.
        let mut crowd = Vec::new();
        for _ in 0..DESCRIPTORS + 50 {
            crowd.push(function.connect().await);
        }
        function.fills(DESCRIPTORS).await;
        // One of those that were taken asks for a connection; whether it can be made is a race with
        // those that wait.
        upstream.close();
        crowd[0].send(call(&upstream.url(), &deadline(2.0), "{}")).await;
        let (status, code) = refusal(&crowd[0].answer().await);
        assert!(matches!(status, 200 | 502 | 504), "{status} {code}");
        assert!(status == 200 || code.starts_with("Deployment"), "{status} {code}");
        drop(crowd);
        let after = format!("{} connections, round {round}", DESCRIPTORS + 50);
        function.serves(&upstream.url(), &after).await;
        function.settles(|| rest + upstream.open(), &after).await;
    }
    // It says so again and again, but with a pause.
    let most = 20 * usize::try_from(start.elapsed().as_secs()).unwrap() + 20;
    let lines = function.log().lines().filter(|line| line.contains("could be accepted")).count();
    println!("{lines} lines about connections that could not be accepted");
    assert!((1..most).contains(&lines), "{lines}");
    tried(3, "crowds of more connections than descriptors");
}

#[tokio::test]
async fn more_calls_at_once_than_descriptors_are_all_answered() {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let limited = ["prlimit", &format!("--nofile={DESCRIPTORS}")];
    let function = cloud.function([upstream.port()]).through(&limited).ready().await;
    let rest = function.descriptors();
    let calls = (0..DESCRIPTORS).map(async |_| {
        let answer = function.exchange(call(&upstream.url(), &deadline(4.0), "{}")).await;
        refusal(&answer).0
    });
    let statuses = timeout(PATIENCE, join_all(calls)).await.expect("every call is answered");
    let of = |status: u16| statuses.iter().filter(|other| **other == status).count();
    println!(
        "{} of {DESCRIPTORS} calls were answered 200, {} 502, {} 504",
        of(200),
        of(502),
        of(504)
    );
    assert!(of(200) + of(502) + of(504) == DESCRIPTORS, "{statuses:?}");
    function.serves(&upstream.url(), "calls without descriptors").await;
    function.settles(|| rest + upstream.open(), "calls without descriptors").await;
    tried(1, "crowd of more calls than descriptors");
}

#[tokio::test]
async fn no_thread_for_a_name_is_an_error_until_there_is_one() {
    if !is_root() {
        return skipped("a limit of threads: only root can give the function a user of its own");
    }
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await.closing();
    let start = cloud.open().function([upstream.port()]).by_nobody(64_322);
    let function = start.through(&["prlimit", "--nproc=1:20"]).ready().await;
    let rest = function.descriptors();
    for round in 0..3 {
        let answer = function.exchange(call(&upstream.url(), &deadline(2.0), "{}")).await;
        let status = refusal(&answer).0;
        assert!(matches!(status, 502 | 504), "round {round}: {answer:?}");
        assert!(answer.json()["message"].is_string(), "round {round}: {answer:?}");
    }
    println!("without a thread: {}", function.last_line());
    // Only the same user may, where root has not all of its powers.
    let pid = function.pid().to_string();
    let as_it = ["--reuid=64322", "--regid=64322", "--clear-groups"];
    run("setpriv", &[&as_it[..], &["prlimit", "--pid", &pid, "--nproc=20:20"]].concat());
    function.serves(&upstream.url(), "a limit of threads").await;
    function.settles(|| rest + upstream.open(), "a limit of threads").await;
    tried(3, "calls without a thread");
}

/// A memory controller's group, with the limit of the smallest container.
struct Group(PathBuf);

const MEMORY: usize = 128 * 1024 * 1024;

impl Group {
    fn new() -> Option<Self> {
        let name = format!("func-faults-{}", std::process::id());
        let (old, new) = (Path::new("/sys/fs/cgroup/memory"), Path::new("/sys/fs/cgroup"));
        let (root, limits) = if old.is_dir() {
            (old, ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"])
        } else {
            (new, ["memory.max", "memory.swap.max"])
        };
        let path = root.join(name);
        fs::create_dir(&path).ok()?;
        let group = Self(path);
        fs::write(group.0.join(limits[0]), MEMORY.to_string()).ok()?;
        // Not every kernel counts swap.
        drop(fs::write(group.0.join(limits[1]), MEMORY.to_string()));
        Some(group)
    }

    /// The command that becomes a member of it, and then what follows.
    fn command(&self) -> [String; 4] {
        let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", self.0.display());
        ["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It goes only when its last process has ended.
        for _ in 0..1000 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Of large bodies two are held at once, whatever their framing; small ones pass beside them.
#[tokio::test]
async fn twenty_bodies_of_6_mib_at_once_take_the_memory_of_two() {
    const BODIES: usize = 20;
    /// What they may take beside the first one, in KiB: 24 MiB for two and their answers, 18 for
    /// what comes of the others before they are known to be large, 12 for two answers that are
    /// still being written, and 2 for buffers.
    const MOST: usize = 56 * 1024;
    let cloud = Cloud::new();
    let upstreams = join_all((0..BODIES).map(|_| cloud.upstream())).await;
    let other = cloud.upstream().await;
    let group = Group::new();
    let ports = upstreams.iter().chain([&other]).map(Upstream::port);
    let mut start = cloud.function(ports);
    if let Some(group) = &group {
        start = start.through(&group.command().each_ref().map(String::as_str));
    } else {
        skipped(
            "a group with 128 MiB: there is no memory controller to write to; the peak is compared alone",
        );
    }
    let function = start.ready().await;
    if let Some(Group(path)) = &group {
        let member = fs::read_to_string(path.join("cgroup.procs")).unwrap();
        assert_eq!(member.trim(), function.pid().to_string());
    }
    let rest = function.descriptors();
    let size = 6 * 1024 * 1024 - "{\"echo\":}".len();
    let body = |number: usize| {
        let letter = char::from(b'a' + u8::try_from(number).unwrap());
        format!("\"{}\"", letter.to_string().repeat(size - 2))
    };
    let first = body(0);
    let answer = function.exchange(call(&other.url(), "", &first)).await;
    assert!(is_echo(&answer, &first), "{}", function.last_line());
    let before = function.status("VmHWM");
    for is_chunked in [false, true] {
        // Two are whole at their deployments, and wait there for a small one that comes later.
        let gates = [Gate::new(), Gate::new()];
        for (gate, upstream) in gates.iter().zip(&upstreams) {
            let steps = [Step::Wait(gate.clone()), Step::Echo];
            upstream.fails(Fault::Answer(Script::new(steps, End::Keep)));
        }
        let calls = upstreams.iter().enumerate().map(async |(number, upstream)| {
            let body = body(number);
            let whole = call(&upstream.url(), "", &body);
            let request = if is_chunked { in_chunks(&whole, &body) } else { whole };
            is_echo(&function.exchange(request).await, &body)
        });
        let small = async {
            for gate in &gates {
                gate.reached().await;
            }
            function.serves(&other.url(), "two large bodies").await;
            for gate in &gates {
                gate.open();
            }
        };
        let (answers, ()) = tokio::join!(join_all(calls), small);
        assert_eq!(answers, [true; BODIES], "{}", function.last_line());
        let peak = function.status("VmHWM");
        println!(
            "{peak} KiB at the peak of {BODIES} bodies of 6 MiB each way, {before} KiB of one"
        );
        assert!(peak - before < MOST && peak < MEMORY / 1024, "{peak} KiB, {before} before");
    }
    let open = || upstreams.iter().chain([&other]).map(Upstream::open).sum::<usize>();
    function.settles(|| rest + open(), "large bodies").await;
    tried(2, "times twenty bodies of 6 MiB at once");
    drop(function);
}

/// The same request with its body in chunks, as the agent sends each.
fn in_chunks(whole: &[u8], body: &str) -> Vec<u8> {
    let head = std::str::from_utf8(&whole[..whole.len() - body.len()]).unwrap();
    let headers = head.lines().skip(1).filter(|line| {
        !line.is_empty() && !line.starts_with("Host:") && !line.starts_with("Content-Length:")
    });
    let headers: String = headers.map(|line| format!("{line}\r\n")).collect();
    chunked(&headers, body.as_bytes(), 32 * 1024)
}

#[tokio::test]
async fn a_directory_without_room_is_named_and_nothing_is_left_in_it() {
    if !is_root() {
        return skipped("a full directory for the socket: only root can make one");
    }
    if !has_namespaces() {
        return skipped("a full directory for the socket: this machine gives no namespaces");
    }
    let cloud = Cloud::new();
    // One place is the directory itself; the socket needs another, and its link a third.
    for places in [1, 2] {
        let start = cloud.function([1]);
        let script = format!(
            "mount -t tmpfs -o nr_inodes={places} tmpfs {0} && \"$@\"; code=$?; ls -A {0} >&2; exit $code",
            start.directory().display()
        );
        let start = start.through(&["unshare", "-m", "sh", "-c", &script, "sh"]);
        let (code, said) = start.refused().await;
        assert_eq!((code, said.lines().count()), (1, 1), "{places} places: {said}");
        assert!(said.contains("FN_LISTENER") && said.contains("No space left"), "{said}");
    }
    // Full once it runs: it needs no room to answer.
    let upstream = cloud.upstream().await;
    let start = cloud.function([upstream.port()]);
    let directory = start.directory().to_owned();
    let script = format!(
        "mount -t tmpfs -o size=64k,nr_inodes=5 tmpfs {} && exec \"$@\"",
        directory.display()
    );
    let start = start.through(&["unshare", "-m", "sh", "-c", &script, "sh"]);
    let function = start.ready().await.inside();
    let inside = function.socket.parent().unwrap().to_owned();
    drop(fs::write(inside.join("full"), vec![0; 128 * 1024]));
    drop(fs::write(inside.join("places"), ""));
    assert!(fs::write(inside.join("more"), "x").is_err(), "there is room");
    for _ in 0..3 {
        function.serves(&upstream.url(), "a full directory").await;
    }
    tried(3, "full directories");
}

/// Makes what a process writes its log to.
type Log = fn() -> Stdio;

#[tokio::test]
async fn a_log_that_takes_no_line_stops_no_call() {
    let cloud = Cloud::new();
    let upstream = cloud.upstream().await;
    let logs: [(&str, Log); 2] = [
        ("a full disk", || fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into()),
        ("a closed pipe", || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            writer.into()
        }),
    ];
    for (what, log) in logs {
        let start = cloud.function([upstream.port()]).with("FN_LOGFRAME_NAME", "frame");
        let start = start.with("FN_LOGFRAME_HDR", "Fn-Call-Id").with("LOG_LEVEL", "debug");
        let mut command = start.command();
        let _child = command.stdout(log()).stderr(log()).spawn().unwrap();
        let socket = socket_of(&start).await;
        for _ in 0..3 {
            let mut agent = Connection::open(&socket).await;
            agent.send(call(&upstream.url(), "Fn-Call-Id: 01CALL\r\n", "{}")).await;
            assert_eq!(agent.answer().await.json()["echo"], serde_json::json!({}), "{what}");
        }
    }
    tried(logs.len(), "logs that take nothing");
}
