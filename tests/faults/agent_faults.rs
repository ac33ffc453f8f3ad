//! What if the agent's side of the socket fails, at any byte?

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::agent::{Connection, PATIENCE, chunked, request};
use crate::cloud::{Cloud, call, deadline};
use crate::function::{Function, is_echo};
use crate::tally::tried;
use crate::upstream::Upstream;

/// A function, one deployment, and how many descriptors they hold at rest.
struct Scene {
    function: Function,
    upstream: Upstream,
    rest: usize,
    _cloud: Cloud,
}

impl Scene {
    async fn new() -> Self {
        let cloud = Cloud::new();
        let upstream = cloud.upstream().await;
        let function = cloud.function([upstream.port()]).ready().await;
        let rest = function.descriptors();
        let scene = Self { function, upstream, rest, _cloud: cloud };
        scene.recovered("nothing").await;
        scene
    }

    fn call(&self, body: &str) -> Vec<u8> {
        call(&self.upstream.url(), "", body)
    }

    /// The same process answers, and holds nothing more than before but connections that the deployment keeps too.
    async fn recovered(&self, after: &str) {
        self.function.serves(&self.upstream.url(), after).await;
        self.function.settles(|| self.rest + self.upstream.open(), after).await;
    }
}

/// Everything until the function closes; what was written before that may be refused.
async fn sent(function: &Function, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = function.raw().await;
    let mut answer = Vec::new();
    let (mut reader, mut writer) = stream.split();
    let write = async {
        if writer.write_all(bytes.as_ref()).await.is_ok() {
            drop(writer.shutdown().await);
        }
    };
    let both = async { tokio::join!(write, reader.read_to_end(&mut answer)) };
    drop(timeout(PATIENCE, both).await.expect("it closes in time"));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn an_agent_that_vanishes_at_any_byte_harms_no_other_call() {
    let scene = Scene::new().await;
    let body = scene.function.body();
    let chunks = chunked(
        &format!(
            "Fn-Intent: httprequest\r\nFn-Http-H-Model_deployment: {}\r\n",
            scene.upstream.url()
        ),
        body.as_bytes(),
        7,
    );
    let (mut faults, mut memory) = (0, 0);
    for whole in [scene.call(&body), chunks] {
        for cut in 0..=whole.len() {
            if faults == 100 {
                memory = scene.function.status("VmRSS");
            }
            let mut stream = scene.function.raw().await;
            stream.write_all(&whole[..cut]).await.unwrap();
            drop(stream);
            scene.recovered(&format!("byte {cut}")).await;
            faults += 1;
        }
    }
    let after = scene.function.status("VmRSS");
    println!("{memory} KiB after 100 faults, {after} KiB after {faults}");
    assert!(after < memory + 1024, "{memory} KiB, then {after} KiB");
    tried(faults, "bytes at which the agent vanished");
}

#[tokio::test]
async fn an_agent_that_half_closes_at_any_byte_is_answered_only_if_its_request_is_whole() {
    let scene = Scene::new().await;
    let body = scene.function.body();
    let whole = scene.call(&body);
    for cut in 0..=whole.len() {
        let before = scene.upstream.requests();
        let answer = sent(&scene.function, &whole[..cut]).await;
        let called = scene.upstream.requests() - before;
        if cut == whole.len() {
            assert!(answer.ends_with(&format!("{{\"echo\":{body}}}")), "{answer}");
        } else {
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{cut}: {answer}");
            assert_eq!(called, 0, "half a request was forwarded at byte {cut}");
        }
        scene.recovered(&format!("half-close at byte {cut}")).await;
    }
    tried(whole.len() + 1, "bytes at which the agent half-closed");
}

#[tokio::test]
async fn a_request_that_trickles_is_answered() {
    let scene = Scene::new().await;
    let body = scene.function.body();
    let mut connection = scene.function.connect().await;
    for byte in scene.call(&body) {
        connection.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(is_echo(&connection.answer().await, &body));
    drop(connection);
    scene.recovered("a trickle").await;
    tried(1, "request in packets of one byte");
}

#[tokio::test]
async fn garbage_closes_its_own_connection_and_no_other() {
    let scene = Scene::new().await;
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Vec<Vec<u8>> =
        (0..150).map(|size| (0..size * size).map(|_| random.u8(..)).collect()).collect();
    // One byte of a good request turned into another one.
    let good = scene.call("{\"spoiled\":1}");
    let spoiled = (0..150).map(|_| {
        let mut bytes = good.clone();
        let at = random.usize(..bytes.len());
        bytes[at] ^= random.u8(1..);
        bytes
    });
    let known = [
        &b"\0"[..],
        b"\r\n\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /call HTTP/3.0\r\n\r\n",
        b"POST /call HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /call HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /call HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n{}",
        b"POST /call HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /call HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /call HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n{}",
        b"POST /call HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
        b"POST /call HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
        b"POST /call HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}",
        b"POST /call HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n",
        b"POST /call HTTP/1.1\r\nname without colon\r\n\r\n",
        b"POST /call HTTP/1.1\r\n: no name\r\n\r\n",
        b"POST /call HTTP/1.1\r\nfolded: 1\r\n 2\r\n\r\n",
        b"POST /call HTTP/1.1\r\nnul: \0\r\n\r\n",
        b"POST http://[::1/call HTTP/1.1\r\n\r\n",
        b"CONNECT localhost:443 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"POST /call HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
    ]
    .map(<[u8]>::to_vec);
    let all: Vec<Vec<u8>> = known.into_iter().chain(noise).chain(spoiled).collect();
    for (number, garbage) in all.iter().enumerate() {
        sent(&scene.function, garbage).await;
        scene.recovered(&format!("garbage {number}")).await;
    }
    tried(all.len(), "kinds of garbage from the agent");
}

/// A request whose head has this size in bytes.
fn sized_head(scene: &Scene, body: &str, size: usize) -> Vec<u8> {
    let bare = call(&scene.upstream.url(), "X: \r\n", body).len() - body.len();
    let padding = format!("X: {}\r\n", "v".repeat(size - bare));
    call(&scene.upstream.url(), &padding, body)
}

#[tokio::test]
async fn a_head_of_1_mib_is_taken_and_a_larger_one_refused() {
    let scene = Scene::new().await;
    let body = scene.function.body();
    let answer = scene.function.exchange(sized_head(&scene, &body, 1024 * 1024)).await;
    assert!(is_echo(&answer, &body), "{answer:?}");
    scene.recovered("1 MiB of headers").await;
    // The last size that is taken, and the first one that is not: as large as the limit is what hyper may read at once on top.
    let limit = (1024 + 64) * 1024;
    let (mut taken, mut refused) = (1024 * 1024, 4 * limit);
    let mut faults = 1;
    while refused - taken > 1 {
        let size = usize::midpoint(taken, refused);
        let answer = sent(&scene.function, &sized_head(&scene, &body, size)).await;
        if answer.starts_with("HTTP/1.1 200") {
            taken = size;
        } else {
            // The refusal itself is lost where more of the head was still to be written.
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{size}: {answer}");
            refused = size;
        }
        scene.recovered(&format!("a head of {size} bytes")).await;
        faults += 1;
    }
    println!("heads are taken up to {taken} bytes");
    assert!(taken <= 2 * limit, "{taken}");
    tried(faults, "heads around the largest");
}

#[tokio::test]
async fn ten_thousand_headers_are_taken_and_twenty_thousand_refused() {
    let scene = Scene::new().await;
    let numbered = |count: usize| -> String {
        (0..count).map(|number| format!("X-{number}: {number}\r\n")).collect()
    };
    let body = scene.function.body();
    let many = call(&scene.upstream.url(), &numbered(10_000), &body);
    assert!(is_echo(&scene.function.exchange(many).await, &body));
    scene.recovered("10,000 headers").await;
    for headers in [numbered(20_000), "A: 1\r\n".repeat(60_000)] {
        let request = call(&scene.upstream.url(), &headers, &body);
        let answer = sent(&scene.function, request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
        scene.recovered("too many headers").await;
    }
    tried(3, "requests with very many headers");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let scene = Scene::new().await;
    for count in [2, 50] {
        let bodies: Vec<String> = (0..count).map(|_| scene.function.body()).collect();
        let all: Vec<u8> = bodies.iter().flat_map(|body| scene.call(body)).collect();
        let answer = sent(&scene.function, &all).await;
        let echoes: Vec<&str> = answer.lines().filter(|line| line.contains("echo")).collect();
        assert_eq!(echoes.len(), count, "{answer}");
        for (echo, body) in echoes.iter().zip(&bodies) {
            assert!(echo.starts_with(&format!("{{\"echo\":{body}}}")), "{echo}");
        }
        scene.recovered("pipelined requests").await;
    }
    // The second of them is no request: the first one is answered all the same.
    let body = scene.function.body();
    let both = [scene.call(&body), b"\0\r\n\r\n".to_vec()].concat();
    let answer = sent(&scene.function, both).await;
    assert!(answer.contains(&format!("{{\"echo\":{body}}}")));
    scene.recovered("a request and garbage").await;
    tried(3, "pipelines");
}

#[tokio::test]
async fn a_connection_that_is_stuck_stops_no_other() {
    let scene = Scene::new().await;
    let whole = scene.call(&scene.function.body());
    let head = whole.len() - 10;
    let mut stuck: Vec<Connection> = Vec::new();
    for cut in [0, 1, 30, head, head + 5] {
        let mut connection = scene.function.connect().await;
        connection.send(&whole[..cut]).await;
        stuck.push(connection);
        scene.function.serves(&scene.upstream.url(), &format!("stuck at byte {cut}")).await;
    }
    for (mut connection, cut) in stuck.into_iter().zip([0, 1, 30, head, head + 5]) {
        connection.send(&whole[cut..]).await;
        assert_eq!(connection.answer().await.status(), 200, "stuck at byte {cut}");
    }
    scene.recovered("stuck connections").await;
    // One that stays stuck is given up by its deadline.
    let late = call(&scene.upstream.url(), &deadline(1.5), "{}");
    let mut connection = scene.function.connect().await;
    connection.send(&late[..late.len() - 1]).await;
    assert_eq!(connection.answer().await.status(), 504);
    drop(connection);
    scene.recovered("a body that never ended").await;
    tried(6, "stuck connections");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_harms_no_other_call() {
    let scene = Scene::new().await;
    let large = format!("\"{}\"", "x".repeat(5 * 1024 * 1024));
    let mut unread = Vec::new();
    for _ in 0..4 {
        let mut stream = scene.function.raw().await;
        stream.write_all(&scene.call(&large)).await.unwrap();
        // Its first byte says that the answer is being written.
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        unread.push(stream);
        scene.function.serves(&scene.upstream.url(), "an answer that nobody reads").await;
    }
    drop(unread);
    scene.recovered("answers that nobody read").await;
    assert_eq!(scene.function.exchange(request("", "{}")).await.status(), 502);
    tried(4, "answers that nobody read");
}
