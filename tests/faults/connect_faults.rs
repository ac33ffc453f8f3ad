//! What if the connection to the deployment fails, before a byte of a request was sent?

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use emulator::deployment::{Certificate, OCID};
use futures_util::future::join_all;
use tokio::net::TcpSocket;

use crate::cloud::{Cloud, call, deadline};
use crate::function::{is_echo, refusal};
use crate::tally::tried;
use crate::upstream::{End, Fault, Script, Step, Upstream};

/// As many tries as a call has.
const TRIES: usize = 8;

/// A record of TLS with this content.
fn record(kind: u8, version: [u8; 2], content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind][..], &version, &length, content].concat()
}

/// The hello of a server that speaks this version and no newer one.
fn old_hello(version: [u8; 2]) -> Vec<u8> {
    let (random, no_session, suite, no_compression) = ([7; 32], [0], [0xc0, 0x13], [0]);
    let body = [&version[..], &random, &no_session, &suite, &no_compression].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    record(22, version, &[&[2], &length[1..], &body].concat())
}

fn alert(number: u8) -> Vec<u8> {
    record(21, [3, 3], &[2, number])
}

/// What may come instead of a handshake. Each of them fails at once, or hangs until the deadline.
fn instead_of_tls() -> Vec<(&'static str, Script, bool)> {
    let http = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let bytes = |bytes: Vec<u8>| Script::bytes(bytes, End::Vanish);
    let flood = |bytes: &[u8]| {
        Script::new([Step::Flood(bytes.repeat(1 + 4096 / bytes.len()))], End::Vanish)
    };
    vec![
        ("closed at once", Script::new([], End::Vanish), false),
        ("reset at once", Script::new([], End::Reset), false),
        ("silence", Script::new([], End::Silence), true),
        ("plain HTTP", bytes(http.into()), false),
        ("plain HTTP, and silence", Script::bytes(http, End::Silence), false),
        ("SSH", bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), false),
        ("zeros", bytes(vec![0; 4096]), false),
        ("SSL 3.0", bytes(old_hello([3, 0])), false),
        ("TLS 1.0", bytes(old_hello([3, 1])), false),
        ("TLS 1.1", bytes(old_hello([3, 2])), false),
        ("TLS 1.1, and silence", Script::bytes(old_hello([3, 2]), End::Silence), false),
        ("the alert of an old server", bytes(alert(70)), false),
        ("an alert that the handshake failed", bytes(alert(40)), false),
        ("an alert of an unknown name", bytes(alert(112)), false),
        ("an alert that is none", bytes(alert(255)), false),
        ("half an alert", Script::bytes(&alert(40)[..6], End::Silence), true),
        ("a record of 64 KiB", bytes(record(22, [3, 3], &[0; 65535])), false),
        ("an empty record", Script::bytes(record(22, [3, 3], &[]), End::Silence), false),
        (
            "a message of 16 MiB",
            flood(&record(22, [3, 3], &[[2, 255, 255, 255].as_slice(), &[0; 4000]].concat())),
            false,
        ),
        ("data before the handshake", bytes(record(23, [3, 3], b"hello")), false),
        ("noise without end", flood(b"\x5a"), false),
        ("changes of the cipher without end", flood(&record(20, [3, 3], &[1])), false),
        ("warnings without end", flood(&record(21, [3, 3], &[1, 0])), false),
    ]
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_and_outlived() {
    let faults = instead_of_tls();
    let cloud = Cloud::new();
    let upstreams = join_all(faults.iter().map(async |_| cloud.upstream().await.closing())).await;
    let function = cloud.function(upstreams.iter().map(Upstream::port)).ready().await;
    let (rest, memory) = (function.descriptors(), function.status("VmRSS"));
    let runs = faults.iter().zip(&upstreams).map(async |((what, script, hangs), upstream)| {
        // Once it is outlived, unless it hangs.
        if !hangs {
            upstream.fails(Fault::Clear(script.clone()));
            function.serves(&upstream.url(), what).await;
            assert_eq!(upstream.unmet(), 0, "{what}");
        }
        // Always it is an error, by the deadline.
        (0..TRIES).for_each(|_| upstream.fails(Fault::Clear(script.clone())));
        let start = Instant::now();
        let answer = function.exchange(call(&upstream.url(), &deadline(3.0), "{}")).await;
        assert!(start.elapsed() < Duration::from_secs(5), "{what}: {:?}", start.elapsed());
        let expected =
            if *hangs { (504, "DeploymentTimedOut") } else { (502, "DeploymentUnreachable") };
        let (status, code) = refusal(&answer);
        assert_eq!((status, code.as_str()), expected, "{what}: {answer:?}");
        assert_eq!(upstream.requests(), usize::from(!hangs), "{what}: a request was sent");
        assert!(upstream.unmet() <= TRIES - if *hangs { 1 } else { 2 }, "{what}");
        upstream.recover();
        function.serves(&upstream.url(), what).await;
    });
    let tries = join_all(runs).await.len();
    drop(upstreams);
    function.settles(|| rest, "what is no handshake").await;
    let peak = function.status("VmHWM");
    println!("{memory} KiB before, {peak} KiB at the peak");
    assert!(peak - memory < 32 * 1024, "{peak} KiB");
    tried(2 * tries, "things that are no handshake");
}

#[tokio::test]
async fn a_certificate_that_is_not_right_sends_no_request_and_is_not_tried_again() {
    let (cloud, stranger) = (Cloud::new(), Cloud::new());
    let good = cloud.upstream().await;
    let wrong = [
        ("another name", cloud.upstream_with(Certificate::OtherName).await),
        ("a time that is over", cloud.upstream_with(Certificate::Expired).await),
        ("an authority that nobody knows", stranger.upstream().await),
    ];
    let ports = wrong.iter().map(|(_, upstream)| upstream).chain([&good]).map(Upstream::port);
    let function = cloud.function(ports).ready().await;
    let rest = function.descriptors();
    for (what, upstream) in &wrong {
        let logged = function.log().len();
        let answer = function.exchange(call(&upstream.url(), "", "{}")).await;
        assert_eq!(refusal(&answer), (502, "DeploymentUnreachable".to_owned()), "{what}");
        assert_eq!((upstream.connections(), upstream.requests()), (1, 0), "{what}");
        function.logs("its certificate is not trusted", logged).await;
        function.serves(&good.url(), what).await;
        function.settles(|| rest + good.open(), what).await;
    }
    tried(wrong.len(), "certificates");
}

#[tokio::test]
async fn a_port_that_refuses_is_tried_again_until_it_is_there_or_the_deadline_is() {
    let cloud = Cloud::new();
    let other = cloud.upstream().await;
    // A port that is taken, where nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("https://localhost:{port}/{OCID}/predict");
    let function = cloud.function([port, other.port()]).ready().await;
    let rest = function.descriptors();
    let answer = function.exchange(call(&url, &deadline(2.0), "{}")).await;
    assert_eq!(refusal(&answer), (502, "DeploymentUnreachable".to_owned()));
    function.serves(&other.url(), "a port that refuses").await;
    // Somebody listens there while it is being tried.
    let body = function.body();
    let mut connection = function.connect().await;
    connection.send(call(&url, "", &body)).await;
    function.serves(&other.url(), "a port that refuses").await;
    let back = cloud.upstream_at(silent.listen(1024).unwrap());
    assert!(is_echo(&connection.answer().await, &body));
    drop(connection);
    function.settles(|| rest + back.open() + other.open(), "a port that refused").await;
    tried(2, "ports that refuse");
}

#[tokio::test]
async fn a_connection_that_is_cut_at_any_byte_of_its_server_is_made_again() {
    const LANES: usize = 12;
    let cloud = Cloud::new();
    let upstreams = join_all((0..LANES).map(async |_| cloud.upstream().await.closing())).await;
    let function = cloud.function(upstreams.iter().map(Upstream::port)).ready().await;
    let rest = function.descriptors();
    upstreams[0].fails(Fault::Cut(usize::MAX, End::Vanish));
    function.serves(&upstreams[0].url(), "nothing").await;
    let whole = upstreams[0].sent();
    assert!(whole > 500, "{whole} bytes");
    let lanes = upstreams.iter().enumerate().map(async |(lane, upstream)| {
        let cuts = (lane..whole).step_by(LANES);
        for cut in cuts.clone() {
            let end = if (cut / LANES).is_multiple_of(2) { End::Vanish } else { End::Reset };
            upstream.fails(Fault::Cut(cut, end));
            function.serves(&upstream.url(), &format!("{end:?} at byte {cut} of {whole}")).await;
        }
        cuts.count()
    });
    let faults = join_all(lanes).await.into_iter().sum();
    drop(upstreams);
    function.settles(|| rest, "connections that were cut").await;
    tried(faults, "connections cut within TLS");
}
