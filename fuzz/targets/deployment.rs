//! The bytes that a model deployment answers with, to what the agent gets.
#![no_main]

use fuzz::answer;
use fuzz::cloud::{Deployment, Function, TOKEN};
use fuzz::secret;
use fuzz::world::World;
use libfuzzer_sys::fuzz_target;
use tokio::time::Instant;

/// Until when a call must be answered; 20 s after the arrival of every call.
const DEADLINE: &str = "2026-11-24T10:00:20Z";

struct Setting {
    world: World,
    deployment: Deployment,
    function: Function,
}

thread_local! {
    static SETTING: Setting = {
        secret::watch_log();
        let (world, (deployment, function)) = World::with(|| async {
            let deployment = Deployment::start().await;
            let function = Function::predict(&deployment, &[("RETRY_PATHS", "/v1/completions")]);
            (deployment, function)
        });
        Setting { world, deployment, function }
    };
}

/// One call: direct or through a gateway, to one of the kinds of paths.
fn call(choice: u8, deployment: &Deployment) -> Vec<u8> {
    let gateway = choice & 1 != 0;
    let prefix = if gateway { "fn-http-h-" } else { "" };
    let path =
        ["", "WithResponseStream", "/v1/completions", "/items/7"][usize::from(choice >> 1 & 3)];
    let mut head = format!(
        "POST /call HTTP/1.1\r\nhost: localhost\r\nfn-call-id: 01CALL\r\nfn-deadline: {DEADLINE}\r\n\
         {prefix}authorization: Bearer {word}\r\n{prefix}x-other: {word}\r\n\
         {prefix}model_deployment: {url}{path}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n",
        word = secret::SECRET,
        url = deployment.url(),
    );
    if gateway {
        head += "fn-intent: httprequest\r\nfn-http-method: POST\r\nfn-http-request-url: /models/iris\r\n";
    }
    (head + "\r\n{}").into_bytes()
}

fuzz_target!(|input: &[u8]| {
    let [choice, bytes @ ..] = input else { return };
    SETTING.with(|Setting { world, deployment, function }| {
        deployment.answer_with(bytes, choice & 8 != 0);
        let (written, took) = world.run(async {
            let start = Instant::now();
            let written = function.exchange(&call(*choice, deployment)).await;
            (written, start.elapsed().as_secs_f64())
        });
        let answers = answer::all(&written);
        let [answer] = answers.as_slice() else { panic!("{} answers", answers.len()) };
        assert!(answer.whole && [200, 502, 504].contains(&answer.status), "{answer:?}");
        assert!(took < 21.0, "{took} s");
        let gateway = choice & 1 != 0;
        let own = ["content-length", "content-type", "fn-fdk-runtime", "fn-fdk-version"];
        let passed: &[&str] = if gateway {
            &["fn-http-status", "fn-http-h-opc-request-id", "fn-http-h-retry-after"]
        } else {
            &["opc-request-id", "retry-after"]
        };
        for (name, _) in &answer.headers {
            assert!(own.contains(&name.as_str()) || passed.contains(&name.as_str()), "{name}");
        }
        let status = answer.only("fn-http-status").map(str::parse::<u16>);
        assert!(if gateway { matches!(status, Some(Ok(200..=599))) } else { status.is_none() });
        assert!(!matches!(status, Some(Ok(300..=399 | 401))), "{answer:?}");
        // Neither what the caller kept for the gateway nor what the function signs with goes anywhere else.
        let shown = [answer.body.as_slice(), bytes];
        let token = TOKEN.trim().as_bytes();
        let holds = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|part| part == word);
        assert!(!holds(shown[0], token) || holds(shown[1], token));
        let requests = deployment.requests();
        assert!(!requests.is_empty() && requests.len() <= 8, "{} tries", requests.len());
        for request in requests {
            secret::kept(&String::from_utf8_lossy(&request));
        }
    });
});
