//! A caller's method, URL, route, content type, coding, target and body, to what a deployment is asked: an open path exactly as
//! it was written, the plain prediction, or nothing, and then a 4xx.
#![no_main]

use fuzz::answer;
use fuzz::cloud::{Deployment, Function, OCID};
use fuzz::secret;
use fuzz::world::World;
use libfuzzer_sys::fuzz_target;

struct Setting {
    world: World,
    deployment: Deployment,
    open: Function,
    closed: Function,
}

thread_local! {
    static SETTING: Setting = {
        secret::watch_log();
        let (world, (deployment, open, closed)) = World::with(|| async {
            let deployment = Deployment::start().await;
            let base = deployment.url().replace("/predict", "");
            let aliases = format!(r#"{{"iris":"{}","llm":"{base}"}}"#, deployment.url());
            let open = Function::predict(&deployment, &[("MODEL_DEPLOYMENTS", &aliases)]);
            let none = [("MODEL_DEPLOYMENTS", aliases.as_str()), ("ALLOWED_PATHS", "")];
            let closed = Function::predict(&deployment, &none);
            (deployment, open, closed)
        });
        Setting { world, deployment, open, closed }
    };
}

/// The fields of an input, in their order; the last one is the body.
const FIELDS: usize = 7;

/// Whether `openai,/items/{}` opens a path, as the README says it.
fn is_open(path: &str) -> bool {
    let item = path.strip_prefix("/items/");
    let plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte))
            && text.bytes().any(|byte| byte != b'.')
    };
    let parts: Vec<&str> = path.split('/').collect();
    item.is_some_and(plain)
        || path.starts_with("/v1/")
            && !path.ends_with("_lora_adapter")
            && parts[1..].iter().all(|part| plain(part))
}

/// A header of the call, if there is something to say.
fn header(name: &str, value: &[u8]) -> Vec<u8> {
    let line = [name.as_bytes(), b": ", value, b"\r\n"].concat();
    if value.is_empty() { Vec::new() } else { line }
}

fuzz_target!(|input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    let mut fields = rest.splitn(FIELDS, |byte| *byte == b'\n');
    let [method, url, route, content_type, coding, target, body] =
        std::array::from_fn::<&[u8], FIELDS, _>(|_| fields.next().unwrap_or_default());
    let heads = [method, url, route, content_type, coding, target];
    // That is for the HTTP library, and for the target `agent`.
    if heads.iter().any(|head| head.iter().any(|byte| *byte < b' ' || *byte == 0x7f)) {
        return;
    }
    // An open path is in the log, and is no place for a secret; the query is not in it.
    let shown =
        |url: &[u8]| String::from_utf8_lossy(url).split('?').next().is_some_and(secret::has);
    if shown(url) || shown(route) {
        return;
    }
    let (opens, gateway) = (choice & 1 != 0, choice & 2 != 0);
    let target: &[u8] = match choice & 12 {
        0 => b"llm",
        4 => b"iris",
        _ => target,
    };
    let prefix = if gateway { "fn-http-h-" } else { "" };
    let length = body.len().to_string();
    let call = [
        b"POST /call HTTP/1.1\r\nfn-deadline: 2026-11-24T10:00:20Z\r\n".to_vec(),
        header("content-length", length.as_bytes()),
        header("fn-intent", if gateway { b"httprequest" } else { b"" }),
        header("fn-http-method", method),
        header("fn-http-request-url", url),
        header(&format!("{prefix}route"), route),
        header("content-type", content_type),
        header(&format!("{prefix}content-encoding"), coding),
        header(&format!("{prefix}model_deployment"), target),
        b"\r\n".to_vec(),
        body.to_vec(),
    ];
    SETTING.with(|Setting { world, deployment, open, closed }| {
        deployment.answer_with(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", false);
        let function = if opens { open } else { closed };
        let answers = answer::all(&world.run(function.exchange(&call.concat())));
        let [answer] = answers.as_slice() else { panic!("{answers:?}") };
        secret::kept(&String::from_utf8_lossy(&answer.body));
        let seen = answer.only("fn-http-status").map(|status| status.parse().expect("a number"));
        let requests = deployment.requests();
        let Some(request) = requests.first() else {
            let refused =
                seen.map_or(answer.status == 502, |status: u16| (400..500).contains(&status));
            return assert!(refused, "{answer:?}");
        };
        assert_eq!((requests.len(), answer.status), (1, 200), "{answer:?}");
        let end = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head ends");
        let head = String::from_utf8_lossy(&request[..end]).into_owned();
        let value = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .map(str::to_owned)
        };
        let mut words = head.lines().next().expect("a request line").split(' ');
        let asked = words.next().expect("a method");
        let url = String::from_utf8_lossy(url);
        let by_gateway = gateway && !method.is_empty();
        assert!(!by_gateway || asked.as_bytes() == method.trim_ascii(), "{head}");
        assert!(by_gateway || asked == "POST", "{head}");
        let sent = words.next().expect("a target");
        let tail = sent.strip_prefix(&format!("/{OCID}/predict")).expect("the deployment's path");
        let tail = tail.strip_prefix("WithResponseStream").unwrap_or(tail);
        let (suffix, query) = tail.split_once('?').unwrap_or((tail, ""));
        let token = |part: &str| part.split('=').next() == Some("access_token");
        assert!(!query.split('&').any(token), "{head}");
        assert!(suffix.is_empty() || opens && is_open(suffix), "{head}");
        let base = !target.trim_ascii().is_empty() && target.trim_ascii() == b"llm";
        if base && gateway && opens {
            let path = url.trim().split('?').next().unwrap_or_default();
            assert!(!suffix.is_empty() && path.ends_with(suffix), "{url}: {head}");
        } else if target == b"llm" || target == b"iris" {
            assert_eq!(sent, format!("/{OCID}/predict"), "{head}");
        }
        assert!(value("route").is_none_or(|route| opens && is_open(&route)), "{head}");
        let plain = coding.trim_ascii();
        let identity = plain.is_empty() || plain.eq_ignore_ascii_case(b"identity");
        let bodyless = ["GET", "DELETE"].contains(&asked);
        match value("content-encoding") {
            Some(sent) => assert_eq!(sent.as_bytes(), plain, "{head}"),
            None => assert!(identity || bodyless, "{head}"),
        }
        assert!(request[end + 4..] == *body, "the body is as it was");
        assert_eq!(value("accept-encoding").as_deref(), Some("identity"));
    });
});
