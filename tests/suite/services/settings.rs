//! Is every mistake in `ALLOWED_SERVICES` found at start, and named with its entry?

use model_deployment_fn::services::{Services, ServicesError};
use oracle_cloud_client::region::Regions;
use serde_json::{Map, Value};

use crate::pages::file;

use super::cases::{COMPARTMENT, PROJECT};

fn read(json: &str) -> Result<Services, Vec<ServicesError>> {
    Services::new(json, &Regions::default(), Some("us-chicago-1"))
}

fn mistakes(json: &str) -> String {
    let errors = read(json).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ")
}

/// The mistakes of one entry with these members.
fn of_entry(members: &str) -> String {
    mistakes(&format!(r#"{{"a":{{{members}}}}}"#))
}

const CHAT: &str = r#""service":"inference.generativeai","open":["@openai-chat"]"#;

/// The values of the variable on the pages about services.
fn examples() -> Vec<String> {
    let pages = ["docs/generative-ai.md", "docs/object-storage.md", "docs/other-services.md"];
    let text = pages.map(file).concat();
    let blocks = text.split("```json\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.map(str::to_owned).collect()
}

/// All of them as one value, without what is only there for the eye.
pub(crate) fn all_examples() -> String {
    let members = |example: String| serde_json::from_str::<Map<_, _>>(&example).unwrap();
    Value::from(examples().into_iter().flat_map(members).collect::<Map<_, _>>()).to_string()
}

#[test]
fn the_five_examples_of_the_pages_are_taken_and_fit_in_4_kb() {
    for example in examples() {
        assert_eq!(mistakes(&example), "", "{example}");
    }
    let all = all_examples();
    assert_eq!(read(&all).unwrap().len(), 5);
    let bytes = "ALLOWED_SERVICES".len() + all.len();
    let said = format!("take {}.{} KB", bytes / 1000, bytes % 1000 / 100);
    assert!(bytes < 4096 && file("docs/other-services.md").contains(&said), "{bytes}: {said}");
}

#[test]
fn the_variable_is_an_object_of_entries() {
    for json in ["", "[]", "7", "{", "null", r#"{"a":}"#, r#""chat""#, "{} x"] {
        assert!(mistakes(json).starts_with("ALLOWED_SERVICES is not a JSON object"), "{json}");
    }
    assert_eq!(mistakes("{}"), "ALLOWED_SERVICES has no entry, or more than 16");
    let many: Vec<String> = (0..17).map(|number| format!(r#""a{number}":{{{CHAT}}}"#)).collect();
    assert_eq!(
        mistakes(&format!("{{{}}}", many.join(","))),
        "ALLOWED_SERVICES has no entry, or more than 16"
    );
    assert!(read(&format!("{{{}}}", many[1..].join(","))).is_ok());
    assert_eq!(
        mistakes(&format!(r#"{{"a":{{{CHAT}}},"a":{{{CHAT}}}}}"#)),
        "ALLOWED_SERVICES has the alias `a` more than once"
    );
    for alias in ["", "A", "a/b", "https://a", "-a", "a_b", "a.b", "a b", "ä", &"a".repeat(33)] {
        let mistakes = mistakes(&format!(r#"{{"ok":{{{CHAT}}},"{alias}":{{{CHAT}}}}}"#));
        assert!(
            mistakes.starts_with("ALLOWED_SERVICES: the alias of entry 2 is not"),
            "{alias}: {mistakes}"
        );
    }
}

/// Checks that each entry has this mistake, and only that.
fn are_named(table: &[(String, &str)]) {
    for (members, expected) in table {
        let found = of_entry(members);
        let is_named = found.starts_with("ALLOWED_SERVICES: `a`: ") && found.contains(expected);
        assert!(is_named, "{members}: {found}");
        assert_eq!(found.matches("ALLOWED_SERVICES").count(), 1, "{members}: {found}");
    }
}

#[test]
fn mistakes_of_members_are_named() {
    assert_eq!(mistakes(r#"{"a":[]}"#), "ALLOWED_SERVICES: `a`: an object is expected");
    are_named(&[
        (
            r#""service":"nosql","open":["POST /20190828/query"],"opne":[]"#.to_owned(),
            "`opne` is unknown",
        ),
        (
            r#""service":"nosql","open":["POST /20190828/query"],"a b":[]"#.to_owned(),
            "member 3 is unknown",
        ),
        (
            format!(r#"{CHAT},"service":"inference.generativeai""#),
            "`service` is there more than once",
        ),
        (r#""open":["GET /a"]"#.to_owned(), "exactly one of `service` and `host` is expected"),
        (
            r#""service":"nosql","host":"h.example","open":["GET /a"]"#.to_owned(),
            "exactly one of `service` and `host`",
        ),
        (r#""service":"nosql""#.to_owned(), "`open` is missing"),
        (r#""service":"nosql","open":[]"#.to_owned(), "`open` is not a list with an item"),
        (r#""service":"nosql","open":"GET /a""#.to_owned(), "`open` is not a list with an item"),
        (r#""service":"nosql","open":[1]"#.to_owned(), "`open`: item 1 is not a text"),
        (r#""service":1,"open":["GET /a"]"#.to_owned(), "`service` is not a text"),
        (format!(r#"{CHAT},"stateless":"true""#), "`stateless` is not `true` or `false`"),
    ]);
}

#[test]
fn mistakes_of_hosts_are_named() {
    are_named(&[
        (
            r#""service":"NoSQL","open":["GET /a"]"#.to_owned(),
            "`service` is not what a host begins with",
        ),
        (r#""service":"nosql.*","open":["GET /a"]"#.to_owned(), "`service` is not what"),
        (r#""service":"nosql/x","open":["GET /a"]"#.to_owned(), "`service` is not what"),
        (r#""service":"nosql..x","open":["GET /a"]"#.to_owned(), "`service` is not what"),
        (r#""service":"nosql@x","open":["GET /a"]"#.to_owned(), "`service` is not what"),
        (r#""service":"nosql:1","open":["GET /a"]"#.to_owned(), "`service` is not what"),
        (r#""service":"","open":["GET /a"]"#.to_owned(), "`service` is not what"),
        (format!(r#"{CHAT},"region":"US-Chicago-1""#), "`region` is not a region"),
        (format!(r#"{CHAT},"region":"ord""#), "`region` is not a region"),
        (format!(r#"{CHAT},"region":"evil.example""#), "`region` is not a region"),
        (format!(r#"{CHAT},"region":["us-chicago-1","*"]"#), "`region` is not a region"),
        (format!(r#"{CHAT},"region":[]"#), "`region` is not a list with an item"),
        (format!(r#"{CHAT},"form":"xyz""#), "`form` is not `oci`"),
        (
            r#""host":"h.example","region":"us-chicago-1","open":["GET /a"]"#.to_owned(),
            "`region` and `form` belong to `service`",
        ),
        (
            r#""host":"h.example","form":"oci","open":["GET /a"]"#.to_owned(),
            "`region` and `form` belong to `service`",
        ),
        (r#""host":"H.example","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
        (r#""host":"*.example","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
        (r#""host":"a..example","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
        (r#""host":"https://h.example","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
        (r#""host":"h.example/","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
        (r#""host":"169.254.169.254","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
        (r#""host":"0x7f.1","open":["GET /a"]"#.to_owned(), "`host` is not a DNS name"),
    ]);
}

#[test]
fn mistakes_of_operations_are_named() {
    let two = r#""service":"objectstorage","open":["GET /n/x/b/y/o/{*}"]"#;
    are_named(&[
        (
            r#""service":"nosql","open":["@openai-chat"]"#.to_owned(),
            "`open`: item 1 is not a preset of this host",
        ),
        (
            r#""service":"generativeai","open":["@genai-native"]"#.to_owned(),
            "`open`: item 1 is not a preset of this host",
        ),
        (
            r#""service":"nosql","open":["GET /a","@nothing"]"#.to_owned(),
            "`open`: item 2 is neither a preset nor",
        ),
        (r#""service":"nosql","open":["GET /{}"]"#.to_owned(), "`open`: item 1 is neither"),
        (r#""service":"nosql","open":["TRACE /a"]"#.to_owned(), "`open`: item 1 is neither"),
        (
            r#""service":"nosql","open":["GET /p/{}"]"#.to_owned(),
            "`open`: item 1 names a path that is never called",
        ),
        (
            r#""service":"nosql","open":["GET /google/{}"]"#.to_owned(),
            "`open`: item 1 opens nothing",
        ),
        (two.to_owned(), "`{*}` in `open` needs a `mount`"),
        (format!(r#"{two},"mount":"reports""#), "`mount` is not a path without placeholders"),
        (format!(r#"{two},"mount":"/a/""#), "`mount` is not a path without placeholders"),
        (format!(r#"{CHAT},"base":"/openai/v1/""#), "`base` is not a path without placeholders"),
        (format!(r#"{CHAT},"base":"/{{}}""#), "`base` is not a path without placeholders"),
        (format!(r#"{CHAT},"retry":["/{{}}"]"#), "`retry`: item 1 is not a path"),
        (format!(r#"{CHAT},"retry":["POST /a"]"#), "`retry`: item 1 is not a path"),
    ]);
}

#[test]
fn mistakes_of_pins_are_named() {
    let c = |list: &str| format!(r#"{CHAT},"compartments":{list}"#);
    are_named(&[
        (c("[]"), "`compartments` is not a list with an item"),
        (c(r#"["x"]"#), "`compartments`: item 1 is not an OCID of this kind"),
        (
            c(r#"["ocid1.compartment.oc2..aaaa"]"#),
            "`compartments`: item 1 is not an OCID of this kind",
        ),
        (
            c(&format!(r#"["{COMPARTMENT}","{PROJECT}"]"#)),
            "`compartments`: item 2 is not an OCID of this kind",
        ),
        (
            format!(r#"{CHAT},"projects":["{COMPARTMENT}"]"#),
            "`projects`: item 1 is not an OCID of this kind",
        ),
        (format!(r#"{CHAT},"models":[""]"#), "`models`: item 1 is not the name of a model"),
        (format!(r#"{CHAT},"models":["a b"]"#), "`models`: item 1 is not the name of a model"),
        (
            r#""service":"nosql","open":["POST /20190828/query"],"models":["a"]"#.to_owned(),
            "`models` is there, and no open operation has a model",
        ),
        (
            r#""service":"inference.generativeai","open":["@openai-state"],"models":["a"]"#
                .to_owned(),
            "no open operation has a model",
        ),
    ]);
}

#[test]
fn mistakes_of_headers_are_named() {
    are_named(&[
        (
            format!(r#"{CHAT},"headers":["authorization"]"#),
            "`headers`: item 1 is not the name of a header that may pass",
        ),
        (format!(r#"{CHAT},"headers":["range","Cookie"]"#), "`headers`: item 2 is not"),
        (format!(r#"{CHAT},"headers":["service_target"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["x-service-target"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["model_deployment"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["opc-compartment-id"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["CompartmentId"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["OpenAI-Project"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["opc-sse-customer-key"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["api-key"]"#), "`headers`: item 1 is not"),
        (format!(r#"{CHAT},"headers":["a b"]"#), "`headers`: item 1 is not"),
        (
            format!(r#"{CHAT},"returns":["set-cookie"]"#),
            "`returns`: item 1 is not the name of a header that may be returned",
        ),
        (format!(r#"{CHAT},"returns":["location"]"#), "`returns`: item 1 is not"),
        (format!(r#"{CHAT},"set":[]"#), "`set` is not an object"),
        (format!(r#"{CHAT},"set":{{"authorization":"x"}}"#), "`set`: member 1 is not a header"),
        (format!(r#"{CHAT},"set":{{"x-a":"b","x-a":"c"}}"#), "`set`: member 2 is not a header"),
        (format!(r#"{CHAT},"set":{{"x-a":"b","X-A":"c"}}"#), "`set`: member 2 is not a header"),
        (format!(r#"{CHAT},"set":{{"x-a":1}}"#), "`set`: member 1 is not a header"),
        (format!(r#"{CHAT},"set":{{"x-a":"a\nb"}}"#), "`set`: member 1 is not a header"),
        (format!(r#"{CHAT},"set":{{"openai-project":"x"}}"#), "`set`: member 1 is not a header"),
        (format!(r#"{CHAT},"set":{{"opc-retry-token":"x"}}"#), "`set`: member 1 is not a header"),
        (format!(r#"{CHAT},"set":{{"opc-request-id":"x"}}"#), "`set`: member 1 is not a header"),
        (format!(r#"{CHAT},"set":{{"x-b3-traceid":"x"}}"#), "`set`: member 1 is not a header"),
    ]);
}

#[test]
fn some_hosts_are_never_called_whatever_is_configured() {
    for service in [
        "identity",
        "auth",
        "organizations",
        "governance-rules.organizations",
        "resourcemanager",
        "pactl",
        "operator-access-control",
        "delegate-access-control",
        "managed-access",
        "x.access-governance",
        "certificatesmanagement",
        "vaults",
        "kms",
        "x.kms",
        "cloudguard-cp-api",
        "zpr",
        "x.functions",
        "x.apigateway",
        "application.generativeai",
        "idcs-0123",
        "idcs-0123.identity",
        "x.identity",
        "ns.compat.objectstorage",
        "x.private.objectstorage",
        "aaaa.apm-agt",
        "x.adb",
        "x.analytics",
        "md.datascience",
        "modeldeployment",
    ] {
        let mistakes = of_entry(&format!(r#""service":"{service}","open":["GET /a"]"#));
        assert_eq!(
            mistakes, "ALLOWED_SERVICES: `a`: its host is one that is never called",
            "{service}"
        );
    }
    for host in [
        "identity.us-chicago-1.oci.oraclecloud.com",
        "auth.us-chicago-1.oraclecloud.com",
        "idcs-0123.identity.oraclecloud.com",
        "abc.us-chicago-1.functions.oci.oraclecloud.com",
        "abc.apigateway.us-chicago-1.oci.customer-oci.com",
        "application.generativeai.us-chicago-1.oci.oraclecloud.com",
        "x-crypto.kms.us-chicago-1.oraclecloud.com",
        "kms.us-chicago-1.oraclecloud.com:8443",
        "vaults.us-chicago-1.oci.oraclecloud.com",
        "modeldeployment.us-chicago-1.oci.customer-oci.com",
        "ns.compat.objectstorage.us-chicago-1.oraclecloud.com",
    ] {
        let mistakes = of_entry(&format!(r#""host":"{host}","open":["GET /a"]"#));
        assert_eq!(
            mistakes, "ALLOWED_SERVICES: `a`: its host is one that is never called",
            "{host}"
        );
    }
    for members in [
        r#""service":"secrets.vaults","open":["GET /20190301/secretbundles/ocid1.vaultsecret.oc1..a"]"#,
        r#""host":"ns.objectstorage.us-chicago-1.oci.customer-oci.com","open":["GET /n/ns/b/x/o/{}"]"#,
        r#""host":"x.private.objectstorage.us-chicago-1.oraclecloud.com","open":["GET /n/ns/b/x/o/{}"]"#,
        r#""host":"aaaa.apm-agt.us-chicago-1.oci.oraclecloud.com","open":["GET /a"]"#,
        r#""service":"analytics","form":"ocp","base":"","open":["GET /a"]"#,
        r#""host":"localhost:8443","open":["@openai-chat"]"#,
        r#""host":"10.0.0.7","open":["@genai-native"]"#,
        r#""host":"[fd00::1]:8443","open":["GET /a"]"#,
        r#""service":"cell-1.queue.messaging","open":["GET /20210201/queues/{}/messages"]"#,
        r#""service":"objectstorage","form":"ds","region":["us-chicago-1","us-ashburn-1"],"open":["GET /n"]"#,
    ] {
        assert_eq!(of_entry(members), "", "{members}");
    }
}

#[test]
fn the_region_is_the_function_s_own_unless_one_is_named() {
    let json = format!(r#"{{"a":{{{CHAT}}}}}"#);
    let unknown = Services::new(&json, &Regions::default(), None).unwrap_err();
    let expected =
        "ALLOWED_SERVICES: `a`: `region` is missing, and the function's own is not known";
    assert_eq!(unknown.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    assert!(read(&json).is_ok());
}

#[test]
fn all_mistakes_of_all_entries_are_told() {
    let json = r#"{"a":{"service":"identity","open":["GET /{}","GET /p"],"set":1},"B":{},"c":{}}"#;
    let errors: Vec<String> = read(json).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 7, "{errors:?}");
    assert!(errors.iter().all(|error| !error.contains('\n')));
}
