//! Requests: connections, and what goes wrong on them.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::sleep;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::{Harness, Subject};
use crate::instance::STATUSES;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(33, "Expect: 100-continue, body at once", |harness| Box::pin(expects(harness, 0))),
    Item::should(34, "Expect: 100-continue, body after 1 s", |harness| {
        Box::pin(expects(harness, 1000))
    }),
    Item::must(35, "a body that is not read", |harness| Box::pin(unread(harness))),
    Item::should(36, "half a body, then a close: alive", |harness| Box::pin(half(harness))),
    Item::must(37, "two calls on one connection", |harness| Box::pin(two_calls(harness))),
    Item::must(38, "a new connection beside an idle one", |harness| Box::pin(beside(harness))),
    Item::should(39, "a connection idle for 5 s stays open", |harness| Box::pin(idle(harness))),
    Item::must(40, "frozen for 3 s, its connection closed: serves", |harness| {
        Box::pin(frozen(harness))
    }),
    Item::should(41, "wrong path 404, wrong method 405, alive", |harness| Box::pin(paths(harness))),
    Item::should(42, "garbage closes its own connection only", |harness| {
        Box::pin(garbage(harness))
    }),
    Item::should(43, "header names in lower case", |harness| Box::pin(lower_case(harness))),
];

async fn expects(harness: Harness, pause: u64) -> Verdict {
    let instance = launch::start(&harness).await?;
    let call = Call::with("held back").sized().header("Expect", "100-continue");
    let call = instance.echo(call)?;
    let mut wire = instance.dial().await?;
    wire.send(&call.head()).await?;
    sleep(Duration::from_millis(pause)).await;
    wire.send(&call.framed_body()).await?;
    let reply = wire.reply().await?;
    instance.check_echo(&reply, b"held back")?;
    Ok(format!("{}", reply.status))
}

async fn unread(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let body = vec![b'u'; 3 * 1024 * 1024];
    let reply = match harness.subject() {
        Subject::Plain => instance.served(Call::with(body)).await?,
        Subject::Protocol | Subject::Predictor(_) => {
            instance.ask(&Ask::Ignore, Call::with(body)).await?
        }
    };
    expect(STATUSES.contains(&reply.status), "status 200, 502 or 504", || reply.shown())?;
    instance.alive().await?;
    Ok(format!("3 MiB: {}, alive", reply.status))
}

async fn half(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    for call in [Call::with("half a body").sized(), Call::with("half a body")] {
        let call = instance.echo(call)?;
        let mut wire = instance.dial().await?;
        let mut bytes = call.bytes();
        bytes.truncate(bytes.len() - 9);
        wire.send(&bytes).await?;
        wire.half_close().await;
        // It may answer or only close. The item is about what follows when both ends are closed.
        sleep(Duration::from_millis(100)).await;
        drop(wire);
        instance.alive().await?;
    }
    Ok("sized and chunked: alive".into())
}

async fn two_calls(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let mut wire = instance.dial().await?;
    for body in ["first", "second"] {
        instance.served_on(&mut wire, Call::with(body)).await?;
    }
    Ok("both served".into())
}

async fn beside(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let mut first = instance.dial().await?;
    instance.served_on(&mut first, Call::with("first")).await?;
    instance.served(Call::with("second")).await?;
    Ok("served".into())
}

async fn idle(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let mut wire = instance.dial().await?;
    instance.served_on(&mut wire, Call::with("first")).await?;
    let open = wire.stays_open(Duration::from_secs(5)).await;
    expect(open, "an open connection", || "it was closed".into())?;
    instance.served_on(&mut wire, Call::with("second")).await?;
    Ok("open, and serves".into())
}

async fn frozen(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let mut wire = instance.dial().await?;
    instance.served_on(&mut wire, Call::with("first")).await?;
    instance.process.rest();
    instance.process.freeze();
    drop(wire);
    sleep(Duration::from_secs(3)).await;
    // The platform sends the next call while it resumes the process.
    let group = instance.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let resume = async {
        sleep(Duration::from_millis(50)).await;
        group.is_some_and(|group| kill_process_group(group, Signal::CONT).is_ok())
    };
    let (served, resumed) = tokio::join!(instance.served(Call::with("second")), resume);
    instance.process.resume();
    expect(resumed, "a process that runs", || "it ended".into())?;
    served?;
    instance.alive().await?;
    Ok("serves".into())
}

async fn paths(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    for (line, status) in [("POST /", 404), ("POST /other", 404), ("GET /call", 405)] {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        let reply = instance.exchange(request.as_bytes()).await?;
        expect(reply.status == status, format!("{line} {status}"), || reply.shown())?;
    }
    instance.alive().await?;
    Ok("404, 405, alive".into())
}

async fn garbage(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let mut kept = instance.dial().await?;
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\r\n\r\n"[..], b"\0\0\0\0\r\n\r\n", b"NO HTTP\r\n\r\n"]
    {
        let mut wire = instance.dial().await?;
        wire.send(bytes).await?;
        wire.rest().await?;
    }
    instance.served_on(&mut kept, Call::with("another connection")).await?;
    instance.alive().await?;
    Ok("closed, alive".into())
}

async fn lower_case(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let call = instance.echo(Call::with("lower").sized())?;
    let head = String::from_utf8_lossy(&call.head()).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or_default();
    let lines = headers.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    });
    let head = format!("{line}\r\n{}", lines.collect::<Vec<_>>().join("\r\n"));
    let reply = instance.exchange(&[head.as_bytes(), b"lower"].concat()).await?;
    instance.check_echo(&reply, b"lower")?;
    Ok(format!("{}", reply.status))
}
