//! Logging: frames, order, and the lines of a call.

use std::time::Duration;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::{Harness, Subject};
use crate::instance::Instance;
use crate::item::Item;
use crate::launch::{self, Launch};
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(82, "a log frame on both streams, before all else", |harness| {
        Box::pin(frame(harness))
    }),
    Item::should(83, "no frame without header or variable", |harness| Box::pin(no_frame(harness))),
    Item::should(84, "no frame with a value that breaks the line", |harness| {
        Box::pin(control(harness))
    }),
    Item::should(85, "what a handler wrote is out with its answer", |harness| {
        Box::pin(output(harness))
    }),
    Item::should(86, "each log line of a call is one, with its id", |harness| {
        Box::pin(lines(harness))
    }),
];

const NAME: &str = "CONFORMANCEFRAME";
const HEADER: &str = "Opc-Request-Id";

async fn framing(harness: &Harness) -> Result<Instance, Problem> {
    let launch = Launch::new(harness).await?;
    launch.set("FN_LOGFRAME_NAME", NAME).set("FN_LOGFRAME_HDR", HEADER).start().await
}

/// Returns a call whose handler writes a line, if it can be asked to.
async fn printing(instance: &Instance, call: Call) -> Result<[Vec<u8>; 2], Problem> {
    let marks = (instance.out.mark(), instance.err.mark());
    match instance.harness.subject() {
        Subject::Plain => drop(instance.served(call).await?),
        Subject::Protocol | Subject::Predictor(_) => {
            let reply = instance.ask(&Ask::Print("own line".into()), call).await?;
            expect(reply.status == 200, "200", || reply.shown())?;
        }
    }
    Ok([instance.out.since(marks.0), instance.err.since(marks.1)])
}

async fn frame(harness: Harness) -> Verdict {
    let instance = framing(&harness).await?;
    for call in [Call::with("{}"), Call::with("{}").gateway("POST", "/")] {
        let streams = printing(&instance, call.header(HEADER, "/A/B")).await?;
        let expected = format!("\n{NAME}=/A/B\n");
        for (stream, name) in streams.iter().zip(["stdout", "stderr"]) {
            let seen = String::from_utf8_lossy(stream).into_owned();
            let rest = seen.strip_prefix(&expected);
            expect(rest.is_some(), format!("{expected:?} first on {name}"), || {
                format!("{seen:?}")
            })?;
            let own = rest.unwrap_or_default();
            let once = !own.contains(NAME) && !own.starts_with('\n');
            expect(once, format!("the frame, then the handler's lines on {name}"), || {
                format!("{seen:?}")
            })?;
        }
    }
    Ok("exact, first, on both streams, direct and through a gateway".into())
}

async fn no_frame(harness: Harness) -> Verdict {
    let instance = framing(&harness).await?;
    unframed(&instance, Call::with("{}"), "without the header").await?;
    unframed(&instance, Call::with("{}").header(HEADER, ""), "with an empty header").await?;
    for (name, header) in [("", HEADER), (NAME, "")] {
        let launch = Launch::new(&harness).await?;
        let launch = launch.set("FN_LOGFRAME_NAME", name).set("FN_LOGFRAME_HDR", header);
        let call = Call::with("{}").header(HEADER, "/A/B");
        unframed(&launch.start().await?, call, "with an empty variable").await?;
    }
    Ok("4 cases, no frame".into())
}

async fn unframed(instance: &Instance, call: Call, when: &str) -> Result<(), Problem> {
    for stream in printing(instance, call).await? {
        let seen = String::from_utf8_lossy(&stream).into_owned();
        let nameless = seen.lines().any(|line| line.starts_with('='));
        let framed = seen.contains(NAME) || seen.starts_with('\n') || nameless;
        expect(!framed, format!("no frame {when}"), || format!("{seen:?}"))?;
    }
    Ok(())
}

async fn control(harness: Harness) -> Verdict {
    let instance = framing(&harness).await?;
    unframed(&instance, Call::with("{}").header(HEADER, "a\tb"), "for a value with a tab").await?;
    Ok("skipped".into())
}

async fn output(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    if matches!(harness.subject(), Subject::Plain) {
        harness.needs_protocol("a handler that writes")?;
    }
    let predicts = harness.predictor().is_some();
    for number in 0..50 {
        let line = format!("line {number} {}", "x".repeat(2000));
        let marks = (instance.out.mark(), instance.err.mark());
        let call = Call::with("{}");
        let id = call.id().unwrap_or_default();
        let reply = instance.ask(&Ask::Print(line.clone()), call).await?;
        expect(reply.status == 200, "200", || reply.shown())?;
        let streams = [instance.out.since(marks.0), instance.err.since(marks.1)];
        // The predictor writes one line, to stderr: that of the call.
        let expected = if predicts { &id } else { &line };
        for (stream, name) in streams.iter().zip(["stdout", "stderr"]).skip(usize::from(predicts)) {
            let there = String::from_utf8_lossy(stream).contains(expected.as_str());
            expect(there, format!("the line on {name} with the answer"), || {
                format!("{} bytes, without it", stream.len())
            })?;
        }
    }
    Ok("50 calls, every line was there".into())
}

async fn lines(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    harness.needs_protocol("a handler that logs")?;
    let mut seen = 0;
    for ask in [Ask::Log("first\nsecond".into()), Ask::Fail] {
        let call = Call::with("{}");
        let id = call.id().unwrap_or_default();
        let marks = (instance.out.mark(), instance.err.mark());
        instance.ask(&ask, call).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let written = [instance.out.since(marks.0), instance.err.since(marks.1)].concat();
        let written = String::from_utf8_lossy(&written).into_owned();
        let lines: Vec<&str> = written.lines().filter(|line| !line.trim().is_empty()).collect();
        for line in &lines {
            expect(line.contains(&id), "the call's id in each line", || format!("{line:?}"))?;
        }
        seen += lines.len();
    }
    expect(seen > 0, "a line with the call's id", || "none".into())?;
    Ok(format!("{seen} lines, each with the id"))
}
