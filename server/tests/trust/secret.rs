//! The gateway's secret.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderMap;
use model_deployment_server::trust::{NotAdmitted, Trust};
use tempfile::TempDir;
use tokio::time;

use crate::setup::{client, header, mistakes, pass, settings};

const OLD: &str = "an-old-secret-of-24-byte";
const NEW: &str = "the-new-secret-of-24-byt";

fn replace(folder: &TempDir, content: &str) {
    let next = folder.path().join("next");
    fs::write(&next, content).unwrap();
    fs::rename(next, folder.path().join("secret")).unwrap();
}

async fn trust_in(path: &Path) -> Trust {
    let settings = settings(&[("GATEWAY_SECRET_FILE", path.to_str().unwrap())]).unwrap();
    assert!(!settings.is_open());
    Trust::new(settings, None, &client().await).unwrap()
}

async fn started(content: &str) -> (TempDir, Trust) {
    let folder = tempfile::tempdir().unwrap();
    replace(&folder, content);
    let trust = trust_in(&folder.path().join("secret")).await;
    (folder, trust)
}

async fn with(trust: &Trust, secret: &str) -> Result<(), NotAdmitted> {
    trust.admit(&header("x-gateway-secret", secret)).await
}

#[tokio::test]
async fn the_gateway_passes_with_its_secret_and_nobody_without() {
    let (_folder, trust) = started(&format!("{OLD}\n")).await;
    with(&trust, OLD).await.unwrap();
    assert!(trust.takes_target_header());
    let refused = trust.admit(&HeaderMap::new()).await.unwrap_err();
    assert_eq!(refused, NotAdmitted::SecretMissing);
    for wrong in ["", NEW, &OLD[1..], &OLD[..23], &format!("{OLD}x"), &OLD.to_uppercase()] {
        assert_eq!(with(&trust, wrong).await, Err(NotAdmitted::SecretWrong), "{wrong}");
    }
    let mut twice = header("x-gateway-secret", OLD);
    twice.append("x-gateway-secret", OLD.parse().unwrap());
    assert_eq!(trust.admit(&twice).await.unwrap_err(), NotAdmitted::SecretRepeated);
}

#[tokio::test]
async fn each_line_is_a_secret_and_none_is_shown() {
    let (_folder, trust) = started(&format!("{OLD}\r\n\n{NEW}")).await;
    with(&trust, OLD).await.unwrap();
    with(&trust, NEW).await.unwrap();
    assert_eq!(with(&trust, &format!("{OLD}{NEW}")).await, Err(NotAdmitted::SecretWrong));
    let shown = format!("{trust:?}");
    assert!(!shown.contains(OLD) && !shown.contains(NEW), "{shown}");
}

#[test]
fn a_file_without_a_good_secret_is_refused_by_the_name_of_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for bad in [
        "",
        "\n",
        "only-15-bytes-x",
        "only-15-bytes-x\n",
        "a secret with blanks in it",
        " an-old-secret-of-24-byte",
        "an-old-secret-of-24-bytë",
        "an-old-secret-of-24-byte\nshort",
        "\u{feff}an-old-secret-of-24-byte",
    ] {
        fs::write(&path, bad).unwrap();
        let mistakes = mistakes(&[("GATEWAY_SECRET_FILE", path.to_str().unwrap())]);
        let [mistake] = &mistakes[..] else { panic!("{mistakes:?}") };
        assert!(mistake.starts_with("GATEWAY_SECRET_FILE names a file that is not a secret"));
        assert!(!mistake.contains("byte-") && !mistake.contains("old"), "{mistake}");
    }
    fs::write(&path, "x".repeat(300_000)).unwrap();
    for (place, expected) in [
        (path.to_str().unwrap(), "GATEWAY_SECRET_FILE names a file of more than 256 KiB"),
        ("/nowhere", "GATEWAY_SECRET_FILE names a file that cannot be read"),
        ("/dev/zero", "GATEWAY_SECRET_FILE names what is not a file"),
        (folder.path().to_str().unwrap(), "GATEWAY_SECRET_FILE names what is not a file"),
    ] {
        let mistakes = mistakes(&[("GATEWAY_SECRET_FILE", place)]);
        assert!(mistakes[0].starts_with(expected), "{mistakes:?}");
    }
}

#[tokio::test]
async fn a_new_secret_takes_over_and_a_bad_file_does_not() {
    // Within a second the file is not looked at; the clock stands still that long.
    time::pause();
    let (folder, trust) = started(OLD).await;
    replace(&folder, NEW);
    with(&trust, OLD).await.unwrap();
    time::resume();
    pass(Duration::from_secs(1)).await;
    with(&trust, NEW).await.unwrap();
    assert_eq!(with(&trust, OLD).await, Err(NotAdmitted::SecretWrong));
    for bad in ["", "short"] {
        replace(&folder, bad);
        pass(Duration::from_secs(1)).await;
        with(&trust, NEW).await.unwrap();
    }
    fs::remove_file(folder.path().join("secret")).unwrap();
    pass(Duration::from_secs(1)).await;
    with(&trust, NEW).await.unwrap();
    replace(&folder, OLD);
    pass(Duration::from_secs(1)).await;
    with(&trust, OLD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_rotated_under_load_without_a_call_refused() {
    let (folder, trust) = started(OLD).await;
    let (trust, done) = (Arc::new(trust), Arc::new(AtomicBool::new(false)));
    let gateways: Vec<_> = (0..4)
        .map(|_| {
            let (trust, done) = (trust.clone(), done.clone());
            tokio::spawn(async move {
                let (mut secret, mut calls, mut changes) = (OLD, 0_u64, 0);
                while !done.load(Ordering::SeqCst) {
                    // As a gateway does: it goes on with the old one until it learns of the new.
                    let admitted = with(&trust, secret).await;
                    assert_eq!(admitted, Ok(()), "after {calls} calls");
                    if secret == OLD && with(&trust, NEW).await.is_ok() {
                        (secret, changes) = (NEW, changes + 1);
                    }
                    calls += 1;
                    tokio::task::yield_now().await;
                }
                assert_eq!((secret, changes), (NEW, 1));
            })
        })
        .collect();
    replace(&folder, &format!("{OLD}\n{NEW}\n"));
    while with(&trust, NEW).await.is_err() {
        time::sleep(Duration::from_millis(10)).await;
    }
    time::sleep(Duration::from_millis(50)).await;
    replace(&folder, &format!("{NEW}\n"));
    while with(&trust, OLD).await.is_ok() {
        time::sleep(Duration::from_millis(10)).await;
    }
    done.store(true, Ordering::SeqCst);
    for gateway in gateways {
        gateway.await.unwrap();
    }
}
