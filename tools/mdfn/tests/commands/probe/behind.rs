//! Nothing is left behind, or it is named.

use std::time::Duration;

use emulator::functions::{Change, Fate, Fault};
use http::Method;
use serde_json::json;
use tokio::join;

use super::{FIXED, Setup, ended, hash, until};

#[tokio::test]
async fn what_is_kept_is_named() {
    let setup = Setup::new().await;
    let archive = setup.path("fixed.zip");
    let done = setup.probe(&["--archive", &archive, "--only", "1", "--keep"]).await;
    let kept = setup.functions.functions();
    assert_eq!(kept.len(), 1);
    let (name, id) = (kept[0]["displayName"].as_str().unwrap(), kept[0]["id"].as_str().unwrap());
    assert!(name.starts_with("mdfn-probe-") && name.ends_with("-archive"), "{name}");
    ended(&done, 0, &[&format!("Left behind: {name} ({id}): `--keep` was given")]);
    assert_eq!(setup.report()["left"][0]["id"], id);
}

#[tokio::test]
async fn what_cannot_be_deleted_is_named_with_its_ocid() {
    let setup = Setup::new().await;
    let archive = setup.path("fixed.zip");
    // A right that is missing is a 404, too, and the function is there.
    for (status, code) in [(404, "NotAuthorizedOrNotFound"), (400, "NoWay")] {
        setup.functions.add_fault(Method::DELETE, Fault::Answers(status, code, None));
        let done = setup.probe(&["--archive", &archive, "--only", "1"]).await;
        let left = setup.report()["left"][0].clone();
        let id = left["id"].as_str().unwrap();
        ended(&done, 1, &[id, "it cannot be deleted", &format!("code {code}")]);
        setup.functions.delete_functions();
    }
}

#[tokio::test]
async fn what_somebody_else_deleted_meanwhile_is_gone() {
    let setup = Setup::new().await;
    let slow = Fate { cold_start: Duration::from_secs(2), ..Fate::default() };
    setup.functions.set_fate(&hash(&FIXED), slow);
    let archive = setup.path("fixed.zip");
    let options = ["--archive", &archive, "--only", "1"];
    let (done, ()) = join!(setup.probe(&options), async {
        until(|| setup.functions.calls() > 0).await;
        setup.functions.delete_functions();
    });
    ended(&done, 0, &["Nothing is left behind."]);
    let asked = setup.functions.asked();
    let last: Vec<_> = asked.iter().rev().take(2).map(|a| (a.method.as_str(), a.status)).collect();
    assert_eq!(last, [("GET", Some(404)), ("DELETE", Some(404))]);
}

#[tokio::test]
async fn a_function_whose_create_was_answered_by_nobody_is_found_by_its_name_and_deleted() {
    let setup = Setup::new().await;
    setup.functions.add_fault(Method::POST, Fault::LosesAnswer);
    let archive = setup.path("fixed.zip");
    let done = setup.probe(&["--archive", &archive, "--only", "1"]).await;
    ended(&done, 3, &["no answer: archive: there was no answer", "Nothing is left behind."]);
    assert_eq!(setup.made(), 1);
    let deleted = setup.functions.asked().iter().filter(|asked| asked.method == "DELETE").count();
    assert_eq!(deleted, 1);
}

#[tokio::test]
async fn a_create_that_may_be_under_way_is_looked_for_again_and_named_where_it_is_not_found() {
    let setup = Setup::new().await;
    let archive = setup.path("fixed.zip");
    let unknown = "(no OCID is known): it is unknown whether it was made";
    let broken = Fault::BreaksOff(100);
    let answers = |status, code| Fault::Answers(status, code, None);
    for (fault, more, code) in [
        (broken.clone(), None, 1),
        (answers(408, "RequestTimeout"), None, 1),
        (answers(500, "InternalServerError"), None, 1),
        (broken, Some("--keep"), 3),
    ] {
        let before = setup.looks();
        setup.functions.add_fault(Method::POST, fault);
        let mut options = vec!["--archive", &archive, "--only", "1"];
        options.extend(more);
        let done = setup.probe(&options).await;
        ended(&done, code, &["no answer: archive: ", unknown]);
        assert!(!done.stdout.contains("Nothing is left behind."), "{done:?}");
        let left = setup.report()["left"][0].clone();
        assert!(left["name"].as_str().unwrap().ends_with("-archive"), "{left}");
        assert_eq!(left["id"], json!(null));
        assert_eq!(setup.looks() - before, 6);
    }
}

#[tokio::test]
async fn a_create_that_was_refused_is_not_looked_for() {
    let setup = Setup::new().await;
    let archive = setup.path("fixed.zip");
    setup.functions.add_fault(Method::POST, Fault::Answers(400, "InvalidParameter", None));
    let done = setup.probe(&["--archive", &archive, "--only", "1"]).await;
    ended(&done, 0, &["\n   no\n", "Nothing is left behind."]);
    assert_eq!(setup.looks(), 0);
}

#[tokio::test]
async fn a_function_that_failed_is_waited_for_until_its_deletion_is_done() {
    let setup = Setup::new().await;
    setup.functions.set_deletion(2);
    setup.functions.set_fate(&hash(&FIXED), Fate { fails: true, ..Fate::default() });
    let archive = setup.path("fixed.zip");
    let done = setup.probe(&["--archive", &archive, "--only", "1"]).await;
    ended(&done, 0, &["\n   no\n", "Nothing is left behind."]);
    assert_eq!(setup.made(), 1);
    setup.functions.set_deletion(1000);
    let done = setup.probe(&["--archive", &archive, "--only", "1", "--wait", "2"]).await;
    ended(&done, 1, &["its deletion was accepted, and is not done"]);
}

#[tokio::test]
async fn a_function_that_never_becomes_active_is_waited_for_no_longer_than_said() {
    let setup = Setup::new().await;
    setup.functions.set_change(Change { looks: 1000, succeeds: true });
    let archive = setup.path("fixed.zip");
    let done = setup.probe(&["--archive", &archive, "--only", "1", "--wait", "1"]).await;
    ended(&done, 3, &["no answer: archive: it is CREATING still, after 1 s"]);
    assert_eq!(setup.made(), 1);
}
