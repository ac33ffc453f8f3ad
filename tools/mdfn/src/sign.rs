//! `mdfn sign`: the parts of a request's signature, to find the cause of a 401. It signs with code
//! of its own, so that its output can be compared with what another program sent.
//!
//! Source: docs/spec/oci-request-signing.md#signature.

use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use emulator::clock::now;
use http::{Method, Uri};
use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::input::{self, check_stdin, read, read_word};
use crate::terminal::{complain, deliver};

const AFTER_HELP: &str = "\
Prints the signing string, an empty line, then the headers. Compare the signing string with that of your program: the
first line that differs is the reason for the 401. Of a session token only the length is shown, unless you use --reveal.

Exit code: 0, or 2 for wrong usage.

Example:
  mdfn sign POST https://modeldeployment.us-ashburn-1.oci.customer-oci.com/ocid1.../predict --body row.json \\
      --header 'date: Tue, 24 Nov 2026 10:00:00 GMT' --key key.pem --token token";

/// Prints the signing string and the headers of a signed request
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Method
    method: String,
    /// URL, exactly as it is sent
    url: String,
    /// Header (repeatable), also for `date`, `host`, `content-type` or `x-content-sha256`
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// File with the body; `-` for standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Leave the body out of the signature, as Object Storage uploads do
    #[arg(long)]
    unsigned_body: bool,
    /// Sign `x-date` instead of `date`, in the order of Oracle's TypeScript SDK
    #[arg(long)]
    x_date: bool,
    /// Another header to sign, after `host` (repeatable)
    #[arg(long, value_name = "NAME")]
    also: Vec<String>,
    /// Private key, PEM, not encrypted; without it there is no `authorization`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Key id, such as `<tenancy>/<user>/<fingerprint>`
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    key_id: Option<String>,
    /// File with the session token, for the key id
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Show the session token in the header `authorization`
    #[arg(long)]
    reveal: bool,
}

/// A request that cannot be signed.
#[derive(Debug, Error)]
enum Error {
    #[error(
        "the first argument is not a method; expected the method, such as POST, and then the URL"
    )]
    Method,
    #[error("`{0}` is not a URL; expected `https://host/path`, after the method")]
    Url(String),
    #[error("the URL has a user or password in it; leave it out")]
    UserInfo,
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error(
        "`--key` is not a plain RSA private key; `openssl rsa -in FILE -out PLAIN` decrypts one"
    )]
    Key,
    #[error("`--key` also needs `--key-id` or `--token`")]
    KeyId,
    #[error("header `{0}` shall be signed, but is not given")]
    Missing(String),
    #[error("header `{0}` shall be signed, but is given several times")]
    Repeated(String),
}

/// Carries the command out.
pub fn run(options: &Options) -> ExitCode {
    match lines(options) {
        Ok(lines) => deliver("mdfn sign", &lines.join("\n")),
        Err(error) => {
            complain(&format!("mdfn: {error}"));
            ExitCode::from(2)
        }
    }
}

fn lines(options: &Options) -> Result<Vec<String>, Error> {
    let files = [&options.body, &options.key, &options.token];
    check_stdin(files.into_iter().filter_map(|path| path.as_deref()))?;
    let mut request = Request::from_options(options)?;
    let string = request.signing_string()?;
    if let Some(path) = &options.key {
        let key = key(&read("`--key`", path)?).ok_or(Error::Key)?;
        let signature = key.pkcs1v15_sign::<Sha256>(string.as_bytes()).ok().ok_or(Error::Key)?;
        let authorization = format!(
            "Signature version=\"1\",headers=\"{}\",keyId=\"{}\",algorithm=\"rsa-sha256\",signature=\"{}\"",
            request.covered.join(" "),
            key_id(options)?,
            STANDARD.encode(signature),
        );
        request.headers.push(("authorization".to_owned(), authorization));
    }
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    Ok([string, String::new()].into_iter().chain(headers).collect())
}

/// A request with all that its signature covers.
struct Request {
    target: String,
    headers: Vec<(String, String)>,
    covered: Vec<String>,
}

impl Request {
    fn from_options(options: &Options) -> Result<Self, Error> {
        let known = Method::from_bytes(options.method.as_bytes()).ok();
        let method = known.ok_or(Error::Method)?.as_str().to_lowercase();
        let url = url(&options.url)?;
        let host = url.authority().map(|authority| authority.as_str().to_lowercase());
        let host = host.ok_or_else(|| Error::Url(options.url.clone()))?;
        let path = url.path_and_query().map_or("/", |target| target.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let target = format!("{method} {path}");
        let date = if options.x_date { "x-date" } else { "date" };
        let mut request = Self { target, headers: options.headers.clone(), covered: Vec::new() };
        request.add(date, httpdate::fmt_http_date(now()));
        request.add("host", host);
        request.covered = [date, "(request-target)", "host"].map(str::to_owned).to_vec();
        request.covered.extend(options.also.iter().map(|name| name.to_lowercase()));
        if matches!(method.as_str(), "post" | "put" | "patch") && !options.unsigned_body {
            let body = options.body.as_ref().map(|path| read("`--body`", path)).transpose()?;
            let body = body.unwrap_or_default();
            request.add("content-type", "application/json".to_owned());
            request.add("content-length", body.len().to_string());
            request.add("x-content-sha256", STANDARD.encode(Sha256::digest(&body)));
            let mut names = ["content-length", "content-type", "x-content-sha256"];
            if options.x_date {
                names.swap(0, 1);
            }
            request.covered.extend(names.map(str::to_owned));
        }
        Ok(request)
    }

    /// Adds a header that is not there yet.
    fn add(&mut self, name: &str, value: String) {
        if !self.headers.iter().any(|(known, _)| known == name) {
            self.headers.push((name.to_owned(), value));
        }
    }

    fn signing_string(&self) -> Result<String, Error> {
        let line = |name: &String| {
            if name == "(request-target)" {
                return Ok(format!("{name}: {}", self.target));
            }
            let mut values = self.headers.iter().filter(|(known, _)| known == name);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Ok(format!("{name}: {value}")),
                (None, _) => Err(Error::Missing(name.clone())),
                (Some(_), Some(_)) => Err(Error::Repeated(name.clone())),
            }
        };
        Ok(self.covered.iter().map(line).collect::<Result<Vec<_>, _>>()?.join("\n"))
    }
}

/// Returns a URL of a service. One with a user in it is not repeated: a password may stand anywhere
/// before an `@`.
fn url(text: &str) -> Result<Uri, Error> {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    if authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
        return Err(Error::UserInfo);
    }
    let url = text.parse().ok().filter(|url: &Uri| {
        matches!(url.scheme_str(), Some("https" | "http")) && url.host() != Some("")
    });
    url.ok_or_else(|| Error::Url(text.to_owned()))
}

/// Returns the key id, shortened for a person unless the whole one was asked for.
fn key_id(options: &Options) -> Result<String, Error> {
    match (&options.key_id, &options.token) {
        (Some(id), _) => Ok(id.clone()),
        (None, Some(path)) => {
            let token = read_word("`--token`", path)?;
            let shown = format!("({} characters)", token.len());
            Ok(format!("ST${}", if options.reveal { token } else { shown }))
        }
        (None, None) => Err(Error::KeyId),
    }
}

/// Returns the first private key in a text, whatever stands around it and whatever became of its
/// line ends.
fn key(text: &[u8]) -> Option<PrivateKey> {
    let text = String::from_utf8_lossy(text);
    let blocks = text.split("-----BEGIN ").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split_once("-----"));
    let (label, behind) = blocks.find(|(label, _)| label.ends_with("PRIVATE KEY"))?;
    let (body, _) = behind.split_once(&format!("-----END {label}-----"))?;
    let body = body.replace("\\n", "").replace("\\r", "");
    let base64: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(base64).ok()?;
    PrivateKey::from_pkcs8_der(&der).or_else(|_| PrivateKey::from_pkcs1_der(&der)).ok()
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    Ok((name.trim().to_lowercase(), value.trim().to_owned()))
}
