//! What is given and cannot be used, and what is shown without sending it.

use std::fs;

use super::{COMPARTMENT, IMAGE, Setup, ended};
use crate::deploy::ELSEWHERE;

#[tokio::test]
async fn what_cannot_be_used_is_refused_before_anything_is_sent() {
    let setup = Setup::new().await;
    let (fixed, pie) = (setup.path("fixed.zip"), setup.path("pie.zip"));
    let application = setup.application.as_str();
    let report = setup.path("none/report.json");
    fs::write(setup.path("no.zip"), "no zip").unwrap();
    let no_zip = setup.path("no.zip");
    for (arguments, code, said) in [
        (vec!["--archive", pie.as_str()], 2, "is DYN (static PIE); `--archive` takes EXEC"),
        (vec!["--archive-pie", &fixed], 2, "is EXEC (fixed addresses); `--archive-pie` takes DYN"),
        (vec!["--archive", &no_zip], 2, "it is not a ZIP archive"),
        (vec!["--only", "7"], 2, "question 7: it needs --archive or --archive-pie and --image"),
        (vec!["--only", "8"], 2, "expected one of 1, 2, 3, 4, 5, 6, 7"),
        (vec!["--image", IMAGE, "--wait", "0"], 2, "0 is not in 1..=1200"),
        (vec!["--output", &report], 2, "cannot be used multiple times"),
    ] {
        let known = ["--application", application, "--yes"];
        ended(&setup.run(&[&known[..], &arguments].concat()).await, code, &[said]);
    }
    let named = ["--application", "models", "--archive", &fixed, "--yes"];
    ended(&setup.run(&named).await, 2, &["name that with --compartment"]);
    let silent = ["--application", application, "--archive", &fixed];
    ended(&setup.run(&silent).await, 2, &["there is no terminal to ask on"]);
    assert!(setup.functions.asked().is_empty());
    let other = setup.functions.add_application("other", COMPARTMENT, ELSEWHERE);
    let arguments = ["--application", &other, "--archive", &fixed, "--yes"];
    ended(&setup.run(&arguments).await, 1, &[&format!("other is of shape {ELSEWHERE}")]);
    assert!(setup.functions.asked().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
async fn an_application_is_found_by_its_name() {
    let setup = Setup::new().await;
    let fixed = setup.path("fixed.zip");
    let known = ["--compartment", COMPARTMENT, "--archive", &fixed, "--yes", "--only", "1"];
    ended(&setup.run(&[&known[..], &["--application", "models"]].concat()).await, 0, &[]);
    assert_eq!(setup.report()["application"], setup.application);
    let done = setup.run(&[&known[..], &["--application", "other"]].concat()).await;
    ended(&done, 1, &["the compartment has 0 applications named other"]);
    setup.functions.take_rights();
    let done = setup.run(&[&known[..], &["--application", "models"]].concat()).await;
    ended(&done, 3, &["the application cannot be read", "Nothing was made"]);
}

#[tokio::test]
async fn a_dry_run_shows_every_request_and_sends_none() {
    let setup = Setup::new().await;
    let (fixed, url) = (setup.path("fixed.zip"), setup.functions.url());
    let known = ["--application", &setup.application, "--archive", &fixed, "--image", IMAGE];
    let done = setup.run(&[&known[..], &["--dry-run"]].concat()).await;
    ended(&done, 0, &["Nothing is sent.", &format!("to {url}")]);
    assert!(setup.functions.asked().is_empty());
    ended(&setup.run(&[&known[..], &["--yes"]].concat()).await, 0, &[]);
    for asked in setup.functions.asked() {
        let target = match asked.target.find("ocid1.fnfunc.") {
            Some(at) => {
                let (start, id) = asked.target.split_at(at);
                let rest = id.split_once('/').map_or(String::new(), |(_, rest)| format!("/{rest}"));
                format!("{start}<OCID>{rest}")
            }
            None => asked.target.clone(),
        };
        let line = format!("{} {target}", asked.method);
        assert!(done.stdout.contains(&line), "{line}\n{}", done.stdout);
    }
}
