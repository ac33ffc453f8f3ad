//! `mdfn token`: one request until the token expires, and no secret anywhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use emulator::identity::{Client, IdentityDomain};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::{Done, answering, mdfn_with};

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
    token_at(&domain.url(), home, more).await
}

async fn token_at(url: &str, home: &TempDir, more: &[(&str, &str)]) -> Done {
    let (url, home) = (url.to_owned(), home.path().to_str().unwrap().to_owned());
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
        (("--domain", "http://domain.example"), 2, "expected https"),
        (("SSL_CERT_FILE", "/nowhere"), 2, "SSL_CERT_FILE"),
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

#[tokio::test]
async fn a_lifetime_of_any_form_is_understood_and_one_of_none_is_not_kept() {
    for (lifetime, is_kept) in [
        ("3600", true),
        ("3600.0", true),
        ("\"3600\"", true),
        ("18446744073709551615", true),
        ("-1", false),
        ("\"soon\"", false),
        ("null", false),
        ("[]", false),
    ] {
        let body = format!("{{\"access_token\":\"a.b.c\",\"expires_in\":{lifetime}}}");
        let (url, home) = (answering("200 OK", &body), tempfile::tempdir().unwrap());
        let done = token_at(&url, &home, &[]).await;
        assert_eq!((done.code, done.stdout.as_str()), (0, "a.b.c\n"), "{lifetime} {done:?}");
        assert_eq!(!kept(&home).is_empty(), is_kept, "{lifetime}");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_refused_and_not_shown() {
    for text in ["", "a b", "a\\u001b[2Jb", "a\\nb", "\u{e4}"] {
        let body = format!("{{\"access_token\":\"{text}\",\"expires_in\":3600}}");
        let (url, home) = (answering("200 OK", &body), tempfile::tempdir().unwrap());
        let done = token_at(&url, &home, &[]).await;
        assert!(done.code == 1 && done.stderr.contains("visible ASCII"), "{text:?} {done:?}");
        assert!(done.stdout.is_empty() && kept(&home).is_empty(), "{text:?} {done:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_does_not_get_the_kept_token() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    assert_eq!(token(&domain, &home, &[]).await.code, 0);
    let wrong = token(&domain, &home, &[("MDFN_CLIENT_SECRET", "wrong")]).await;
    assert!(wrong.code == 1 && wrong.stdout.is_empty(), "{wrong:?}");
    let none = token(&domain, &home, &[("MDFN_CLIENT_SECRET", "")]).await;
    assert!(none.code == 2 && none.stderr.contains("MDFN_CLIENT_SECRET"), "{none:?}");
}

#[tokio::test]
async fn what_others_could_have_put_into_the_cache_is_not_used() {
    type Plant = fn(&Path);
    let plants: [(&str, Plant); 7] = [
        ("a FIFO", |file| {
            fs::remove_file(file).unwrap();
            mknodat(CWD, file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }),
        ("a file of somebody else", |file| chown(file, Some(1), None).unwrap()),
        ("a file for all", |file| {
            fs::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap();
        }),
        ("a symbolic link", |file| {
            let other = file.with_file_name("other");
            fs::rename(file, &other).unwrap();
            symlink(&other, file).unwrap();
        }),
        ("a directory for all", |file| {
            fs::set_permissions(file.parent().unwrap(), PermissionsExt::from_mode(0o755)).unwrap();
        }),
        ("a directory of somebody else", |file| {
            chown(file.parent().unwrap(), Some(1), None).unwrap();
        }),
        ("a symbolic link to a directory", |file| {
            let directory = file.parent().unwrap();
            let other = directory.with_file_name("other");
            fs::rename(directory, &other).unwrap();
            symlink(&other, directory).unwrap();
        }),
    ];
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    for (what, plant) in plants {
        let home = tempfile::tempdir().unwrap();
        let first = token(&domain, &home, &[]).await;
        // Only root gives a file away.
        if what.contains("somebody") && !rustix::process::geteuid().is_root() {
            continue;
        }
        plant(&kept(&home)[0]);
        let second = token(&domain, &home, &[]).await;
        assert_eq!(second.code, 0, "{what} {second:?}");
        assert_ne!(second.stdout, first.stdout, "{what}");
        assert_eq!(second.stderr.matches("remove it").count(), 1, "{what} {second:?}");
        assert!(second.stderr.contains(".cache/mdfn"), "{what} {second:?}");
    }
}

#[tokio::test]
async fn a_secret_file_that_is_no_plain_text_is_refused() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("secret");
    let name = file.to_str().unwrap();
    for (bytes, expected) in
        [(&b"\xff\xfes\0"[..], "not UTF-8"), (b"\n", "is empty"), (b"\xef\xbb\xbf\n", "is empty")]
    {
        fs::write(&file, bytes).unwrap();
        let done = token(&domain, &home, &[("--client-secret-file", name)]).await;
        assert!(done.code == 2 && done.stderr.contains(expected), "{done:?}");
    }
}

#[tokio::test]
async fn a_url_with_a_password_is_refused_and_not_repeated() {
    let home = tempfile::tempdir().unwrap();
    for url in [
        "https://user:hunter2@domain.example",
        "http://user:hunter2@domain.example/",
        "https://user:hunter2 @domain.example",
        "https://user:hunter2/x@domain.example",
    ] {
        let done = token_at(url, &home, &[]).await;
        assert!(done.code == 2 && done.stderr.contains("leave it out"), "{url} {done:?}");
        assert!(!done.stderr.contains("hunter2"), "{url} {done:?}");
    }
}

#[tokio::test]
async fn an_empty_name_of_further_roots_is_none() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let done = token(&domain, &home, &[("SSL_CERT_FILE", "")]).await;
    assert_eq!(done.code, 0, "{done:?}");
}

#[tokio::test]
async fn this_machine_has_a_name_in_capitals_too_and_a_port_is_a_number() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let url = domain.url().replace("http://127.0.0.1", "HTTP://LOCALHOST");
    let done = token_at(&url, &home, &[]).await;
    assert_eq!(done.code, 0, "{done:?}");
    for port in ["0", "65536", "99999999999", "", "x", "-1"] {
        let done = token_at(&format!("https://127.0.0.1:{port}/"), &home, &[]).await;
        assert!(done.code == 2 && done.stderr.contains("is not a URL"), "{port} {done:?}");
    }
}

#[tokio::test]
async fn a_header_is_printed_for_curl_so_that_no_command_line_has_the_token() {
    let domain = IdentityDomain::start(0, vec![client()]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let plain = token(&domain, &home, &[]).await;
    let header = token(&domain, &home, &[("--header", "")]).await;
    assert_eq!(header.stdout, format!("Authorization: Bearer {}", plain.stdout));
}
