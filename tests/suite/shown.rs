//! Does anything that holds a secret show it to whoever prints it?

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fn_fdk::{Call, Listener, Platform, Reply, ServeError, Server, error_chain};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use model_deployment_fn::config::Config;
use model_deployment_fn::predict::{Forwarder, Metrics, Prediction, Predictor, Relay, Tracer};
use oracle_cloud_client::apm::Collector;
use oracle_cloud_client::{
    Body, Client, Credentials, HttpClient, KeyId, Principal, PrincipalSettings, PrivateKey,
    SessionToken, SignableBody, SigningParams, TokenExchange, Trust, Variables, sign,
};
use oracle_cloud_token::{Issuer, KeySet};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::data;

const SECRET: &str = "marked-as-secret";
const PASSPHRASE: &str = "test passphrase=1";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

/// What is printed of a thing, by its type's name.
#[derive(Default)]
struct Shown(BTreeMap<&'static str, String>);

impl Shown {
    fn add<T: Debug>(&mut self, thing: &T) {
        let name = std::any::type_name::<T>().split(['<', '&']).next().unwrap();
        let name = name.rsplit("::").next().unwrap();
        assert_ne!(format!("{thing:?}"), "", "{name}");
        self.say(name, &format!("{thing:?} {thing:#?}\n"));
    }

    /// A text that an error or a log line would have.
    fn say(&mut self, name: &'static str, text: &str) {
        self.0.entry(name).or_default().push_str(text);
    }
}

/// The environment of each kind of credentials that can be made without a service.
fn environments(home: &Path) -> Vec<BTreeMap<&'static str, String>> {
    let (token, key) = (data::path("rpst/valid.jwt"), data::path("keys/test-rsa2048-a.pkcs8.pem"));
    let encrypted = data::path("keys/test-rsa2048-a.pkcs8-aes256-sha256.pem");
    let write = |name: &str, text: String| {
        fs::write(home.join(name), text).unwrap();
        home.join(name).display().to_string()
    };
    let resource = |token: String, key: String| {
        BTreeMap::from([
            ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_RPST", token),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", key),
        ])
    };
    let mut by_value =
        resource(data::text("rpst/valid.jwt"), fs::read_to_string(&encrypted).unwrap());
    by_value.insert("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE", PASSPHRASE.to_owned());
    let profile = format!(
        "[DEFAULT]\ntenancy=t\nuser=u\nfingerprint=f\nkey_file={}\npass_phrase={PASSPHRASE}\n",
        encrypted.display()
    );
    let session = format!("{profile}security_token_file={}\n", token.display());
    let path = |path: &Path| path.display().to_string();
    vec![
        resource(path(&token), path(&key)),
        by_value,
        BTreeMap::from([("OCI_CONFIG_FILE", write("api_key", profile))]),
        BTreeMap::from([("OCI_CONFIG_FILE", write("session", session))]),
    ]
}

/// A service on this machine that answers with secrets, in headers and bodies; its base URL.
async fn secret_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head =
                format!("HTTP/1.1 200 OK\r\nx-token: {SECRET}\r\ncontent-length: 16\r\n\r\n");
            tokio::spawn(async move {
                while stream.read(&mut [0; 8192]).await.is_ok_and(|bytes| bytes > 0) {
                    stream.write_all(format!("{head}{SECRET}").as_bytes()).await.unwrap();
                }
            });
        }
    });
    url
}

/// Everything of the library that holds a token, a key, a passphrase, a header of a client or a body.
async fn everything(home: &Path) -> Shown {
    let (mut shown, trust) = (Shown::default(), Trust::public().unwrap());
    shown.add(&trust);
    let pem = data::bytes("keys/test-rsa2048-a.pkcs8.pem");
    shown.add(&PrivateKey::from_pem(&pem, None).unwrap());
    let token = SessionToken::parse(&data::text("rpst/valid.jwt")).unwrap();
    shown.add(&KeyId::session(&token));
    shown.add(&token);
    for (number, environment) in environments(home).into_iter().enumerate() {
        let var = |name: &str| environment.get(name).cloned();
        let principal = || Principal::from_vars(&var, now()).unwrap();
        let credentials: Arc<Credentials> = principal().credentials(now()).await.unwrap();
        shown.add(&*credentials);
        shown.add(&principal());
        shown.add(&PrincipalSettings::from_vars(&var).unwrap());
        let http = HttpClient::new(&trust).unwrap();
        let client = Client::builder().http(http).now(now).build_as(principal()).unwrap();
        shown.add(&client);
        let service = client.endpoint("http://127.0.0.1:1").unwrap();
        shown.add(&service);
        let request = service.post("/x").query("token", SECRET).delegation_token(SECRET);
        shown.add(&request.body(SECRET));
        let service = client.endpoint(&secret_service().await).unwrap();
        shown.add(&service.get("/").send().await.unwrap());
        shown.add(&service.get("/").send_streaming().await.unwrap());
        let mut vars = Variables::new(&var);
        for name in environment.keys() {
            drop(vars.text(name));
        }
        shown.add(&vars);
        let config = |name: &str| match name {
            "FN_LISTENER" => Some(format!("unix:{}/{number}.sock", home.display())),
            _ => environment.get(name).cloned(),
        };
        let config = Config::from_vars(&config).unwrap();
        shown.add(&config);
        let forwarder = Forwarder::new(&config.rule, &trust, principal(), now, config.repeatable);
        let (targets, headers) = (config.targets, config.headers);
        let tracer = Tracer::new(config.tracing, &trust);
        let metrics = config.metrics.map(Metrics::new);
        shown.add(&tracer);
        let forwarder = forwarder.unwrap();
        shown.add(&Predictor { targets, headers, forwarder, tracer, metrics });
        let (mut head, ()) = Request::get("https://example.com/").body(()).unwrap().into_parts();
        let params = SigningParams::new(&credentials, now());
        sign(&mut head, SignableBody::Unsigned, &params).unwrap();
        shown.add(&params);
        shown.add(&head);
    }
    let body = Bytes::from_static(SECRET.as_bytes());
    let client = HeaderMap::from_iter([(
        http::header::AUTHORIZATION,
        HeaderValue::try_from(format!("Bearer {SECRET}")).unwrap(),
    )]);
    shown.add(&Body::from(body.clone()));
    shown.add(&Body::from(body.clone()).unsigned());
    let pieces = futures_util::stream::iter([Ok(body.clone())]);
    shown.add(&Body::once(16, pieces));
    shown.add(&SignableBody::Bytes(&body));
    shown.add(&Prediction { status: StatusCode::OK, headers: client.clone(), body: body.clone() });
    shown.add(&Relay::from(body.clone()));
    shown.add(&Call::from_agent(client, body.clone(), now()).unwrap());
    shown.add(&Reply::text(SECRET));
    shown.add(&Server::new(Listener::publish(&home.join("lsnr.sock")).unwrap()));
    let collector = |name: &str| (name == "OCI_TRACE_COLLECTOR_URL").then(|| SECRET.to_owned());
    shown.add(&fn_fdk::Tracing::from_vars(collector));
    let subject = || async { Ok(SECRET.to_owned()) };
    let domain = "https://domain.example";
    shown.add(&TokenExchange::new(domain, SECRET, SECRET, &trust, subject).unwrap());
    let url = format!("https://collector.example/?dataKey={SECRET}");
    shown.add(&Collector::new(&url, &trust).unwrap());
    let http = HttpClient::new(&trust).unwrap();
    shown.add(&Issuer::new(url.parse().unwrap(), http));
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": SECRET,
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    shown.add(&KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes()).unwrap());
    shown.add(&Call::direct(SECRET));
    shown.add(&Call::gateway(Request::new(SECRET)));
    let error = Call::direct(format!("[\"{SECRET}\"]")).json::<Vec<u8>>().unwrap_err();
    shown.add(&error);
    let errors = Platform::from_vars(|_| Some(SECRET.to_owned())).unwrap_err();
    shown.add(&errors);
    shown.add(&ServeError::from(errors));
    shown.add(&fn_fdk::Body::from(body.clone()));
    shown
}

/// What is said of things that are not what they should be.
fn refusals(home: &Path) -> Shown {
    let mut shown = Shown::default();
    let block = |label: &str| format!("-----BEGIN {label}-----\n{SECRET}\n-----END {label}-----\n");
    let encrypted = data::text("keys/test-rsa2048-a.pkcs8-aes256-sha256.pem");
    for pem in [SECRET.to_owned(), block("RSA PRIVATE KEY"), block("EC PRIVATE KEY"), encrypted] {
        let error = PrivateKey::from_pem(pem.as_bytes(), Some(SECRET.as_bytes())).unwrap_err();
        shown.say("KeyError", &format!("{error} {error:?}"));
    }
    let valid = data::text("rpst/valid.jwt");
    for text in [SECRET.to_owned(), format!("ST${SECRET}"), format!("{}.{SECRET}!", valid.trim())] {
        let error = SessionToken::parse(&text).unwrap_err();
        shown.say("TokenError", &format!("{error} {error:?}"));
    }
    let error = KeyId::new(format!("{SECRET}\"")).unwrap_err();
    shown.say("SignError", &format!("{error} {error:?}"));
    for environment in environments(home) {
        for broken in environment.keys() {
            // What is read for a file's name is a secret by mistake, as often as not.
            let var = |name: &str| match name {
                name if name == *broken => Some(SECRET.to_owned()),
                _ => environment.get(name).cloned(),
            };
            let Err(error) = Principal::from_vars(&var, now()) else { continue };
            if *broken != "OCI_CONFIG_FILE" {
                shown.say("CredentialsError", &format!("{} {error:?}", error_chain(&error)));
            }
        }
    }
    let profile = home.join("broken");
    fs::write(&profile, format!("[DEFAULT]\n{SECRET}\n")).unwrap();
    let var = |name: &str| (name == "OCI_CONFIG_FILE").then(|| profile.display().to_string());
    let error = Principal::from_vars(&var, now()).unwrap_err();
    shown.say("CredentialsError", &format!("{} {error:?}", error_chain(&error)));
    shown
}

/// Every line of the private key, the token's signature, and the words that stand for the rest.
fn secrets() -> Vec<String> {
    let token = data::text("rpst/valid.jwt");
    let mut secrets = vec![SECRET.to_owned(), PASSPHRASE.to_owned()];
    secrets.extend(token.trim().split('.').map(|part| part[..20].to_owned()));
    for key in ["pkcs8", "pkcs8-aes256-sha256"] {
        let pem = data::text(&format!("keys/test-rsa2048-a.{key}.pem"));
        secrets.extend(pem.lines().filter(|line| !line.starts_with('-')).map(str::to_owned));
    }
    secrets
}

/// Whether one of the secrets is in a text, as text or as the numbers of its bytes.
fn leaked(text: &str, secrets: &[String]) -> Option<String> {
    let numbers = |secret: &str| {
        let numbers: Vec<String> = secret.bytes().take(8).map(|byte| byte.to_string()).collect();
        numbers.join(", ")
    };
    secrets.iter().find(|secret| text.contains(*secret) || text.contains(&numbers(secret))).cloned()
}

#[tokio::test]
async fn oci_signing_49_no_type_shows_what_it_holds() {
    let home = tempfile::tempdir().unwrap();
    let (shown, secrets) = (everything(home.path()).await, secrets());
    for (name, text) in shown.0.iter().chain(&refusals(home.path()).0) {
        assert_eq!(leaked(text, &secrets), None, "{name}: {text}");
    }
    // What does show it is found.
    let key = data::bytes("keys/test-rsa2048-a.pkcs8.pem");
    for text in [format!("{key:?}"), String::from_utf8_lossy(&key).into_owned()] {
        assert_ne!(leaked(&text, &secrets), None);
    }
    assert_ne!(leaked(&format!("{:?}", Bytes::from(SECRET)), &secrets), None);
}

/// The files of the library and of its crates, and what is in them.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = ["src", "crates"].map(|folder| root.join(folder)).to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    sources
}

/// Whoever writes `Debug` by hand has something to hide: each such type is among those above.
#[tokio::test]
async fn every_type_with_a_debug_of_its_own_is_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let shown = everything(home.path()).await;
    let mut found = 0;
    for (path, text) in sources() {
        let names = text.lines().filter_map(|line| line.split_once("Debug for "));
        for (_, name) in names {
            let name = name.split(['<', ' ']).next().unwrap();
            found += 1;
            // Those that are not public are parts of others.
            let whole = match name {
                "AnswerBody" => "StreamingAnswer",
                "Details" => "StatusError",
                "Source" => "Principal",
                "Inner" | "ServiceClock" | "Transport" => "Client",
                "Exchange" => "TokenExchange",
                "State" => "Issuer",
                public => public,
            };
            assert!(shown.0.contains_key(whole), "{name}, {path:?}");
        }
    }
    assert!(found >= 11, "{found}");
}

/// A line of the log has an error and all its causes: what one of them says is not said again by the one above it.
#[test]
fn no_display_of_an_error_repeats_its_source() {
    let (mut variants, mut with_source) = (0, 0);
    for (path, text) in sources() {
        for variant in text.split("#[error(").skip(1) {
            variants += 1;
            let (display, rest) = variant.split_once(")]").unwrap();
            let fields = rest.split("\n    ///").next().unwrap();
            let Some((before, _)) =
                ["#[source]", "#[from]"].iter().find_map(|mark| fields.split_once(mark))
            else {
                continue;
            };
            with_source += 1;
            let position = before.matches(',').count();
            let names = [format!("{{{position}}}"), format!(".{position}"), "{source}".to_owned()];
            for shown in names {
                assert!(!display.contains(&shown), "{}: {display}", path.display());
            }
        }
    }
    assert!(variants > 60 && with_source > 15, "{variants} {with_source}");
}
