//! What the service does, and what the report says of it.

use std::time::Duration;

use emulator::functions::{Change, Fate, Fault, Runtime};
use http::Method;
use serde_json::json;

use super::{FIXED, IMAGE, PIE, Setup, ended, hash};

#[tokio::test]
async fn each_question_has_an_answer_with_its_requests_where_all_is_taken() {
    let setup = Setup::new().await;
    // The function of this repository ran, and says that nothing names a model deployment.
    let own_error = Fate { calls: Err((502, "FunctionInvokeExecutionFailed")), ..Fate::default() };
    setup.functions.set_fate(&hash(&FIXED), own_error);
    let done = setup.probe_all(&[]).await;
    ended(&done, 0, &["1  does the service take", "Nothing is left behind."]);
    assert_eq!(setup.question(1)["answer"], "yes");
    assert_eq!(
        setup.question(2)["answer"],
        json!({ "fixed_addresses": "yes", "static_pie": "yes" })
    );
    let runtimes = setup.question(3)["answer"].clone();
    assert_eq!(runtimes["go"], json!(["emulated-go-ol9"]));
    assert_eq!(runtimes["all"][1]["language"], "Java");
    assert_eq!(setup.made(), 3);
    let report = setup.report();
    assert_eq!((&report["stopped"], &report["region"]), (&json!(false), &json!("sa-saopaulo-1")));
    let steps = report["questions"][0]["evidence"].as_array().unwrap();
    let made = &steps[0];
    assert_eq!(
        (&made["subject"], &made["step"], &made["request"], &made["status"]),
        (
            &json!("archive"),
            &json!("make a function"),
            &json!("POST /20260325/functions"),
            &json!(200)
        )
    );
    let called = steps.iter().find(|step| step["step"] == "call it again").unwrap();
    assert_eq!(
        (&called["status"], &called["code"]),
        (&json!(502), &json!("FunctionInvokeExecutionFailed"))
    );
    for step in steps {
        let id = step["opc_request_id"].as_str().unwrap();
        assert!(id.starts_with("emulated/functions/") && step["seconds"].is_f64(), "{step}");
    }
}

#[tokio::test]
async fn an_archive_that_the_service_refuses_is_a_no_and_no_failure() {
    let setup = Setup::new().await;
    let refused = Fate { refused: Some((400, "InvalidParameter")), ..Fate::default() };
    setup.functions.set_fate(&hash(&FIXED), refused);
    let done = setup.probe(&["--archive", &setup.path("fixed.zip"), "--only", "1"]).await;
    ended(&done, 0, &["did not build?\n   no\n", "not asked: `--only` leaves it out"]);
    let question = setup.question(1);
    let evidence = question["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), 1, "{question}");
    assert_eq!(
        (&evidence[0]["status"], &evidence[0]["code"]),
        (&json!(400), &json!("InvalidParameter"))
    );
    assert!(evidence[0]["said"].as_str().unwrap().contains("not to take it"));
    assert_eq!(setup.made(), 1);
}

#[tokio::test]
async fn a_static_pie_that_is_refused_or_fails_beside_one_that_is_taken_is_told_apart() {
    for (fate, said) in [
        (Fate { refused: Some((400, "InvalidParameter")), ..Fate::default() }, "no"),
        (Fate { fails: true, ..Fate::default() }, "no"),
        (
            Fate { calls: Err((502, "FunctionInvokeContainerInitFail")), ..Fate::default() },
            "made, and a call does not reach it",
        ),
    ] {
        let setup = Setup::new().await;
        setup.functions.set_fate(&hash(&PIE), fate);
        ended(&setup.probe_all(&["--only", "1,2"]).await, 0, &[]);
        let both = json!({ "fixed_addresses": "yes", "static_pie": said });
        assert_eq!(
            (&setup.question(1)["answer"], &setup.question(2)["answer"]),
            (&json!("yes"), &both)
        );
        assert_eq!(setup.made(), 2);
    }
}

#[tokio::test]
async fn a_function_that_does_not_start_or_fails_is_not_a_yes() {
    let setup = Setup::new().await;
    let does_not_start =
        Fate { calls: Err((504, "FunctionInvokeContainerInitTimeout")), ..Fate::default() };
    setup.functions.set_fate(&hash(&FIXED), does_not_start);
    let archive = setup.path("fixed.zip");
    let options = ["--archive", &archive, "--image", IMAGE, "--only", "1,7"];
    let done = setup.probe(&options).await;
    ended(&done, 3, &["made, and a call does not reach it", "no answer: archive: the first call"]);
    let evidence = setup.question(1)["evidence"].clone();
    let calls = evidence.as_array().unwrap().iter().filter(|step| step["status"] == 504).count();
    assert_eq!(calls, 1, "{evidence}");
    setup.functions.set_change(Change { looks: 0, succeeds: false });
    setup.functions.set_fate(&hash(&FIXED), Fate { fails: true, ..Fate::default() });
    ended(&setup.probe(&["--archive", &archive, "--only", "1"]).await, 0, &["\n   no\n"]);
    let evidence = setup.question(1)["evidence"].clone();
    let why = evidence.as_array().unwrap().last().unwrap().clone();
    assert_eq!(why["step"], "why it failed");
    assert_eq!(why["said"], "EmulatedFailure: the change was told to fail");
}

#[tokio::test]
async fn what_a_tenancy_forbids_or_has_used_up_is_no_answer() {
    for (status, code) in [
        (400, "LimitExceeded"),
        (404, "NotAuthorizedOrNotFound"),
        (409, "Conflict"),
        (429, "TooManyRequests"),
    ] {
        let setup = Setup::new().await;
        setup.functions.add_fault(Method::POST, Fault::Answers(status, code, None));
        let done = setup.probe(&["--archive", &setup.path("fixed.zip"), "--only", "1"]).await;
        ended(&done, 3, &[&format!("no answer: archive: {status} {code}")]);
        assert_eq!(setup.question(1)["answer"], json!(null));
        assert_eq!(setup.made(), 1);
    }
}

#[tokio::test]
async fn a_refusal_that_no_service_wrote_is_no_answer() {
    for status in [400, 413] {
        let setup = Setup::new().await;
        // What has no code comes from something between, which may have passed the request on.
        setup.functions.add_fault(Method::POST, Fault::Answers(status, "", None));
        let done = setup.probe(&["--archive", &setup.path("fixed.zip"), "--only", "1"]).await;
        ended(&done, 1, &[&format!("no answer: archive: {status}\n"), "it is unknown whether"]);
    }
}

#[tokio::test]
async fn a_function_that_failed_for_a_limit_of_the_tenancy_is_no_answer() {
    for (code, said, exit) in [
        ("LimitExceeded", "no answer: archive: it failed with LimitExceeded", 3),
        ("QuotaExceeded", "no answer: archive: it failed with QuotaExceeded", 3),
        ("InvalidArchive", "\n   no\n", 0),
    ] {
        let setup = Setup::new().await;
        setup.functions.set_fate(&hash(&FIXED), Fate { fails: true, code, ..Fate::default() });
        let done = setup.probe(&["--archive", &setup.path("fixed.zip"), "--only", "1"]).await;
        ended(&done, exit, &[said, "Nothing is left behind."]);
        let evidence = setup.question(1)["evidence"].clone();
        let why = evidence.as_array().unwrap().last().unwrap().clone();
        assert_eq!(why["said"], format!("{code}: the change was told to fail"));
    }
}

#[tokio::test]
async fn a_runtime_that_cannot_be_chosen_leaves_the_archives_unasked_and_can_be_named() {
    let setup = Setup::new().await;
    let many = (0..60).map(|number| Runtime::new(&format!("java{number}"), "Java"));
    let two = [Runtime::new("go-ol8", "go"), Runtime::new("go-ol9", "GO")];
    setup.functions.set_runtimes(many.chain(two).collect());
    let done = setup.probe_all(&[]).await;
    let why = "not asked: several runtimes are for Go, go-ol8, go-ol9; `--runtime` names one";
    ended(&done, 0, &[why]);
    let question = setup.question(3);
    assert_eq!(question["answer"]["go"], json!(["go-ol8", "go-ol9"]));
    assert_eq!(question["evidence"].as_array().unwrap().len(), 2, "{question}");
    assert_eq!(setup.made(), 0);
    ended(&setup.probe_all(&["--runtime", "go-ol9"]).await, 0, &["\n   yes\n"]);
    assert_eq!(setup.made(), 3);
    setup.functions.set_runtimes(vec![]);
    ended(&setup.probe_all(&["--only", "1"]).await, 0, &["no active runtime is for Go"]);
}

#[tokio::test]
async fn runtimes_that_cannot_be_listed_leave_every_question_of_an_archive_without_an_answer() {
    for (status, code) in
        [(401, "NotAuthenticated"), (404, "NotAuthorizedOrNotFound"), (500, "InternalServerError")]
    {
        let setup = Setup::new().await;
        // The first GET is for the application; the others are attempts at the list.
        setup.functions.add_fault(Method::GET, Fault::IsSlow(Duration::ZERO));
        for _ in 0..4 {
            setup.functions.add_fault(Method::GET, Fault::Answers(status, code, None));
        }
        let done = setup.probe_all(&["--only", "1,2,7"]).await;
        ended(&done, 3, &["no answer: the runtimes cannot be listed"]);
        for number in [1, 2, 7] {
            let question = setup.question(number);
            let why = question["no_answer"].as_str().unwrap();
            assert!(why.contains("`--runtime` names one"), "{question}");
            assert_eq!(question["not_asked"], json!(null));
            let evidence = question["evidence"].as_array().unwrap();
            assert_eq!(evidence[0]["status"], status, "{question}");
        }
        assert_eq!(setup.made(), 0);
    }
}

#[tokio::test]
async fn the_runtimes_are_listed_without_an_application() {
    let setup = Setup::new().await;
    let done = setup.run(&["--yes"]).await;
    ended(&done, 0, &["emulated-go-ol9", "not asked: it needs --application and --archive or"]);
    setup.functions.add_fault(Method::GET, Fault::Answers(404, "NotAuthorizedOrNotFound", None));
    let done = setup.run(&["--yes", "--only", "3"]).await;
    ended(&done, 3, &["no answer: the runtimes cannot be listed"]);
}

#[tokio::test]
async fn the_cold_starts_of_an_archive_and_an_image_are_measured_each() {
    let setup = Setup::new().await;
    let slow =
        |milliseconds| Fate { cold_start: Duration::from_millis(milliseconds), ..Fate::default() };
    setup.functions.set_fate(&hash(&FIXED), slow(1500));
    setup.functions.set_fate(IMAGE, slow(3000));
    ended(&setup.probe_all(&["--only", "7"]).await, 0, &["first_call_s"]);
    let answer = setup.question(7)["answer"].clone();
    let seconds = |of: &str, call: &str| answer[of][call].as_f64().unwrap();
    assert!(seconds("archive", "first_call_s") >= 1.5, "{answer}");
    assert!(seconds("image", "first_call_s") >= 3.0, "{answer}");
    for of in ["archive", "image"] {
        assert!(seconds(of, "next_call_s") < seconds(of, "first_call_s"), "{answer}");
    }
    assert_eq!(setup.made(), 2);
    let other = setup.path("pie.zip");
    let foreign = ["--archive-pie", &other, "--image", "fra.ocir.io/ns/f:1", "--only", "7"];
    let done = setup.probe(&foreign).await;
    ended(&done, 3, &["no answer: image: the service refused it"]);
}
