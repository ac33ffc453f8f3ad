//! A signed request is verified by another implementation than the one that signed it, and no changed byte of it is.

use std::time::{Duration, SystemTime};

use emulator::deployment::{Request, verify};
use http::Method;
use oracle_cloud_client::{
    Credentials, PrivateKey, SessionToken, SignableBody, SigningParams, sign,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey;

use super::{cases, value};
use crate::data;

/// A time at which the token of the vectors is valid: 2026-11-24T10:00:00Z.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

fn credentials() -> Credentials {
    let token = SessionToken::parse(&data::text("rpst/valid.jwt")).unwrap();
    let key = PrivateKey::from_pem(&data::bytes("keys/test-rsa2048-a.pkcs8.pem"), None).unwrap();
    Credentials::session(token, key).unwrap()
}

/// The request as it would be on the wire.
fn signed(by: &Credentials, request: http::Request<Vec<u8>>) -> Request {
    let (mut head, body) = request.into_parts();
    sign(&mut head, SignableBody::Bytes(&body), &SigningParams::new(by, now())).unwrap();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    Request {
        method: head.method.to_string(),
        target: head.uri.path_and_query().unwrap().to_string(),
        headers: head.headers.iter().map(header).collect(),
        body,
    }
}

fn request() -> impl Strategy<Value = http::Request<Vec<u8>>> {
    let method =
        select(vec![Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH]);
    let host = "[a-z]{1,8}(\\.[a-zA-Z0-9]{1,8}){0,3}(:[1-9][0-9]{1,3})?";
    let target = "/[a-zA-Z0-9/._~%:@!$&'()*+,;=-]{0,40}(\\?[a-zA-Z0-9/._~%:@!$&'()*+,;=?-]{0,20})?";
    let body = prop::collection::vec(any::<u8>(), 0..300);
    (method, host, target, value(), body).prop_map(|(method, host, target, value, body)| {
        let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
        let request =
            http::Request::builder().method(method).uri(format!("https://{host}{target}"));
        let body = if has_body { body } else { Vec::new() };
        request.header("content-type", value).body(body).unwrap()
    })
}

#[test]
fn oci_signing_1_to_12_another_implementation_verifies_what_is_signed_and_no_changed_byte_of_it() {
    let (by, pem) = (credentials(), data::text("keys/test-rsa2048-issuer.public.pem"));
    let issuer = PublicKey::from_public_key_pem(&pem).unwrap();
    let change = (any::<Index>(), any::<Index>(), 1..=u8::MAX);
    proptest!(cases(200), |(request in request(), (place, at, bits) in change)| {
        let request = signed(&by, request);
        let verified = verify(&request, &issuer, now());
        prop_assert!(verified.is_ok(), "{verified:?} {request:?}");
        let covered = verified.unwrap().headers;
        // The places that the signature covers, none of them empty.
        let fields = request.headers.iter().enumerate();
        let mut places: Vec<Option<usize>> = fields
            .filter(|(_, (name, value))| covered.split(' ').any(|own| own == name) && !value.is_empty())
            .map(|(number, _)| Some(number))
            .collect();
        if !request.body.is_empty() {
            places.push(None);
        }
        let mut changed = request.clone();
        let bytes = match *place.get(&places) {
            Some(header) => &mut changed.headers[header].1,
            None => &mut changed.body,
        };
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        prop_assert!(verify(&changed, &issuer, now()).is_err(), "{request:?} {changed:?}");
    });
}

#[test]
fn oci_signing_7_to_9_another_target_is_not_the_signed_one() {
    let (by, pem) = (credentials(), data::text("keys/test-rsa2048-issuer.public.pem"));
    let issuer = PublicKey::from_public_key_pem(&pem).unwrap();
    proptest!(cases(50), |(request in request(), at in any::<Index>(), letter in "[a-z/?%]")| {
        let request = signed(&by, request);
        let mut changed = request.clone();
        changed.target.insert_str(at.index(request.target.len()), &letter);
        prop_assert!(verify(&changed, &issuer, now()).is_err(), "{request:?} {changed:?}");
        let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];
        for method in methods.map(|method| method.to_string()).iter().filter(|own| **own != request.method) {
            let changed = Request { method: method.clone(), ..request.clone() };
            prop_assert!(verify(&changed, &issuer, now()).is_err(), "{method} {request:?}");
        }
    });
}
