//! Do the examples do what they show?

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::service::{Service, answer};

/// The program of an example.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is built by `cargo build --examples`", path.display());
    path
}

/// Runs an example as a user of a configuration file, against a service: whether it succeeded, and
/// what it said.
async fn run(name: &str, service: &Service, arguments: &[&str]) -> (bool, String) {
    let home = std::env::temp_dir().join(format!("example-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rsa2048.pkcs8.pem");
    let profile =
        format!("[DEFAULT]\nuser=u\ntenancy=t\nfingerprint=f\nkey_file={}\n", key.display());
    std::fs::write(home.join("config"), profile).unwrap();
    std::fs::write(home.join("report #1.csv"), "a,b\n1,2\n").unwrap();
    let mut command = Command::new(example(name));
    command.args(arguments).current_dir(&home).env_clear();
    command.env("OCI_CONFIG_FILE", home.join("config")).env("OCI_CLI_ENDPOINT", &service.url);
    let output = command.output().await.unwrap();
    std::fs::remove_dir_all(&home).unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn upload_stores_a_file_under_its_own_name() {
    let service = Service::start(|_, received| match received.method.as_str() {
        "GET" => answer(200, &[], "\"ns\""),
        _ => answer(200, &[("etag", "e1")], ""),
    })
    .await;
    let (success, said) =
        run("upload", &service, &["report #1.csv", "reports", "2026/report #1.csv"]).await;
    assert!(success && said == "stored, etag e1\n", "{said}");
    let received = service.received().pop().unwrap();
    assert_eq!(received.target, "/n/ns/b/reports/o/2026%2Freport%20%231.csv");
    assert_eq!((&received.body[..], received.key_id().as_str()), (&b"a,b\n1,2\n"[..], "t/u/f"));
    let (success, said) = run("upload", &service, &["nothing.csv", "reports", "x"]).await;
    assert!(!success && said.contains("NotFound"), "{said}");
}

#[tokio::test]
async fn waiter_waits_until_a_work_request_is_done() {
    let service = Service::start(|number, _| {
        let body = [r#"{"status": "IN_PROGRESS"}"#, r#"{"status": "SUCCEEDED"}"#][number];
        answer(200, &[("retry-after", "0")], body)
    })
    .await;
    let (success, said) = run("waiter", &service, &["ocid1.workrequest.oc1..a"]).await;
    assert!(success && said == "SUCCEEDED\n", "{said}");
    assert_eq!(service.received()[1].target, "/20210201/workRequests/ocid1.workrequest.oc1..a");
}

#[test]
fn each_example_is_a_page_of_fewer_than_25_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut examples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 25, "{}: {lines} lines", path.display());
        examples += 1;
    }
    assert_eq!(examples, 4);
}
