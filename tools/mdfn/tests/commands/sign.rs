//! `mdfn sign`, held against what Oracle's own SDK signed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

fn sign(arguments: &[String], body: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.arg("sign").args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Wrong usage ends before standard input is read.
    child.stdin.take().unwrap().write_all(body).unwrap_or_default();
    child.wait_with_output().unwrap()
}

/// The arguments for a case whose key and body this tool takes.
fn arguments(case: &Value) -> Option<(Vec<String>, Vec<u8>)> {
    let (request, credentials) = (case.get("request")?, case.get("credentials")?);
    let key = credentials.get("key")?;
    let fits = key.get("passphrase").is_none_or(Value::is_null)
        && request.get("body_is_stream") != Some(&Value::Bool(true))
        && credentials.get("kind")? != "x509_federation"
        && credentials.get("delegation_token").is_none_or(Value::is_null)
        && request.get("clock_epoch_seconds").is_none_or(Value::is_null);
    let body = request.get("body").filter(|body| !body.is_null());
    let body = body.map_or(Some(""), |body| body.get("utf8")?.as_str())?.to_owned();
    let mut arguments = vec![
        request.get("method")?.as_str()?.to_owned(),
        request.get("url")?.as_str()?.to_owned(),
        "--body=-".to_owned(),
        format!("--key={}", vectors().join("keys").join(key.get("file")?.as_str()?).display()),
        format!("--key-id={}", credentials.get("key_id")?.as_str()?),
    ];
    if request.get("sign_body") == Some(&Value::Bool(false)) {
        arguments.push("--unsigned-body".to_owned());
    }
    for pair in request.get("headers")?.as_array()? {
        let text = |at: usize| pair.get(at).and_then(Value::as_str).unwrap_or_default();
        arguments.push(format!("--header={}: {}", text(0), text(1)));
    }
    fits.then(|| (arguments, body.into_bytes()))
}

#[test]
fn string_and_headers_are_those_of_the_sdk() {
    let mut compared = 0;
    for suite in ["docs", "host", "methods_and_bodies", "model_deployment", "request_target"] {
        let json = fs::read(vectors().join(format!("signature/{suite}.json"))).unwrap();
        let vectors: Value = serde_json::from_slice(&json).unwrap();
        for case in vectors.get("cases").and_then(Value::as_array).unwrap() {
            let Some((arguments, body)) = arguments(case) else {
                continue;
            };
            let output = sign(&arguments, &body);
            let printed = String::from_utf8(output.stdout).unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{}: {said}", case.get("id").unwrap());
            let (string, headers) = printed.split_once("\n\n").unwrap();
            let expected = |name: &str| case.pointer(&format!("/expected/{name}")).unwrap();
            assert_eq!(string, expected("signing_string"), "{}", case.get("id").unwrap());
            let line =
                format!("authorization: {}", expected("authorization_go_layout").as_str().unwrap());
            assert!(headers.lines().any(|header| header == line), "{line}\n{headers}");
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared}");
}

#[test]
fn what_stands_around_a_key_does_not_matter() {
    let pem = fs::read_to_string(vectors().join("keys/test-rsa2048-a.pkcs8.pem")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut signed = Vec::new();
    for text in [
        pem.clone().into_bytes(),
        format!("{}OCI_API_KEY", pem.trim_end()).into_bytes(),
        pem.replace('\n', " ").into_bytes(),
        pem.replace('\n', "").into_bytes(),
        pem.replace('\n', "\r").into_bytes(),
        format!("\"{}\"", pem.replace('\n', "\\n")).into_bytes(),
        [b"\xef\xbb\xbf", pem.as_bytes()].concat(),
        [b"cl\xe9 priv\xe9e\n", pem.as_bytes(), b"\xe9\n"].concat(),
    ] {
        let file = directory.path().join("key.pem");
        fs::write(&file, &text).unwrap();
        let arguments = [
            "GET",
            "https://example.com",
            "--key-id=a",
            "-Hdate: Tue, 24 Nov 2026 10:00:00 GMT",
            &format!("--key={}", file.display()),
        ];
        let output = sign(&arguments.map(str::to_owned), b"");
        assert!(output.status.success(), "{}: {output:?}", String::from_utf8_lossy(&text));
        signed.push(output.stdout);
    }
    assert!(signed.iter().all(|printed| *printed == signed[0]));
}

#[test]
fn a_token_is_shown_only_when_asked_for() {
    let token = vectors().join("rpst/valid.jwt");
    let text = fs::read_to_string(&token).unwrap();
    let mut arguments = vec![
        "GET".to_owned(),
        "https://example.com".to_owned(),
        format!("--key={}", vectors().join("keys/test-rsa2048-a.pkcs1.pem").display()),
        format!("--token={}", token.display()),
    ];
    let printed = |arguments: &[String]| String::from_utf8(sign(arguments, b"").stdout).unwrap();
    let hidden = printed(&arguments);
    assert!(hidden.contains("\n(request-target): get /\nhost: example.com\n\n"), "{hidden}");
    assert!(hidden.contains("keyId=\"ST$(") && !hidden.contains(text.trim()), "{hidden}");
    arguments.push("--reveal".to_owned());
    assert!(printed(&arguments).contains(&format!("keyId=\"ST${}\"", text.trim())));
}

#[test]
fn a_mistake_is_named_and_ends_with_2() {
    let key =
        format!("--key={}", vectors().join("keys/test-rsa2048-a.legacy-aes256.pem").display());
    let plain = format!("--key={}", vectors().join("keys/test-rsa2048-a.pkcs1.pem").display());
    for (arguments, named) in [
        (vec!["GET", "/path"], "expected `https://host/path`"),
        (vec!["POST", "foo"], "`foo` is not a url"),
        (vec!["POST", "ftp://example.com/"], "expected `https://host/path`"),
        (vec!["https://example.com/", "POST"], "the first argument is not a method"),
        (vec!["GET", "https://user:hunter2@example.com/"], "leave it out"),
        (vec!["GET", "https://user:hun ter2@example.com/"], "leave it out"),
        (vec!["https://user:hunter2@example.com/", "GET"], "the first argument is not a method"),
        (vec!["GET", "https://example.com", &key, "--key-id=a"], "openssl"),
        (vec!["GET", "https://example.com", &plain], "--key-id"),
        (vec!["GET", "https://example.com", "--also=opc-obo-token"], "opc-obo-token"),
        (vec!["POST", "https://example.com", "--body=/no/such/file"], "--body"),
        (vec!["GET", "https://example.com", "-Hdate: a", "-Hdate: b"], "several"),
        (vec!["GET", "not a url"], "url"),
    ] {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let output = sign(&arguments, b"");
        let said = String::from_utf8(output.stderr).unwrap().to_lowercase();
        assert!(said.contains(named) && !said.contains("hun"), "{named}: {said}");
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}
