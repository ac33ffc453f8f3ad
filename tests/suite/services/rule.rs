//! What may be called, and what may be said there? The hostile calls are refused, every legitimate form is accepted.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model_deployment_fn::services::{
    BodyError, ClientUrl, Operation, Refusal, RefusalKind, Services,
};
use oracle_cloud_client::region::Regions;

use super::cases::{self, COMPARTMENT, Case, HOST, OTHER_COMPARTMENT, OTHER_PROJECT, PROJECT};

fn services() -> Services {
    Services::new(&cases::entries(), &Regions::default(), None).unwrap()
}

fn named(
    target: &str,
    method: &Method,
    path: &str,
    query: Option<&str>,
) -> Result<Operation, Refusal> {
    services().operation(target, method, ClientUrl { path: Some(path), query })
}

/// The status that a call is refused with; 200 if it is not.
fn status(services: &Services, case: &Case) -> u16 {
    let method = case.method.parse().unwrap();
    let client = ClientUrl { path: Some(&case.path), query: case.query.as_deref() };
    let headers = case.headers.iter().map(|(name, value)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    });
    let headers = headers.fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    });
    let checked = services.operation(&case.target, &method, client).and_then(|operation| {
        operation.headers(&method, &headers)?;
        match operation.check_body(&case.body) {
            Err(BodyError::Refused(refusal)) => Err(refusal),
            Ok(_) => Ok(true),
            Err(_) => Ok(false),
        }
    });
    match checked.as_ref().map_err(Refusal::kind) {
        Ok(true) => 200,
        Ok(false) | Err(RefusalKind::Invalid | RefusalKind::Missing) => 400,
        Err(RefusalKind::Target | RefusalKind::Parameter) => 403,
        Err(RefusalKind::Method) => 405,
        Err(kind) => panic!("{}: {kind:?}", case.line),
    }
}

/// Two entries of one host, where the client's path says which is meant.
fn shared(first: &str, second: &str) -> Services {
    let entry = r#""service":"inference.generativeai","region":"us-ashburn-1","base":"/openai/v1""#;
    let entries = format!(r#"{{"a":{{{entry},{first}}},"b":{{{entry},{second}}}}}"#);
    Services::new(&entries, &Regions::default(), None).unwrap()
}

#[test]
fn a_host_that_two_entries_share_is_refused_though_one_is_mounted_elsewhere() {
    let services = shared(
        r#""open":["@openai-chat"],"mount":"/models/a","models":["xai.grok-4.3"]"#,
        r#""open":["@openai-chat"],"mount":"/models/b""#,
    );
    let client = ClientUrl { path: Some("/models/b/chat/completions"), query: None };
    for target in [format!("https://{HOST}"), format!("https://{HOST}/openai/v1")] {
        let refusal = services.operation(&target, &Method::POST, client).unwrap_err();
        assert!(matches!(refusal, Refusal::Ambiguous), "{target}: {refusal:?}");
    }
    assert_eq!(services.operation("b", &Method::POST, client).unwrap().alias(), "b");
}

#[test]
fn a_path_that_is_open_in_one_entry_is_the_base_of_no_other() {
    let services = shared(
        r#""open":["POST /openai/v1/responses"]"#,
        r#""open":["GET /openai/v1/responses/{}"],"mount":"/m""#,
    );
    let client = ClientUrl { path: Some("/m/abc"), query: None };
    let target = format!("https://{HOST}/openai/v1/responses");
    let refusal = services.operation(&target, &Method::GET, client).unwrap_err();
    assert!(matches!(refusal, Refusal::Method(_)), "{refusal:?}");
    assert_eq!(services.check(&target), Ok(()));
}

#[test]
fn hostile_calls_are_refused() {
    let (services, cases) = (services(), cases::hostile());
    assert!(cases.len() >= 350, "{}", cases.len());
    for case in cases {
        assert_eq!(status(&services, &case), case.status, "{}", case.line);
    }
}

#[test]
fn an_alias_and_a_url_name_an_operation_with_or_without_the_client_s_path() {
    let chat = "/openai/v1/chat/completions";
    let client = "/models/chat/v1/chat/completions";
    for (target, path) in [
        ("one".to_owned(), client),
        ("one/openai/v1".to_owned(), client),
        ("one/openai".to_owned(), "/v1/chat/completions"),
        ("one/openai/v1/chat".to_owned(), "/x/completions"),
        (format!("one{chat}"), "/anything"),
        (format!("https://{HOST}"), client),
        (format!("https://{HOST}/openai/v1"), client),
        (format!("https://{HOST}{chat}"), "/anything"),
        (format!("HTTPS://{}:443{chat}", HOST.to_uppercase()), "/"),
    ] {
        let operation = named(&target, &Method::POST, path, None);
        let operation = operation.unwrap_or_else(|refusal| panic!("{target}: {refusal}"));
        assert_eq!(operation.uri().to_string(), format!("https://{HOST}{chat}"), "{target}");
        assert_eq!((operation.alias(), operation.pattern()), ("one", chat), "{target}");
        assert_eq!(operation.service(), "inference.generativeai");
    }
}

#[test]
fn a_direct_call_has_no_path_and_means_what_the_target_says() {
    let direct = |target: &str| {
        services().operation(target, &Method::POST, ClientUrl { path: None, query: None })
    };
    assert_eq!(direct("chat").unwrap_err(), Refusal::Closed);
    assert_eq!(direct("chat/openai/v1").unwrap_err(), Refusal::Closed);
    assert!(direct("chat/openai/v1/chat/completions").is_ok());
}

#[test]
fn what_follows_a_mount_is_put_after_the_base_byte_for_byte() {
    let base = "https://objectstorage.us-chicago-1.oraclecloud.com/n/axexample/b/reports/o";
    for (rest, pattern) in [
        ("", "/n/axexample/b/reports/o"),
        ("/a", "/n/axexample/b/reports/o/{*}"),
        ("/a/b%20c%2Bd/%C3%A9.txt", "/n/axexample/b/reports/o/{*}"),
        ("/a%2Fb", "/n/axexample/b/reports/o/{*}"),
        ("/p", "/n/axexample/b/reports/o/{*}"),
    ] {
        let operation =
            named("reports", &Method::GET, &format!("/models/reports{rest}"), Some("limit=3"));
        let operation = operation.unwrap_or_else(|refusal| panic!("{rest}: {refusal}"));
        assert_eq!(operation.uri().to_string(), format!("{base}{rest}?limit=3"));
        assert_eq!(operation.pattern(), pattern);
        assert!(operation.returns("etag") && !operation.returns("last-modified"));
    }
}

#[test]
fn the_longest_open_end_of_a_client_s_path_counts() {
    for (path, uri) in [
        ("/x/responses/r-1", "/openai/v1/responses/r-1"),
        ("/llm/responses/r%20x/input_items", "/openai/v1/responses/r%20x/input_items"),
        ("/conversations/c/items/i", "/openai/v1/conversations/c/items/i"),
    ] {
        let operation = named("llm", &Method::GET, path, None).unwrap();
        assert_eq!(operation.uri().path(), uri);
    }
}

#[test]
fn the_target_s_query_wins_over_the_client_s() {
    let target = format!("https://{HOST}/openai/v1/chat/completions");
    let query = |target: &str, client| {
        let operation = named(target, &Method::POST, "/x", client).unwrap();
        operation.uri().query().map(str::to_owned)
    };
    assert_eq!(query(&target, Some("a=1&b=%2F")).as_deref(), Some("a=1&b=%2F"));
    assert_eq!(query(&format!("{target}?c=2"), Some("a=1")).as_deref(), Some("c=2"));
    assert_eq!(query(&target, None), None);
    assert_eq!(query(&target, Some("")), None);
    let refused = named(&format!("{target}?key=1"), &Method::POST, "/x", None);
    assert!(matches!(refused, Err(Refusal::NotTaken(_))), "{refused:?}");
}

#[test]
fn a_method_that_is_not_open_says_which_are() {
    let refused = named("llm/openai/v1/conversations/c", &Method::PATCH, "/x", None).unwrap_err();
    assert_eq!(refused, Refusal::Method(vec![Method::GET, Method::POST, Method::DELETE]));
}

/// The headers that a call gets, by the client's.
fn set(target: &str, client: &[(&'static str, &str)]) -> HeaderMap {
    let operation = named(target, &Method::POST, "/x/chat/completions", None).unwrap();
    let client = client.iter().map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    });
    operation.headers(&Method::POST, &client.collect()).unwrap()
}

#[test]
fn compartment_and_project_are_set_and_a_client_chooses_among_those_listed() {
    let of = |headers: &HeaderMap, name: &str| {
        headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    for (client, compartment) in [
        (vec![], COMPARTMENT),
        (vec![("opc-compartment-id", OTHER_COMPARTMENT)], OTHER_COMPARTMENT),
        (vec![("compartmentid", OTHER_COMPARTMENT)], OTHER_COMPARTMENT),
        (
            vec![("compartmentid", OTHER_COMPARTMENT), ("opc-compartment-id", OTHER_COMPARTMENT)],
            OTHER_COMPARTMENT,
        ),
    ] {
        let headers = set("chat", &client);
        for name in ["opc-compartment-id", "compartmentid"] {
            assert_eq!(of(&headers, name).as_deref(), Some(compartment), "{client:?}");
            assert_eq!(headers.get_all(name).iter().count(), 1);
        }
        assert_eq!(of(&headers, "openai-project"), None);
    }
    for project in [PROJECT, OTHER_PROJECT] {
        let headers = set("llm", &[("openai-project", project)]);
        assert_eq!(of(&headers, "openai-project").as_deref(), Some(project));
    }
    // Nothing of a client passes that the entry does not name.
    let secret =
        [("authorization", "Bearer x"), ("range", "bytes=0-1"), ("openai-project", PROJECT)];
    assert!(set("one", &secret).is_empty());
}

#[test]
fn bodies_that_name_what_is_listed_pass() {
    let mode = r#""servingMode":{"servingType":"ON_DEMAND","modelId":"cohere.embed-v4.0"}"#;
    let deep = format!("{}{}", "[".repeat(63), "]".repeat(63));
    for (target, body, model) in [
        (
            "chat/openai/v1/chat/completions",
            r#"{"model":"xai.grok-4.3","stream":true}"#.to_owned(),
            Some("xai.grok-4.3"),
        ),
        (
            "chat/openai/v1/chat/completions",
            r#"{"mod\u0065l":"\u006fpenai.gpt-oss-120b"}"#.to_owned(),
            Some("openai.gpt-oss-120b"),
        ),
        (
            "chat/openai/v1/chat/completions",
            format!(r#"{{"model":"xai.grok-4.3","a":{deep}}}"#),
            Some("xai.grok-4.3"),
        ),
        (
            "chat/openai/v1/chat/completions",
            r#"{"model":"xai.grok-4.3","a":"[[[[","metadata":{"model":1,"compartmentId":2}}"#
                .to_owned(),
            Some("xai.grok-4.3"),
        ),
        ("llm/openai/v1/chat/completions", r#"{"model":"anything","n":1e999}"#.to_owned(), None),
        ("llm/openai/v1/conversations", "{}".to_owned(), None),
        (
            "quiet/openai/v1/responses",
            r#"{"model":"xai.grok-4.3","store":false,"input":"x"}"#.to_owned(),
            Some("xai.grok-4.3"),
        ),
        (
            "native/20231130/actions/embedText",
            cases::filled(&format!(r#"{{"compartmentId":"{{C1}}",{mode}}}"#)),
            Some("cohere.embed-v4.0"),
        ),
        (
            "native/20231130/actions/chat",
            cases::filled(
                r#"{"compartmentId":"{C1}","servingMode":{"endpointId":"cohere.rerank-v3.5"}}"#,
            ),
            Some("cohere.rerank-v3.5"),
        ),
        (
            "native/20231130/actions/applyGuardrails",
            cases::filled(r#"{"compartmentId":"{C1}","input":{}}"#),
            None,
        ),
        (
            "language/20221001/actions/batchDetectLanguageEntities",
            cases::filled(r#"{"compartmentId":"{C2}","documents":[]}"#),
            None,
        ),
        (
            "language/20221001/actions/batchDetectLanguageEntities",
            cases::filled(r#"{"compartmentId":"{C2}","alias":"custom"}"#),
            Some("custom"),
        ),
        (
            "vision/20220125/actions/analyzeImage",
            cases::filled(
                r#"{"compartmentId":"{C1}","features":[{"featureType":"x"},{"modelId":"custom","n":1}]}"#,
            ),
            Some("custom"),
        ),
        (
            "queue/20210201/queues/q/messages",
            r#"{"messages":[{"content":"compartmentId"}]}"#.to_owned(),
            None,
        ),
        ("queue/20210201/queues/q/messages", "[]".to_owned(), None),
    ] {
        let operation = named(target, &Method::POST, "/x", None).unwrap();
        let checked =
            operation.check_body(&body).unwrap_or_else(|error| panic!("{target}: {body}: {error}"));
        assert_eq!(checked, model, "{target}: {body}");
    }
}
