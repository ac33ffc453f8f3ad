//! `mdfn token`: a client's token from its identity domain, kept until it expires.
//!
//! Source: docs/spec/oci-services.md#client-credentials.

mod cache;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use emulator::clock::{now, since_epoch};
use emulator::keys::Token;
use serde::Deserialize;
use serde_json::Value;

use self::cache::{Cache, Kept};
use crate::client::{self, Client};
use crate::input::{self, read_word};
use crate::terminal::{complain, deliver, printable};

/// A token that ends sooner is not used any more.
const MARGIN: Duration = Duration::from_secs(60);

const AFTER_HELP: &str = "\
The token goes only to standard output; the secret is never printed. The token is cached in ~/.cache/mdfn (or
XDG_CACHE_HOME), readable only by you, until a minute before it expires. The secret is needed even when a token is
cached. A cache that others could have written is not used.

Defaults are in MDFN_DOMAIN, MDFN_CLIENT_ID and MDFN_SCOPE. The secret is in MDFN_CLIENT_SECRET.

Exit code: 0, 1 if the domain refuses, 2 for wrong usage, 3 if it cannot be reached.

Example:
  export MDFN_CLIENT_SECRET=\"$(terraform output -raw client_secret)\"
  mdfn token --header --domain https://idcs-<id>.identity.oraclecloud.com --client-id <id> \\
      --scope https://gateway.example/predict | curl -H @- ...";

/// Requests a token with a client's id and secret
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    #[command(flatten)]
    client: ClientOptions,
    /// Print the token's claims instead of the token
    #[arg(long)]
    claims: bool,
    /// Print the header `authorization` for `curl -H @-`; others can read command lines
    #[arg(long, conflicts_with = "claims")]
    header: bool,
}

/// Who asks for a token, and for what.
#[derive(Debug, Args)]
pub(crate) struct ClientOptions {
    /// URL of the identity domain
    #[arg(long, value_name = "URL")]
    domain: Option<String>,
    /// Client id
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// File with the client secret; `-` for standard input
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// Audience and scope, one after the other: `https://gateway.example/predict`
    #[arg(long)]
    scope: Option<String>,
    /// Do not read or write the token cache
    #[arg(long)]
    no_cache: bool,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} is not given; expected the option `{1}` or the variable {2}")]
    Missing(&'static str, &'static str, &'static str),
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("cannot reach the identity domain: {0}")]
    Unreachable(#[from] client::Error),
    #[error("the identity domain refuses with {0}: {1}")]
    Refused(String, &'static str),
    #[error(
        "the identity domain answers with status {0} and no token; is `--domain` the domain's URL?"
    )]
    NoToken(u16),
    #[error(
        "the identity domain answers with a token that is empty or not visible ASCII; is it an identity domain?"
    )]
    Unusable,
    #[error("the token is not a JSON Web Token, so it has no claims to show")]
    Opaque,
}

impl Error {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(..) | Self::Input(_) => 2,
            Self::Unreachable(error) => error.exit_code(),
            Self::Refused(..) | Self::NoToken(_) | Self::Unusable | Self::Opaque => 1,
        }
    }
}

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match shown(&options, variable).await {
        Ok(line) => deliver("mdfn token", &line),
        Err(error) => {
            complain(&format!("mdfn token: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn shown(options: &Options, variable: fn(&str) -> Option<String>) -> Result<String, Error> {
    let (bearer, _) = options.client.request(variable)?.token().await?;
    if options.header {
        return Ok(format!("Authorization: Bearer {}", bearer.0));
    }
    if !options.claims {
        return Ok(bearer.0);
    }
    let token = Token::parse(&bearer.0).ok_or(Error::Opaque)?;
    Ok(format!("{:#}", token.claims))
}

/// A token or a secret: never shown by accident.
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a domain answers to a client that it knows.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// A number of seconds, in whatever form.
    #[serde(default)]
    expires_in: Value,
}

impl Granted {
    /// Returns how long the token is good for; None if the answer does not say so in an
    /// understandable way.
    fn lifetime(&self) -> Option<u64> {
        let whole = |seconds| Some(Duration::try_from_secs_f64(seconds).ok()?.as_secs());
        match &self.expires_in {
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl ClientOptions {
    /// Returns the file with the secret, if one is given.
    pub(crate) fn secret_file(&self) -> Option<&Path> {
        self.client_secret_file.as_deref()
    }

    /// Returns all that a token is asked for with. It reads the secret, which may be had only once.
    pub(crate) fn request(
        &self,
        variable: fn(&str) -> Option<String>,
    ) -> Result<TokenRequest, Error> {
        let of = |option: &Option<String>, what, flag, name| {
            let given = option.clone().or_else(|| variable(name)).filter(|text| !text.is_empty());
            given.ok_or(Error::Missing(what, flag, name))
        };
        let domain = of(&self.domain, "the identity domain", "--domain", "MDFN_DOMAIN")?;
        let domain = domain.trim_end_matches('/').to_owned();
        let id = of(&self.client_id, "the client id", "--client-id", "MDFN_CLIENT_ID")?;
        let scope = of(&self.scope, "the scope", "--scope", "MDFN_SCOPE")?;
        let secret = self.secret(variable)?;
        let cache = Cache::new([&domain, &id, &scope], &secret.0, variable);
        let cache = cache.filter(|_| !self.no_cache);
        Ok(TokenRequest { domain, id, scope, secret, cache, client: Client::from_vars(variable)? })
    }

    fn secret(&self, variable: fn(&str) -> Option<String>) -> Result<Secret, Error> {
        if let Some(path) = &self.client_secret_file {
            return Ok(Secret(read_word("`--client-secret-file`", path)?));
        }
        let secret = variable("MDFN_CLIENT_SECRET").filter(|secret| !secret.is_empty());
        let missing = Error::Missing(
            "the client secret, which a cached token needs too,",
            "--client-secret-file",
            "MDFN_CLIENT_SECRET",
        );
        Ok(Secret(secret.ok_or(missing)?))
    }
}

/// A client that asks its domain for a token.
#[derive(Debug)]
pub(crate) struct TokenRequest {
    domain: String,
    id: String,
    scope: String,
    secret: Secret,
    cache: Option<Cache>,
    client: Client,
}

impl TokenRequest {
    /// Returns a token, kept or new; whether it was kept.
    pub(crate) async fn token(&self) -> Result<(Secret, bool), Error> {
        let kept = self.cache.as_ref().map_or(Ok(None), Cache::read);
        match kept {
            Ok(Some(kept)) if kept.is_usable() => Ok((Secret(kept.access_token), true)),
            Ok(_) => Ok((self.new_token().await?, false)),
            Err(why) => {
                complain(&format!("mdfn: the cached token is not used, and none is cached: {why}"));
                Ok((Secret(self.ask().await?.access_token), false))
            }
        }
    }

    /// Returns a new token, where one that was kept is refused.
    pub(crate) async fn new_token(&self) -> Result<Secret, Error> {
        let asked = since_epoch(now()).as_secs();
        let granted = self.ask().await?;
        // If the answer does not say, the token is for this call only.
        if let (Some(cache), Some(lifetime)) = (&self.cache, granted.lifetime()) {
            let expires = asked.saturating_add(lifetime);
            let kept = Kept { access_token: granted.access_token.clone(), expires };
            if let Err(why) = cache.write(&kept) {
                complain(&format!("mdfn: the token is not cached: {why}"));
            }
        }
        Ok(Secret(granted.access_token))
    }

    async fn ask(&self) -> Result<Granted, Error> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &self.scope)
            .finish();
        let basic = STANDARD.encode(format!("{}:{}", self.id, self.secret.0));
        let headers = [
            ("authorization", format!("Basic {basic}")),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        let url = format!("{}/oauth2/v1/token", self.domain);
        let answer = self.client.send("POST", &url, &headers, form).await?;
        if let (200, Ok(granted)) = (answer.status, serde_json::from_slice::<Granted>(&answer.body))
        {
            let usable = is_token(&granted.access_token);
            return if usable { Ok(granted) } else { Err(Error::Unusable) };
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (answer.status, body.get("error").and_then(Value::as_str)) {
            (400..=403, Some(error)) => {
                Err(Error::Refused(format!("`{}`", printable(error)), meaning(error)))
            }
            (status, _) => Err(Error::NoToken(status)),
        }
    }
}

impl Kept {
    fn is_usable(&self) -> bool {
        is_token(&self.access_token) && self.expires > (since_epoch(now()) + MARGIN).as_secs()
    }
}

/// Returns whether a text can be sent as a token, and printed.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns the advice for an error of the token endpoint, for whoever configured the client.
fn meaning(error: &str) -> &'static str {
    match error {
        "invalid_client" => "client id or secret are wrong, or the application is not activated",
        "unauthorized_client" => {
            "the application may not use the grant `client_credentials`, or has not been given this scope as a resource"
        }
        "invalid_scope" => {
            "no application has this scope; expected the audience and the scope with nothing between, such as \
             `https://gateway.example/predict`"
        }
        "unsupported_grant_type" | "invalid_request" => {
            "is `--domain` the URL of an identity domain, without a path?"
        }
        _ => "see the audit log of the identity domain",
    }
}
