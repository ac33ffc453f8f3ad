//! What the service takes, and what it refuses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{ETAG, HeaderValue, IF_MATCH};
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use super::application::Application;
use super::function::Change;
use super::refusal::Refusal;
use super::state::{Request, State};
use crate::http::Reply;
use crate::object_storage::Objects;

const COMPARTMENT: &str = "ocid1.compartment.oc1..functions";

fn state() -> State {
    let mut state = State::new(Objects::default());
    state.applications.push(Application::new("app", COMPARTMENT, "GENERIC_X86"));
    state
}

fn application() -> String {
    Application::new("app", COMPARTMENT, "GENERIC_X86").id
}

fn ask(
    state: &mut State,
    method: &Method,
    path: &str,
    query: &str,
    etag: Option<&HeaderValue>,
    body: &Value,
) -> Result<Reply, Refusal> {
    let mut headers = HeaderMap::new();
    headers.extend(etag.map(|etag| (IF_MATCH, etag.clone())));
    let (path, body) = (format!("/20260325/{path}"), body.to_string());
    state.carry_out(&Request {
        method,
        path: &path,
        query,
        headers: &headers,
        body: body.as_bytes(),
    })
}

fn source(archive: &[u8]) -> Value {
    json!({
        "sourceType": "ARCHIVE",
        "archiveSourceDetails": {
            "archiveSourceType": "DIRECT_ARCHIVE",
            "archiveFile": STANDARD.encode(archive),
        },
        "runtimeConfig": {
            "runtimeConfigType": "FUNCTION_UPDATE",
            "functionsRuntimeName": "emulated-go-ol9",
        },
    })
}

fn create() -> Value {
    json!({
        "displayName": "f",
        "applicationId": application(),
        "memoryInMBs": 128,
        "sourceDetails": source(b"PK\x03\x04"),
    })
}

/// Returns a body with this at the place that a pointer names.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

/// Makes a function, and looks at it until it is active.
fn made(state: &mut State, body: &Value) -> (String, HeaderValue) {
    ask(state, &Method::POST, "functions", "", None, body).unwrap();
    let id = state.functions.last().unwrap().id.clone();
    let path = format!("functions/{id}");
    ask(state, &Method::GET, &path, "", None, &Value::Null).unwrap();
    let reply = ask(state, &Method::GET, &path, "", None, &Value::Null).unwrap();
    (path, reply.headers()[ETAG].clone())
}

#[test]
fn a_create_is_taken_as_the_model_has_it_and_no_other() {
    ask(&mut state(), &Method::POST, "functions", "", None, &create()).unwrap();
    let manual = json!({
        "runtimeConfigType": "MANUAL",
        "functionsRuntimeName": "emulated-go-ol9",
        "functionsRuntimeVersionId": "another",
    });
    let pinned = with(manual.clone(), "/functionsRuntimeVersionId", Value::Null);
    let large = "x".repeat(4096);
    for (pointer, value, said) in [
        ("/imageName", json!("x"), "the body has no member imageName"),
        ("/sourceDetails/runtime", json!("x"), "sourceDetails has no member runtime"),
        ("/sourceDetails/archiveSourceDetails/size", json!(1), "has no member size"),
        ("/sourceDetails/runtimeConfig/version", json!(1), "has no member version"),
        ("/displayName", Value::Null, "needs a member displayName"),
        ("/displayName", json!("a b"), "displayName"),
        ("/applicationId", json!(1), "applicationId is not a text"),
        ("/memoryInMBs", json!(100), "memoryInMBs is not one of"),
        ("/memoryInMBs", json!("128"), "memoryInMBs is not a whole number"),
        ("/timeoutInSeconds", json!(301), "timeoutInSeconds"),
        ("/detachedModeTimeoutInSeconds", json!(4), "detachedModeTimeoutInSeconds"),
        ("/config", json!({ "A": large }), "config has 4097 bytes"),
        ("/config", json!({ "A": 1 }), "config is not an object of texts"),
        ("/config", json!({ "1A": "x" }), "1A is not the name"),
        ("/sourceDetails", Value::Null, "needs a member sourceDetails"),
        ("/sourceDetails/sourceType", json!("ZIP"), "sourceType is not"),
        ("/sourceDetails/runtimeConfig", Value::Null, "needs a member runtimeConfig"),
        ("/sourceDetails/runtimeConfig", manual, "has no version another"),
        ("/sourceDetails/runtimeConfig", pinned, "needs a member functionsRuntimeVersionId"),
        ("/sourceDetails/runtimeConfig/functionsRuntimeName", json!("go"), "no runtime go"),
        ("/sourceDetails/archiveSourceDetails/archiveFile", json!("%"), "is not base64"),
        ("/sourceDetails/archiveSourceDetails/archiveFile", json!("QUJD"), "is not a ZIP"),
    ] {
        let body = with(create(), pointer, value);
        let refusal = ask(&mut state(), &Method::POST, "functions", "", None, &body).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (400, "InvalidParameter"), "{pointer}");
        assert!(refusal.message.contains(said), "{pointer}: {}", refusal.message);
    }
    let fits = with(create(), "/config", json!({ "A": "x".repeat(4095) }));
    ask(&mut state(), &Method::POST, "functions", "", None, &fits).unwrap();
}

#[test]
fn an_archive_of_25_mb_comes_with_the_call_and_a_larger_one_does_not() {
    let archive = |bytes: usize| {
        let mut archive = b"PK\x03\x04".to_vec();
        archive.resize(bytes, 0);
        with(create(), "/sourceDetails", source(&archive))
    };
    ask(&mut state(), &Method::POST, "functions", "", None, &archive(25_000_000)).unwrap();
    let refusal = ask(&mut state(), &Method::POST, "functions", "", None, &archive(25_000_001));
    assert!(refusal.unwrap_err().message.contains("larger than 25 MB"));
    let stored = json!({
        "archiveSourceType": "OBJECT_STORAGE_ARCHIVE",
        "bucketName": "archive",
        "namespace": "emulated",
        "objectName": "gone.zip",
    });
    let gone = with(create(), "/sourceDetails/archiveSourceDetails", stored);
    let refusal = ask(&mut state(), &Method::POST, "functions", "", None, &gone).unwrap_err();
    assert_eq!((refusal.status, refusal.code), (404, "NotAuthorizedOrNotFound"));
}

#[test]
fn a_name_is_there_once_and_an_image_is_of_the_regions_registry() {
    let mut state = state();
    made(&mut state, &create());
    let refusal = ask(&mut state, &Method::POST, "functions", "", None, &create()).unwrap_err();
    assert_eq!((refusal.status, refusal.code), (409, "Conflict"));
    let image = |name: &str| {
        let source = json!({ "sourceType": "CONTAINER_IMAGE", "image": name });
        with(with(create(), "/sourceDetails", source), "/displayName", json!("image"))
    };
    let other = image("fra.ocir.io/ns/f:1");
    let refusal = ask(&mut state, &Method::POST, "functions", "", None, &other).unwrap_err();
    assert!(refusal.message.contains("not in the registry of this region"), "{refusal:?}");
    let (path, etag) = made(&mut state, &image("gru.ocir.io/ns/f:1"));
    let archive = json!({ "sourceDetails": source(b"PK\x03\x04") });
    let refusal = ask(&mut state, &Method::PUT, &path, "", Some(&etag), &archive).unwrap_err();
    assert!(refusal.message.contains("sourceType cannot be changed"), "{refusal:?}");
}

#[test]
fn an_update_needs_the_newest_etag_and_an_end_of_the_change_before() {
    let mut state = state();
    state.change = Change { looks: 1, succeeds: false };
    let (path, etag) = made(&mut state, &create());
    assert_eq!(state.functions[0].document()["lifecycleState"], "FAILED");
    let memory = json!({ "memoryInMBs": 256 });
    let reply = ask(&mut state, &Method::PUT, &path, "", Some(&etag), &memory).unwrap();
    assert_eq!(reply.status(), 202);
    // Accepted is not begun: the first look still finds it as it was.
    ask(&mut state, &Method::GET, &path, "", None, &Value::Null).unwrap();
    assert_eq!(state.functions[0].document()["lifecycleState"], "FAILED");
    ask(&mut state, &Method::GET, &path, "", None, &Value::Null).unwrap();
    assert_eq!(state.functions[0].document()["lifecycleState"], "UPDATING");
    assert_eq!(state.functions[0].document()["memoryInMBs"], 256);
    let refusal = ask(&mut state, &Method::PUT, &path, "", Some(&etag), &memory).unwrap_err();
    assert_eq!((refusal.status, refusal.code), (412, "NoEtagMatch"));
    let refusal = ask(&mut state, &Method::PUT, &path, "", None, &memory).unwrap_err();
    assert_eq!(refusal.status, 409);
    let name = json!({ "displayName": "g" });
    let refusal = ask(&mut state, &Method::PUT, &path, "", None, &name).unwrap_err();
    assert!(refusal.message.contains("no member displayName"), "{refusal:?}");
    ask(&mut state, &Method::DELETE, &path, "", None, &Value::Null).unwrap();
    let refusal = ask(&mut state, &Method::GET, &path, "", None, &Value::Null).unwrap_err();
    assert_eq!(refusal.code, "NotAuthorizedOrNotFound");
}

#[test]
fn lists_have_pages_and_filters_and_no_other_parameters() {
    let mut state = state();
    for number in 0..25 {
        state.applications.push(Application::new(
            &format!("app{number}"),
            COMPARTMENT,
            "GENERIC_X86",
        ));
    }
    let own = format!("compartmentId={COMPARTMENT}");
    let list = |state: &mut State, query: &str| {
        ask(state, &Method::GET, "applications", query, None, &Value::Null)
    };
    let next = list(&mut state, &own).unwrap().headers()["opc-next-page"].clone();
    assert_eq!(next, "10");
    let end = list(&mut state, &format!("{own}&page=20")).unwrap();
    assert!(!end.headers().contains_key("opc-next-page"));
    for query in [format!("{own}&shape=x"), format!("{own}&limit=51"), String::new()] {
        assert_eq!(list(&mut state, &query).unwrap_err().code, "InvalidParameter", "{query}");
    }
    assert_eq!(list(&mut state, "compartmentId=x").unwrap_err().status, 404);
}
