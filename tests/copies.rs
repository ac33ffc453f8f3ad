//! Is a body hashed and signed where it is, and is a secret never moved by a buffer that grows? Every allocation is
//! counted, so this is a program of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use http::{HeaderName, Request};
use oracle_cloud_client::{
    Credentials, KeyId, PrivateKey, SignableBody, SigningParams, SigningSettings, sign,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// What is counted is of the whole process: one test at a time.
static COUNTED: Mutex<()> = Mutex::new(());

/// A test key in one of its forms.
fn key(form: &str) -> Vec<u8> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    std::fs::read(vectors.join(format!("keys/test-rsa2048-a.{form}.pem"))).unwrap()
}

/// The least of what is counted: now and then the program of the tests allocates something as well.
fn least(counted: impl Fn() -> u64) -> u64 {
    (0..20).map(|_| counted()).min().unwrap()
}

/// The bytes that signing a body of this size allocates in all.
fn allocated(size: usize) -> u64 {
    let key = PrivateKey::from_pem(&key("pkcs8"), None).unwrap();
    let credentials = Credentials::api_key(KeyId::new("a/b/c").unwrap(), key);
    let body = vec![0xff; size];
    let params = SigningParams::new(&credentials, SystemTime::UNIX_EPOCH);
    least(|| {
        let (mut head, ()) = Request::post("https://example.com/").body(()).unwrap().into_parts();
        let before = dhat::HeapStats::get().total_bytes;
        sign(&mut head, SignableBody::Bytes(&body), &params).unwrap();
        dhat::HeapStats::get().total_bytes - before
    })
}

#[test]
fn oci_signing_16_signing_copies_no_body() {
    let _lock = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let _profiler = dhat::Profiler::builder().testing().build();
    let (small, large) = (allocated(1), allocated(1024 * 1024));
    assert!(small > 0, "nothing was counted");
    assert!(large < small + 1024, "{small} bytes for a byte, {large} for a mebibyte");
}

/// How often something is allocated or grows while a key is read that no key is, or whose passphrase is wrong.
fn allocations(pem: impl AsRef<[u8]>, passphrase: Option<&str>) -> u64 {
    least(|| {
        let before = dhat::HeapStats::get().total_blocks;
        PrivateKey::from_pem(pem.as_ref(), passphrase.map(str::as_bytes)).unwrap_err();
        dhat::HeapStats::get().total_blocks - before
    })
}

/// How often something is allocated or grows while a request with this token is signed.
fn allocations_with(token: &str) -> u64 {
    let key = PrivateKey::from_pem(&key("pkcs8"), None).unwrap();
    let credentials = Credentials::api_key(KeyId::new("a/b/c").unwrap(), key);
    let settings = SigningSettings::default().cover(HeaderName::from_static("opc-obo-token"));
    let params = SigningParams::new(&credentials, SystemTime::UNIX_EPOCH).settings(settings);
    least(|| {
        let request = Request::post("https://example.com/").header("opc-obo-token", token);
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let before = dhat::HeapStats::get().total_blocks;
        sign(&mut head, SignableBody::Bytes(b""), &params).unwrap();
        dhat::HeapStats::get().total_blocks - before
    })
}

/// A buffer that grows leaves a copy of its beginning, which nobody wipes.
#[test]
fn oci_signing_49_no_buffer_grows_while_a_key_is_read_or_a_token_is_signed() {
    let _lock = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let _profiler = dhat::Profiler::builder().testing().build();
    let pem = |lines| {
        let content = format!("{}\n", "A".repeat(64)).repeat(lines);
        format!("-----BEGIN PRIVATE KEY-----\n{content}-----END PRIVATE KEY-----\n")
    };
    let [small, large] = [1, 500].map(|lines| allocations(pem(lines), None));
    assert!(large <= small, "{small} allocations for a line, {large} for 500");
    let [short, long] = [8, 8192].map(|size| allocations_with(&"x".repeat(size)));
    assert!(long <= short, "{short} allocations for a token, {long} for a long one");
    for form in ["legacy-aes128", "legacy-des3", "pkcs8-aes256-sha256", "pkcs8-pbes1-3des"] {
        let [small, large] = [8, 8192].map(|size| allocations(key(form), Some(&"x".repeat(size))));
        assert!(
            large <= small,
            "{form}: {small} allocations for a passphrase, {large} for a long one"
        );
    }
}
