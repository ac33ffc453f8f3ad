//! What a call is like, what the deployment does with each try of it, and the only answer that is
//! right.

use std::collections::VecDeque;

use fastrand::Rng;
use hyper::body::Bytes;

use super::upstream::Step;
use crate::secrets::SECRET;

/// The largest body that a call may have, in bytes.
const BODY_LIMIT: usize = 6 * 1024 * 1024;
/// As often as the function tries.
const TRIES: usize = 8;

/// How many calls of 100,000 are of a kind; all others are plain.
const KINDS: [(Kind, u32); 19] = [
    (Kind::Large, 1000),
    (Kind::Huge, 10),
    (Kind::Busy, 1500),
    (Kind::BusyToTheEnd, 200),
    (Kind::ModelsError, 1000),
    (Kind::Refused, 500),
    (Kind::RefusedTwice, 300),
    (Kind::Broken, 300),
    (Kind::Redirect, 300),
    (Kind::ClosedAfter, 500),
    (Kind::Stalled, 30),
    (Kind::Expired, 50),
    (Kind::NotJson, 1000),
    (Kind::Empty, 300),
    (Kind::TwoTargets, 300),
    (Kind::Forbidden, 300),
    (Kind::TooLarge, 10),
    (Kind::GoneWhileSending, 300),
    (Kind::GoneBeforeTheAnswer, 200),
];

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Large,
    Huge,
    Busy,
    BusyToTheEnd,
    ModelsError,
    Refused,
    RefusedTwice,
    Broken,
    Redirect,
    ClosedAfter,
    Stalled,
    Expired,
    NotJson,
    Empty,
    TwoTargets,
    Forbidden,
    TooLarge,
    GoneWhileSending,
    GoneBeforeTheAnswer,
}

/// One call.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// The header lines beside those that every request has.
    pub(crate) headers: String,
    pub(crate) body: Bytes,
    /// Whether the platform gives it one second, and not thirty.
    pub(crate) urgent: bool,
    /// Whether the token has expired.
    pub(crate) expired: bool,
    /// Whether its time may be over before a try is made.
    pub(crate) may_be_unsent: bool,
    pub(crate) leaves: Option<Leaves>,
    /// What the deployment answers where it answers.
    pub(crate) answer: Bytes,
    pub(crate) steps: VecDeque<Step>,
    pub(crate) expected: Expected,
}

/// When the agent closes its connection.
#[derive(Clone, Copy)]
pub(crate) enum Leaves {
    /// With so much of the request sent, in thousandths.
    Sending(usize),
    /// When the deployment has the request.
    Waiting,
}

/// The right answer.
pub(crate) struct Expected {
    /// On the socket.
    pub(crate) wire: u16,
    /// In `Fn-Http-Status`, through a gateway.
    pub(crate) status: Option<u16>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Exactly(Bytes),
    /// An error of the function, of this code.
    Error(&'static str),
}

impl Call {
    pub(crate) fn new(number: u64, heavy: bool, rng: &mut Rng, url: &str) -> Self {
        let kind = if heavy { Kind::heavy(rng) } else { Kind::random(rng) };
        let gateway = rng.u8(..10) < 8;
        let size = match kind {
            Kind::Huge => rng.usize(BODY_LIMIT / 2..BODY_LIMIT - 1024),
            Kind::Large => rng.usize(64 * 1024..300 * 1024),
            _ => rng.usize(..1500),
        };
        let body = match kind {
            Kind::NotJson => format!("{{\"call\": {number}, \"{SECRET}\": ").into(),
            Kind::Empty => Bytes::new(),
            Kind::TooLarge => Bytes::from(vec![b'x'; BODY_LIMIT + 1]),
            _ => json("call", number, size),
        };
        let (name, steps, outcome) = kind.story(rng);
        let status = match outcome {
            Outcome::Answer => 200,
            Outcome::Models(status) | Outcome::Ours(status, _) => status,
        };
        let wire = match (gateway, status) {
            (true, _) | (false, 200) => 200,
            (false, 504) => 504,
            (false, _) => 502,
        };
        let answer = json("prediction", number, size);
        let body_expected = match outcome {
            Outcome::Answer => Body::Exactly(answer.clone()),
            Outcome::Models(status) => Body::Exactly(Step::error_body(status)),
            Outcome::Ours(_, code) => Body::Error(code),
        };
        Self {
            name,
            headers: kind.headers(gateway, url),
            body,
            urgent: matches!(kind, Kind::Stalled),
            expired: matches!(kind, Kind::Expired),
            may_be_unsent: matches!(kind, Kind::Stalled),
            leaves: match kind {
                Kind::GoneWhileSending => Some(Leaves::Sending(rng.usize(1..1000))),
                Kind::GoneBeforeTheAnswer => Some(Leaves::Waiting),
                _ => None,
            },
            answer,
            steps,
            expected: Expected { wire, status: gateway.then_some(status), body: body_expected },
        }
    }
}

/// Whose answer the caller gets.
enum Outcome {
    Answer,
    Models(u16),
    Ours(u16, &'static str),
}

impl Kind {
    fn random(rng: &mut Rng) -> Self {
        let mut at = rng.u32(..100_000);
        for (kind, share) in KINDS {
            if at < share {
                return kind;
            }
            at -= share;
        }
        Self::Plain
    }

    /// One of those that need the most memory, every fourth time.
    fn heavy(rng: &mut Rng) -> Self {
        match rng.u16(..1000) {
            ..10 => Self::Huge,
            10..20 => Self::TooLarge,
            20..250 => Self::Large,
            _ => Self::random(rng),
        }
    }

    /// Its name, what the deployment does with each try, and what becomes of it.
    fn story(self, rng: &mut Rng) -> (&'static str, VecDeque<Step>, Outcome) {
        // After a 500 there is one more try and no third.
        let busy = [429, 502, 503, 504];
        let mut again = |tries: usize, steps: &[Step]| -> VecDeque<Step> {
            (0..tries).filter_map(|_| rng.choice(steps).copied()).collect()
        };
        let answered = |mut steps: VecDeque<Step>| {
            steps.push_back(Step::Answer);
            steps
        };
        let none = VecDeque::new();
        match self {
            Self::Plain => ("plain", answered(none), Outcome::Answer),
            Self::Large => ("bodies up to 300 KiB", answered(none), Outcome::Answer),
            Self::Huge => ("bodies up to 6 MiB", answered(none), Outcome::Answer),
            Self::Busy => {
                let steps = again(3, &busy.map(Step::Busy));
                ("429, 502, 503 or 504 three times", answered(steps), Outcome::Answer)
            }
            Self::BusyToTheEnd => {
                let steps = again(TRIES, &[Step::Busy(429)]);
                ("429 to the last try", steps, Outcome::Models(429))
            }
            Self::ModelsError => {
                let status = rng.choice([400, 404, 413, 422]).unwrap();
                (
                    "400, 404, 413 or 422 of the model",
                    [Step::Status(status)].into(),
                    Outcome::Models(status),
                )
            }
            Self::Refused => ("401 once", answered([Step::Status(401)].into()), Outcome::Answer),
            Self::RefusedTwice => {
                let steps = [Step::Status(401), Step::Status(401)].into();
                ("401 twice", steps, Outcome::Ours(502, "CredentialsRefused"))
            }
            Self::Broken => {
                let broken =
                    [Step::Reset, Step::Close, Step::Cut, Step::Garbage, Step::Status(503)];
                ("reset, closed, cut, garbage or 503", answered(again(1, &broken)), Outcome::Answer)
            }
            Self::Redirect => {
                let steps = [Step::Status(302)].into();
                ("redirect", steps, Outcome::Ours(502, "DeploymentAnswerInvalid"))
            }
            Self::ClosedAfter => (
                "connection closed after the answer",
                [Step::AnswerAndClose].into(),
                Outcome::Answer,
            ),
            Self::Stalled => {
                let steps = again(1, &[Step::Hang, Step::HangInTheMiddle]);
                ("stalled to the deadline", steps, Outcome::Ours(504, "DeploymentTimedOut"))
            }
            // The valid one serves on.
            Self::Expired => ("expired token", answered(none), Outcome::Answer),
            Self::NotJson => ("not JSON", none, Outcome::Ours(400, "CannotParseRequest")),
            Self::Empty => ("no body", none, Outcome::Ours(400, "CannotParseRequest")),
            Self::TwoTargets => ("two targets", none, Outcome::Ours(400, "InvalidParameter")),
            Self::Forbidden => ("forbidden target", none, Outcome::Ours(403, "TargetNotAllowed")),
            Self::TooLarge => ("body over 6 MiB", none, Outcome::Ours(413, "PayloadTooLarge")),
            Self::GoneWhileSending => ("agent gone while it sends", none, Outcome::Answer),
            Self::GoneBeforeTheAnswer => {
                ("agent gone before the answer", [Step::Held].into(), Outcome::Answer)
            }
        }
    }

    /// The headers that make it so.
    fn headers(self, gateway: bool, url: &str) -> String {
        let prefix = if gateway { "Fn-Http-H-" } else { "" };
        let target = match self {
            Self::Forbidden => "https://169.254.169.254/opc/v2/instance/",
            _ => url,
        };
        let route = if gateway {
            "Fn-Intent: httprequest\r\nFn-Http-Method: POST\r\nFn-Http-Request-Url: /models/soak\r\n"
        } else {
            ""
        };
        let named = format!("{prefix}Model_deployment: {target}\r\n");
        let again = if let Self::TwoTargets = self { named.as_str() } else { "" };
        format!(
            "Content-Type: application/json\r\n{route}{named}{again}{prefix}Authorization: Bearer {SECRET}\r\n"
        )
    }
}

/// An object that says which call it belongs to.
fn json(name: &str, number: u64, size: usize) -> Bytes {
    format!("{{\"{name}\": {number}, \"{SECRET}\": \"{}\"}}", "x".repeat(size)).into()
}

/// What the platform does between two calls.
pub(crate) enum Change {
    NewToken,
    NewKeyBeforeToken,
    Reconnect,
    Freeze,
}

impl Change {
    /// What happens before a call, at random.
    pub(crate) fn before(rng: &mut Rng, call: &Call) -> Vec<Self> {
        let mut changes = Vec::new();
        // An expired token is a rotation of its own.
        match rng.u32(..10_000) {
            ..14 if !call.expired => changes.push(Self::NewToken),
            14..18 if !call.expired => changes.push(Self::NewKeyBeforeToken),
            _ => {}
        }
        changes.extend((rng.u8(..100) == 0).then_some(Self::Reconnect));
        // Last, so that it lasts until the request is on its way.
        changes.extend((rng.u8(..50) == 0).then_some(Self::Freeze));
        changes
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NewToken => "(before) new key and token",
            Self::NewKeyBeforeToken => "(before) new key, its token later",
            Self::Reconnect => "(before) another connection",
            Self::Freeze => "(before) frozen",
        }
    }
}
