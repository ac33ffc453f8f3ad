//! Where a gateway call on a base URL goes, held against a second implementation of the words of docs/openai.md.
//!
//! > An end of a path begins at one of its `/`. It is compared as it is written. [...] A segment has letters, digits and
//! > `-._~:`, and is not made of dots alone.

use fn_fdk::{Call, Rejection};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use model_deployment_fn::predict::{EndpointRule, Paths, Targets};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use std::collections::BTreeSet;
use std::time::SystemTime;

use super::cases;

const BASE: &str = "https://modeldeployment.us-ashburn-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.iad.aaaaaaaaexampleexampleexampleexample";
const FOUR: [&str; 4] =
    ["/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/start_profile", "/stop_profile"];
/// Some of the paths of OpenAI's protocol, which are all that the generated paths can hit.
const OPENAI: [&str; 6] = [
    "/v1/models",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/responses/{}",
    "/v1/embeddings",
];

/// What follows `/predict`, or None where the call must be refused: the table of docs/openai.md, word by word.
fn expected(list: &[&str], gateway: bool, path: &str) -> Option<String> {
    if !gateway {
        return Some(String::new());
    }
    let mut ends: Vec<String> = Vec::new();
    let mut rest = path;
    while let Some(slash) = rest.find('/') {
        ends.push(rest[slash..].to_owned());
        rest = &rest[slash + 1..];
    }
    if list.is_empty() {
        return (!ends.iter().any(|end| FOUR.contains(&end.as_str()))).then(String::new);
    }
    // The first is the longest.
    ends.into_iter().find(|end| list.iter().any(|entry| opens(entry, end)))
}

/// Whether an entry of the list opens a path.
fn opens(entry: &str, path: &str) -> bool {
    if entry.eq_ignore_ascii_case("openai") {
        return OPENAI.iter().any(|entry| opens(entry, path));
    }
    if FOUR.contains(&path) {
        return entry == path;
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    let wanted: Vec<&str> = entry[1..].split('/').collect();
    segments.len() == wanted.len()
        && segments.iter().zip(&wanted).all(|(own, wanted)| {
            let characters = own.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:".contains(c));
            let plain = characters && own.chars().any(|c| c != '.');
            plain && (*wanted == "{}" || own == wanted)
        })
}

/// Whether a path is one by RFC 3986: what is raw in it is a 400, `InvalidParameter`.
fn is_readable(path: &str) -> bool {
    let escapes = path.split('%').skip(1).all(|rest| {
        rest.len() >= 2
            && rest.is_char_boundary(2)
            && rest[..2].chars().all(|c| c.is_ascii_hexdigit())
    });
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c);
    escapes && path.chars().all(fits)
}

fn list() -> impl Strategy<Value = Vec<&'static str>> {
    let entry = select(vec![
        "openai",
        "OpenAI",
        "/a",
        "/a/b",
        "/{}",
        "/v1/{}",
        "/{}/b",
        "/items/{}/x",
        "/metrics",
        "/start_profile",
        "/v1/load_lora_adapter",
        "/v1/models",
        "/b.c~d:e",
    ]);
    prop::collection::vec(entry, 0..4)
}

fn path() -> impl Strategy<Value = String> {
    let known = select(vec![
        "/llm",
        "/v1",
        "/models",
        "/chat",
        "/completions",
        "/responses",
        "/r1",
        "/a",
        "/b",
        "/items",
        "/x",
        "/metrics",
        "/start_profile",
        "/stop_profile",
        "/load_lora_adapter",
        "/b.c~d:e",
        "/",
        "//",
        "/.",
        "/..",
        "/...",
        "/%2e%2e",
        "/%61",
        "/a%2Fb",
        "/A",
        "/a;x",
        "/a@b",
        "/{}",
        "a",
        "x",
        ".",
        ":",
        "%20",
    ]);
    let whole =
        select(OPENAI.iter().chain(&FOUR).map(|path| path.replace("{}", "r1")).collect::<Vec<_>>());
    let known = known.prop_map(str::to_owned);
    // Read once: as a strategy of its own, an expression is read anew for every input.
    let any = string_regex("/[!-~]{0,4}").unwrap();
    let piece = prop_oneof![8 => known, 2 => whole, 1 => any];
    prop::collection::vec(piece, 0..5)
        .prop_map(|pieces| format!("/{}", pieces.concat().trim_start_matches('/')))
}

fn query() -> impl Strategy<Value = String> {
    string_regex("(\\?[a-z=&]{0,6})?").unwrap()
}

fn call(gateway: bool, path: &str) -> Result<Call, Rejection> {
    let mut headers = HeaderMap::new();
    let mut insert = |name: &'static str, value: &str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
    };
    insert("fn-intent", if gateway { "httprequest" } else { "cloudevent" });
    insert("fn-http-method", "POST");
    insert("fn-http-request-url", path);
    insert("fn-http-h-model_deployment", BASE);
    insert("model_deployment", BASE);
    Call::from_agent(headers, "{}", SystemTime::UNIX_EPOCH)
}

proptest! {
    #![proptest_config(cases(100_000))]

    #[test]
    fn a_clients_path_leads_where_the_page_says(
        list in list(), gateway in prop::bool::weighted(0.9), path in path(), query in query()
    ) {
        // A `?` or `#` in the path ends it: that is another kind of input.
        let path = path.replace(['?', '#'], "");
        let paths = Paths::new("ALLOWED_PATHS", Some(&list.join(","))).unwrap();
        let targets = Targets::new(EndpointRule::new(BTreeSet::new(), None, paths), None, None).unwrap();
        let call = match call(gateway, &format!("{path}{query}")) {
            Ok(call) => call,
            Err(rejection) => {
                prop_assert!(gateway && !is_readable(&path), "{} {}", path, rejection);
                return Ok(());
            }
        };
        prop_assert!(!gateway || is_readable(&path), "{}", path);
        let found = targets.of(call.request(), call.intent());
        match (expected(&list, gateway, &path), found) {
            (Some(suffix), Ok((endpoint, _))) => {
                let uri = endpoint.uri().to_string();
                let sent = uri.strip_prefix(BASE).and_then(|rest| rest.strip_prefix("/predict"));
                let passed = if suffix.is_empty() || query == "?" { "" } else { query.as_str() };
                let expected = format!("{suffix}{passed}");
                prop_assert_eq!(sent, Some(expected.as_str()), "{:?} {}", list, path);
            }
            (None, Err(error)) => {
                prop_assert_eq!((error.status(), error.code()), (StatusCode::NOT_FOUND, "PathNotAllowed"));
            }
            (expected, found) => {
                prop_assert!(false, "{:?} {} {}: {:?}, and not {:?}", list, gateway, path, found, expected);
            }
        }
    }
}
