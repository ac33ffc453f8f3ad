//! `mdfn jwk`: the signing keys of an identity domain in the form that API Gateway takes as static
//! keys.
//!
//! Source: docs/spec/oci-services.md#signing-keys.

mod check;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use emulator::gateway::signing_key::{SigningKey, Unusable, signing_keys};
use emulator::keys::Token;
use serde_json::Value;

use crate::client::{self, Client};
use crate::input::{self, check_stdin, read, read_word};
use crate::terminal::{complain, deliver, printable};

/// Where an identity domain publishes its keys.
const KEY_SET: &str = "/admin/v1/SigningCert/jwk";
/// The most keys that a gateway takes.
const MAX_KEYS: usize = 10;
/// The most keys that are named in one list.
const MAX_LISTED: usize = 10;

const AFTER_HELP: &str = "\
Prints a JSON array for `keys` of the deployment specification, or for `--keys` of `mdfn gateway-spec`. Members that
the gateway does not accept (`x5c`, `x5t`, `key_ops` without `verify`) are left out. A key that it cannot use (not RSA,
not 2048 to 4096 bits) is refused.

When an identity domain replaces its key, the new key has the same name: run this again. --token takes the key that
signed the token, even if others have the same name. --check only compares: schedule it to notice a new key.

Exit code: 0, 1 if there is no usable key or --check finds one missing, 2 for wrong usage, 3 if the key set cannot be
fetched.

Example:
  mdfn jwk https://idcs-<id>.identity.oraclecloud.com > keys.json
  oci api-gateway deployment get --deployment-id <OCID> --query data.specification \\
      | mdfn jwk --check - https://idcs-<id>.identity.oraclecloud.com";

/// Converts an identity domain's key set into static keys for the gateway
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// URL of the identity domain or the key set, or a file; `-` for standard input
    #[arg(default_value = "-")]
    source: String,
    /// Take only the key with this name
    #[arg(long, conflicts_with = "token")]
    kid: Option<String>,
    /// Take only the key that signed the token in this file; `-` for standard input
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Print the keys as PEM
    #[arg(long)]
    pem: bool,
    /// Only compare with the keys in this deployment specification; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "pem")]
    check: Option<PathBuf>,
}

/// A key set that makes no static keys.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("{0}; a URL begins with `https://`")]
    NoSource(input::Error),
    #[error("cannot fetch the key set: {0}")]
    Unreachable(#[from] client::Error),
    #[error(
        "{0} answers with status {1}: its keys are not public; in the domain's settings, allow client access to the signing \
         certificate (Terraform: `signing_cert_public_access`), at least until the keys are copied"
    )]
    NotPublic(String, u16),
    #[error("{0} answers with status {1}; expected 200 and a key set")]
    Status(String, u16),
    #[error(
        "this is not a key set; expected JSON such as {{\"keys\": [{{\"kty\": \"RSA\", \"kid\": ...}}]}}"
    )]
    NoSet,
    #[error("this is not a token; expected three parts of base64url with dots between")]
    NoToken,
    #[error("the key set has no usable key: {0}")]
    NoKey(String),
    #[error("no key of the set is called `{0}`; it has {1}")]
    Unknown(String, String),
    #[error(
        "none of the keys signed this token: they were replaced after it was made, or it is another domain's"
    )]
    NotSigner,
    #[error("several keys are called `{0}`; `--token FILE` takes the one that signed a token")]
    SameName(String),
    #[error("{0} keys are usable, and a gateway takes {MAX_KEYS}; choose with `--kid`")]
    Many(usize),
    #[error(transparent)]
    Check(#[from] check::Error),
}

impl Error {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::NoSource(_) | Self::NoSet | Self::NoToken => 2,
            Self::Unreachable(error) => error.exit_code(),
            Self::Check(error) => error.exit_code(),
            Self::NotPublic(..) | Self::Status(..) => 3,
            Self::NoKey(_)
            | Self::Unknown(..)
            | Self::NotSigner
            | Self::SameName(_)
            | Self::Many(_) => 1,
        }
    }
}

/// Carries the command out; `variable` reads the environment.
pub async fn run(options: Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    match result(&options, variable).await {
        Ok(result) => deliver("mdfn jwk", &result),
        Err(error) => {
            complain(&format!("mdfn jwk: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Returns the output of the command.
async fn result(options: &Options, variable: fn(&str) -> Option<String>) -> Result<String, Error> {
    let files = [options.token.as_deref(), options.check.as_deref()].into_iter().flatten();
    check_stdin([Path::new(&options.source)].into_iter().chain(files))?;
    let keys = chosen(options, variable).await?;
    if let Some(file) = &options.check {
        return Ok(check::check(&keys, file)?);
    }
    let keys = keys.iter().map(|key| if options.pem { key.pem() } else { key.jwk() });
    Ok(format!("{:#}", keys.collect::<Value>()))
}

/// Returns the keys that a gateway can use, or the requested one.
async fn chosen(
    options: &Options,
    variable: fn(&str) -> Option<String>,
) -> Result<Vec<SigningKey>, Error> {
    let set = key_set(&options.source, variable).await?;
    let set: Value = serde_json::from_slice(&set).map_err(|_invalid| Error::NoSet)?;
    let (mut keys, unusable) = usable(&set)?;
    for why in &unusable {
        complain(&format!("mdfn jwk: {why}"));
    }
    if keys.is_empty() {
        return Err(Error::NoKey(unusable.join("; ")));
    }
    let token = options.token.as_deref().map(signed_token).transpose()?;
    let of_token = token.as_ref().and_then(|token| token.header.get("kid")?.as_str());
    if let Some(name) = options.kid.as_deref().or(of_token) {
        let names = keys.iter().map(|key| format!("`{}`", printable(&key.kid))).collect();
        keys.retain(|key| key.kid == name);
        if keys.is_empty() {
            return Err(Error::Unknown(printable(name), listed(names).join(", ")));
        }
    }
    if let Some(token) = token {
        keys.retain(|key| token.is_signed_by(&key.public));
        if keys.is_empty() {
            return Err(Error::NotSigner);
        }
    }
    let repeated = keys
        .iter()
        .enumerate()
        .find(|(at, key)| keys.iter().take(*at).any(|earlier| earlier.kid == key.kid));
    if let Some((_, key)) = repeated {
        return Err(Error::SameName(printable(&key.kid)));
    }
    if keys.len() > MAX_KEYS {
        return Err(Error::Many(keys.len()));
    }
    Ok(keys)
}

/// Returns the bytes of the key set, from wherever it is.
async fn key_set(source: &str, variable: fn(&str) -> Option<String>) -> Result<Vec<u8>, Error> {
    let begins = |scheme: &str| {
        source.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    if !begins("https://") && !begins("http://") {
        return read("the key set", Path::new(source)).map_err(|error| {
            if error.is_missing() { Error::NoSource(error) } else { Error::Input(error) }
        });
    }
    let path = source.splitn(4, '/').nth(3).unwrap_or_default();
    let url = if path.is_empty() {
        format!("{}{KEY_SET}", source.trim_end_matches('/'))
    } else {
        source.to_owned()
    };
    let answer = Client::from_vars(variable)?.send("GET", &url, &[], "").await?;
    match answer.status {
        200 => Ok(answer.body.to_vec()),
        401 | 403 => Err(Error::NotPublic(url, answer.status)),
        status => Err(Error::Status(url, status)),
    }
}

fn signed_token(path: &Path) -> Result<Token, Error> {
    Token::parse(&read_word("`--token`", path)?).ok_or(Error::NoToken)
}

/// Returns the keys of a set that a gateway can use, and why the others are not.
fn usable(set: &Value) -> Result<(Vec<SigningKey>, Vec<String>), Error> {
    let (keys, unusable) = signing_keys(set).ok_or(Error::NoSet)?;
    let mut reasons: Vec<String> = unusable.iter().map(reason).collect();
    if keys.is_empty() && reasons.is_empty() {
        reasons.push("it is empty".to_owned());
    }
    Ok((keys, listed(reasons)))
}

/// Why a key is not used, for a terminal.
fn reason(unusable: &Unusable) -> String {
    if let Unusable::Named(name, why) = unusable {
        format!("key `{}` is left out: {why}", printable(name))
    } else {
        unusable.to_string()
    }
}

/// Returns a list short enough for a person.
fn listed(mut list: Vec<String>) -> Vec<String> {
    let more = list.len().saturating_sub(MAX_LISTED);
    list.truncate(MAX_LISTED);
    list.extend((more > 0).then(|| format!("and {more} more")));
    list
}
