//! The function's process, and the three signals that the platform has for it.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::image::Container;
use super::watchdog::Watchdog;

/// A process that leads a group of its own, so that what it starts stops and ends with it. It ends
/// with the agent, however that ends.
#[derive(Debug)]
pub struct Process {
    group: Pid,
    container: Option<Container>,
    watchdog: Watchdog,
    phase: Mutex<Phase>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Busy,
    Idle,
    Frozen,
    /// Killed, or seen to have ended: its number may belong to another process by now.
    Ended,
}

impl Process {
    /// Returns the leader of a group of processes on this machine.
    pub fn leading(group: Pid, watchdog: Watchdog) -> io::Result<Self> {
        Self::with_container(group, None, watchdog)
    }

    /// With a container, the process is the engine's client that waits for it.
    pub(super) fn with_container(
        group: Pid,
        container: Option<Container>,
        watchdog: Watchdog,
    ) -> io::Result<Self> {
        watchdog.watch(group)?;
        Ok(Self { group, container, watchdog, phase: Mutex::new(Phase::Busy) })
    }

    /// Returns the process number, as long as it is certainly its own.
    pub fn id(&self) -> Option<u32> {
        let ended = *self.phase() == Phase::Ended;
        u32::try_from(self.group.as_raw_pid()).ok().filter(|_| !ended)
    }

    /// No call is in hand: it may be frozen.
    pub fn rest(&self) {
        self.change(|phase| if phase == Phase::Busy { (Phase::Idle, None) } else { (phase, None) });
    }

    /// Freezes it, unless a call has arrived.
    pub fn freeze(&self) {
        self.change(|phase| match phase {
            Phase::Idle => (Phase::Frozen, Some(Signal::STOP)),
            Phase::Busy | Phase::Frozen | Phase::Ended => (phase, None),
        });
    }

    /// A call has arrived: the process continues, and is not frozen until it is idle again.
    pub fn resume(&self) {
        self.change(|phase| match phase {
            Phase::Frozen => (Phase::Busy, Some(Signal::CONT)),
            Phase::Busy | Phase::Idle => (Phase::Busy, None),
            Phase::Ended => (phase, None),
        });
    }

    /// Asks it to end, which the platform never does.
    pub fn terminate(&self) {
        self.change(|phase| (phase, (phase != Phase::Ended).then_some(Signal::TERM)));
        self.resume();
    }

    /// Ends it, as the platform does in every case.
    pub fn kill(&self) {
        self.change(|phase| (Phase::Ended, (phase != Phase::Ended).then_some(Signal::KILL)));
    }

    /// It was seen to have ended by itself.
    pub fn ended(&self) {
        self.change(|_| (Phase::Ended, None));
    }

    /// Sends the signal while the phase is locked, so that no two changes cross.
    fn change(&self, step: impl FnOnce(Phase) -> (Phase, Option<Signal>)) {
        let mut phase = self.phase();
        let (next, signal) = step(*phase);
        let ends = next == Phase::Ended && *phase != Phase::Ended;
        *phase = next;
        if let Some(signal) = signal {
            self.send(signal);
        }
        if ends {
            self.watchdog.dismiss();
        }
    }

    /// The engine's client passes on a request to end; all else is the engine's to do.
    fn send(&self, signal: Signal) {
        match &self.container {
            Some(container) if signal == Signal::STOP => container.pause(),
            Some(container) if signal == Signal::CONT => container.unpause(),
            container => {
                // It fails only where the whole group has ended, which is what the next call then
                // finds.
                kill_process_group(self.group, signal).ok();
                if let Some(container) = container.as_ref().filter(|_| signal == Signal::KILL) {
                    container.remove();
                }
            }
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
