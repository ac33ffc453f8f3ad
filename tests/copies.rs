//! Is a body hashed and signed where it is? Every allocation is counted, so this is a program of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::SystemTime;

use http::Request;
use oracle_cloud_client::{Credentials, KeyId, PrivateKey, SignableBody, SigningParams, sign};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The bytes that signing a body of this size allocates in all.
fn allocated(size: usize) -> u64 {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let pem = std::fs::read(vectors.join("keys/test-rsa2048-a.pkcs8.pem")).unwrap();
    let key = PrivateKey::from_pem(&pem, None).unwrap();
    let credentials = Credentials::api_key(KeyId::new("a/b/c").unwrap(), key);
    let body = vec![0xff; size];
    let (mut head, ()) = Request::post("https://example.com/").body(()).unwrap().into_parts();
    let before = dhat::HeapStats::get().total_bytes;
    let params = SigningParams::new(&credentials, SystemTime::UNIX_EPOCH);
    sign(&mut head, SignableBody::Bytes(&body), &params).unwrap();
    dhat::HeapStats::get().total_bytes - before
}

#[test]
fn oci_signing_16_signing_copies_no_body() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let (small, large) = (allocated(1), allocated(1024 * 1024));
    assert!(small > 0, "nothing was counted");
    assert!(large < small + 1024, "{small} bytes for a byte, {large} for a mebibyte");
}
