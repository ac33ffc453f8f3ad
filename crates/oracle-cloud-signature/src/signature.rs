//! Signature version 1: which headers are covered, the string that is signed, the header that carries the result.
//!
//! Pure: no network, no clock, no environment. Source: docs/spec/oci-request-signing.md#signature.

use std::fmt;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName,
    TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::secret;
use super::token::SessionToken;

const X_DATE: HeaderName = HeaderName::from_static("x-date");
const X_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-content-sha256");
const REQUEST_TARGET: &str = "(request-target)";

/// The name that a service finds the public key by. It shows nothing of itself.
#[derive(Clone)]
pub struct KeyId(Zeroizing<String>);

impl KeyId {
    /// A key id such as `<tenancy>/<user>/<fingerprint>`; visible ASCII without a quotation mark.
    pub fn new(text: impl Into<String>) -> Result<Self, SignError> {
        let text = Zeroizing::new(text.into());
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        if text.is_empty() || !text.bytes().all(fits) {
            return Err(SignError::KeyId);
        }
        Ok(Self(text))
    }

    /// The key id of a session token: `ST$` and the token.
    pub fn session(token: &SessionToken) -> Self {
        Self(Zeroizing::new(format!("ST${}", token.text())))
    }

    /// The text as it is sent. Whoever reads it holds a token: never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId(redacted)")
    }
}

/// The body of a request, as far as its signature is concerned.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// The bytes that will be sent; for POST, PUT and PATCH they are hashed in place and covered.
    Bytes(&'a [u8]),
    /// Sent from elsewhere: the request already has `content-length` and `x-content-sha256`, and they are covered.
    Hashed,
    /// Not covered. A few operations accept that, Object Storage uploads among them; predict does not.
    Unsigned,
}

/// Shows no byte of it.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Hashed => f.write_str("Hashed"),
            Self::Unsigned => f.write_str("Unsigned"),
        }
    }
}

/// What a signature covers beside its fixed parts. The default is what nearly every OCI call wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signing<'a> {
    /// Send and cover `x-date` instead of `date`, for clients that may not set `Date`.
    pub x_date: bool,
    /// Leave `host` out, as the token service of instance principals does.
    pub without_host: bool,
    /// Further headers of the request to cover, in this order, after `host`.
    pub extra: &'a [HeaderName],
}

/// A request that cannot be signed, and so must not be sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignError {
    /// A key id that would break out of its quotation marks.
    #[error(
        "the key id is empty or has a character that cannot stand in a header; expected visible ASCII without `\"`"
    )]
    KeyId,
    /// The URL has no host, or a user and password before it.
    #[error("the URL has no plain host; expected `https://host/path`")]
    Host,
    /// A path or query that is not visible ASCII: on the wire it would be another one.
    #[error("the URL has a path or query that is not visible ASCII")]
    Target,
    /// A header that frames the body otherwise than it is: it is signed and not sent, or moves the end of the request.
    #[error("header `{0}` does not fit the body; expected none, or the body's length")]
    Framing(HeaderName),
    /// A covered header that the request does not have.
    #[error("header `{0}` is to be signed and the request does not have it")]
    Missing(HeaderName),
    /// A covered header with more than one value: the service would not know which was meant.
    #[error("header `{0}` is to be signed and has several values")]
    Repeated(HeaderName),
    /// A covered header that is not visible ASCII.
    #[error("header `{0}` is to be signed and has a character that is not printable ASCII")]
    NotAscii(HeaderName),
    /// A time that cannot be written as an HTTP date.
    #[error("the time is before 1970 or after 9999")]
    Time,
    /// The private-key operation failed; there is no memory or no entropy.
    #[error("the private key could not sign")]
    Key,
}

impl Signing<'_> {
    /// Which names are covered, in the order of Oracle's Python and Go SDKs; with `x-date`, in that of its TypeScript SDK.
    fn covered(&self, method: &Method, content: Content<'_>) -> Vec<Covered> {
        let date = if self.x_date { X_DATE } else { DATE };
        let mut covered = vec![Covered::Header(date), Covered::RequestTarget];
        if !self.without_host {
            covered.push(Covered::Header(HOST));
        }
        covered.extend(self.extra.iter().cloned().map(Covered::Header));
        if has_body(method) && !matches!(content, Content::Unsigned) {
            let mut body = [CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_SHA256];
            if self.x_date {
                body.swap(0, 1);
            }
            covered.extend(body.map(Covered::Header));
        }
        covered
    }
}

/// Signs a request: adds what it lacks (`date`, `host`, and with a body `content-type`, `content-length` and
/// `x-content-sha256`) and then `authorization`.
///
/// What is signed is what must be sent: the path and query of `head.uri`, byte for byte, and these headers. A `date`, a
/// `host`, a `content-type` and an `x-content-sha256` that the request already has are kept, but for white space around them; the
/// last one saves the hash.
pub fn sign(
    head: &mut Parts,
    content: Content<'_>,
    credentials: &Credentials,
    signing: Signing<'_>,
    now: SystemTime,
) -> Result<(), SignError> {
    complete(head, content, signing, now)?;
    let covered = signing.covered(&head.method, content);
    let string = string_of(head, &covered)?;
    let signature = credentials.key().sign(string.as_bytes()).ok_or(SignError::Key)?;
    let authorization = secret::header([
        "Signature version=\"1\",headers=\"",
        &names(&covered),
        "\",keyId=\"",
        credentials.key_id().expose(),
        "\",algorithm=\"rsa-sha256\",signature=\"",
        &STANDARD.encode(signature),
        "\"",
    ]);
    let authorization = authorization.ok_or(SignError::KeyId)?;
    head.headers.insert(AUTHORIZATION, authorization);
    Ok(())
}

/// The string that [`sign`] signs for this request: what to compare when a service answers 401.
///
/// ```text
/// date: Wed, 14 Oct 2026 08:09:10 GMT
/// (request-target): post /20160918/vcns
/// host: iaas.us-phoenix-1.oraclecloud.com
/// ```
pub fn signing_string(
    head: &mut Parts,
    content: Content<'_>,
    signing: Signing<'_>,
    now: SystemTime,
) -> Result<String, SignError> {
    complete(head, content, signing, now)?;
    string_of(head, &signing.covered(&head.method, content))
}

/// One line of the signing string.
enum Covered {
    RequestTarget,
    Header(HeaderName),
}

impl Covered {
    fn name(&self) -> &str {
        match self {
            Self::RequestTarget => REQUEST_TARGET,
            Self::Header(name) => name.as_str(),
        }
    }
}

fn names(covered: &[Covered]) -> String {
    let names: Vec<&str> = covered.iter().map(Covered::name).collect();
    names.join(" ")
}

/// Adds the headers that will be covered and are not there yet.
fn complete(
    head: &mut Parts,
    content: Content<'_>,
    signing: Signing<'_>,
    now: SystemTime,
) -> Result<(), SignError> {
    let Parts { method, uri, headers, .. } = head;
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SignError::Target);
    }
    headers.values_mut().for_each(trim);
    let length = if let Content::Bytes(body) = content { Some(body.len()) } else { None };
    check_framing(headers, length)?;
    let date = if signing.x_date { X_DATE } else { DATE };
    if !headers.contains_key(&date) {
        headers.insert(date, value(http_date(now)?));
    }
    if !headers.contains_key(HOST) {
        headers.insert(HOST, value(host(uri)?));
    }
    if let (true, Content::Bytes(body)) = (has_body(method), content) {
        headers.insert(CONTENT_LENGTH, body.len().into());
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        headers
            .entry(X_CONTENT_SHA256)
            .or_insert_with(|| value(STANDARD.encode(Sha256::digest(body))));
    }
    Ok(())
}

/// Drops white space around a value, which is no part of it: who reads the header drops it before they verify.
fn trim(value: &mut HeaderValue) {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    if blank(bytes.first()) || blank(bytes.last()) {
        let secret = value.is_sensitive();
        let trimmed = HeaderValue::from_bytes(bytes.trim_ascii());
        *value = trimmed.expect("a part of a value is one");
        value.set_sensitive(secret);
    }
}

/// Checks what a request says of the framing of its body: no coding, and at most one length, which is the body's where that is
/// known. Any other is signed and not sent, or ends the request where its body does not.
pub fn check_framing(headers: &HeaderMap, body: Option<usize>) -> Result<(), SignError> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(SignError::Framing(TRANSFER_ENCODING));
    }
    let fits = |length: &HeaderValue| {
        let digits = length.as_bytes().iter().all(u8::is_ascii_digit);
        let length = length.to_str().ok().and_then(|length| length.parse::<usize>().ok());
        digits && length.is_some() && (body.is_none() || body == length)
    };
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(()),
        (Some(length), None) if fits(length) => Ok(()),
        (Some(_), _) => Err(SignError::Framing(CONTENT_LENGTH)),
    }
}

fn string_of(head: &Parts, covered: &[Covered]) -> Result<String, SignError> {
    let mut string = String::with_capacity(512);
    for item in covered {
        if !string.is_empty() {
            string.push('\n');
        }
        string.push_str(item.name());
        string.push_str(": ");
        match item {
            Covered::RequestTarget => {
                string.push_str(&head.method.as_str().to_ascii_lowercase());
                string.push(' ');
                string.push_str(head.uri.path());
                if let Some(query) = head.uri.query() {
                    string.push('?');
                    string.push_str(query);
                }
            }
            Covered::Header(name) => string.push_str(only_value(&head.headers, name)?),
        }
    }
    Ok(string)
}

fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, SignError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| SignError::Missing(name.clone()))?;
    if values.next().is_some() {
        return Err(SignError::Repeated(name.clone()));
    }
    value.to_str().ok().ok_or_else(|| SignError::NotAscii(name.clone()))
}

/// Methods whose body OCI wants covered, in any letter case.
fn has_body(method: &Method) -> bool {
    ["POST", "PUT", "PATCH"].iter().any(|name| method.as_str().eq_ignore_ascii_case(name))
}

/// The host and, if it is written, the port: as they stand in the URL, in lower case.
fn host(uri: &Uri) -> Result<String, SignError> {
    let authority = uri.authority().ok_or(SignError::Host)?.as_str();
    if authority.contains('@') {
        return Err(SignError::Host);
    }
    Ok(authority.to_ascii_lowercase())
}

/// `Thu, 01 Jan 1970 00:00:00 GMT`.
fn http_date(now: SystemTime) -> Result<String, SignError> {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).ok().ok_or(SignError::Time)?;
    if since_epoch.as_secs() >= 253_402_300_800 {
        return Err(SignError::Time);
    }
    Ok(httpdate::fmt_http_date(now))
}

/// A header value out of text that this file wrote: dates, base64, the host of a parsed URL.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("dates, base64 and host names are visible ASCII")
}
