//! What there is does not fit, or the service refuses.

use std::time::Duration;

use emulator::functions::{Change, Fault, Runtime};
use http::Method;

use super::{ELSEWHERE, HERE, Setup, archive, ended};

#[tokio::test]
async fn an_application_of_another_shape_is_refused_before_anything_is_sent() {
    let setup = Setup::new(ELSEWHERE).await;
    let said =
        format!("the application models is of shape {ELSEWHERE}, and this archive is for {HERE}");
    ended(&setup.deploy(&[]).await, 1, &[&said]);
    assert!(setup.changes().is_empty());
    let both = Setup::new("GENERIC_X86_ARM").await;
    ended(&both.deploy(&[]).await, 1, &["is of shape GENERIC_X86_ARM"]);
}

#[tokio::test]
async fn an_archive_does_not_become_an_image_nor_the_other_way() {
    let setup = Setup::new(HERE).await;
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    let image = ["--image", "gru.ocir.io/ns/f:1", "--application", &setup.application, "--yes"];
    let reason = "a new function with a new OCID, so the dynamic group needs a new rule";
    let done = setup.run(&image).await;
    ended(
        &done,
        1,
        &["the function is made of an archive, and cannot be made of an image", reason],
    );
    ended(&setup.run(&[&image[..], &["--name", "image"]].concat()).await, 0, &["is ACTIVE"]);
    let done = setup.deploy(&["--name", "image"]).await;
    ended(&done, 1, &["the function is made of an image, and cannot be made of an archive"]);
    assert_eq!(setup.changes(), ["POST", "POST"]);
}

#[tokio::test]
async fn a_function_without_an_etag_is_not_changed() {
    let setup = Setup::new(HERE).await;
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    // The application, the list of functions, and the function.
    let in_time = Fault::IsSlow(Duration::ZERO);
    for fault in [in_time.clone(), in_time, Fault::HidesEtag] {
        setup.functions.add_fault(Method::GET, fault);
    }
    let done = setup.deploy(&["--memory", "256"]).await;
    ended(&done, 3, &["the service names no etag", "nothing was changed"]);
    assert_eq!(setup.changes(), ["POST"]);
}

#[tokio::test]
async fn a_runtime_that_is_not_there_or_not_the_only_one_is_told_with_the_names() {
    let setup = Setup::new(HERE).await;
    let gone = setup.deploy(&["--runtime", "gone"]).await;
    ended(&gone, 3, &["the function cannot be made", "no runtime gone", "without --runtime"]);
    let unused = Runtime { is_active: false, ..Runtime::new("old", "go") };
    setup.functions.set_runtimes(vec![Runtime::new("a", "Java"), unused]);
    ended(&setup.deploy(&[]).await, 1, &["no runtime is active whose language is Go", "a (Java)"]);
    setup.functions.set_runtimes(vec![]);
    ended(&setup.deploy(&[]).await, 1, &["active are: none"]);
    let many = (0..12).map(|number| Runtime::new(&format!("java{number}"), "Java"));
    let two = [Runtime::new("go-ol8", "go"), Runtime::new("go-ol9", "GO")];
    setup.functions.set_runtimes(many.chain(two).collect());
    ended(&setup.deploy(&[]).await, 1, &["several active runtimes are for Go: go-ol8, go-ol9"]);
    ended(&setup.deploy(&["--runtime", "go-ol9"]).await, 0, &["is ACTIVE"]);
}

#[tokio::test]
async fn who_has_no_right_is_told_which_policy_gives_it() {
    let setup = Setup::new(HERE).await;
    setup.functions.take_rights();
    let done = setup.deploy(&[]).await;
    let policy = "Allow group <yours> to read functions-family in compartment id";
    let code = "code NotAuthorizedOrNotFound, opc-request-id emulated/functions/";
    ended(&done, 3, &["the application cannot be read", "status 404", code, policy]);
}

#[tokio::test]
async fn who_may_not_see_work_requests_is_told_what_the_function_says() {
    let setup = Setup::new(HERE).await;
    setup.functions.hide_work();
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    setup.functions.set_change(Change { looks: 0, succeeds: false });
    let done = setup.deploy(&["--name", "b"]).await;
    ended(&done, 1, &["the service says FAILED. Its page in the console"]);
}

#[tokio::test]
async fn an_image_of_another_region_is_told_as_that() {
    let setup = Setup::new(HERE).await;
    let image = ["--image", "fra.ocir.io/ns/f:1", "--application", &setup.application, "--yes"];
    let advice = "An image must be in the registry of the function's own region";
    ended(&setup.run(&image).await, 3, &["status 400, code InvalidParameter", advice]);
    assert!(setup.functions.functions().is_empty());
}

#[tokio::test]
async fn each_refusal_of_the_service_is_passed_on_with_what_to_do() {
    let setup = Setup::new(HERE).await;
    for (status, code, advice) in [
        (400, "LimitExceeded", "ask for a higher one"),
        (401, "NotAuthenticated", "`mdfn doctor` says what is odd"),
        (404, "NotAuthorizedOrNotFound", "to manage functions-family"),
        (409, "Conflict", "Somebody makes, changes or deletes a function of this name"),
        (500, "InternalServerError", "The service failed, and may have made it"),
    ] {
        // A 401 is taken as a wrong clock once.
        let times = if status == 401 { 2 } else { 1 };
        for _ in 0..times {
            setup.functions.add_fault(Method::POST, Fault::Answers(status, code, None));
        }
        let said = format!("status {status}, code {code}, opc-request-id emulated/functions/");
        let done = setup.deploy(&[]).await;
        ended(&done, 3, &["the function cannot be made", &said, advice]);
    }
    assert!(setup.functions.functions().is_empty());
}

#[tokio::test]
async fn a_function_that_somebody_else_changes_meanwhile_is_left_alone() {
    let setup = Setup::new(HERE).await;
    ended(&setup.deploy(&[]).await, 0, &["is ACTIVE"]);
    setup.functions.add_fault(Method::PUT, Fault::Answers(412, "NoEtagMatch", None));
    let done = setup.deploy(&["--memory", "512"]).await;
    ended(&done, 3, &["status 412, code NoEtagMatch", "was changed since it was read"]);
    assert_eq!(setup.function()["memoryInMBs"], 128);
}

#[tokio::test]
async fn a_function_that_fails_and_one_that_takes_too_long_are_told_apart() {
    let setup = Setup::new(HERE).await;
    setup.functions.set_change(Change { looks: 0, succeeds: false });
    let done = setup.deploy(&[]).await;
    let id = setup.function()["id"].as_str().unwrap().to_owned();
    ended(
        &done,
        1,
        &[
            &format!(
                "the function {id}: the service says FAILED: the change was told to fail (EmulatedFailure)"
            ),
            "oci fn function delete",
        ],
    );
    setup.functions.set_change(Change { looks: 100, succeeds: true });
    let slow = setup.deploy(&["--name", "slow", "--wait", "1"]).await;
    ended(
        &slow,
        3,
        &[
            "is not ready after 1 s; the service said IN_PROGRESS",
            "oci fn function get --function-id ocid1.",
        ],
    );
    setup.write("function.zip", &archive(12));
    let busy = setup.deploy(&["--name", "slow"]).await;
    ended(&busy, 3, &["the function cannot be updated", "status 409"]);
}
