//! The bytes of an agent's connection, to answers.
#![no_main]

use fn_fdk::{Call, Error, IntoReply, Reply, StatusError};
use futures_util::stream;
use fuzz::answer::{self, Answer};
use fuzz::cloud::{Deployment, Function};
use fuzz::secret;
use fuzz::world::World;
use http::{HeaderName, StatusCode};
use libfuzzer_sys::fuzz_target;

struct Setting {
    world: World,
    deployment: Deployment,
    dressed: Function,
    predictor: Function,
}

thread_local! {
    static SETTING: Setting = {
        secret::watch_log();
        let (world, (deployment, dressed, predictor)) = World::with(|| async {
            let deployment = Deployment::start().await;
            let predictor = Function::predict(&deployment, &[("ACCEPT_ENVELOPE", "true")]);
            (deployment, Function::serve(dressed), predictor)
        });
        Setting { world, deployment, dressed, predictor }
    };
}

/// The header in which a function says as what it read the caller's URL.
const READ_URL: HeaderName = HeaderName::from_static("x-read-url");

/// Gives the caller's headers and body back, and whatever else the caller wants a function to do.
async fn dressed(call: Call) -> Result<Reply, Error> {
    let asked = |name| call.headers().get(name);
    let (octets, body) = ("application/octet-stream", call.body().clone());
    let mut reply = match asked("x-stream") {
        Some(_) => Reply::stream(octets, stream::iter([Ok::<_, Error>(body)])),
        None => Reply::bytes(octets, body),
    };
    reply = reply.with_header(READ_URL, call.uri().to_string());
    let own = |name: &HeaderName| name.as_str().trim_start_matches("fn-http-h-") == READ_URL;
    for (name, value) in call.headers().iter().filter(|(name, _)| !own(name)) {
        // What is reserved is refused, and would fail the call.
        if Reply::empty().with_header(name.clone(), value.clone()).into_reply().is_ok() {
            reply = reply.with_header(name.clone(), value.clone());
        }
    }
    if let Some(status) = asked("x-status") {
        reply = reply.with_status(StatusCode::from_bytes(status.as_bytes())?);
    }
    match asked("x-fail") {
        None => Ok(reply),
        Some(late) if late == "late" => Ok(reply.with_status(StatusCode::GATEWAY_TIMEOUT)),
        Some(_) => Err(StatusError::new(StatusCode::IM_A_TEAPOT, "Failed", "on purpose"))?,
    }
}

/// What the agent takes from any function.
fn check(answer: &Answer, last: bool) {
    let call = match answer.status {
        200 | 502 | 504 => true,
        404 | 405 => false,
        // What is no HTTP is answered by the HTTP library, and ends the connection.
        400 | 414 | 431 => return assert!(last, "{answer:?}"),
        _ => panic!("{answer:?}"),
    };
    assert!(answer.whole, "{answer:?}");
    // Whatever bytes it had: it went on as a URL, or no handler saw it.
    for url in answer.values("x-read-url").chain(answer.values("fn-http-h-x-read-url")) {
        let raw = |byte: &u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}#".contains(byte);
        assert!(!url.iter().any(raw), "{answer:?}");
    }
    for name in ["fn-fdk-version", "fn-fdk-runtime"] {
        assert!(answer.only(name).is_some(), "{answer:?}");
    }
    assert!(answer.only("fn-fdk-version").is_some_and(|own| own.starts_with("fn-fdk/")));
    let status = answer.only("fn-http-status").map(str::parse::<u16>);
    assert!(status.as_ref().is_none_or(|status| matches!(status, Ok(200..=599))), "{answer:?}");
    let framing = ["keep-alive", "te", "trailer", "upgrade"];
    for (name, value) in &answer.headers {
        let bare = name.trim_start_matches("fn-http-h-");
        assert!(!framing.contains(&bare) && !bare.starts_with("proxy-"), "{name}");
        assert!(!["fn-call-id", "fn-deadline"].contains(&bare), "{name}");
        let connection = ["connection", "content-length", "transfer-encoding"].contains(&bare);
        assert!(!connection || bare == name, "{name}");
        // The library's own, towards a peer that asked for it.
        assert!(name != "connection" || [&b"close"[..], b"keep-alive"].contains(&value.as_slice()));
        let platform = ["fn-fdk-version", "fn-fdk-runtime", "fn-http-status"];
        let own = platform.contains(&name.as_str());
        assert!(own || !platform.contains(&bare), "{name}");
        let wrapped = name.starts_with("fn-http-h-") || name == "content-type";
        assert!(!call || status.is_none() || own || connection || wrapped, "{answer:?}");
    }
    assert!(answer.values("content-type").count() <= 1, "{answer:?}");
    assert_eq!(answer.values("fn-http-h-content-type").count(), 0, "{answer:?}");
}

/// What this function gives beyond that: its own headers and none that a stranger chose.
fn check_prediction(answer: &Answer) {
    let allowed = [
        "connection",
        "content-length",
        "content-type",
        "fn-fdk-runtime",
        "fn-fdk-version",
        "fn-http-status",
        "allow",
        "content-encoding",
        "fn-http-h-allow",
        "fn-http-h-content-encoding",
        "fn-http-h-opc-request-id",
        "opc-request-id",
        "fn-http-h-retry-after",
        "retry-after",
    ];
    for (name, value) in &answer.headers {
        assert!(allowed.contains(&name.as_str()), "{name}");
        secret::kept(&String::from_utf8_lossy(value));
    }
    secret::kept(&String::from_utf8_lossy(&answer.body));
}

fuzz_target!(|input: &[u8]| {
    let [choice, bytes @ ..] = input else { return };
    SETTING.with(|Setting { world, deployment, dressed, predictor }| {
        let prediction = choice & 1 != 0;
        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\nserver: x\r\n\r\n{}";
        deployment.answer_with(ok, false);
        let function = if prediction { predictor } else { dressed };
        let written = world.run(function.exchange(bytes));
        let answers = answer::all(&written);
        for (number, answer) in answers.iter().enumerate() {
            check(answer, number + 1 == answers.len());
            if prediction && ![400, 414, 431].contains(&answer.status) {
                check_prediction(answer);
            }
        }
        // It lives, whatever came.
        let alive = world.run(dressed_alive(dressed));
        assert_eq!((alive.len(), alive[0].status, alive[0].body.as_slice()), (1, 200, &b"ok"[..]));
        for request in deployment.requests() {
            let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
            let head = head.split("\r\n\r\n").next().unwrap_or_default();
            assert_eq!(head.matches("\r\nauthorization: signature ").count(), 1, "{head}");
            assert_eq!(head.matches("\r\nauthorization:").count(), 1, "{head}");
            for line in head.lines().filter(|line| !may_be_forwarded(line)) {
                secret::kept(line);
            }
        }
    });
});

async fn dressed_alive(function: &Function) -> Vec<Answer> {
    answer::all(&function.exchange(b"POST /call HTTP/1.1\r\ncontent-length: 2\r\n\r\nok").await)
}

/// Whether a line of a request holds what a caller may give to a deployment.
fn may_be_forwarded(line: &str) -> bool {
    let names = [
        "accept",
        "content-encoding",
        "content-type",
        "enable-streaming",
        "opc-request-id",
        "route",
        "traceparent",
        "x-request-id",
    ];
    line.split_once(':').is_none_or(|(name, _)| names.contains(&name))
}
