//! The emulated identity domain: clients get tokens from it, the gateway its keys.
//!
//! Source: docs/spec/oci-services.md#identity-domains.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::clock::{now, since_epoch};
use crate::http::{self, Reply, Server};
use crate::keys::Key;

/// The issuer of every identity domain's tokens.
pub const ISSUER: &str = "https://identity.oraclecloud.com/";
/// The key's name, which stays the same when the key is replaced.
const KID: &str = "SIGNING_KEY";
/// How long a token is good for, in seconds.
const LIFETIME: u64 = 3600;

/// A confidential application that may ask for tokens: what it proves itself with, and for which
/// API.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The client secret.
    pub secret: String,
    /// The primary audience of the API, such as `https://gateway.example/`.
    pub audience: String,
    /// The scope of the API that it is granted, such as `predict`.
    pub scope: String,
}

impl Client {
    /// Returns the scope as a client asks for it: audience and scope, with nothing between.
    pub fn qualified_scope(&self) -> String {
        format!("{}{}", self.audience, self.scope)
    }
}

/// A running identity domain.
#[derive(Debug)]
pub struct IdentityDomain {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    key: Mutex<Arc<Key>>,
    clients: Vec<Client>,
    issued: AtomicU64,
}

impl IdentityDomain {
    /// Starts on `port` of 127.0.0.1 (0: a free one), with these clients.
    pub async fn start(port: u16, clients: Vec<Client>) -> io::Result<Self> {
        let key = Mutex::new(Arc::new(Key::generate()));
        let state = Arc::new(State { key, clients, issued: AtomicU64::new(0) });
        let shared = state.clone();
        let server = Server::start(port, move |request| shared.clone().answer(request)).await?;
        Ok(Self { server, state })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Returns the key set that it publishes.
    pub fn jwks(&self) -> Value {
        self.state.jwks()
    }

    /// Replaces the signing key, under the same name.
    pub fn rotate(&self) {
        *self.state.key.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Key::generate());
    }

    /// Returns a token with claims of the caller's choice over those that `client` would get; null
    /// removes one.
    pub fn mint(&self, client: &Client, claims: &Value) -> String {
        let mut all = self.state.claims(client);
        if let (Some(all), Some(claims)) = (all.as_object_mut(), claims.as_object()) {
            all.extend(claims.clone());
            all.retain(|_, value| !value.is_null());
        }
        self.state.sign(&all)
    }
}

impl State {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/oauth2/v1/token") => self.token(request).await,
            (&Method::GET, "/admin/v1/SigningCert/jwk") => http::reply(200, &self.jwks()),
            (&Method::GET, "/.well-known/openid-configuration") => http::reply(
                200,
                &json!({ "issuer": ISSUER, "token_endpoint": "/oauth2/v1/token", "jwks_uri": "/admin/v1/SigningCert/jwk" }),
            ),
            _ => http::reply(404, &json!({ "error": "not_found" })),
        }
    }

    async fn token(&self, request: Request<Incoming>) -> Reply {
        let refusal = |status, error: &str, description: &str| {
            http::reply(status, &json!({ "error": error, "error_description": description }))
        };
        let authorization = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let Some(form) = http::body(request.into_body(), 16 * 1024).await else {
            return refusal(400, "invalid_request", "The form is not readable.");
        };
        let Some(client) = authorization.and_then(|header| self.client(&header)) else {
            return refusal(401, "invalid_client", "Client authentication failed.");
        };
        if field(&form, "grant_type").as_deref() != Some("client_credentials") {
            return refusal(
                400,
                "unsupported_grant_type",
                "The grant type is not client_credentials.",
            );
        }
        match field(&form, "scope") {
            Some(scope) if scope == client.qualified_scope() => {}
            Some(scope) if scope.starts_with(&client.audience) => {
                return refusal(400, "unauthorized_client", "Client authorization failed.");
            }
            _ => return refusal(400, "invalid_scope", "The scope is not known."),
        }
        let token = self.sign(&self.claims(client));
        http::reply(
            200,
            &json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME }),
        )
    }

    /// Returns the client whose id and secret a Basic authorization holds.
    fn client(&self, authorization: &str) -> Option<&Client> {
        let decoded = STANDARD.decode(authorization.strip_prefix("Basic ")?).ok()?;
        let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        self.clients.iter().find(|client| client.id == id && client.secret == secret)
    }

    fn claims(&self, client: &Client) -> Value {
        let issued = since_epoch(now()).as_secs();
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        json!({
            "iss": ISSUER,
            "aud": client.audience,
            "sub": client.id,
            "sub_type": "client",
            "client_id": client.id,
            "client_name": client.id,
            "scope": client.scope,
            "tok_type": "AT",
            "iat": issued,
            "exp": issued + LIFETIME,
            "jti": format!("emulated-{number}"),
        })
    }

    fn sign(&self, claims: &Value) -> String {
        self.key().token(&json!({ "alg": "RS256", "kid": KID, "typ": "JWT" }), claims)
    }

    /// Returns the key set in the form of a real domain, with operations that a gateway does not
    /// take as they are.
    fn jwks(&self) -> Value {
        let mut jwk = self.key().jwk(KID);
        if let Some(members) = jwk.as_object_mut() {
            members.insert("key_ops".to_owned(), json!(["encrypt", "sign"]));
        }
        json!({ "keys": [jwk] })
    }

    fn key(&self) -> Arc<Key> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns a field of an `application/x-www-form-urlencoded` body.
fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
