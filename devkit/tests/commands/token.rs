//! `mdfn token`: one request until the token expires, and no secret anywhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use devkit::identity::{Client, IdentityDomain};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::{Done, mdfn_with};

const SECRET: &str = "s3cr3t-of-the-client";

pub(crate) fn client() -> Client {
    let text = str::to_owned;
    Client {
        id: text("client"),
        secret: text(SECRET),
        audience: text("https://gateway.example/"),
        scope: text("predict"),
    }
}

/// Runs `mdfn token` against this domain, at home in `home`.
async fn token(domain: &IdentityDomain, home: &TempDir, more: &[(&str, &str)]) -> Done {
    let (url, home) = (domain.url(), home.path().to_str().unwrap().to_owned());
    let mut variables = vec![
        ("HOME".to_owned(), home),
        ("MDFN_DOMAIN".to_owned(), url),
        ("MDFN_CLIENT_ID".to_owned(), "client".to_owned()),
        ("MDFN_CLIENT_SECRET".to_owned(), SECRET.to_owned()),
        ("MDFN_SCOPE".to_owned(), "https://gateway.example/predict".to_owned()),
    ];
    let mut arguments = vec!["token".to_owned()];
    for (name, value) in more {
        if name.starts_with("--") {
            arguments.push((*name).to_owned());
            arguments.extend((!value.is_empty()).then(|| (*value).to_owned()));
        } else {
            variables.retain(|(known, _)| known != name);
            variables.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let done = spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        mdfn_with(&arguments, &variables, "")
    });
    let done = done.await.unwrap();
    assert!(!done.stdout.contains(SECRET) && !done.stderr.contains(SECRET), "{done:?}");
    done
}

fn kept(home: &TempDir) -> Vec<PathBuf> {
    let directory = home.path().join(".cache/mdfn");
    fs::read_dir(directory)
        .map_or(Vec::new(), |files| files.map(|file| file.unwrap().path()).collect())
}

#[tokio::test]
async fn a_token_is_kept_for_its_owner_until_it_expires() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let first = token(&domain, &home, &[]).await;
    assert!(first.code == 0 && first.stdout.matches('.').count() == 2, "{first:?}");
    assert_eq!(token(&domain, &home, &[]).await.stdout, first.stdout, "it was not kept");
    assert_ne!(token(&domain, &home, &[("--no-cache", "")]).await.stdout, first.stdout);

    let files = kept(&home);
    assert_eq!(files.len(), 1);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&files[0]), mode(&home.path().join(".cache/mdfn"))), (0o600, 0o700));
    assert!(!fs::read_to_string(&files[0]).unwrap().contains(SECRET));

    // One that ends within a minute is not used any more; one of another scope never was.
    let mut text: Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
    let expires = text["expires"].as_u64().unwrap();
    text["expires"] = (expires - 3550).into();
    fs::write(&files[0], text.to_string()).unwrap();
    let second = token(&domain, &home, &[]).await;
    assert_ne!(second.stdout, first.stdout, "an expired token was used");
    let other = token(&domain, &home, &[("--scope", "https://gateway.example/other")]).await;
    assert_eq!(other.code, 1, "{other:?}");
    // Half a file is none.
    fs::write(&files[0], "{").unwrap();
    assert_eq!(token(&domain, &home, &[]).await.code, 0);
}

#[tokio::test]
async fn claims_are_shown_instead_of_the_token() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let done = token(&domain, &home, &[("--claims", "")]).await;
    let claims: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (&claims["aud"], &claims["scope"]),
        (&"https://gateway.example/".into(), &"predict".into())
    );
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    for (more, code, expected) in [
        (("MDFN_CLIENT_SECRET", "wrong"), 1, "`invalid_client`: client id or secret are wrong"),
        (("--client-id", "nobody"), 1, "`invalid_client`"),
        (("--scope", "https://gateway.example/admin"), 1, "`unauthorized_client`"),
        (("--scope", "predict"), 1, "`invalid_scope`: no application has this scope"),
        (("--domain", "http://127.0.0.1:9"), 3, "127.0.0.1:9"),
        (("--domain", "http://domain.example"), 3, "expected https"),
        (("MDFN_SCOPE", ""), 2, "`--scope` or the variable MDFN_SCOPE"),
        (("MDFN_CLIENT_SECRET", ""), 2, "--client-secret-file"),
        (("--client-secret-file", "/nowhere"), 2, "/nowhere"),
    ] {
        let done = token(&domain, &home, &[more]).await;
        assert!(done.code == code && done.stderr.contains(expected), "{more:?} {done:?}");
        assert!(done.stdout.is_empty() && kept(&home).is_empty(), "{more:?} {done:?}");
    }
    let url = format!("{}/elsewhere", domain.url());
    let done = token(&domain, &home, &[("--domain", &url)]).await;
    assert!(done.code == 1 && done.stderr.contains("`--domain`"), "{done:?}");
}

#[tokio::test]
async fn a_secret_may_come_from_a_file_and_a_home_is_not_needed() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let file = file.to_str().unwrap();
    let more = [("--client-secret-file", file), ("MDFN_CLIENT_SECRET", ""), ("HOME", "")];
    let done = token(&domain, &home, &more).await;
    assert!(done.code == 0 && done.stderr.is_empty(), "{done:?}");
    assert!(!Path::new(".cache").exists(), "a token was kept where the command was run");
}
