//! Logging: frames, order, and the lines of a call.

use std::time::Duration;

use super::Item;
use crate::ask::Ask;
use crate::call::Call;
use crate::instance::Instance;
use crate::kit::{Kit, Subject};
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(82, "a log frame on both streams, before all else", |kit| Box::pin(frame(kit))),
    Item::should(83, "no frame without header or variable", |kit| Box::pin(no_frame(kit))),
    Item::should(84, "no frame with a value that breaks the line", |kit| Box::pin(control(kit))),
    Item::should(85, "what a handler wrote is out with its answer", |kit| Box::pin(output(kit))),
    Item::should(86, "each log line of a call is one, with its id", |kit| Box::pin(lines(kit))),
];

const NAME: &str = "CONFORMANCEFRAME";
const HEADER: &str = "Opc-Request-Id";

async fn framing(kit: &Kit) -> Result<Instance, Problem> {
    let launch = kit.launch().await?;
    launch.set("FN_LOGFRAME_NAME", NAME).set("FN_LOGFRAME_HDR", HEADER).start().await
}

/// A call whose handler writes a line, where one can be asked to.
async fn printing(instance: &Instance, call: Call) -> Result<[Vec<u8>; 2], Problem> {
    let marks = (instance.out.mark(), instance.err.mark());
    match instance.kit.subject() {
        Subject::Plain => drop(instance.served(call).await?),
        Subject::Protocol | Subject::Predictor(_) => {
            let reply = instance.ask(&Ask::Print("own line".into()), call).await?;
            expect(reply.status == 200, "200", || reply.shown())?;
        }
    }
    Ok([instance.out.since(marks.0), instance.err.since(marks.1)])
}

async fn frame(kit: Kit) -> Verdict {
    let instance = framing(&kit).await?;
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

async fn no_frame(kit: Kit) -> Verdict {
    let instance = framing(&kit).await?;
    unframed(&instance, Call::with("{}"), "without the header").await?;
    unframed(&instance, Call::with("{}").header(HEADER, ""), "with an empty header").await?;
    for (name, header) in [("", HEADER), (NAME, "")] {
        let launch = kit.launch().await?;
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

async fn control(kit: Kit) -> Verdict {
    let instance = framing(&kit).await?;
    unframed(&instance, Call::with("{}").header(HEADER, "a\tb"), "for a value with a tab").await?;
    Ok("skipped".into())
}

async fn output(kit: Kit) -> Verdict {
    let instance = kit.start().await?;
    if matches!(kit.subject(), Subject::Plain) {
        kit.needs_protocol("a handler that writes")?;
    }
    let predicts = kit.predictor().is_some();
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

async fn lines(kit: Kit) -> Verdict {
    let instance = kit.start().await?;
    kit.needs_protocol("a handler that logs")?;
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
