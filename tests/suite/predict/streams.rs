//! Is a stream passed on whole, and one that failed never as if it were whole?

use std::time::{Duration, Instant};

use emulator::agent::Invocation;
use emulator::deployment::Behaviour;

use crate::end_to_end::{body, refused};
use crate::setup::{GRACE, ROW, Setup, header, targeted};

impl Setup {
    fn stream(&self) -> String {
        self.url().replace("/predict", "/predictWithResponseStream")
    }

    fn streamed(&self) -> Invocation {
        header(targeted(&self.stream(), ROW), "accept", "text/event-stream")
    }
}

#[tokio::test]
async fn events_arrive_whole_with_their_content_type() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let answer = function.call(setup.streamed()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(&b"text/event-stream"[..]));
    let text = String::from_utf8_lossy(&answer.body);
    assert!(text.starts_with("data: {") && text.ends_with("data: [DONE]\n\n"), "{text}");
    for name in ["trailer", "transfer-encoding", "streamfailure"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn chunks_arrive_whole_whatever_else_frames_them() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let answer = function.call(targeted(&setup.stream(), ROW)).await;
    assert_eq!((answer.status, &body(&answer)["prediction"][0]), (200, &"virginica".into()));
    setup.deployment.behave(Behaviour::ChunkedWithLength);
    let answer = function.call(targeted(&setup.stream(), ROW)).await;
    assert_eq!((answer.status, &body(&answer)["prediction"][0]), (200, &"virginica".into()));
}

#[tokio::test]
async fn a_stream_that_says_at_its_end_that_it_failed_is_502() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    setup.deployment.behave(Behaviour::StreamFailure);
    refused(&function.call(setup.streamed()).await, 502, "DeploymentStreamFailed");
    assert_eq!(function.call(setup.streamed()).await.status, 200);
    let lines = function.lines().join("\n");
    assert!(lines.contains("stream failed") && !lines.contains("the model died"), "{lines}");
}

#[tokio::test]
async fn a_stream_that_stalls_is_504_and_one_that_breaks_is_never_half() {
    let mut setup = Setup::new().await;
    setup.program = setup.program.timeout(Duration::from_secs(2)).grace(GRACE);
    let function = setup.start().await;
    setup.deployment.behave(Behaviour::StallStream);
    let start = Instant::now();
    refused(&function.call(setup.streamed()).await, 504, "DeploymentTimedOut");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // Broken once it is tried again; always, it is an error.
    setup.deployment.behave(Behaviour::ResetStream);
    let answer = function.call(setup.streamed()).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(answer.status == 200 && text.ends_with("data: [DONE]\n\n"), "{text}");
    for _ in 0..8 {
        setup.deployment.behave(Behaviour::ResetStream);
    }
    refused(&function.call(setup.streamed()).await, 502, "DeploymentAnswerInvalid");
}

#[tokio::test]
async fn a_stream_beyond_the_limit_is_502() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let large = vec![b'x'; 6 * 1024 * 1024 + 1];
    setup.deployment.behave(Behaviour::Answer(200, "text/event-stream", large));
    refused(&function.call(setup.streamed()).await, 502, "DeploymentAnswerTooLarge");
}
