//! The page of `mdfn local`: a call through the whole cloud, drawn.

use std::cmp::Reverse;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use emulator::cloud::calls::Call;
use emulator::cloud::{Cloud, Function, Plan};
use emulator::collector::Span;
use emulator::deployment::Behaviour;
use mdfn::local::page::Page;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::chromium::Chromium;

/// The bound of every wait in a test.
const PATIENCE: Duration = Duration::from_secs(20);
const ROW: &str = r#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#;
const BEGIN: u64 = 1_795_522_139_000_000;
/// A wide window, a telephone's.
const WINDOWS: [(u32, u32); 2] = [(1000, 1300), (360, 1900)];
/// The colours of the page, in light.
const BAR: [u8; 3] = [0x2f, 0x6f, 0xdb];
const FAILED: [u8; 3] = [0xc4, 0x26, 0x1d];

/// Measures the page from within: the window, and each span's name, track and bar. The page itself
/// forbids scripts, so it is measured in a copy.
const MEASURE: &str = r"<script>
const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; };
document.body.dataset.measured = JSON.stringify({
  inner: innerWidth,
  wide: document.documentElement.scrollWidth,
  right: Math.max(...[...document.body.querySelectorAll('*')].map(e => e.getBoundingClientRect()).filter(r => r.width).map(r => r.right)),
  left: Math.min(...[...document.body.querySelectorAll('*')].map(e => e.getBoundingClientRect()).filter(r => r.width).map(r => r.left)),
  spans: [...document.querySelectorAll('.span')].map(s => ({
    name: s.querySelector('.name').firstChild.data, indent: parseFloat(getComputedStyle(s.querySelector('.name')).paddingLeft),
    track: box(s.querySelector('svg')), bar: box(s.querySelector('rect')),
  })),
  parts: [...document.querySelectorAll('.part')].map(box),
  said: [...document.querySelectorAll('.said')].map(t => ({ text: t.textContent, box: box(t) })),
});
</script></body>";

async fn cloud() -> Cloud {
    let tests = env::current_exe().unwrap();
    let function = tests.ancestors().nth(2).unwrap().join("func");
    assert!(function.exists(), "{} is missing: .ci/browser builds it", function.display());
    let plan = Plan { tracing: true, ..Plan::new(Function::Binary(function)) };
    timeout(PATIENCE, Cloud::start(plan)).await.unwrap().unwrap()
}

/// The page about the calls of the cloud.
async fn page(cloud: &Cloud) -> Page {
    Page::start(0, cloud.routes(), cloud.calls.clone()).await.unwrap()
}

/// One request and its whole answer.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let exchanged = timeout(PATIENCE, async {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A peer may close without saying so in TLS.
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8(answer).unwrap()
    });
    exchanged.await.unwrap()
}

fn post(target: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Calls the model through the gateway, with the token or without it: the call as it was entered.
async fn call(cloud: &Cloud, token: Option<&str>, status: u16) -> Call {
    let before = cloud.calls.all().last().map_or(0, |call| call.number);
    let url = cloud.route();
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let headers = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let request = post(&format!("/{path}"), &headers.unwrap_or_default(), ROW);
    let answer = exchange(TcpStream::connect(address).await.unwrap(), &request).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    timeout(PATIENCE, cloud.calls.after(before)).await.unwrap()
}

/// Sends spans of the call's trace to the collector.
async fn send(cloud: &Cloud, call: &Call, spans: &[Value]) {
    let trace = call.exchange.dispatch.as_ref().unwrap().trace_id.clone().unwrap();
    let spans = spans.iter().map(|span| {
        let mut span = span.clone();
        span["traceId"] = trace.as_str().into();
        span
    });
    let spans = Value::from(spans.collect::<Vec<_>>()).to_string();
    let url = cloud.collector.as_ref().unwrap().url("localhost");
    let (address, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(cloud.authority.pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let answer = exchange(stream, &post(&format!("/{path}"), "", &spans)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// A span from `start` to `end`, in thousandths of a second of the trace.
fn span(name: &str, id: u8, parent: u8, start: u64, end: u64) -> Value {
    json!({
        "id": format!("{id:016x}"), "parentId": format!("{parent:016x}"), "name": name,
        "timestamp": BEGIN + start * 1000, "duration": (end - start) * 1000,
        "localEndpoint": { "serviceName": "emulated::func" },
        "tags": { "generatedBy": "faas", "fnName": "func" },
    })
}

/// The spans of a call as the function sent them, in the order of their beginnings.
fn spans_of(cloud: &Cloud, call: &Call) -> Vec<Span> {
    let trace = call.exchange.dispatch.as_ref().unwrap().trace_id.clone().unwrap();
    let mut spans = cloud.collector.as_ref().unwrap().trace(&trace);
    spans.sort_by_key(|span| (span.timestamp, Reverse(span.duration)));
    spans
}

/// The page at `url`, as it is sent.
async fn sent(url: &str) -> String {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let answer = exchange(TcpStream::connect(address).await.unwrap(), &request).await;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("default-src 'none'"), "{head}");
    page.to_owned()
}

/// The status of the page for a browser that was led here by a foreign name.
async fn status_for_a_foreign_name(url: &str) -> String {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let request =
        format!("GET /{path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    let answer = exchange(TcpStream::connect(address).await.unwrap(), &request).await;
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// The measures of the page at `url` in a window of this size.
async fn measured(url: &str, (width, height): (u32, u32)) -> Value {
    let page = sent(url).await;
    let copy = page.replace("http-equiv=\"refresh\"", "").replace("</body>", MEASURE);
    let dom = Chromium::new(width, height).open_html(&copy).dom;
    let (_, measured) = dom.split_once("data-measured=\"").unwrap();
    let (measured, _) = measured.split_once('"').unwrap();
    let measured = measured.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    let measured: Value = serde_json::from_str(&measured.replace("&amp;", "&")).unwrap();
    assert_eq!(measured["inner"], width, "{measured}");
    let fits = measured["wide"].as_f64() <= Some(f64::from(width))
        && measured["right"].as_f64() <= Some(f64::from(width))
        && measured["left"].as_f64() >= Some(0.0);
    assert!(fits, "{url} is wider than {width}: {measured}");
    let parts: Vec<[f64; 4]> = measured["parts"].as_array().unwrap().iter().map(area).collect();
    for (number, [left, top, wide, _]) in parts.iter().enumerate() {
        let beside = |other: &[f64; 4]| {
            (other[1] - top).abs() > 1.0 || other[0] + other[2] <= *left || left + wide <= other[0]
        };
        let others = parts.iter().skip(number + 1);
        assert!(others.into_iter().all(beside), "names of parts meet: {measured}");
    }
    measured
}

/// Left, top, width and height.
fn area(value: &Value) -> [f64; 4] {
    serde_json::from_value(value.clone()).unwrap()
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// The pixel that such a length falls into.
fn pixel(length: f64) -> u32 {
    format!("{:.0}", length.floor()).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium; .ci/browser runs them"]
async fn a_bar_is_drawn_where_the_times_of_its_span_put_it() {
    let cloud = cloud().await;
    let token = cloud.identity.mint(&cloud.client, &json!({}));
    // Two tries, and an answer that is an error of the model.
    cloud.deployment.behave(Behaviour::Busy(503, "0".to_owned()));
    cloud.deployment.behave(Behaviour::Reply(501, Vec::new(), b"{}".to_vec()));
    let call = call(&cloud, Some(&token), 501).await;
    let sent = spans_of(&cloud, &call);
    let begin = sent[0].timestamp.unwrap();
    let whole = float(sent[0].duration.unwrap());
    let page = page(&cloud).await;
    let url = page.call(call.number);
    for window in WINDOWS {
        let measured = measured(&url, window).await;
        let picture = Chromium::new(window.0, window.1).open(&url).picture;
        let spans = measured["spans"].as_array().unwrap();
        let names: Vec<_> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["call", "check", "predict", "sign", "connect", "sign"]);
        let depths = [0, 1, 1, 2, 2, 2];
        let mut above = 0.0;
        for (number, (span, real)) in spans.iter().zip(&sent).enumerate() {
            assert_eq!(span["name"].as_str(), real.name.as_deref());
            let start = float(real.timestamp.unwrap() - begin) / whole;
            let length = float(real.duration.unwrap()) / whole;
            let ([left, top, width, height], [x, y, wide, high]) =
                (area(&span["track"]), area(&span["bar"]));
            assert!(top >= above && (y - top).abs() < 0.1 && (high - height).abs() < 0.1);
            above = top + height;
            let off = (x - left - start * width).abs().max((wide - length * width).abs());
            // What is too short to be seen is drawn a little longer.
            assert!(off < 0.004 * width + 1.0, "{span}: {off} beside {start} and {length}");
            assert_eq!(span["indent"], 16 * depths[number], "{span}");
            // What the browser drew on the page itself, whose policy let no script measure it.
            if wide < 8.0 {
                continue;
            }
            let colour = if real.tags.contains_key("error") { FAILED } else { BAR };
            let middle = pixel(y + high / 2.0);
            for inside in [x + 3.0, x + wide - 3.0] {
                assert_eq!(picture.pixel(pixel(inside), middle), colour, "{span}");
            }
            for outside in [x - 2.0, x + wide + 2.0] {
                assert_ne!(picture.pixel(pixel(outside), middle), colour, "{span}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium; .ci/browser runs them"]
async fn the_messages_the_signature_and_nothing_secret_are_shown() {
    let cloud = cloud().await;
    let token = cloud.identity.mint(&cloud.client, &json!({}));
    let refused = call(&cloud, None, 401).await;
    let predicted = call(&cloud, Some(&token), 200).await;
    let page = page(&cloud).await;
    let trace = predicted.exchange.dispatch.as_ref().unwrap().trace_id.clone().unwrap();
    let said = |measured: &Value| {
        let said = measured["said"].as_array().unwrap().iter();
        said.map(|message| message["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for window in WINDOWS {
        let messages = said(&measured(&page.call(predicted.number), window).await);
        assert_eq!(messages[0], "earlier: client id and secret");
        assert!(messages[1].starts_with("token, scope predict, until "), "{messages:?}");
        assert_eq!(messages[2], "POST /models/iris, with the token");
        assert_eq!(messages[3], format!("POST /call, trace {trace}"));
        let rest = ["POST, signed", "signature valid", "5 spans", "reply"];
        assert_eq!(messages[4..8], rest);
        assert!(messages[8].starts_with("200 after ") && messages.len() == 9, "{messages:?}");
        let messages = said(&measured(&page.call(refused.number), window).await);
        assert_eq!((messages.len(), messages[0].as_str()), (2, "POST /models/iris"));
        assert!(messages[1].starts_with("401 after "), "{messages:?}");
        measured(&page.url(), window).await;
    }
    assert_eq!(status_for_a_foreign_name(&page.url()).await, "421");
    assert_eq!(status_for_a_foreign_name(&page.call(predicted.number)).await, "421");
    let window = Chromium::new(1000, 1300);
    let list = sent(&page.url()).await;
    assert!(list.contains("signature verified, 5 spans"), "{list}");
    assert!(list.contains("answered by the gateway"), "{list}");
    let dom = window.open(&page.call(predicted.number)).dom;
    for shown in [
        ">valid</span>",
        "<code>(request-target)</code> <code>host</code>",
        "<code>x-content-sha256</code>",
        emulator::principal::FUNCTION,
        emulator::deployment::OCID,
    ] {
        assert!(dom.contains(shown), "{shown}: {dom}");
    }
    let received = cloud.deployment.received();
    let authorization = received[0].request.text("authorization").unwrap().to_owned();
    let attribute =
        |name: &str| authorization.split(name).nth(1).unwrap().split('"').next().unwrap();
    let key_id = attribute("keyId=\"ST$");
    let data_key = cloud.collector.as_ref().unwrap().data_key();
    for secret in [&token, key_id, attribute(",signature=\""), data_key, &cloud.client.secret] {
        assert!(secret.len() > 8 && !dom.contains(secret) && !list.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium; .ci/browser runs them"]
async fn what_a_span_says_of_itself_is_text_and_stays_on_the_page() {
    let cloud = cloud().await;
    let token = cloud.identity.mint(&cloud.client, &json!({}));
    let call = call(&cloud, Some(&token), 200).await;
    let own = spans_of(&cloud, &call).len();
    let mut hostile = span("<script>document.body.remove()</script>", 1, 0xff, 0, 10);
    hostile["tags"] = json!({ "<b title='\"": "x".repeat(5000), "turned": "\u{202e}abc" });
    let deep = (2..40).map(|id| span(&"name".repeat(20), id, id - 1, 0, 10));
    send(&cloud, &call, &[vec![hostile], deep.collect()].concat()).await;
    let page = page(&cloud).await;
    let url = page.call(call.number);
    for window in WINDOWS {
        let measured = measured(&url, window).await;
        assert_eq!(measured["spans"].as_array().unwrap().len(), 39 + own);
        assert_eq!(measured["spans"][0]["name"], "<script>document.body.remove()</script>");
    }
    let dom = Chromium::new(360, 1900).open(&url).dom;
    assert!(dom.contains("<b>&lt;b title='\"</b>") && !dom.contains('\u{202e}'), "{dom}");
}
