//! End to end, through the emulated agent: it starts, freezes and kills the program as the platform
//! does.

use emulator::agent::{Agent, Answer, Invocation};

use crate::ask::{Ask, HEADER};
use crate::context::Context;
use crate::harness::{Harness, Subject};
use crate::item::Item;
use crate::predictor::Stage;
use crate::verdict::{Problem, Verdict, equal, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::must(96, "an invocation returns the body", |harness| Box::pin(echo(harness))),
    Item::must(97, "methods, query and cookies of a client", |harness| Box::pin(methods(harness))),
    Item::must(98, "a redirect reaches the client", |harness| Box::pin(redirect(harness))),
    Item::must(99, "100 calls, one container", |harness| Box::pin(hundred(harness))),
    Item::must(100, "an error, then success, in one container", |harness| {
        Box::pin(recovers(harness))
    }),
];

/// The program under the agent.
struct Running {
    harness: Harness,
    agent: Agent,
    stage: Option<Stage>,
}

impl Running {
    async fn start(harness: Harness) -> Result<Self, Problem> {
        let (program, stage) = harness.program().await?;
        let agent = Agent::start(program).await;
        let agent = agent.map_err(|error| Problem::failed("the agent starts it", error))?;
        Ok(Self { harness, agent, stage })
    }

    async fn ask(&self, ask: &Ask, call: Invocation) -> Result<Answer, Problem> {
        let call = match (&self.stage, ask.header()) {
            (Some(stage), _) => {
                let dressed = stage.dress(ask, crate::call::Call::with(call.body.to_vec()))?;
                let target = dressed.has("model_deployment");
                let call =
                    Invocation { content_type: Some("application/octet-stream".into()), ..call };
                if target { call.header("model_deployment", stage.url() + "/echo") } else { call }
            }
            (None, Some(header)) => call.header(HEADER, header),
            (None, None) => call,
        };
        Ok(self.agent.call(call).await)
    }

    fn context(&self, answer: &Answer) -> Result<Context, Problem> {
        match &self.stage {
            Some(stage) => stage.context(),
            None => Context::parse(&answer.body),
        }
    }
}

fn shown(answer: &Answer) -> String {
    format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))
}

async fn echo(harness: Harness) -> Verdict {
    let running = Running::start(harness).await?;
    let body = b"from standard input\n";
    let answer = running.ask(&Ask::Echo, Invocation::json(&body[..])).await?;
    running.agent.stop().await;
    let same = answer.status == 200 && *answer.body == body[..];
    if matches!(running.harness.subject(), Subject::Plain) {
        running.harness.needs_protocol(&format!("the agent got {}; an echo", answer.status))?;
    }
    expect(same, "200 and the body", || shown(&answer))?;
    Ok("by the emulated agent".into())
}

async fn methods(harness: Harness) -> Verdict {
    harness.needs_protocol("what the handler sees")?;
    let running = Running::start(harness).await?;
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let body: &[u8] = if matches!(method, "POST" | "PUT") { b"{}" } else { b"" };
        let call = Invocation { body: body.into(), ..Invocation::default() };
        let call = call.header("Cookie", "a=b; c=d").through_gateway(method, "/t/app/x?q=1");
        let answer = running.ask(&Ask::Context, call).await?;
        expect(answer.status == 200, format!("200 for {method}"), || shown(&answer))?;
        let context = running.context(&answer)?;
        context.expect("method", method)?;
        context.expect("query", "q=1")?;
        if running.stage.is_none() {
            context.expect("path", "/t/app/x")?;
            context.expect_header("cookie", &["a=b; c=d"])?;
        } else {
            // A client's cookie is not for the model.
            context.expect_header("cookie", &[])?;
        }
    }
    running.agent.stop().await;
    Ok("GET, POST, PUT and DELETE, by the emulated agent".into())
}

async fn redirect(harness: Harness) -> Verdict {
    if harness.predictor().is_some() {
        return Err(Problem::not_checked("the predictor passes on no redirect of a model"));
    }
    harness.needs_protocol("a redirect")?;
    let running = Running::start(harness).await?;
    let ask = Ask::status(302, &[("Location", "https://example.com/")]);
    let call = Invocation::json("{}").through_gateway("GET", "/");
    let answer = running.ask(&ask, call).await?;
    running.agent.stop().await;
    equal("status", &302, &answer.status)?;
    let location = answer.header("location").map(String::from_utf8_lossy).unwrap_or_default();
    equal("location", &"https://example.com/", &location.as_ref())?;
    Ok("302 with Location, by the emulated agent".into())
}

async fn hundred(harness: Harness) -> Verdict {
    let running = Running::start(harness).await?;
    for _ in 0..100 {
        let answer = running.ask(&Ask::Echo, Invocation::json("{}")).await?;
        let plain = matches!(running.harness.subject(), Subject::Plain);
        let good = answer.container_kept && (plain || answer.status == 200);
        expect(good, "an answer, and the container kept", || shown(&answer))?;
    }
    let starts = running.agent.starts();
    running.agent.stop().await;
    equal("containers", &1, &starts)?;
    Ok("one container, by the emulated agent".into())
}

async fn recovers(harness: Harness) -> Verdict {
    harness.needs_protocol("an error on demand")?;
    let running = Running::start(harness).await?;
    let failed = running.ask(&Ask::Fail, Invocation::json("{}")).await?;
    let answer = running.ask(&Ask::Echo, Invocation::json("{}")).await?;
    let starts = running.agent.starts();
    running.agent.stop().await;
    expect(failed.status == 502, "502", || shown(&failed))?;
    expect(answer.status == 200, "then 200", || shown(&answer))?;
    equal("containers", &1, &starts)?;
    Ok("502, then 200, one container".into())
}
