//! The cases of the vectors, as tests/vectors/signature/README.md describes them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::Value;

const SUITES: [&str; 7] = [
    "docs",
    "request_target",
    "host",
    "methods_and_bodies",
    "dates",
    "credentials",
    "model_deployment",
];

/// Who signs a case.
pub(crate) enum Who {
    /// A user with an API key.
    User { tenancy: String, user: String, fingerprint: String },
    /// Somebody with other credentials, which are named here.
    Other(&'static str),
}

/// A request, who signs it, and what Oracle's SDK made of it.
pub(crate) struct Case {
    pub(crate) suite: &'static str,
    pub(crate) id: String,
    pub(crate) tags: Vec<String>,
    pub(crate) who: Who,
    pub(crate) key_id: String,
    pub(crate) delegation_token: Option<String>,
    /// The name of the key pair, its private key and the passphrase of that.
    pub(crate) key: String,
    pub(crate) pem: String,
    pub(crate) passphrase: Option<String>,
    /// The request as it goes on the wire, with the headers that the caller gives.
    pub(crate) head: Parts,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) sign_body: bool,
    /// The time of signing, where the request has no date.
    pub(crate) clock: Option<SystemTime>,
    /// Whether the date is to be in `x-date`.
    pub(crate) x_date: bool,
    pub(crate) signing_string: String,
    pub(crate) signature: String,
}

/// Every case: those of the Python SDK, and those of the TypeScript SDK, which has another order and `x-date`.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for suite in SUITES {
        for vector in json(suite)["cases"].as_array().expect("a suite has cases") {
            cases.push(Case::new(suite, vector, &vector["expected"]));
        }
    }
    for vector in json("typescript")["cases"].as_array().expect("a suite has cases") {
        // Where that SDK gives up there is nothing to compare.
        if vector["expected"].is_null() {
            continue;
        }
        let suite = text(&vector["same_case_in"]);
        let suite = json(suite.strip_suffix(".json").expect("a file of vectors"));
        let mut same = suite["cases"].as_array().expect("a suite has cases").iter();
        let same = same.find(|same| same["id"] == vector["id"]).expect("the case is there");
        cases.push(Case::x_date(same, &vector["expected"]));
    }
    cases
}

impl Case {
    fn new(suite: &'static str, vector: &Value, expected: &Value) -> Self {
        let credentials = &vector["credentials"];
        let request = &vector["request"];
        let clock = request["clock_epoch_seconds"].as_u64().map(Duration::from_secs);
        Self {
            suite,
            id: text(&vector["id"]),
            tags: vector["tags"].as_array().expect("tags").iter().map(text).collect(),
            who: who(credentials),
            key_id: text(&credentials["key_id"]),
            delegation_token: credentials["delegation_token"].as_str().map(str::to_owned),
            key: text(&credentials["key"]["id"]),
            pem: pem(vector),
            passphrase: credentials["key"]["passphrase"].as_str().map(str::to_owned),
            head: head(vector),
            body: body(&request["body"]),
            sign_body: request["sign_body"] != false,
            clock: clock.map(|clock| SystemTime::UNIX_EPOCH + clock),
            x_date: false,
            signing_string: text(&expected["signing_string"]),
            signature: text(&expected["signature"]),
        }
    }

    /// The same case as the TypeScript SDK signs it; its requests are written in another way, where URLs can be.
    fn x_date(vector: &Value, expected: &Value) -> Self {
        let mut case = Self { x_date: true, ..Self::new("typescript", vector, expected) };
        let target = text(&expected["request_target"]);
        let target = target.split_once(' ').expect("a method and a path").1;
        let url = format!("https://{}{target}", text(&expected["host"]));
        case.head.uri = url.parse().expect("a URL");
        if let Some(date) = case.head.headers.remove("date") {
            case.head.headers.insert("x-date", date);
        }
        case
    }

    /// The date that the caller gives, if any.
    pub(crate) fn date(&self) -> Option<&str> {
        let name = if self.x_date { "x-date" } else { "date" };
        self.header(name)
    }

    /// A header that the caller gives.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bytes of the public key, DER.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        let pem = file(&format!("keys/{}.public.pem", self.key));
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(lines).expect("a public key in PEM")
    }
}

fn who(credentials: &Value) -> Who {
    if credentials["delegation_token"].is_string() {
        return Who::Other("a delegation token");
    }
    match credentials["kind"].as_str() {
        Some("api_key") => Who::User {
            tenancy: text(&credentials["tenancy"]),
            user: text(&credentials["user"]),
            fingerprint: text(&credentials["fingerprint"]),
        },
        Some("security_token") => Who::Other("a session token"),
        Some("resource_key_pair") => Who::Other("a resource's key pair"),
        Some("x509_federation") => Who::Other("an instance's certificate"),
        other => panic!("unknown credentials {other:?}"),
    }
}

/// The private key. All signers get the form of PKCS#8 where the case is not about the form: one of them reads no other.
fn pem(vector: &Value) -> String {
    let key = &vector["credentials"]["key"];
    let about_the_form = text(&vector["id"]).starts_with("key-");
    let pkcs8 = format!("keys/{}.pkcs8.pem", text(&key["id"]));
    if !about_the_form && path(&pkcs8).exists() {
        return file(&pkcs8);
    }
    file(&format!("keys/{}", text(&key["file"])))
}

fn head(vector: &Value) -> Parts {
    let request = &vector["request"];
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = Method::from_bytes(text(&request["method"]).as_bytes()).expect("a method");
    head.uri = text(&request["url"]).parse().expect("a URL");
    for pair in request["headers"].as_array().expect("headers") {
        let name: HeaderName = text(&pair[0]).parse().expect("a name");
        head.headers.append(name, text(&pair[1]).parse().expect("a value"));
    }
    // That a body came as a stream only the caller knows.
    if request["body_is_stream"] == true && !head.headers.contains_key("content-type") {
        let bytes = HeaderValue::from_static("application/octet-stream");
        head.headers.insert("content-type", bytes);
    }
    head
}

fn body(rule: &Value) -> Option<Vec<u8>> {
    let decode = |text: &Value| STANDARD.decode(text.as_str()?).ok();
    if rule.is_null() {
        return None;
    }
    if let Some(text) = rule["utf8"].as_str() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(bytes) = decode(&rule["base64"]) {
        return Some(bytes);
    }
    let rule = &rule["generator"];
    let number = |name: &str| usize::try_from(rule[name].as_u64()?).ok();
    let length = number("length").expect("a length");
    if let Some(unit) = decode(&rule["unit_base64"]) {
        return Some(unit.into_iter().cycle().take(length).collect());
    }
    let (multiplier, offset) = (number("multiplier")?, number("offset")?);
    (0..length).map(|i| u8::try_from((i * multiplier + offset) % 256).ok()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn json(suite: &str) -> Value {
    serde_json::from_str(&file(&format!("signature/{suite}.json"))).expect("JSON")
}

fn file(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(name)
}
