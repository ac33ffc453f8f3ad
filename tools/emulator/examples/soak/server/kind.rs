//! What a call is like, what the deployment does with it, and what must become of it.

use fastrand::Rng;

/// A kind of call.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How many calls of 1000 are of it; the first kind has what is left.
    share: u32,
    /// The path, by whose end the deployment knows what to do.
    pub(crate) path: &'static str,
    pub(crate) manner: Manner,
    pub(crate) seen: Seen,
    /// The status in the one line of the log.
    pub(crate) logged: u16,
    /// The code by which the metrics know it as a refusal; None for a call of the deployment.
    pub(crate) refusal: Option<&'static str>,
}

/// What the client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    Plain,
    /// With a body of up to 300 KiB.
    Large,
    /// Sends head and body in pieces.
    Drips,
    /// Says another secret than the gateway's.
    Unknown,
    /// Is gone with a part of its body sent.
    LeavesSending,
    /// Is gone when the deployment has the request.
    LeavesWaiting,
    /// Is gone in the middle of the answer.
    LeavesReading,
}

/// What the client sees. `{call}` in a text is the number of the call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen {
    /// A whole answer with this status, and this text in it.
    Whole(u16, &'static str),
    /// An answer that breaks off.
    Broken,
    /// It is gone.
    Nothing,
}

const OWN: &str = "\"call\": {call},";
const TIMED_OUT: &str = "DeploymentTimedOut";
const FAILED: &str = "event: error";

const fn call(name: &'static str, share: u32, path: &'static str, seen: Seen, logged: u16) -> Kind {
    Kind { name, share, path, manner: Manner::Plain, seen, logged, refusal: None }
}

impl Kind {
    const fn by(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    const fn refused(self, code: &'static str) -> Self {
        Self { refusal: Some(code), ..self }
    }
}

static KINDS: [Kind; 19] = [
    call("plain", 0, "echo", Seen::Whole(200, OWN), 200),
    call("a stream of 20 events", 200, "events", Seen::Whole(200, "{call}, \"n\": 19"), 200),
    call("bodies up to 300 KiB", 20, "echo", Seen::Whole(200, OWN), 200).by(Manner::Large),
    call("head and body drip", 20, "echo", Seen::Whole(200, OWN), 200).by(Manner::Drips),
    call("422 of the model", 40, "422", Seen::Whole(422, OWN), 422),
    call("500 of the model", 20, "500", Seen::Whole(500, OWN), 500),
    call("503 once", 30, "busy", Seen::Whole(200, OWN), 200),
    call("closed before the answer", 20, "closes", Seen::Whole(502, "Deployment"), 502),
    call("reset before the answer", 20, "resets", Seen::Whole(502, "Deployment"), 502),
    call("a stream is reset", 20, "events-reset", Seen::Whole(200, FAILED), 502),
    call("a stream ends early", 20, "events-cut", Seen::Whole(200, FAILED), 502),
    call("JSON ends early", 20, "cut", Seen::Broken, 502),
    call("no answer in time", 3, "silent", Seen::Whole(504, TIMED_OUT), 504),
    call("a stream stalls", 4, "events-stall", Seen::Whole(200, TIMED_OUT), 504),
    call("the client leaves a stream", 30, "endless", Seen::Nothing, 499).by(Manner::LeavesReading),
    call("it leaves without an answer", 15, "silent", Seen::Nothing, 499).by(Manner::LeavesWaiting),
    call("it leaves while it sends", 20, "echo", Seen::Nothing, 400)
        .by(Manner::LeavesSending)
        .refused("CannotParseRequest"),
    call("another secret", 15, "echo", Seen::Whole(403, "CallerNotAllowed"), 403)
        .by(Manner::Unknown)
        .refused("CallerNotAllowed"),
    call("a path that is not allowed", 10, "a/b/..", Seen::Whole(404, "PathNotAllowed"), 404)
        .refused("PathNotAllowed"),
];

impl Kind {
    pub(crate) fn random(rng: &mut Rng) -> &'static Self {
        let [plain, others @ ..] = &KINDS;
        let mut at = rng.u32(..1000);
        for kind in others {
            if at < kind.share {
                return kind;
            }
            at -= kind.share;
        }
        plain
    }
}
