//! With the feature `tracing`: whatever is said for a call is said in its span.
#![cfg(feature = "tracing")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::similar_names,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "other tests look at the answers")]
mod agent;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use agent::{answered, direct};
use fn_fdk::{Call, Error, Reply};
use futures_util::stream;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn handler(call: Call) -> Result<Reply, Error> {
    tracing::info!("in the handler");
    if call.body() == "fails" {
        return Err("on purpose".into());
    }
    let pieces = stream::once(async {
        tracing::info!("in the stream");
        Ok::<_, Error>("piece")
    });
    Ok(Reply::stream("text/plain", pieces))
}

#[tokio::test]
async fn handler_stream_and_the_kits_own_lines_are_in_the_span_of_the_call() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let headers = format!("Fn-Call-Id: 01CALL\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\n");
    answered(handler, [direct(&headers, "")]).await;
    answered(handler, [direct(&headers, "fails")]).await;
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let span = format!("call{{id=\"01CALL\" trace=\"{trace}\"}}: ");
    for said in ["in the handler", "in the stream", "the function failed: on purpose"] {
        let lines: Vec<&str> = written.lines().filter(|line| line.contains(said)).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.contains(&span)), "{written}");
    }
}
