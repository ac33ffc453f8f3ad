//! Key sets that are fetched: how often, from whom, and what happens when that fails.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use emulator::deployment::{Request, verify};
use emulator::http::{Server, reply};
use emulator::keys::Key;
use emulator::principal::{Issuer, ResourcePrincipal};
use http::header::AUTHORIZATION;
use model_deployment_server::trust::{NotAdmitted, Trust};
use oracle_cloud_client::{Client, HttpClient, Principal, Roots};
use oracle_cloud_token::TokenFault::{KeysUnavailable, Signature, UnknownKey};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::setup::{
    Answer, KeyServer, application, bearer, claims, client, domain, pass, token_settings, trust_in,
};

fn set(keys: &[(&str, &Key)]) -> Answer {
    Answer::Keys(json!({ "keys": keys.iter().map(|(kid, key)| key.jwk(kid)).collect::<Value>() }))
}

fn token(kid: &str, key: &Key) -> String {
    key.token(&json!({ "alg": "RS256", "kid": kid }), &claims())
}

async fn admitted(trust: &Trust, token: &str) -> Result<(), NotAdmitted> {
    trust.admit(&bearer(token)).await
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How often something is tried that has to be quick, on a machine that does other things as well.
const ATTEMPTS: usize = 5;

#[tokio::test]
async fn a_key_that_the_domain_replaced_under_the_same_name_is_fetched() {
    let domain = domain().await;
    let keys = KeyServer::start(Answer::Keys(domain.jwks())).await;
    let trust = trust_in(&keys).await;
    let mint = || domain.mint(&application(), &json!({}));
    let old = mint();
    admitted(&trust, &old).await.unwrap();
    domain.rotate();
    keys.answer(Answer::Keys(domain.jwks()));
    assert_eq!(admitted(&trust, &mint()).await, Err(Signature.into()));
    pass(MINUTE).await;
    admitted(&trust, &mint()).await.unwrap();
    assert_eq!(admitted(&trust, &old).await, Err(Signature.into()));
    assert_eq!(keys.asked(), 2);
}

#[tokio::test]
async fn an_issuer_is_asked_once_an_hour_and_for_unknown_keys_once_a_minute() {
    let (key, stranger) = (Key::generate(), Key::generate());
    let keys = KeyServer::start(set(&[("a", &key)])).await;
    let trust = trust_in(&keys).await;
    assert_eq!(keys.asked(), 0);
    for _ in 0..20 {
        admitted(&trust, &token("a", &key)).await.unwrap();
        assert_eq!(admitted(&trust, &token("b", &stranger)).await, Err(UnknownKey.into()));
        assert_eq!(admitted(&trust, &token("a", &stranger)).await, Err(Signature.into()));
    }
    assert_eq!(keys.asked(), 1);
    for minute in 1..5 {
        pass(MINUTE).await;
        for number in 0..20 {
            let token = token(&format!("{minute}-{number}"), &stranger);
            assert_eq!(admitted(&trust, &token).await, Err(UnknownKey.into()));
        }
        assert_eq!(keys.asked(), 1 + minute);
    }
    pass(59 * MINUTE).await;
    admitted(&trust, &token("a", &key)).await.unwrap();
    assert_eq!(keys.asked(), 5);
    pass(MINUTE).await;
    admitted(&trust, &token("a", &key)).await.unwrap();
    assert_eq!(keys.asked(), 6);
}

#[tokio::test]
async fn callers_that_come_together_ask_one_question() {
    let key = Key::generate();
    let keys = KeyServer::start(set(&[("a", &key)])).await;
    let trust = Arc::new(trust_in(&keys).await);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (trust, token) = (trust.clone(), token("a", &key));
            tokio::spawn(async move { admitted(&trust, &token).await })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn the_last_good_set_stays_while_the_issuer_fails_and_only_then() {
    let key = Key::generate();
    let other = Key::generate();
    let keys = KeyServer::start(set(&[("a", &key), ("b", &other)])).await;
    let trust = trust_in(&keys).await;
    admitted(&trust, &token("a", &key)).await.unwrap();
    let set_of = |json: Value| Answer::Text("application/json", json.to_string());
    let mut many = other.jwk("b");
    many["x5c"] = "x".repeat(300_000).into();
    let failures = [
        Answer::Status(500),
        Answer::Status(401),
        Answer::Status(404),
        Answer::Status(204),
        Answer::Redirect(keys.url()),
        Answer::Redirect("http://localhost:1/".to_owned()),
        Answer::Text("text/html", "<html>sign in</html>".to_owned()),
        set_of(json!({})),
        set_of(json!({ "keys": [] })),
        set_of(json!({ "keys": [{ "kty": "oct", "kid": "a", "k": "AAAA", "alg": "HS256" }] })),
        set_of(json!({ "keys": vec![other.jwk("b"); 33] })),
        set_of(json!({ "keys": [many] })),
    ];
    for (times, failure) in (1..).zip(failures) {
        keys.answer(failure.clone());
        pass(HOUR).await;
        admitted(&trust, &token("a", &key)).await.unwrap_or_else(|_| panic!("{failure:?}"));
        assert_eq!(keys.asked(), 1 + times, "{failure:?}");
        // It is not asked again at once.
        admitted(&trust, &token("a", &key)).await.unwrap();
        assert_eq!(keys.asked(), 1 + times, "{failure:?}");
    }
    // Keys for other uses are passed over, however many there are.
    let mut mixed = vec![json!({ "kty": "oct", "kid": "c", "k": "AAAA" }); 33];
    let newest = Key::generate();
    mixed.extend([key.jwk("a"), newest.jwk("d")]);
    keys.answer(set_of(json!({ "keys": mixed })));
    pass(HOUR).await;
    admitted(&trust, &token("d", &newest)).await.unwrap();
    // What the content says counts, not what it is called. A key that is gone is good for nothing.
    let shrunk = json!({ "keys": [other.jwk("b")] });
    keys.answer(Answer::Text("text/html", shrunk.to_string()));
    pass(MINUTE).await;
    admitted(&trust, &token("b", &other)).await.unwrap();
    assert_eq!(admitted(&trust, &token("a", &key)).await, Err(UnknownKey.into()));
}

#[tokio::test]
async fn without_any_key_set_callers_are_told_to_come_again() {
    let key = Key::generate();
    let keys = KeyServer::start(Answer::Status(500)).await;
    let trust = trust_in(&keys).await;
    for _ in 0..10 {
        assert_eq!(
            admitted(&trust, &token("a", &key)).await,
            Err(NotAdmitted::Token(KeysUnavailable))
        );
    }
    assert_eq!(keys.asked(), 1);
    keys.answer(set(&[("a", &key)]));
    let (_retry_after, seconds) = NotAdmitted::Token(KeysUnavailable).answer().header.unwrap();
    let seconds: u64 = seconds.parse().unwrap();
    pass(Duration::from_secs(seconds)).await;
    admitted(&trust, &token("a", &key)).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_hangs_holds_calls_up_for_seconds_and_then_for_none() {
    let key = Key::generate();
    let keys = KeyServer::start(Answer::Hang).await;
    let trust = trust_in(&keys).await;
    let begin = Instant::now();
    assert_eq!(admitted(&trust, &token("a", &key)).await, Err(NotAdmitted::Token(KeysUnavailable)));
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    keys.answer(set(&[("a", &key)]));
    pass(Duration::from_secs(5)).await;
    admitted(&trust, &token("a", &key)).await.unwrap();
    // With a key set the call that asks waits for a second at most, and the others do not.
    keys.answer(Answer::Hang);
    let mut others = Vec::new();
    while others.iter().all(|took| *took >= SECOND) && others.len() < ATTEMPTS {
        pass(HOUR).await;
        let mut took = [Duration::ZERO; 2];
        for took in &mut took {
            let begin = Instant::now();
            admitted(&trust, &token("a", &key)).await.unwrap();
            *took = begin.elapsed();
        }
        assert!(took[0] < Duration::from_secs(5), "{took:?}");
        others.push(took[1]);
    }
    assert!(others.iter().any(|took| *took < SECOND), "{others:?}");
}

#[tokio::test]
async fn a_caller_who_leaves_takes_the_answer_from_nobody() {
    let key = Key::generate();
    let keys = KeyServer::start(set(&[("a", &key)])).await;
    let trust = trust_in(&keys).await;
    let token = token("a", &key);
    let left = timeout(Duration::ZERO, admitted(&trust, &token)).await;
    assert!(left.is_err(), "it waits for the key set");
    admitted(&trust, &token).await.unwrap();
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn the_operators_own_roots_speak_for_the_issuer() {
    let key = Key::generate();
    let keys = KeyServer::start(set(&[("a", &key)])).await;
    let (settings, roots) = (token_settings(&keys.url()), keys.roots());
    let trust = Trust::new(settings, Some(&roots), &client().await).unwrap();
    admitted(&trust, &token("a", &key)).await.unwrap();
}

#[tokio::test]
async fn a_secret_in_the_url_of_the_keys_is_not_shown() {
    let settings = token_settings("https://issuer.example/canary/keys?secret=canary");
    assert!(format!("{settings:?}").contains("issuer.example"));
    assert!(!format!("{settings:?}").contains("canary"));
    let trust = Trust::new(settings, None, &client().await).unwrap();
    assert!(!format!("{trust:?}").contains("canary"));
}

#[tokio::test]
async fn an_issuer_whose_certificate_is_not_trusted_is_no_issuer() {
    let key = Key::generate();
    let keys = KeyServer::start(set(&[("a", &key)])).await;
    let trust = Trust::new(token_settings(&keys.url()), None, &client().await).unwrap();
    assert_eq!(admitted(&trust, &token("a", &key)).await, Err(NotAdmitted::Token(KeysUnavailable)));
    assert_eq!(keys.asked(), 0);
}

/// A server of keys by whatever name, which shows them to those who sign as a resource.
struct Guarded {
    server: Server,
    pem: String,
    /// Of each question, whether it was signed.
    questions: Arc<Mutex<Vec<bool>>>,
}

impl Guarded {
    async fn start(name: &str, keys: Value, issuer: Arc<Issuer>) -> Self {
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = certificate.self_signed(&pair).unwrap();
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider);
        let tls = tls.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let tls = tls.with_single_cert(vec![certificate.der().clone()], private).unwrap();
        let questions = Arc::new(Mutex::new(Vec::new()));
        let seen = questions.clone();
        let handler = move |request: http::Request<hyper::body::Incoming>| {
            let (head, _body) = request.into_parts();
            let is_signed = head.headers.contains_key(AUTHORIZATION);
            seen.lock().unwrap().push(is_signed);
            let headers = head.headers.iter();
            let headers =
                headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            let request = Request {
                method: head.method.to_string(),
                target: head.uri.to_string(),
                headers: headers.collect(),
                body: Vec::new(),
            };
            let verdict = verify(&request, issuer.public(), SystemTime::now());
            assert_eq!(verdict.is_ok(), is_signed, "{verdict:?}");
            let keys = keys.clone();
            async move { if is_signed { reply(200, &keys) } else { reply(401, &json!({})) } }
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start_tls(address, Arc::new(tls), handler).await.unwrap();
        Self { server, pem: certificate.pem(), questions }
    }
}

/// Whether a token passes whose keys a guarded server of this name has, and how it was asked.
async fn guarded(name: &str) -> (Result<(), NotAdmitted>, Vec<bool>) {
    let (key, issuer) = (Key::generate(), Issuer::new());
    let folder = tempfile::tempdir().unwrap();
    let keys = json!({ "keys": [key.jwk("SIGNING_KEY")] });
    let guarded = Guarded::start(name, keys, issuer.clone()).await;
    let principal = ResourcePrincipal::mint(issuer, folder.path(), HOUR).unwrap();
    let vars = principal.variables();
    let var = |name: &str| {
        let found = vars.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.clone())
    };
    let principal = Principal::from_vars(&var, SystemTime::now()).unwrap();
    let trust = Roots::from_pem(guarded.pem.as_bytes()).unwrap();
    let trust = oracle_cloud_client::Trust::with_roots(&trust).unwrap();
    let address = guarded.server.address;
    let http = HttpClient::builder(&trust).address(name, address).build().unwrap();
    let client = Client::builder().http(http.clone()).build_as(principal).unwrap();
    let url = format!("https://{name}:{}/admin/v1/SigningCert/jwk", address.port());
    let trust = Trust::over(token_settings(&url), http, &client);
    let outcome = admitted(&trust, &token("SIGNING_KEY", &key)).await;
    (outcome, guarded.questions.lock().unwrap().clone())
}

#[tokio::test]
async fn a_domain_that_guards_its_keys_is_asked_once_more_with_a_signature() {
    for name in [
        "idcs-0a1b.identity.oraclecloud.com",
        "idcs-0a1b.identity.eu-frankfurt-1.oci.oraclecloud.eu",
    ] {
        assert_eq!(guarded(name).await, (Ok(()), vec![false, true]), "{name}");
    }
}

#[tokio::test]
async fn nobody_but_an_identity_domain_gets_a_signature() {
    for name in [
        "issuer.example",
        "idcs-0a1b.identity.oraclecloud.com.example",
        "identity.oraclecloud.example",
        "objectstorage.eu-frankfurt-1.oraclecloud.com",
    ] {
        let refused = Err(NotAdmitted::Token(KeysUnavailable));
        assert_eq!(guarded(name).await, (refused, vec![false]), "{name}");
    }
}
