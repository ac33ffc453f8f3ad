//! What if the name service fails, lies or changes its mind? The function asks the system's resolver, so a name server of the test
//! answers it, in namespaces of its own, where nobody else is asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use emulator::deployment::{Certificate, OCID};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::agent::PATIENCE;
use crate::cloud::{Cloud, call, call_of_service, deadline};
use crate::function::{Function, has_namespaces, is_echo, is_root, refusal};
use crate::tally::{skipped, tried};
use crate::upstream::Upstream;

/// Set where the name server of the test is asked.
const INSIDE: &str = "FAULTS_INSIDE";
/// The name in the other certificate of the emulated cloud.
const NAME: &str = "elsewhere.example";
/// A service at a host of Oracle's.
const SERVICES: &str = r#"{"chat": {"service": "inference.generativeai", "region": "us-chicago-1",
    "base": "/openai/v1", "open": ["@openai-chat"]}}"#;
const GOOD: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How many questions three look-ups are.
const MOST_QUESTIONS: usize = 3 * 2 * 2;

const UNREACHABLE: (u16, &str) = (502, "DeploymentUnreachable");
const LATE: (u16, &str) = (504, "DeploymentTimedOut");
const FORBIDDEN: (u16, &str) = (403, "TargetNotAllowed");

/// How the name server answers.
#[derive(Clone, Debug)]
enum Word {
    /// With these addresses.
    Addresses(Vec<IpAddr>),
    /// With this code and no address.
    Code(u8),
    /// Not at all.
    Silence,
    /// With these bytes behind the question's number.
    Bytes(Vec<u8>),
    /// To another question.
    OtherNumber,
    /// With a name that stands for itself.
    Loop,
    /// Says that the answer is too long, and offers no longer way to it.
    Truncated,
}

/// A name server on loopback, which has one word at a time for every name.
struct NameServer {
    word: Arc<Mutex<Word>>,
    asked: Arc<Notify>,
    questions: Arc<AtomicUsize>,
}

impl NameServer {
    async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).await.unwrap();
        let word = Arc::new(Mutex::new(Word::Addresses(vec![GOOD])));
        let asked = Arc::new(Notify::new());
        let questions = Arc::new(AtomicUsize::new(0));
        let (own, notify, count) = (word.clone(), asked.clone(), questions.clone());
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((size, from)) = socket.recv_from(&mut packet).await {
                let word = own.lock().unwrap().clone();
                if let Some(answer) = answer(&word, &packet[..size]) {
                    drop(socket.send_to(&answer, from).await);
                }
                count.fetch_add(1, Ordering::Relaxed);
                notify.notify_one();
            }
        });
        Self { word, asked, questions }
    }

    /// How often it was asked.
    fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    fn says(&self, word: Word) {
        *self.word.lock().unwrap() = word;
    }
}

/// The packet that says this to a question; None for silence.
fn answer(word: &Word, question: &[u8]) -> Option<Vec<u8>> {
    let name = 12 + question[12..].iter().position(|byte| *byte == 0)? + 1;
    let (number, asked) = (&question[..2], &question[12..name + 4]);
    let wants_v6 = question[name + 1] == 28;
    let packet = |flags: [u8; 2], answers: Vec<Vec<u8>>| {
        let count = u8::try_from(answers.len()).unwrap();
        let head = [number, &flags, &[0, 1, 0, count, 0, 0, 0, 0], asked].concat();
        Some([head, answers.concat()].concat())
    };
    // The name of the question, a type, the class of the internet, a minute, and the data.
    let record = |kind: u8, data: &[u8]| {
        let length = u8::try_from(data.len()).unwrap();
        [&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
    };
    match word {
        Word::Addresses(addresses) => {
            let records = addresses.iter().filter_map(|address| match address {
                IpAddr::V4(address) if !wants_v6 => Some(record(1, &address.octets())),
                IpAddr::V6(address) if wants_v6 => Some(record(28, &address.octets())),
                _ => None,
            });
            packet([0x81, 0x80], records.collect())
        }
        Word::Code(code) => packet([0x81, 0x80 | code], Vec::new()),
        Word::Silence => None,
        Word::Bytes(bytes) => Some([number, bytes].concat()),
        Word::OtherNumber => {
            let mut other = answer(&Word::Addresses(vec![GOOD]), question)?;
            other[0] ^= 0xff;
            Some(other)
        }
        Word::Loop => packet([0x81, 0x80], vec![record(5, &[0xc0, 12])]),
        Word::Truncated => packet([0x83, 0x80], Vec::new()),
    }
}

#[test]
fn a_name_service_that_fails_lies_or_changes_stops_no_later_call() {
    if !is_root() {
        return skipped(
            "a name service that fails: only root can give the function one of its own",
        );
    }
    if !has_namespaces() {
        return skipped("a name service that fails: this machine gives no namespaces");
    }
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let servers = file("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    let hosts = file("hosts", "127.0.0.1 localhost\n");
    let script = format!(
        "ip link set lo up && mount --bind {servers} /etc/resolv.conf && mount --bind {hosts} /etc/hosts || exit 77; exec \"$@\""
    );
    let own = std::env::current_exe().unwrap();
    let inside = Command::new("unshare")
        .args(["-m", "-n", "sh", "-c", &script, "sh"])
        .arg(own)
        .args(["--ignored", "--exact", "dns_faults::inside", "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let Some(output) = inside.ok().filter(|output| output.status.code() != Some(77)) else {
        return skipped(
            "a name service that fails: this machine gives no namespaces, or has no `ip`",
        );
    };
    let (said, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{error}");
    let count = said.lines().find_map(|line| line.strip_prefix("names: ")).expect("it counts");
    tried(count.parse().unwrap(), "answers of a name service");
}

/// What the function is called in, with names that the name server of the test answers for.
struct Scene {
    names: NameServer,
    upstream: Upstream,
    local: Upstream,
    function: Function,
    rest: usize,
    faults: usize,
}

impl Scene {
    fn url(&self) -> String {
        self.upstream.url().replace("localhost", NAME)
    }

    async fn called(&self, url: &str, body: &str, seconds: f64) -> (u16, String) {
        let answer = self.function.exchange(call(url, &deadline(seconds), body)).await;
        if is_echo(&answer, body) { (200, String::new()) } else { refusal(&answer) }
    }

    /// The name server says this, and the call ends so; then it says the truth, and a call succeeds.
    async fn ends(&mut self, word: Word, expected: &[(u16, &str)]) {
        self.names.says(word.clone());
        let (start, body) = (Instant::now(), self.function.body());
        // What is tried again is tried until the deadline.
        let seconds = if expected.contains(&UNREACHABLE) { 1.5 } else { 10.0 };
        let (status, code) = self.called(&self.url(), &body, seconds).await;
        assert!(
            expected.contains(&(status, &code)),
            "{word:?}: {status} {code}, {}",
            self.function.last_line()
        );
        assert!(start.elapsed() < Duration::from_secs(4), "{word:?}: {:?}", start.elapsed());
        self.recovered(&format!("{word:?}")).await;
        self.faults += 1;
    }

    async fn recovered(&self, after: &str) {
        self.names.says(Word::Addresses(vec![GOOD]));
        self.function.serves(&self.url(), after).await;
        let open = || self.upstream.open() + self.local.open();
        self.function.settles(|| self.rest + open(), after).await;
    }
}

#[tokio::test]
#[ignore = "it runs where the test before it makes a name service"]
async fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let cloud = Cloud::new();
    let upstream = cloud.upstream_with(Certificate::OtherName).await.closing();
    let local = cloud.upstream().await;
    let hosts = format!("{NAME}:{},localhost:{}", upstream.port(), local.port());
    let function = cloud.function([]).with("ALLOWED_HOSTS", hosts);
    let function = function.with("ALLOWED_SERVICES", SERVICES).ready().await;
    let rest = function.descriptors();
    let names = NameServer::start().await;
    let mut scene = Scene { names, upstream, local, function, rest, faults: 0 };
    scene.recovered("nothing").await;
    fails(&mut scene).await;
    lies(&mut scene).await;
    changes(&mut scene).await;
    is_asked_three_times(&mut scene).await;
    is_stuck(&mut scene).await;
    println!("names: {}", scene.faults);
}

async fn fails(scene: &mut Scene) {
    for code in 1..=5 {
        scene.ends(Word::Code(code), &[UNREACHABLE, LATE]).await;
    }
    for word in [
        Word::Addresses(Vec::new()),
        Word::Silence,
        Word::Bytes(Vec::new()),
        Word::Bytes(vec![0x81; 3]),
        Word::Bytes(vec![0xff; 600]),
        Word::Bytes([&[0x81, 0x80, 0, 1, 0xff, 0xff, 0, 0, 0, 0][..], &[0xc0; 300]].concat()),
        Word::OtherNumber,
        Word::Loop,
        Word::Truncated,
    ] {
        scene.ends(word, &[UNREACHABLE, LATE]).await;
    }
}

async fn lies(scene: &mut Scene) {
    let v4 = |text: &str| IpAddr::V4(text.parse().unwrap());
    let v6 = |text: &str| IpAddr::V6(text.parse::<Ipv6Addr>().unwrap());
    // Nobody may be called there, also where the operator listed the host.
    for address in [
        v4("169.254.169.254"),
        v4("0.0.0.0"),
        v4("224.0.0.1"),
        v4("255.255.255.255"),
        v4("192.0.2.1"),
        v6("fe80::a9fe:a9fe"),
        v6("::ffff:169.254.169.254"),
        v6("64:ff9b::a9fe:a9fe"),
        v6("ff02::1"),
        v6("::"),
    ] {
        scene.ends(Word::Addresses(vec![address]), &[FORBIDDEN]).await;
    }
    // Nor in a private network, where the host is one of Oracle's own.
    let oracle =
        format!("https://modeldeployment.sa-saopaulo-1.oci.customer-oci.com/{OCID}/predict");
    for address in ["127.0.0.1", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1"] {
        scene.names.says(Word::Addresses(vec![v4(address)]));
        let (status, code) = scene.called(&oracle, "{}", 10.0).await;
        assert_eq!((status, code.as_str()), FORBIDDEN, "{address}");
        scene.recovered(address).await;
        scene.faults += 1;
    }
    lies_of_a_service(scene).await;
    // Among forbidden addresses the good one is called, and no other.
    let mixed = vec![v4("169.254.169.254"), GOOD, v4("0.0.0.0"), v6("fe80::1")];
    scene.ends(Word::Addresses(mixed), &[(200, "")]).await;
}

/// Nor where another service is open at a host of Oracle's: nobody is connected to, also where somebody listens.
async fn lies_of_a_service(scene: &mut Scene) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 443)).await.unwrap();
    for address in
        ["127.0.0.1", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "169.254.169.254"]
    {
        let address = IpAddr::V4(address.parse().unwrap());
        scene.names.says(Word::Addresses(vec![address]));
        let asked = scene.names.questions();
        let answer = scene
            .function
            .exchange(call_of_service("chat/openai/v1/chat/completions", r#"{"model":"x"}"#))
            .await;
        let (status, code) = refusal(&answer);
        assert_eq!((status, code.as_str()), FORBIDDEN, "{address}");
        assert!(scene.names.questions() > asked, "{address}");
        scene.recovered(&address.to_string()).await;
        scene.faults += 1;
    }
    assert!(timeout(Duration::ZERO, listener.accept()).await.is_err(), "it was connected to");
}

async fn changes(scene: &mut Scene) {
    let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    // Where nobody listens, beside where somebody does.
    scene.ends(Word::Addresses(vec![other, GOOD]), &[(200, "")]).await;
    scene.ends(Word::Addresses(vec![other]), &[UNREACHABLE, LATE]).await;
    // It fails until it was asked once, while a call waits.
    for word in [
        Word::Code(2),
        Word::Code(3),
        Word::Silence,
        Word::Bytes(vec![0xff; 40]),
        Word::Addresses(vec![other]),
        Word::Addresses(Vec::new()),
    ] {
        scene.names.says(word.clone());
        // What was asked before does not count.
        drop(timeout(Duration::ZERO, scene.names.asked.notified()).await);
        let (url, body) = (scene.url(), scene.function.body());
        let changed = async {
            for _ in 0..2 {
                timeout(PATIENCE, scene.names.asked.notified()).await.expect("a question");
            }
            scene.names.says(Word::Addresses(vec![GOOD]));
        };
        let request = call(&url, "", &body);
        let (answer, ()) = tokio::join!(scene.function.exchange(request), changed);
        assert!(is_echo(&answer, &body), "{word:?}, then the truth: {answer:?}");
        scene.recovered(&format!("{word:?}, then the truth")).await;
        scene.faults += 1;
    }
}

/// Nothing makes a call ask for a name more than three times: not that nobody knows it, and not that nobody is there.
async fn is_asked_three_times(scene: &mut Scene) {
    let nobody = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    for (word, seconds) in [
        (Word::Code(3), 8.0),
        (Word::Code(2), 12.0),
        (Word::Addresses(Vec::new()), 8.0),
        (Word::Silence, 20.0),
        (Word::Addresses(vec![nobody]), 8.0),
    ] {
        scene.names.says(word.clone());
        let before = scene.names.questions();
        let (status, code) = scene.called(&scene.url(), "{}", seconds).await;
        assert_eq!((status, code.as_str()), UNREACHABLE, "{word:?}");
        let asked = scene.names.questions() - before;
        // One look-up asks for addresses of either kind, and once more where it hears nothing usable.
        assert!((3..=MOST_QUESTIONS).contains(&asked), "{word:?}: {asked} questions");
        scene.recovered(&format!("{word:?}, three times")).await;
        scene.faults += 1;
    }
}

/// More names are being looked up than there are threads for it.
async fn is_stuck(scene: &mut Scene) {
    scene.function.serves(&scene.local.url(), "nothing").await;
    scene.names.says(Word::Silence);
    let mut stuck = Vec::new();
    for _ in 0..4 {
        let mut agent = scene.function.connect().await;
        agent.send(call(&scene.url(), &deadline(3.0), "{}")).await;
        stuck.push(agent);
    }
    timeout(PATIENCE, scene.names.asked.notified()).await.expect("a question");
    let start = Instant::now();
    for _ in 0..10 {
        scene.function.serves(&scene.local.url(), "names that are stuck").await;
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    for mut agent in stuck {
        assert!(matches!(refusal(&agent.answer().await).0, 502 | 504));
    }
    scene.recovered("names that were stuck").await;
    scene.faults += 4;
}
