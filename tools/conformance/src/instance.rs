//! One process of the program, ready for calls.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use emulator::agent::process::Process;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::timeout;

use crate::ask::{self, Ask, HEADER};
use crate::call::Call;
use crate::capture::Capture;
use crate::context::Context;
use crate::harness::{Harness, Subject};
use crate::predictor::Stage;
use crate::verdict::{Problem, expect};
use crate::wire::{Reply, Wire};

/// The only statuses that the platform knows on the socket.
pub(super) const STATUSES: [u16; 3] = [200, 502, 504];

/// Dropping it kills the process and everything it started.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) harness: Harness,
    pub(super) process: Process,
    pub(super) child: Child,
    pub(super) out: Arc<Capture>,
    pub(super) err: Arc<Capture>,
    pub(super) listener: PathBuf,
    pub(super) stage: Option<Stage>,
    pub(super) _directory: TempDir,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.process.kill();
    }
}

impl Instance {
    /// Returns a new connection.
    pub(super) async fn dial(&self) -> Result<Wire, Problem> {
        Wire::dial(&self.listener).await
    }

    /// Makes one exchange on a connection of its own.
    pub(super) async fn exchange(&self, bytes: &[u8]) -> Result<Reply, Problem> {
        let mut wire = self.dial().await?;
        wire.send(bytes).await?;
        wire.reply().await
    }

    /// Asks for a behaviour, on a connection of its own.
    pub(super) async fn ask(&self, ask: &Ask, call: Call) -> Result<Reply, Problem> {
        self.ask_on(&mut self.dial().await?, ask, call).await
    }

    pub(super) async fn ask_on(
        &self,
        wire: &mut Wire,
        ask: &Ask,
        call: Call,
    ) -> Result<Reply, Problem> {
        let call = self.dress(ask, call)?;
        wire.send(&call.bytes()).await?;
        let reply = wire.reply().await?;
        understood(&reply)?;
        Ok(reply)
    }

    /// Makes a call one that asks for a behaviour.
    pub(super) fn dress(&self, ask: &Ask, call: Call) -> Result<Call, Problem> {
        match (&self.stage, self.harness.subject(), ask.header()) {
            (Some(stage), _, _) => stage.dress(ask, call),
            (None, Subject::Plain, _) => {
                self.harness.needs_protocol("this")?;
                Ok(call)
            }
            (None, _, Some(header)) => Ok(call.client(HEADER, header)),
            (None, _, None) => Ok(call),
        }
    }

    /// Makes a call that asks for its own echo, if the program can be asked.
    pub(super) fn echo(&self, call: Call) -> Result<Call, Problem> {
        match self.harness.subject() {
            Subject::Plain => Ok(call),
            Subject::Protocol | Subject::Predictor(_) => self.dress(&Ask::Echo, call),
        }
    }

    /// Expects the reply to a call that [`Self::echo`] made.
    pub(super) fn check_echo(&self, reply: &Reply, body: &[u8]) -> Result<(), Problem> {
        match self.harness.subject() {
            Subject::Plain => {
                let known = STATUSES.contains(&reply.status);
                expect(known, "status 200, 502 or 504", || reply.shown())
            }
            Subject::Protocol | Subject::Predictor(_) => {
                expect(reply.status == 200, "status 200", || reply.shown())?;
                let same = reply.body == body;
                expect(same, format!("the {} bytes of the call", body.len()), || reply.shown())
            }
        }
    }

    /// Returns the handler's view of a call.
    pub(super) async fn context(&self, call: Call) -> Result<Context, Problem> {
        let reply = self.ask(&Ask::Context, call).await?;
        expect(reply.status == 200, "200", || reply.shown())?;
        match &self.stage {
            Some(stage) => stage.context(),
            None => Context::parse(&reply.body),
        }
    }

    /// Checks that a call is served. A function that speaks the protocol must also echo it.
    pub(super) async fn served(&self, call: Call) -> Result<Reply, Problem> {
        self.served_on(&mut self.dial().await?, call).await
    }

    pub(super) async fn served_on(&self, wire: &mut Wire, call: Call) -> Result<Reply, Problem> {
        let (body, call) = (call.body.clone(), self.echo(call)?);
        wire.send(&call.bytes()).await?;
        let reply = wire.reply().await?;
        self.check_echo(&reply, &body)?;
        if let Some(stage) = &self.stage {
            stage.received_body(&body)?;
        }
        Ok(reply)
    }

    /// Checks that the handler gets exactly these bytes; without the protocol, only that the
    /// program answers.
    pub(super) async fn echoes(&self, call: Call) -> Result<(), Problem> {
        let reply = self.served(call).await?;
        self.harness
            .needs_protocol(&format!("it answered {}; to see what the handler got", reply.status))
    }

    /// Checks that the same process answers the next call.
    pub(super) async fn alive(&mut self) -> Result<(), Problem> {
        let served = self.served(Call::with("alive")).await;
        if let Ok(Some(status)) = self.child.try_wait() {
            self.process.ended();
            return Err(Problem::failed("the process stays alive", format!("it ended, {status}")));
        }
        served.map(drop).map_err(|problem| problem.when("the next call"))
    }

    /// Waits for the process to end.
    pub(super) async fn end(&mut self, limit: Duration) -> Result<ExitStatus, Problem> {
        match timeout(limit, self.child.wait()).await {
            Ok(Ok(status)) => {
                self.process.ended();
                Ok(status)
            }
            Ok(Err(error)) => Err(Problem::machine("waiting for a process")(error)),
            Err(_elapsed) => {
                Err(Problem::failed("it ends", format!("it still runs after {limit:?}")))
            }
        }
    }
}

/// Returns "not checked" if the function says that its FDK does not support this.
pub(super) fn understood(reply: &Reply) -> Result<(), Problem> {
    match ask::refusal(&reply.body) {
        Some(reason) => Err(Problem::not_checked(format!("the function cannot: {reason}"))),
        None => Ok(()),
    }
}
