//! A detached call, and what its destination gets.

use emulator::functions::{Fate, Fault};
use emulator::streaming::Streaming;
use http::Method;
use serde_json::json;

use super::{FIXED, Setup, ended, hash};

/// Asks the sixth question, of a stream that this user may read.
async fn probed(setup: &Setup, streaming: &Streaming, stream: &str, more: &[&str]) -> crate::Done {
    let (archive, url) = (setup.path("fixed.zip"), streaming.url());
    let known = ["--archive", &archive, "--only", "6", "--stream", stream];
    setup.probe(&[&known[..], &["--stream-endpoint", &url], more].concat()).await
}

#[tokio::test]
async fn the_record_is_told_by_its_form_and_not_by_its_content() {
    let setup = Setup::new().await;
    let streaming = setup.streaming().await;
    let stream = streaming.add_stream("results");
    streaming.streams().put(&stream, b"of somebody else, before");
    for calls in [Ok(()), Err((502, "FunctionInvokeExecutionFailed"))] {
        // What a real record has is not known.
        let record = json!({ "made": "up-by-this-test", "of": { "kinds": [1, true], "n": null } });
        setup.functions.set_fate(
            &hash(&FIXED),
            Fate { calls, record: Some(record.clone()), ..Fate::default() },
        );
        ended(&probed(&setup, &streaming, &stream, &[]).await, 0, &["Nothing is left behind."]);
        let answer = setup.question(6)["answer"].clone();
        assert_eq!(answer["status"], 202);
        let told = json!([{
            "bytes": record.to_string().len(),
            "has_key": false,
            "names_the_function": false,
            "kinds": { "made": "text", "of": { "kinds": "array", "n": "null" } },
        }]);
        assert_eq!(answer["records"], told);
        assert!(!setup.report().to_string().contains("up-by-this-test"));
    }
    assert_eq!(setup.made(), 2);
}

#[tokio::test]
async fn a_destination_that_gets_nothing_is_waited_for_no_longer_than_said() {
    let setup = Setup::new().await;
    let streaming = setup.streaming().await;
    let stream = streaming.add_stream("results");
    ended(&probed(&setup, &streaming, &stream, &["--wait", "3"]).await, 0, &["\"records\":[]"]);
    assert_eq!(setup.question(6)["answer"]["records"], json!([]));
    assert_eq!(setup.made(), 1);
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_and_a_call_that_is_refused_are_no_answer() {
    let setup = Setup::new().await;
    let streaming = setup.streaming().await;
    let none = "ocid1.stream.oc1.sa-saopaulo-1.aaaaaaaanone";
    let done = probed(&setup, &streaming, none, &[]).await;
    ended(&done, 3, &["no answer: 404 NotAuthorizedOrNotFound"]);
    assert_eq!(setup.made(), 0);
    let stream = streaming.add_stream("results");
    setup.functions.add_fault(Method::POST, Fault::Answers(400, "InvalidParameter", None));
    let done = probed(&setup, &streaming, &stream, &[]).await;
    ended(&done, 3, &["no answer: the service refused a function with a stream for results"]);
    assert_eq!(setup.made(), 1);
    let wrong = probed(&setup, &streaming, "ocid1.queue.oc1..a", &[]).await;
    ended(&wrong, 2, &["expected the OCID of a stream"]);
}
