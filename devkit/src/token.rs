//! `mdfn token`: a client's token from its identity domain, kept until it expires.
//!
//! Source: RFC 6749, section 4.4; OCI identity domains, access tokens.

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::client::{self, Client, ROOTS};
use crate::clock::{now, since_epoch};
use crate::input::{self, read};
use crate::keys::Token;
use crate::terminal::{complain, say};

/// A token that ends sooner is not used any more.
const MARGIN: Duration = Duration::from_secs(60);

const AFTER_HELP: &str = "\
The token goes to standard output and nowhere else; the secret goes nowhere. The token is kept in ~/.cache/mdfn (or XDG_CACHE_HOME),
readable for you alone, until a minute before it expires.

Options that are not given are taken from MDFN_DOMAIN, MDFN_CLIENT_ID, MDFN_SCOPE; the secret from MDFN_CLIENT_SECRET.

Exit code: 0, 1 if the domain refuses, 2 for wrong usage, 3 if it cannot be reached.

Example:
  export MDFN_CLIENT_SECRET=\"$(terraform output -raw client_secret)\"
  curl -H \"Authorization: Bearer $(mdfn token --domain https://idcs-<id>.identity.oraclecloud.com --client-id <id> \\
      --scope https://gateway.example/predict)\" ...";

/// Gets a token with a client's id and secret
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    #[command(flatten)]
    client: ClientOptions,
    /// Print what the token says instead of the token
    #[arg(long)]
    claims: bool,
}

/// Who asks for a token, and for what.
#[derive(Debug, Args)]
pub(crate) struct ClientOptions {
    /// The identity domain's URL
    #[arg(long, value_name = "URL")]
    domain: Option<String>,
    /// The client id
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The file with the client secret; `-` for standard input
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The scope with its audience before it, nothing between
    #[arg(long)]
    scope: Option<String>,
    /// Neither use a token that was kept nor keep this one
    #[arg(long)]
    no_cache: bool,
}

/// A token that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} is not given; expected the option `{1}` or the variable {2}")]
    Missing(&'static str, &'static str, &'static str),
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("the identity domain cannot be asked: {0}")]
    Unreachable(#[from] client::Error),
    #[error("the identity domain refuses with {0}: {1}")]
    Refused(String, &'static str),
    #[error(
        "the identity domain answers with status {0} and no token; is `--domain` the domain's URL?"
    )]
    NoToken(u16),
    #[error("the token is no JSON Web Token, so it has no claims to show")]
    Opaque,
}

impl Error {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(..) | Self::Input(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Refused(..) | Self::NoToken(_) | Self::Opaque => 1,
        }
    }
}

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match shown(&options, variable).await {
        Ok(line) => {
            say(&line);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("mdfn token: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn shown(options: &Options, variable: fn(&str) -> Option<String>) -> Result<String, Error> {
    let (bearer, _) = options.client.token(variable).await?;
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
    expires_in: Option<u64>,
}

/// A token on disk.
#[derive(Deserialize, Serialize)]
struct Kept {
    access_token: String,
    /// In seconds since 1970.
    expires: u64,
}

impl ClientOptions {
    /// A token for the client, kept or new; whether it was kept.
    pub(crate) async fn token(
        &self,
        variable: fn(&str) -> Option<String>,
    ) -> Result<(Secret, bool), Error> {
        self.granted(variable, !self.no_cache).await
    }

    /// A new token, where one that was kept is refused.
    pub(crate) async fn new_token(
        &self,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Secret, Error> {
        Ok(self.granted(variable, false).await?.0)
    }

    async fn granted(
        &self,
        variable: fn(&str) -> Option<String>,
        may_be_kept: bool,
    ) -> Result<(Secret, bool), Error> {
        let of = |option: &Option<String>, what, flag, name| {
            let given = option.clone().or_else(|| variable(name)).filter(|text| !text.is_empty());
            given.ok_or(Error::Missing(what, flag, name))
        };
        let domain = of(&self.domain, "the identity domain", "--domain", "MDFN_DOMAIN")?;
        let domain = domain.trim_end_matches('/').to_owned();
        let id = of(&self.client_id, "the client id", "--client-id", "MDFN_CLIENT_ID")?;
        let scope = of(&self.scope, "the scope", "--scope", "MDFN_SCOPE")?;
        let place = (!self.no_cache).then(|| place(&[&domain, &id, &scope], variable)).flatten();
        if let Some(kept) = place.as_deref().filter(|_| may_be_kept).and_then(kept) {
            return Ok((kept, true));
        }
        let secret = self.secret(variable)?;
        let asked = since_epoch(now()).as_secs();
        let granted = ask(&domain, &id, &secret, &scope, variable).await?;
        // Where the answer does not say, the token is for this call alone.
        if let (Some(place), Some(lifetime)) = (place, granted.expires_in) {
            let expires = asked + lifetime;
            let kept = Kept { access_token: granted.access_token.clone(), expires };
            if let Err(why) = keep(&place, &kept) {
                complain(&format!("mdfn: the token is not kept: {why}"));
            }
        }
        Ok((Secret(granted.access_token), false))
    }

    fn secret(&self, variable: fn(&str) -> Option<String>) -> Result<Secret, Error> {
        if let Some(path) = &self.client_secret_file {
            let bytes = read("`--client-secret-file`", path)?;
            return Ok(Secret(String::from_utf8_lossy(bytes.trim_ascii()).into_owned()));
        }
        let secret = variable("MDFN_CLIENT_SECRET").filter(|secret| !secret.is_empty());
        let missing =
            Error::Missing("the client secret", "--client-secret-file", "MDFN_CLIENT_SECRET");
        Ok(Secret(secret.ok_or(missing)?))
    }
}

async fn ask(
    domain: &str,
    id: &str,
    secret: &Secret,
    scope: &str,
    variable: fn(&str) -> Option<String>,
) -> Result<Granted, Error> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", scope)
        .finish();
    let headers = [
        ("authorization", format!("Basic {}", STANDARD.encode(format!("{id}:{}", secret.0)))),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
    ];
    let roots = variable(ROOTS).map(PathBuf::from);
    let client = Client::new(roots.as_deref())?;
    let answer = client.send("POST", &format!("{domain}/oauth2/v1/token"), &headers, form).await?;
    if let (200, Ok(granted)) = (answer.status, serde_json::from_slice(&answer.body)) {
        return Ok(granted);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (answer.status, body.get("error").and_then(Value::as_str)) {
        (400..=403, Some(error)) => {
            Err(Error::Refused(format!("`{}`", printable(error)), meaning(error)))
        }
        (status, _) => Err(Error::NoToken(status)),
    }
}

/// What an error of the token endpoint says to whoever set the client up.
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

/// A word of the domain's for a terminal: short, without control characters.
fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(60).collect()
}

/// Where a token for these is kept; None without a home.
fn place(of: &[&str], variable: fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    let name = URL_SAFE_NO_PAD.encode(Sha256::digest(of.join("\n")));
    Some(cache.join("mdfn").join(name))
}

fn kept(place: &Path) -> Option<Secret> {
    let kept: Kept = serde_json::from_slice(&fs::read(place).ok()?).ok()?;
    let usable = kept.expires > (since_epoch(now()) + MARGIN).as_secs();
    usable.then_some(Secret(kept.access_token))
}

/// Writes the token beside its place and moves it there, so that nobody reads half of one.
fn keep(place: &Path, kept: &Kept) -> Result<(), String> {
    let directory = place.parent().ok_or("there is no directory")?;
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory).map_err(|error| error.to_string())?;
    let text = serde_json::to_string(kept).map_err(|error| error.to_string())?;
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(|error| error.to_string())?;
    file.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    file.persist(place).map(drop).map_err(|error| error.to_string())
}
