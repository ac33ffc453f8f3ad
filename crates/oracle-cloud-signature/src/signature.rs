//! Signature version 1: which headers are covered, the string that is signed, and the header with
//! the result.
//!
//! Pure: no network, no clock, no environment. Source: docs/spec/oci-request-signing.md#signature.

use std::mem;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName,
    TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Uri};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::body::SignableBody;
use super::error::SignError;
use super::params::{SigningParams, SigningSettings};
use super::secret;

const X_DATE: HeaderName = HeaderName::from_static("x-date");
const X_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-content-sha256");
const REQUEST_TARGET: &str = "(request-target)";
/// The beginning of this signature's `authorization`.
const SCHEME: &str = "Signature version=\"1\"";

/// Signs a request. Sets `date` and, with a body, `x-content-sha256`. Adds `host`, `content-type`
/// and `content-length` if they are missing. Then sets `authorization`.
///
/// Send exactly what is signed: the path and query of `head.uri`, byte for byte, and these headers.
/// A `host` and a `content-type` that the request already has are kept; only white space around
/// them is removed. A `date` or `x-date` and an `x-content-sha256` are replaced, so that a head can
/// be signed again for another attempt or another body.
/// [`keep_existing`](SigningSettings::keep_existing) changes that.
///
/// ```
/// use std::time::SystemTime;
///
/// use http::Request;
/// use oracle_cloud_signature::{
///     Credentials, KeyId, PrivateKey, SignableBody, SigningParams, sign,
/// };
///
/// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let request = Request::get("https://iaas.eu-frankfurt-1.oraclecloud.com/20160918/vcns");
/// let (mut head, ()) = request.body(())?.into_parts();
/// let params = SigningParams::new(&credentials, SystemTime::now());
/// sign(&mut head, SignableBody::Bytes(b""), &params)?;
/// assert!(head.headers.contains_key("authorization"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SignError`] for a request that would arrive different from what was signed.
///
/// Source: docs/spec/oci-request-signing.md#signature.
pub fn sign(
    head: &mut Parts,
    body: SignableBody<'_>,
    params: &SigningParams<'_>,
) -> Result<(), SignError> {
    let SigningParams { credentials, time, settings } = params;
    complete(head, body, settings, *time)?;
    let covered = covered(&head.method, body, settings);
    let string = string_of(head, &covered)?;
    let signature = credentials.key().sign(string.as_bytes())?;
    let authorization = secret::header([
        SCHEME,
        ",headers=\"",
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

/// Returns the headers that [`sign`] would set, for clients that do not use the `http` crate. `url`
/// is what the client sends, byte for byte; `headers` are those that the request already has.
///
/// Pass the URL as the client will send it. reqwest normalises a URL *after* it was signed: it
/// resolves `..`, and encodes `'` in a query. So sign `request.url().as_str()`, not the text that
/// the request was made of.
///
/// ```
/// use std::time::SystemTime;
///
/// use http::{HeaderMap, Method};
/// use oracle_cloud_signature::{
///     Credentials, KeyId, PrivateKey, SignableBody, SigningParams, signature_headers,
/// };
///
/// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let url = "https://iaas.eu-frankfurt-1.oraclecloud.com/20160918/vcns";
/// let params = SigningParams::new(&credentials, SystemTime::now());
/// let body = SignableBody::Bytes(b"");
/// let headers = signature_headers(&Method::GET, url, &HeaderMap::new(), body, &params)?;
/// let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
/// assert_eq!(names, ["date", "host", "authorization"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The same as [`sign`]; [`SignError::Url`] if `url` is not a URL; [`SignError::OtherDate`] if the
/// request has a header `x-date` that [`sign`] would remove.
pub fn signature_headers(
    method: &Method,
    url: &str,
    headers: &HeaderMap,
    body: SignableBody<'_>,
    params: &SigningParams<'_>,
) -> Result<HeaderMap, SignError> {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = method.clone();
    head.uri = url.parse().map_err(|_not_a_uri| SignError::Url)?;
    head.headers = headers.clone();
    sign(&mut head, body, params)?;
    if headers.contains_key(X_DATE) && !head.headers.contains_key(X_DATE) {
        return Err(SignError::OtherDate);
    }
    let is_new = |name: &HeaderName| head.headers.get_all(name) != headers.get_all(name);
    let set = head.headers.iter().filter(|(name, _)| is_new(name));
    Ok(set.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Returns the string that [`sign`] signs for this request. Compare it when a service answers 401.
/// It contains the value of each covered header, a token too.
///
/// ```text
/// date: Wed, 14 Oct 2026 08:09:10 GMT
/// (request-target): post /20160918/vcns
/// host: iaas.us-phoenix-1.oraclecloud.com
/// ```
///
/// ```
/// use std::time::SystemTime;
///
/// use http::Request;
/// use oracle_cloud_signature::{SignableBody, SigningSettings, signing_string};
///
/// let (mut head, ()) = Request::get("https://example.com/a").body(())?.into_parts();
/// let settings = SigningSettings::default();
/// let time = SystemTime::UNIX_EPOCH;
/// let string = signing_string(&mut head, SignableBody::Bytes(b""), &settings, time)?;
/// assert!(string.starts_with("date: Thu, 01 Jan 1970 00:00:00 GMT\n"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The same as [`sign`].
///
/// Source: docs/spec/oci-request-signing.md#signing-string.
pub fn signing_string(
    head: &mut Parts,
    body: SignableBody<'_>,
    settings: &SigningSettings,
    time: SystemTime,
) -> Result<String, SignError> {
    complete(head, body, settings, time)?;
    let mut string = string_of(head, &covered(&head.method, body, settings))?;
    Ok(mem::take(&mut *string))
}

/// Returns the covered names, in the order of Oracle's Python and Go SDKs; with `x-date`, in the
/// order of its TypeScript SDK.
fn covered(method: &Method, body: SignableBody<'_>, settings: &SigningSettings) -> Vec<Covered> {
    let date = if settings.x_date { X_DATE } else { DATE };
    let mut covered = vec![Covered::Header(date), Covered::RequestTarget];
    if !settings.without_host {
        covered.push(Covered::Header(HOST));
    }
    covered.extend(settings.cover.iter().cloned().map(Covered::Header));
    if has_body(method) && !matches!(body, SignableBody::Unsigned) {
        let mut names = [CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_SHA256];
        if settings.x_date {
            names.swap(0, 1);
        }
        covered.extend(names.map(Covered::Header));
    }
    covered
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

/// Sets the headers that will be covered.
fn complete(
    head: &mut Parts,
    body: SignableBody<'_>,
    settings: &SigningSettings,
    time: SystemTime,
) -> Result<(), SignError> {
    let Parts { method, uri, headers, .. } = head;
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SignError::Target);
    }
    headers.values_mut().for_each(trim);
    let length = if let SignableBody::Bytes(body) = body { Some(body.len()) } else { None };
    // A head that was signed before may have the length of another body.
    if length.is_some() && is_signed(headers) {
        headers.remove(CONTENT_LENGTH);
    }
    check_framing(headers, length)?;
    let is_kept = |headers: &HeaderMap, name: &HeaderName| {
        settings.keep_existing && headers.contains_key(name)
    };
    let (date, other) = if settings.x_date { (X_DATE, DATE) } else { (DATE, X_DATE) };
    if !is_kept(headers, &date) {
        headers.insert(date, value(http_date(time)?));
    }
    // Given both dates, a service reads `x-date`, covered or not.
    if !is_kept(headers, &other) {
        headers.remove(other);
    }
    if !headers.contains_key(HOST) {
        headers.insert(HOST, value(host(uri)?));
    }
    if let (true, SignableBody::Bytes(body)) = (has_body(method), body) {
        headers.insert(CONTENT_LENGTH, body.len().into());
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        if !is_kept(headers, &X_CONTENT_SHA256) {
            headers.insert(X_CONTENT_SHA256, value(STANDARD.encode(Sha256::digest(body))));
        }
    }
    Ok(())
}

/// Returns whether a request has a signature of this kind from an earlier time.
fn is_signed(headers: &HeaderMap) -> bool {
    let before = headers.get(AUTHORIZATION);
    before.is_some_and(|value| value.as_bytes().starts_with(SCHEME.as_bytes()))
}

/// Removes white space around a value. It is not part of the value: receivers remove it before they
/// verify.
fn trim(value: &mut HeaderValue) {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    if blank(bytes.first()) || blank(bytes.last()) {
        let is_secret = value.is_sensitive();
        let trimmed = Bytes::from_owner(Zeroizing::new(bytes.trim_ascii().to_vec()));
        *value = HeaderValue::from_maybe_shared(trimmed).expect("a part of a value is one");
        value.set_sensitive(is_secret);
    }
}

/// Checks the framing headers of a request: no transfer coding, and at most one length, which must
/// be the body's if that is known. Any other header would be signed and not sent, or would move the
/// end of the request.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use oracle_cloud_signature::check_framing;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("content-length", HeaderValue::from_static("2"));
/// assert!(check_framing(&headers, Some(2)).is_ok());
/// assert!(check_framing(&headers, Some(3)).is_err());
/// ```
///
/// # Errors
/// [`SignError::Framing`] with the name of the header.
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

fn string_of(head: &Parts, covered: &[Covered]) -> Result<Zeroizing<String>, SignError> {
    let method = head.method.as_str().to_ascii_lowercase();
    let mut parts = Vec::with_capacity(64);
    for item in covered {
        parts.extend(if parts.is_empty() { None } else { Some("\n") });
        parts.extend([item.name(), ": "]);
        match item {
            Covered::RequestTarget => {
                parts.extend([&method, " ", head.uri.path()]);
                parts.extend(head.uri.query().into_iter().flat_map(|query| ["?", query]));
            }
            Covered::Header(name) => parts.push(only_value(&head.headers, name)?),
        }
    }
    // In one allocation: a text that grows leaves a copy, and a covered header may be a token.
    Ok(Zeroizing::new(parts.concat()))
}

fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, SignError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| SignError::Missing(name.clone()))?;
    if values.next().is_some() {
        return Err(SignError::Repeated(name.clone()));
    }
    value.to_str().ok().ok_or_else(|| SignError::NotAscii(name.clone()))
}

/// Returns whether OCI wants the body of this method covered. Any letter case is accepted.
fn has_body(method: &Method) -> bool {
    ["POST", "PUT", "PATCH"].iter().any(|name| method.as_str().eq_ignore_ascii_case(name))
}

/// Returns the host and, if there is one, the port, as in the URL, in lower case.
fn host(uri: &Uri) -> Result<String, SignError> {
    let authority = uri.authority().ok_or(SignError::Host)?.as_str();
    if authority.contains('@') {
        return Err(SignError::Host);
    }
    Ok(authority.to_ascii_lowercase())
}

/// Formats a time as `Thu, 01 Jan 1970 00:00:00 GMT`.
fn http_date(now: SystemTime) -> Result<String, SignError> {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).ok().ok_or(SignError::Time)?;
    if since_epoch.as_secs() >= 253_402_300_800 {
        return Err(SignError::Time);
    }
    Ok(httpdate::fmt_http_date(now))
}

/// Makes a header value of text that this file wrote: dates, base64, the host of a parsed URL.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("dates, base64 and host names are visible ASCII")
}
