//! Is what is not open refused before anything is sent or signed?

use std::collections::BTreeMap;

use emulator::agent::{Agent, Invocation};
use emulator::services::generative_ai::COMPARTMENT;
use emulator::services::{Behaviour, Service};
use model_deployment_fn::config::Config;
use serde_json::json;

use super::cases;
use super::settings::all_examples;
use super::world::{World, called, chat, host, json_of, message, typed};
use crate::end_to_end::refused;
use crate::setup::{PATH, ROW, Setup, header, targeted};

#[tokio::test]
async fn hostile_calls_are_refused_and_nothing_is_sent() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ALLOWED_SERVICES", cases::entries());
    let function = Agent::start(program).await.unwrap();
    // HTTP itself has no such URLs and no such headers.
    let can_be_sent = |case: &cases::Case| {
        let url = format!("{}?{}", case.path, case.query.clone().unwrap_or_default());
        case.path.starts_with('/') && url.parse::<http::Uri>().is_ok() && case.method != "OPTIONS"
    };
    let cases: Vec<cases::Case> = cases::hostile().into_iter().filter(can_be_sent).collect();
    assert!(cases.len() >= 330, "{}", cases.len());
    for case in cases {
        let query = case.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let with_body = ["POST", "PUT", "PATCH"].contains(&case.method.as_str());
        let body = if with_body { case.body.clone() } else { String::new() };
        let call = called(&case.target, &case.method, &format!("{}{query}", case.path), body);
        let call = case.headers.iter().fold(call, |call, (name, value)| header(call, name, value));
        let answer = function.call(call).await;
        // What is no URL at all the function's kit refuses.
        let said = json_of(&answer)["message"].as_str().unwrap_or_default().to_owned();
        let is_no_url = answer.status == 400 && said.contains("is not a URL");
        assert!(is_no_url || answer.status == case.status, "{}: {answer:?}", case.line);
    }
    assert_eq!(function.starts(), 1);
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn a_refusal_has_a_code_and_names_the_part_but_no_rule() {
    let world = World::new().await;
    let function = world.start().await;
    let other = |body: &serde_json::Value| chat("chat", body);
    let mut wrong = message("xai.grok-4.3");
    wrong["compartmentId"] = COMPARTMENT.into();
    let project = || {
        header(chat("llm", &message("x")), "openai-project", "ocid1.generativeaiproject.oc1..other")
    };
    for (call, status, code, part) in [
        (other(&message("gpt-4")), 403, "ParameterNotAllowed", "`model`"),
        (other(&json!({ "messages": [] })), 400, "MissingParameter", "`model`"),
        (other(&json!({ "model": 7 })), 400, "InvalidParameter", "`model`"),
        (other(&wrong), 403, "ParameterNotAllowed", "`compartmentId`"),
        (project(), 403, "ParameterNotAllowed", "`openai-project`"),
        (chat("llm", &message("x")), 400, "MissingParameter", "`openai-project`"),
        (
            called("quiet", "POST", "/x/responses", r#"{"model":"x"}"#),
            403,
            "ParameterNotAllowed",
            "stored",
        ),
        (called("chat", "POST", "/x/v1/embeddings", "{}"), 403, "TargetNotAllowed", "target"),
        (called("other", "POST", "/x", "{}"), 403, "TargetNotAllowed", "target"),
        (called("https://evil.example/", "POST", "/x", "{}"), 403, "TargetNotAllowed", "target"),
        (called("chat", "GET", "/x/chat/completions", ""), 405, "MethodNotAllowed", "POST"),
        (called("chat", "POST", "/x/chat/completions", "{"), 400, "CannotParseRequest", "JSON"),
        (called("reports", "GET", "/models/reports/a", "x"), 400, "InvalidParameter", "body"),
        (
            called(
                "chat",
                "POST",
                "/x/chat/completions?key=1",
                message("xai.grok-4.3").to_string(),
            ),
            403,
            "ParameterNotAllowed",
            "query",
        ),
    ] {
        let answer = function.call(call).await;
        refused(&answer, status, code);
        let said = json_of(&answer)["message"].as_str().unwrap().to_owned();
        assert!(said.contains(part), "{said}");
        assert!(!said.contains("ALLOWED_SERVICES") && !said.contains("grok"), "{said}");
    }
    let answer = function.call(called("chat", "PATCH", "/x/chat/completions", "")).await;
    assert_eq!(answer.header("allow"), Some(&b"POST"[..]));
    assert!(world.sent_nothing());
}

#[tokio::test]
async fn a_call_names_one_target_by_one_header() {
    let world = World::new().await;
    let function = world.start().await;
    let names = [
        "model_deployment",
        "model-deployment",
        "x-model-deployment",
        "service_target",
        "service-target",
        "x-service-target",
    ];
    for first in names {
        for second in &names[3..] {
            let value = |name: &str| {
                if name.contains("service") { "chat".to_owned() } else { world.setup.url() }
            };
            let call = Invocation::json(message("xai.grok-4.3").to_string())
                .through_gateway("POST", "/x/chat/completions");
            let call = header(header(call, first, &value(first)), second, &value(second));
            refused(&function.call(call).await, 400, "InvalidParameter");
        }
    }
    assert!(world.sent_nothing());
}

#[tokio::test]
async fn neither_kind_opens_anything_for_the_other() {
    let mut world = World::new().await;
    world.program = world.program.config("ACCEPT_ENVELOPE", "true");
    let function = world.start().await;
    let chat_url = format!("{}/openai/v1/chat/completions", world.services.url(Service::Inference));
    for target in ["chat", "chat/openai/v1/chat/completions", &chat_url] {
        refused(&function.call(targeted(target, ROW)).await, 403, "TargetNotAllowed");
        let body = json!({ "ENDPOINT": target, "PAYLOAD": message("xai.grok-4.3") }).to_string();
        let call = Invocation::json(body).through_gateway("POST", PATH);
        refused(&function.call(call).await, 403, "TargetNotAllowed");
    }
    let url = world.setup.url();
    refused(&function.call(called(&url, "POST", PATH, ROW)).await, 403, "TargetNotAllowed");
    assert!(world.sent_nothing());
}

#[tokio::test]
async fn a_url_that_several_entries_open_must_be_named_by_an_alias() {
    let world = World::new().await;
    let function = world.start().await;
    let url = format!("{}/openai/v1/chat/completions", world.services.url(Service::Inference));
    let answer = function.call(called(&url, "POST", "/x", message("gpt-4").to_string())).await;
    refused(&answer, 403, "TargetNotAllowed");
    assert!(function.lines().pop().unwrap().contains("name one by its alias"));
    assert!(world.sent_nothing());
}

#[tokio::test]
async fn without_services_the_header_opens_nothing() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for target in
        ["chat", "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com", &setup.url()]
    {
        refused(&function.call(called(target, "POST", PATH, ROW)).await, 403, "TargetNotAllowed");
    }
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn a_health_probe_is_a_call_without_a_target_of_either_kind() {
    let world = World::new().await;
    let function = world.start().await;
    let probe = || Invocation::json("").through_gateway("GET", "/models/reports/healthz");
    assert!(json_of(&function.call(probe()).await)["version"].is_string());
    let answer = function.call(header(probe(), "service_target", "reports")).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(world.arrived().len(), 1);
}

#[test]
fn all_mistakes_of_a_configuration_are_told_in_one_line() {
    let vars = BTreeMap::from([
        ("FN_LISTENER", "unix:/tmp/iofs/lsnr.sock"),
        ("LOG_LEVEL", "loud"),
        ("MODEL_DEPLOYMENT", "iris"),
        (
            "ALLOWED_SERVICES",
            r#"{"a":{"service":"identity","region":"us-chicago-1","open":["GET /a","GET /{}"],"x":1},"B":{}}"#,
        ),
        ("SERVICE_TARGET", "other"),
    ]);
    let config = Config::from_vars(&|name| vars.get(name).map(|&value| value.to_owned()));
    let said = config.unwrap_err().to_string();
    for part in [
        "LOG_LEVEL",
        "MODEL_DEPLOYMENT",
        "SERVICE_TARGET",
        "`a`: its host is one that is never called",
        "`a`: `open`: item 2 is neither a preset nor",
        "`a`: `x` is unknown",
        "the alias of entry 2 is not",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(said.lines().count(), 1);
}

#[tokio::test]
async fn a_configuration_with_mistakes_does_not_start() {
    let world = World::new().await;
    let refused = [
        r#"{"a":{"service":"identity","open":["GET /20160918/users"]}}"#,
        r#"{"a":{"host":"auth.us-chicago-1.oraclecloud.com","open":["GET /v1/x"]}}"#,
        r#"{"a":{"service":"x.functions","open":["GET /x"]},"b":{}}"#,
    ];
    for entries in refused {
        let program = world.setup.program.clone().config("ALLOWED_SERVICES", entries);
        assert!(Agent::start(program).await.is_err(), "{entries}");
    }
    let inference = host(&world.services, Service::Inference);
    for (name, value) in [
        ("SERVICE_TARGET", "other".to_owned()),
        ("SERVICE_TARGET", format!("https://{inference}/openai/v1/models")),
        ("SERVICE_TARGET", "chat/openai/v2".to_owned()),
        ("SERVICE_TARGET", "chat/openai/v1/chat/completions?key=1".to_owned()),
        // Several entries open it.
        ("SERVICE_TARGET", format!("https://{inference}/openai/v1/chat/completions")),
    ] {
        let program = world.program.clone().config(name, value.clone());
        assert!(Agent::start(program).await.is_err(), "{name}={value}");
    }
    let both = world
        .program
        .clone()
        .config("SERVICE_TARGET", "chat")
        .config("MODEL_DEPLOYMENT", world.setup.url());
    assert!(Agent::start(both).await.is_err());
    let alone = world.setup.program.clone().config("SERVICE_TARGET", "chat");
    assert!(Agent::start(alone).await.is_err());
}

#[tokio::test]
async fn the_five_examples_start() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ALLOWED_SERVICES", all_examples());
    let function = Agent::start(program).await.unwrap();
    refused(&function.call(called("chat", "POST", "/x", "{}")).await, 403, "TargetNotAllowed");
}

#[tokio::test]
async fn a_body_that_cannot_be_searched_for_a_compartment_is_not_sent() {
    let world = World::new().await;
    let entry = json!({ "host": host(&world.services, Service::ObjectStorage),
        "open": ["POST /n/emulated/b"], "compartments": [COMPARTMENT] });
    let world = world.with_entry("buckets", entry);
    let function = world.start().await;
    let body = json!({ "name": "new", "compartmentId": cases::OTHER_COMPARTMENT }).to_string();
    for (content_type, status, code) in [
        (Some("application/json"), 403, "ParameterNotAllowed"),
        (None, 403, "ParameterNotAllowed"),
        (Some("text/plain"), 415, "UnsupportedMediaType"),
        (Some("application/x-www-form-urlencoded"), 415, "UnsupportedMediaType"),
        (Some("text/json"), 415, "UnsupportedMediaType"),
    ] {
        let call = called("buckets/n/emulated/b", "POST", "/x", body.clone());
        refused(&function.call(typed(call, content_type)).await, status, code);
    }
    assert!(world.sent_nothing());
}

#[tokio::test]
async fn two_entries_may_share_a_path_with_different_methods() {
    let world = World::new().await;
    let object = "/n/emulated/b/shared/o/x";
    let entry = |method: &str| {
        json!({ "host": host(&world.services, Service::ObjectStorage),
            "open": [format!("{method} {object}")] })
    };
    let (reads, writes) = (entry("GET"), entry("PUT"));
    let world = world.with_entry("reads", reads).with_entry("writes", writes);
    let function = world.start().await;
    let url = format!("{}{object}", world.services.url(Service::ObjectStorage));
    for (method, body) in [("PUT", "shared"), ("GET", "")] {
        world.services.behave(Service::ObjectStorage, Behaviour::Reply(200, vec![], vec![]));
        let call = typed(called(&url, method, "/x", body), None);
        assert_eq!(function.call(call).await.status, 200, "{method}");
    }
    let answer = function.call(called(&url, "DELETE", "/x", "")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some(&b"GET, PUT"[..])));
}
