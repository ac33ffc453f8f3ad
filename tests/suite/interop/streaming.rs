//! Do people's own clients get each piece of a stream through gateway and streaming server when the model writes it?

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use emulator::cloud::{Cloud, Plan};
use emulator::deployment::Received;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::python;

/// Between two tokens of the model.
const PACE: Duration = Duration::from_millis(20);
/// How late a piece may be that is not among the latest hundredth: model, gateway, server and client
/// share the cores of one machine, with debug builds. A whole answer takes 2.4 s.
const LATE: Duration = Duration::from_millis(250);
/// How often a measurement is made before it counts: what else runs on the machine delays a client, too.
const MEASUREMENTS: usize = 5;
/// The longest that a client may take; some are at work for ten seconds before their first request.
const CLIENT: Duration = Duration::from_secs(120);
/// Flowers in one question; each is answered with a sentence of five words.
const FLOWERS: usize = 24;

/// A cloud whose gateway leads to the streaming server, and a token for it.
struct Stage {
    cloud: Cloud,
    token: String,
}

/// A piece as a client had it: when, and what it says.
type Piece = (SystemTime, String);

impl Stage {
    async fn new() -> Self {
        let server = std::env::var("INTEROP_SERVER").expect("INTEROP_SERVER; run .ci/interop");
        let plan = Plan { pace: PACE, ..Plan::server(server.into()) };
        let cloud = Cloud::start(plan).await.unwrap();
        let token = cloud.identity.mint(&cloud.client, &json!({}));
        Self { cloud, token }
    }

    /// Runs a client against the model at `path` of the gateway: the last line that it prints, which is JSON.
    async fn run(&self, client: Command, path: &str) -> Value {
        let mut client = tokio::process::Command::from(client);
        client.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        client.env("BASE_URL", format!("{}{path}", self.cloud.routes()));
        client.env("TOKEN", &self.token).env("PROMPT", prompt());
        client.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        let output = timeout(CLIENT, client.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", output.status);
        let printed = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(printed.lines().last().unwrap()).unwrap()
    }

    /// How late each piece came that a client had of the last answers, one answer after the other.
    fn delays(&self, answers: &[Vec<Piece>]) -> Vec<Duration> {
        let written = self.cloud.deployment.written();
        let mut requests: Vec<u64> = written.iter().map(|piece| piece.request).collect();
        requests.dedup();
        let requests = &requests[requests.len() - answers.len()..];
        let of_one = |(answer, request): (&Vec<Piece>, &u64)| {
            let written = written.iter().filter(|piece| piece.request == *request);
            // The end of a stream, `[DONE]`, is for the client's library.
            answer
                .iter()
                .zip(written)
                .map(|((had, _), written)| had.duration_since(written.at).unwrap_or_default())
                .collect::<Vec<_>>()
        };
        answers.iter().zip(requests).flat_map(of_one).collect()
    }

    /// Measures until the delays keep the bound: how late all but the latest hundredth of the pieces came.
    #[expect(clippy::print_stdout, reason = "a measurement is for those who read the log")]
    async fn measure(&self, measurement: impl AsyncFn() -> Vec<Vec<Piece>>) {
        let mut worst = Vec::new();
        for _ in 0..MEASUREMENTS {
            let answers = measurement().await;
            for answer in &answers {
                let said: String = answer.iter().map(|(_, text)| text.as_str()).collect();
                assert_eq!(said, expected());
                assert!(answer.len() > 5 * FLOWERS, "{} pieces", answer.len());
            }
            let mut delays = self.delays(&answers);
            delays.sort_unstable();
            let late = delays[delays.len() * 99 / 100];
            println!("half of the pieces came within {:?}, p99 {late:?}", delays[delays.len() / 2]);
            if late <= LATE {
                return;
            }
            worst.push((delays[delays.len() / 2], late));
        }
        panic!("half of the pieces, and all but the latest hundredth, came within {worst:?}");
    }
}

fn prompt() -> String {
    "6.3 3.3 6.0 2.5, ".repeat(FLOWERS)
}

fn expected() -> String {
    vec!["This is an Iris virginica."; FLOWERS].join(" ")
}

/// The pieces that a client printed under a name.
fn pieces(printed: &Value, name: &str) -> Vec<Piece> {
    let piece = |piece: &Value| {
        let seconds = Duration::from_secs_f64(piece[0].as_f64().unwrap());
        (UNIX_EPOCH + seconds, piece[1].as_str().unwrap().to_owned())
    };
    printed[name].as_array().unwrap().iter().map(piece).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs OpenAI's client for Python; .ci/interop runs it"]
async fn openai_for_python_has_each_piece_when_the_model_writes_it() {
    let stage = Stage::new().await;
    stage
        .measure(async || {
            let seen = stage.run(python("openai_stream.py", &[]), "/llm/v1").await;
            ["chat", "completions", "responses"].map(|name| pieces(&seen, name)).to_vec()
        })
        .await;
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Anthropic's client for Python; .ci/interop runs it"]
async fn anthropic_for_python_has_each_piece_when_the_model_writes_it() {
    let stage = Stage::new().await;
    stage
        .measure(async || {
            let seen = stage.run(python("anthropic_stream.py", &[]), "/llm").await;
            vec![pieces(&seen, "messages")]
        })
        .await;
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs OpenAI's client for Node; .ci/interop runs it"]
async fn openai_for_node_has_each_piece_when_the_model_writes_it() {
    let Ok(folder) = std::env::var("INTEROP_NODE") else {
        // `.ci/interop` says that it was skipped.
        return;
    };
    let stage = Stage::new().await;
    stage
        .measure(async || {
            let mut client = Command::new("node");
            client.arg(Path::new(&folder).join("stream.mjs"));
            vec![pieces(&stage.run(client, "/llm/v1").await, "chat")]
        })
        .await;
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the Model Context Protocol's library for Python; .ci/interop runs it"]
async fn the_library_of_mcp_opens_a_session_calls_a_tool_and_ends_the_session() {
    let stage = Stage::new().await;
    let seen = stage.run(python("mcp_client.py", &[]), "/llm").await;
    let all = ["server", "tools", "result"].map(|name| seen[name].clone());
    assert_eq!(all, [json!("emulator"), json!(["classify"]), json!([expected()])]);
    assert_eq!(seen["progress"].as_array().unwrap().len(), 5 * FLOWERS);
    // The session's end is the last request, and has no stream.
    let asked = stage.cloud.deployment.received();
    let methods: Vec<&str> =
        asked.iter().map(|received| received.request.method.as_str()).collect();
    assert!(methods.first() == Some(&"POST") && methods.last() == Some(&"DELETE"), "{methods:?}");
    assert!(methods.contains(&"GET"), "{methods:?}");
    let named = |received: &&Received| received.request.text("mcp-session-id").is_some();
    assert_eq!(asked.iter().filter(named).count(), asked.len() - 1);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs curl and the streaming server; .ci/interop runs it"]
async fn curl_prints_each_piece_when_the_model_writes_it() {
    let stage = Stage::new().await;
    stage.measure(async || vec![curled(&stage).await]).await;
    stage.cloud.stop().await;
}

/// The pieces that curl prints, each when it is there.
async fn curled(stage: &Stage) -> Vec<Piece> {
    let body = json!({ "prompt": prompt(), "stream": true }).to_string();
    let mut curl = tokio::process::Command::new("curl");
    curl.args([
        "--no-buffer",
        "--silent",
        "--header",
        "@-",
        "--header",
        "content-type: application/json",
        "--data",
        &body,
    ]);
    curl.arg(format!("{}/llm/v1/completions", stage.cloud.routes()));
    curl.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut curl = curl.spawn().unwrap();
    let header = format!("authorization: Bearer {}\n", stage.token);
    curl.stdin.take().unwrap().write_all(header.as_bytes()).await.unwrap();
    let mut stdout = curl.stdout.take().unwrap();
    let (mut pieces, mut rest) = (Vec::new(), String::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = timeout(CLIENT, stdout.read(&mut buffer)).await.unwrap().unwrap();
        if read == 0 {
            return pieces;
        }
        let now = SystemTime::now();
        rest.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        while let Some((event, after)) = rest.split_once("\n\n") {
            let data = event.strip_prefix("data: ").unwrap();
            if let Ok(data) = serde_json::from_str::<Value>(data) {
                pieces.push((now, data["choices"][0]["text"].as_str().unwrap().to_owned()));
            }
            rest = after.to_owned();
        }
    }
}
