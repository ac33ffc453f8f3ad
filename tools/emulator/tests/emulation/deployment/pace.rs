//! Streams at the pace of a model, and the record of when each piece was written.

use std::time::Duration;

use emulator::clock::now;
use serde_json::json;

use super::client::{Call, Setup};

const GAP: Duration = Duration::from_millis(200);

/// How often something is tried that has to be quick, on a machine that does other things as well.
const ATTEMPTS: usize = 5;

/// How many of the seven pieces of a stream came before the next one was written.
async fn pieces_in_time() -> usize {
    let setup = Setup::new().await;
    setup.deployment.set_pace(GAP);
    let body = json!({ "prompt": "6.3 3.3 6.0 2.5", "stream": true }).to_string();
    let path = "/predictWithResponseStream/v1/completions";
    let request = setup.sign(Call { path, body: body.as_bytes(), ..Call::PREDICT });
    let mut connection = setup.connect().await;
    connection.send(&request).await;
    let mut arrived = Vec::new();
    for end in ["This ", "is ", "an ", "Iris ", "virginica.", "\"stop\"", "[DONE]"] {
        connection.until(end).await;
        arrived.push(now());
    }
    let written = setup.deployment.written();
    assert_eq!(written.len(), arrived.len());
    for (piece, arrived) in written.iter().zip(&arrived) {
        assert!(piece.request == 0 && *arrived >= piece.at, "{piece:?}");
    }
    for (earlier, later) in written.iter().zip(written.iter().skip(1)) {
        assert!(later.at.duration_since(earlier.at).unwrap() >= GAP, "{earlier:?} {later:?}");
    }
    arrived.iter().zip(written.iter().skip(1)).filter(|(came, next)| **came < next.at).count() + 1
}

#[tokio::test]
async fn pieces_are_written_at_a_pace_and_each_is_recorded() {
    let mut in_time = Vec::new();
    while !in_time.contains(&7) && in_time.len() < ATTEMPTS {
        in_time.push(pieces_in_time().await);
    }
    assert!(in_time.contains(&7), "{in_time:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_stream_has_no_pace_and_no_record() {
    let setup = Setup::new().await;
    setup.deployment.set_pace(Duration::from_secs(300));
    let body = json!({ "prompt": "6.3 3.3 6.0 2.5", "stream": true });
    assert_eq!(setup.post("/predict/v1/completions", &body).await.status, 200);
    assert!(setup.deployment.written().is_empty());
}
