//! Verifies a request's signature from the bytes that arrived, the way the service does.
//!
//! Source: docs/spec/oci-request-signing.md#signature.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::PublicKey;
use sha2::{Digest, Sha256};

use super::request::Request;
use crate::clock::since_epoch;
use crate::keys::{self, Token};

/// How far the date of a request may be from the service's clock, in seconds.
const SKEW: f64 = 300.0;

/// What a valid signature proved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// The names that the signature covers, as the request lists them.
    pub headers: String,
    /// The resource that the session token was issued to.
    pub resource: String,
}

/// Why a request was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

pub(crate) fn refused<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(why.into()))
}

/// What every service wants covered of a request with a body; most want `host` as well.
const BODY: [&str; 3] = ["content-length", "content-type", "x-content-sha256"];

/// Checks that `request` was signed, whole, by the holder of a token that `issuer` verifies, not
/// long before or after `now`.
pub fn verify(request: &Request, issuer: &PublicKey, now: SystemTime) -> Result<Verified, Refusal> {
    Signed::parse(request, &["(request-target)", "host"], now)?.by_token(issuer, now)
}

/// What a service wants covered of a request with a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Coverage {
    /// The body.
    Body,
    /// The body, unless a request does not say its hash, as uploads of objects do.
    BodyIfHashed,
}

/// A request whose signature covers what it must, of a date that fits; whose signature it is
/// remains to be seen.
pub(crate) struct Signed<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) covered: &'a str,
    string: String,
    signature: Vec<u8>,
}

impl<'a> Signed<'a> {
    /// Takes the signature of a request apart, which has to cover `wanted` and, with a body, the
    /// body.
    pub(crate) fn parse(
        request: &'a Request,
        wanted: &[&str],
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        Self::parse_covering(request, wanted, Coverage::Body, now)
    }

    /// The same, with or without the body.
    pub(crate) fn parse_covering(
        request: &'a Request,
        wanted: &[&str],
        coverage: Coverage,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        let is_hashed = request.values("x-content-sha256").next().is_some();
        let has_body = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH")
            && (is_hashed || coverage == Coverage::Body);
        let authorization = only(request, "authorization")?;
        let Some(attributes) = authorization.strip_prefix("Signature ") else {
            return refused("the scheme of `authorization` is not `Signature`");
        };
        let attribute = |name: &str| match quoted(attributes, name) {
            Some(value) => Ok(value),
            None => refused(format!("`authorization` has no `{name}`")),
        };
        if attribute("algorithm")? != "rsa-sha256" || attribute("version")? != "1" {
            return refused("the algorithm is not `rsa-sha256` or the version not `1`");
        }
        let covered = attribute("headers")?;
        let string = signing_string(request, covered)?;
        check_coverage(covered, wanted, has_body)?;
        check_date(request, covered, now)?;
        if has_body {
            check_body(request)?;
        }
        let signature = STANDARD.decode(attribute("signature")?).unwrap_or_default();
        Ok(Self { key_id: attribute("keyId")?, covered, string, signature })
    }

    /// Checks that it was signed by the holder of a token that `issuer` verifies.
    pub(crate) fn by_token(
        &self,
        issuer: &PublicKey,
        now: SystemTime,
    ) -> Result<Verified, Refusal> {
        let Some(token) = self.key_id.strip_prefix("ST$").and_then(Token::parse) else {
            return refused("the key id is not `ST$` and a session token");
        };
        if !token.is_signed_by(issuer) {
            return refused("the session token was not issued here");
        }
        if token.seconds("exp").is_none_or(|expires| expires <= since_epoch(now).as_secs_f64()) {
            return refused("the session token has expired");
        }
        let jwk = token.text("jwk").and_then(|jwk| serde_json::from_str(jwk).ok());
        let Some(key) = jwk.as_ref().and_then(keys::from_jwk) else {
            return refused("the session token names no public key");
        };
        self.check(&key)?;
        let resource = token.text("res_id").unwrap_or_default().to_owned();
        Ok(Verified { headers: self.covered.to_owned(), resource })
    }

    /// Checks that the owner of `key` signed it.
    pub(crate) fn check(&self, key: &PublicKey) -> Result<(), Refusal> {
        if keys::verifies(key, self.string.as_bytes(), &self.signature) {
            Ok(())
        } else {
            refused("the signature is not the one of this request")
        }
    }
}

/// Returns the value of a header that must occur once: with two, it would be unknown which one was
/// signed.
fn only<'a>(request: &'a Request, name: &str) -> Result<&'a str, Refusal> {
    let mut values = request.values(name);
    match (values.next().map(std::str::from_utf8), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        (None, _) => refused(format!("header `{name}` is missing")),
        (Some(_), _) => refused(format!("header `{name}` is repeated or no text")),
    }
}

/// Returns the attribute `name="value"` of an authorization header.
fn quoted<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("{name}=\"");
    let mut rest = attributes;
    loop {
        let (pair, more) = rest.split_once("\",").unwrap_or((rest.strip_suffix('"')?, ""));
        match pair.strip_prefix(&start) {
            Some(value) => return Some(value),
            None if more.is_empty() => return None,
            None => rest = more,
        }
    }
}

fn signing_string(request: &Request, covered: &str) -> Result<String, Refusal> {
    let line = |name: &str| match name {
        "(request-target)" => {
            Ok(format!("{name}: {} {}", request.method.to_lowercase(), request.target))
        }
        _ => Ok(format!("{name}: {}", only(request, name)?)),
    };
    let lines: Vec<String> = covered.split(' ').map(line).collect::<Result<_, Refusal>>()?;
    Ok(lines.join("\n"))
}

/// Returns the names that a service wants covered at least.
fn check_coverage(covered: &str, wanted: &[&str], has_body: bool) -> Result<(), Refusal> {
    let covers = |name: &str| covered.split(' ').any(|covered| covered == name);
    let mut wanted = wanted.to_vec();
    if has_body {
        wanted.extend(BODY);
    }
    match wanted.into_iter().find(|name| !covers(name)) {
        Some(name) => refused(format!("`{name}` is not signed")),
        None if !covers("date") && !covers("x-date") => {
            refused("neither `date` nor `x-date` is signed")
        }
        None => Ok(()),
    }
}

fn check_date(request: &Request, covered: &str, now: SystemTime) -> Result<(), Refusal> {
    let name = if covered.split(' ').any(|name| name == "x-date") { "x-date" } else { "date" };
    let sent = only(request, name)?;
    let Ok(date) = httpdate::parse_http_date(sent) else {
        return refused(format!("header `{name}` is not an HTTP date"));
    };
    let skew = since_epoch(date).as_secs_f64() - since_epoch(now).as_secs_f64();
    if skew.abs() > SKEW {
        let current = httpdate::fmt_http_date(now);
        return refused(format!(
            "Date '{sent}' is not within allowed clock skew. Current '{current}'"
        ));
    }
    Ok(())
}

fn check_body(request: &Request) -> Result<(), Refusal> {
    let sent = only(request, "x-content-sha256").unwrap_or_default();
    if sent != STANDARD.encode(Sha256::digest(&request.body)) {
        return refused("the body is not the one that was hashed");
    }
    Ok(())
}
