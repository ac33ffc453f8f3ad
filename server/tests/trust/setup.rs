//! An identity domain, a server of key sets over TLS, and tokens that are made by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::deployment::{Authority, Certificate};
use emulator::http::{Reply, Server, reply};
use emulator::identity::{Client as Application, ISSUER, IdentityDomain};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use model_deployment_server::trust::{Trust, TrustSettings};
use oracle_cloud_client::region::Regions;
use oracle_cloud_client::{
    Client, Credentials, HttpClient, KeyId, PrivateKey, Roots, SettingsError, Variables,
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time;

pub(crate) const AUDIENCE: &str = "https://gateway.example/";

/// What is configured with these variables, or the mistakes.
pub(crate) fn settings(vars: &[(&str, &str)]) -> Result<TrustSettings, SettingsError> {
    let vars: BTreeMap<&str, &str> = vars.iter().copied().collect();
    let var = |name: &str| vars.get(name).map(|value| (*value).to_owned());
    let mut vars = Variables::new(&var);
    let settings = TrustSettings::from_vars(&mut vars, &Regions::default());
    vars.finish(settings)
}

pub(crate) fn mistakes(vars: &[(&str, &str)]) -> Vec<String> {
    settings(vars).unwrap_err().mistakes().to_vec()
}

/// The settings for tokens of the emulated domain, checked with keys from `keys`.
pub(crate) fn token_settings(keys: &str) -> TrustSettings {
    let token =
        [("TOKEN_ISSUER", ISSUER), ("TOKEN_AUDIENCE", AUDIENCE), ("TOKEN_SCOPE", "predict")];
    settings(&[&token[..], &[("TOKEN_KEYS", keys)]].concat()).unwrap()
}

pub(crate) fn application() -> Application {
    let [id, secret, scope] = ["client", "client secret", "predict"].map(str::to_owned);
    Application { id, secret, audience: AUDIENCE.to_owned(), scope }
}

pub(crate) async fn domain() -> IdentityDomain {
    IdentityDomain::start(0, vec![application()]).await.unwrap()
}

/// A client with a key of its own; it signs where a domain asks for that.
pub(crate) async fn client() -> Client {
    static KEY: OnceCell<Arc<Credentials>> = OnceCell::const_new();
    let credentials = KEY.get_or_init(|| async {
        let id = KeyId::new("tenancy/user/fingerprint").unwrap();
        Arc::new(Credentials::api_key(id, PrivateKey::generate().unwrap()))
    });
    let http = HttpClient::new(&oracle_cloud_client::Trust::public().unwrap()).unwrap();
    let credentials = credentials.await.clone();
    Client::builder().credentials(credentials).http(http).build().await.unwrap()
}

/// Trust in tokens of a domain whose keys are at `keys`.
pub(crate) async fn trust_in(keys: &KeyServer) -> Trust {
    Trust::over(token_settings(&keys.url()), keys.http(), &client().await)
}

/// What a server of key sets answers with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Keys(Value),
    Status(u16),
    Redirect(String),
    Text(&'static str, String),
    Hang,
}

/// A server of key sets, over TLS.
pub(crate) struct KeyServer {
    server: Server,
    authority: Authority,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

impl KeyServer {
    pub(crate) async fn start(answer: Answer) -> Self {
        let authority = Authority::new();
        let tls = authority.server_config(Certificate::Valid);
        let (answer, asked) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let (answers, count) = (answer.clone(), asked.clone());
        let handler = move |request: http::Request<hyper::body::Incoming>| {
            assert!(!request.headers().contains_key(AUTHORIZATION));
            count.fetch_add(1, Ordering::SeqCst);
            given(answers.lock().unwrap().clone())
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start_tls(address, tls, handler).await.unwrap();
        Self { server, authority, answer, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/keys", self.server.address.port())
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.authority.pem().as_bytes()).unwrap()
    }

    pub(crate) fn http(&self) -> HttpClient {
        let trust = oracle_cloud_client::Trust::with_roots(&self.roots()).unwrap();
        HttpClient::new(&trust).unwrap()
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn given(answer: Answer) -> Reply {
    match answer {
        Answer::Keys(keys) => reply(200, &keys),
        Answer::Status(status) => reply(status, &json!({})),
        Answer::Redirect(location) => {
            let mut redirect = reply(302, &json!({}));
            redirect.headers_mut().insert("location", location.parse().unwrap());
            redirect
        }
        Answer::Text(content_type, text) => {
            let mut answer = http::Response::new(text.into_bytes().into());
            answer.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
            answer
        }
        Answer::Hang => std::future::pending().await,
    }
}

/// An elliptic key, which the emulated domain does not have.
pub(crate) struct EcKey(EcdsaKeyPair);

impl EcKey {
    pub(crate) fn generate() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let point = self.0.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig", "x": x, "y": y })
    }

    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            self.0.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
        })
    }
}

/// A token with this header and these claims, signed in whatever way.
pub(crate) fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The claims of a token that passes.
pub(crate) fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "scope": "predict", "exp": seconds() + 600 })
}

/// Claims with others over them; null removes one.
pub(crate) fn claims_with(others: &Value) -> Value {
    let mut claims = claims();
    let all = claims.as_object_mut().unwrap();
    all.extend(others.as_object().unwrap().clone());
    all.retain(|_, value| !value.is_null());
    claims
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    header("authorization", &format!("Bearer {token}"))
}

pub(crate) fn header(name: &'static str, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_str(value).unwrap())])
}

/// Lets time pass for everything that waits for it.
pub(crate) async fn pass(time: Duration) {
    time::pause();
    time::advance(time).await;
    time::resume();
}
