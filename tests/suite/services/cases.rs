//! Entries that open a little of several services, and calls of them that must be refused.

pub(crate) const HOST: &str = "inference.generativeai.us-ashburn-1.oci.oraclecloud.com";
pub(crate) const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaafirst";
pub(crate) const OTHER_COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaasecond";
pub(crate) const PROJECT: &str = "ocid1.generativeaiproject.oc1.us-chicago-1.aaaaaaaafirst";
pub(crate) const OTHER_PROJECT: &str = "ocid1.generativeaiproject.oc1.us-chicago-1.aaaaaaaasecond";

/// The entries that the cases are about.
const ENTRIES: &str = r#"{
"chat": {"service":"inference.generativeai","region":"us-chicago-1","base":"/openai/v1","open":["@openai-chat"],
    "compartments":["{C1}","{C2}"],"models":["xai.grok-4.3","openai.gpt-oss-120b"]},
"llm": {"service":"inference.generativeai","region":"us-chicago-1","base":"/openai/v1",
    "open":["@openai-chat","@openai-responses","@openai-state"],"compartments":["{C1}"],"projects":["{P1}","{P2}"]},
"quiet": {"service":"inference.generativeai","region":"us-phoenix-1","base":"/openai/v1","open":["@openai-responses"],
    "models":["xai.grok-4.3"],"stateless":true},
"one": {"service":"inference.generativeai","region":"us-ashburn-1","base":"/openai/v1","open":["@openai-chat"]},
"native": {"service":"inference.generativeai","region":"eu-frankfurt-1","base":"/20231130","open":["@genai-native"],
    "compartments":["{C1}"],"models":["cohere.embed-v4.0","cohere.rerank-v3.5"]},
"reports": {"service":"objectstorage","region":"us-chicago-1","base":"/n/axexample/b/reports/o","mount":"/models/reports",
    "open":["GET /n/axexample/b/reports/o","GET /n/axexample/b/reports/o/{*}"],"headers":["range"],"returns":["etag"]},
"bucket": {"service":"objectstorage","region":"us-ashburn-1",
    "open":["GET,POST /n/{}/b/{}/{}","GET,POST /n/{}/b/{}/{}/{}"]},
"language": {"service":"language.aiservice","region":"us-ashburn-1","base":"/20221001",
    "open":["POST /20221001/actions/batchDetectLanguageEntities"],"compartments":["{C1}","{C2}"],"models":["custom"]},
"vision": {"service":"vision.aiservice","region":"us-ashburn-1","base":"/20220125",
    "open":["POST /20220125/actions/analyzeImage"],"compartments":["{C1}"],"models":["custom"]},
"queue": {"service":"cell-1.queue.messaging","region":"us-ashburn-1","base":"/20210201",
    "open":["GET,POST /20210201/queues/{}/messages"],"compartments":["{C1}"]},
"deep": {"service":"inference.generativeai","region":"sa-saopaulo-1","base":"/openai/v1","mount":"/m",
    "open":["POST /openai/v1/{*}","POST /20231130/actions/{*}","POST /openai/{}/responses"],"models":["xai.grok-4.3"],"stateless":true},
"wide": {"service":"inference.generativeai","region":"uk-london-1","open":["GET,POST /20251112/{}/{}",
    "GET,POST /20231130/{}","GET,POST /20231130/{}/{}","GET /20190301/{}/{}","POST /20220101/{}/{}"]}
}"#;

/// The text with its placeholders filled.
pub(crate) fn filled(text: &str) -> String {
    let mut text = text.to_owned();
    for (mark, value) in [
        ("{HOST}", HOST),
        ("{C1}", COMPARTMENT),
        ("{C2}", OTHER_COMPARTMENT),
        ("{C9}", "ocid1.compartment.oc1..aaaaaaaaninth"),
        ("{P1}", PROJECT),
        ("{P2}", OTHER_PROJECT),
        ("{P9}", "ocid1.generativeaiproject.oc1.us-chicago-1.aaaaaaaaninth"),
    ] {
        text = text.replace(mark, value);
    }
    text
}

/// `ALLOWED_SERVICES` with the entries of the cases.
pub(crate) fn entries() -> String {
    filled(ENTRIES)
}

/// A call, and the status that it is refused with.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) line: String,
    pub(crate) status: u16,
    pub(crate) target: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The calls of the corpus.
pub(crate) fn hostile() -> Vec<Case> {
    let lines = include_str!("../../data/hostile_services.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(case).collect()
}

fn case(line: &str) -> Case {
    let filled = filled(line);
    let mut words = filled.splitn(3, ' ');
    let (status, kind, rest) =
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let two = || rest.split_once(' ').unwrap_or((rest, ""));
    let mut case = Case {
        line: line.to_owned(),
        status: status.parse().unwrap(),
        target: String::new(),
        method: "POST".to_owned(),
        path: "/models/x/v1/chat/completions".to_owned(),
        query: None,
        headers: Vec::new(),
        body: r#"{"model":"xai.grok-4.3"}"#.to_owned(),
    };
    match kind {
        "target" => rest.clone_into(&mut case.target),
        "path" => {
            let (alias, rest) = two();
            let (method, path) = rest.split_once(' ').unwrap();
            (case.target, case.method, case.path) =
                (alias.to_owned(), method.to_owned(), path.to_owned());
        }
        "query" => {
            let (alias, query) = two();
            (case.target, case.query) = (open(alias), Some(query.to_owned()));
        }
        "header" => {
            let (alias, headers) = two();
            case.target = open(alias);
            let headers = headers.split(" | ").map(|header| header.split_once(':').unwrap());
            case.headers = headers
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
                .collect();
        }
        "body" => {
            let (alias, rest) = two();
            let (path, body) = rest.split_once(' ').unwrap();
            (case.target, case.body) = (format!("{alias}{path}"), body.to_owned());
        }
        _ => panic!("{line}"),
    }
    case
}

/// A target that is open.
fn open(alias: &str) -> String {
    match alias {
        "language" => format!("{alias}/20221001/actions/batchDetectLanguageEntities"),
        _ => format!("{alias}/openai/v1/chat/completions"),
    }
}
