//! A model deployment that does what it was told for the call in hand. It is light: the token of
//! every request is compared, one signature of many is verified.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use std::{fs, mem, thread};

use emulator::deployment::{Authority, Certificate, OCID, Request, verify};
use emulator::principal::Issuer;
use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::exchange::{message, read};

/// Of so many requests one is verified, and each that is the first with its token.
const VERIFIED: u64 = 20;
/// How long an event may take that is certain to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the deployment does with one try.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Answer,
    AnswerAndClose,
    /// This status, to be tried again at once.
    Busy(u16),
    /// This status, and nothing about another try.
    Status(u16),
    /// Resets the connection.
    Reset,
    /// Closes the connection without an answer.
    Close,
    /// Closes the connection with half of the answer sent.
    Cut,
    /// Sends what is no HTTP.
    Garbage,
    /// Does not answer.
    Hang,
    /// Stops with half of the answer sent.
    HangInTheMiddle,
    /// Answers when the agent has gone.
    Held,
}

impl Step {
    /// The body that goes with a status.
    pub(crate) fn error_body(status: u16) -> Bytes {
        format!("{{\"code\": \"Soak\", \"message\": \"the deployment says {status}\"}}").into()
    }
}

/// The call in hand.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) body: Bytes,
    pub(crate) answer: Bytes,
    pub(crate) token: String,
    pub(crate) steps: VecDeque<Step>,
}

pub(crate) struct Upstream {
    url: String,
    port: u16,
    shared: Arc<Shared>,
    held: Receiver<()>,
}

struct Shared {
    issuer: Arc<Issuer>,
    state: Mutex<State>,
    release: Notify,
}

#[derive(Default)]
struct State {
    plan: Plan,
    wrong: Vec<String>,
    requests: u64,
    verified: u64,
    last_token: String,
    /// Whether this call was answered with a 401.
    refused: bool,
}

impl Upstream {
    /// Serves on a free port of 127.0.0.1 until the process ends; its authority's certificate is in
    /// `directory`.
    pub(crate) fn start(issuer: Arc<Issuer>, directory: &Path) -> Self {
        let authority = Authority::new();
        fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
        let acceptor = TlsAcceptor::from(authority.server_config(Certificate::Valid));
        let shared = Arc::new(Shared { issuer, state: Mutex::default(), release: Notify::new() });
        let (holds, held) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let server = shared.clone();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, acceptor.clone(), server.clone(), holds.clone()));
                }
            });
        });
        let port = told.recv().unwrap();
        Self { url: format!("https://localhost:{port}/{OCID}/predict"), port, shared, held }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// What to do with the next call.
    pub(crate) fn plan(&self, plan: Plan) {
        let mut state = self.shared.state();
        (state.plan, state.refused) = (plan, false);
    }

    /// How many tries of the call were not made; none is expected from now on.
    pub(crate) fn left(&self) -> usize {
        mem::take(&mut self.shared.state().plan.steps).len()
    }

    /// What was wrong with the requests since the last question.
    pub(crate) fn wrong(&self) -> Vec<String> {
        mem::take(&mut self.shared.state().wrong)
    }

    /// How many requests came, and how many signatures were verified.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.shared.state();
        (state.requests, state.verified)
    }

    /// Waits for a request that is held.
    pub(crate) fn holds(&self) -> bool {
        self.held.recv_timeout(PATIENCE).is_ok()
    }

    /// Answers the request that is held.
    pub(crate) fn release(&self) {
        self.shared.release.notify_one();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Compares a request with the plan; what to do with it, and its answer.
    fn next(&self, request: &Request) -> (Step, Bytes) {
        let mut state = self.state();
        state.requests += 1;
        let authorization = request.text("authorization").unwrap_or_default();
        let mut wrong = Vec::new();
        if request.body != state.plan.body {
            wrong.push("the body is another one".to_owned());
        }
        // After a 401 the pair before the newest may be tried, while no service took the newest.
        let newest = authorization.contains(&format!("keyId=\"ST${}\"", state.plan.token));
        if !newest && !state.refused {
            wrong.push("the token is not the newest one".to_owned());
        }
        if request.target != format!("/{OCID}/predict") || request.method != "POST" {
            wrong.push(format!("{} {}", request.method, request.target));
        }
        if state.requests.is_multiple_of(VERIFIED) || state.last_token != state.plan.token {
            state.verified += 1;
            let State { plan, last_token, .. } = &mut *state;
            last_token.clone_from(&plan.token);
            let verdict = verify(request, self.issuer.public(), emulator::clock::now());
            wrong.extend(verdict.err().map(|why| why.to_string()));
        }
        let step = state.plan.steps.pop_front().unwrap_or_else(|| {
            wrong.push("a try too many".to_owned());
            Step::Close
        });
        state.refused |= matches!(step, Step::Status(401));
        state.wrong.extend(wrong);
        (step, state.plan.answer.clone())
    }
}

/// Serves one connection.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>, holds: Sender<()>) {
    drop(stream.set_nodelay(true));
    let Ok(Ok(mut stream)) = timeout(PATIENCE, acceptor.accept(stream)).await else { return };
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let (step, answer) = shared.next(&request);
        if let Step::Held = step {
            holds.send(()).unwrap();
            shared.release.notified().await;
        }
        let bytes = match step {
            Step::Answer | Step::AnswerAndClose | Step::Held => message(200, "", &answer),
            Step::Busy(status) => message(status, "retry-after: 0\r\n", &Step::error_body(status)),
            Step::Status(status) => message(status, "", &Step::error_body(status)),
            Step::Cut | Step::HangInTheMiddle => {
                let whole = message(200, "", &answer);
                whole.get(..whole.len() - answer.len() / 2).unwrap().to_vec()
            }
            Step::Garbage => b"\x00\x01\x02 no HTTP\r\n\r\n".to_vec(),
            Step::Reset | Step::Close | Step::Hang => Vec::new(),
        };
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        match step {
            Step::Answer | Step::Busy(_) | Step::Status(_) | Step::Held => {}
            Step::Reset => return drop(stream.get_ref().0.set_zero_linger()),
            Step::AnswerAndClose | Step::Close | Step::Cut | Step::Garbage => {
                return drop(stream.shutdown().await);
            }
            // Until the peer has had enough.
            Step::Hang | Step::HangInTheMiddle => {
                return drop(stream.read_to_end(&mut buffer).await);
            }
        }
    }
}
