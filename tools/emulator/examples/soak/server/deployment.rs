//! A model deployment that knows by the end of the path what to do with a request. It verifies one signature of many, and each
//! that is the first with its token.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use emulator::deployment::{Authority, Certificate, OCID, Request, verify};
use emulator::principal::Issuer;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::exchange::{message, read};

/// Of so many requests one is verified, and each that is the first with its token.
const VERIFIED: u64 = 20;
const EVENTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const JSON: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const LAST: &[u8] = b"0\r\n\r\n";

pub(crate) struct Deployment {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: Arc<Issuer>,
    state: Mutex<State>,
    /// Somebody waits for an answer that does not come.
    held: Notify,
    /// How often connections without a request were closed.
    rests: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    requests: u64,
    verified: u64,
    tokens: HashSet<String>,
    /// The calls that were told once to come again.
    busy: HashSet<u64>,
    held: HashSet<u64>,
    wrong: Vec<String>,
}

/// What becomes of the connection.
enum Then {
    Next,
    Close,
    Reset,
    /// It is read until the peer has had enough.
    Hang,
}

impl Deployment {
    /// Serves on a free port of 127.0.0.1.
    pub(crate) async fn start(issuer: Arc<Issuer>, authority: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(authority.server_config(Certificate::Valid));
        let shared = Arc::new(Shared {
            issuer,
            state: Mutex::default(),
            held: Notify::new(),
            rests: watch::Sender::new(0),
        });
        let own = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), own.clone());
                tokio::spawn(async move {
                    stream.set_nodelay(true).unwrap();
                    if let Ok(stream) = acceptor.accept(stream).await {
                        shared.serve(stream).await;
                    }
                });
            }
        });
        Self { port, shared }
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/{OCID}", self.host())
    }

    /// Whether a request had this token.
    pub(crate) fn has_seen(&self, token: &str) -> bool {
        self.shared.state().tokens.contains(token)
    }

    /// Waits until a call is here that is not answered.
    pub(crate) async fn holds(&self, call: u64) {
        loop {
            let held = self.shared.held.notified();
            tokio::pin!(held);
            held.as_mut().enable();
            if self.shared.state().held.remove(&call) {
                return;
            }
            held.await;
        }
    }

    /// Closes the connections that have no request.
    pub(crate) fn close_idle(&self) {
        self.shared.rests.send_modify(|rests| *rests += 1);
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
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn serve(&self, mut stream: TlsStream<TcpStream>) {
        let (mut buffer, mut rests) = (Vec::new(), self.rests.subscribe());
        loop {
            let request = tokio::select! {
                request = read(&mut stream, &mut buffer) => request,
                _ = rests.changed() => None,
            };
            let Some(request) = request else { return drop(stream.shutdown().await) };
            self.check(&request);
            // An error is that of a peer who has gone.
            match self.answer(&request, &mut stream).await {
                Ok(Then::Next) => {}
                Ok(Then::Close) => return drop(stream.shutdown().await),
                Ok(Then::Reset) => return drop(stream.get_ref().0.set_zero_linger()),
                Ok(Then::Hang) => while read(&mut stream, &mut buffer).await.is_some() {},
                Err(_gone) => return,
            }
        }
    }

    fn check(&self, request: &Request) {
        let mut state = self.state();
        state.requests += 1;
        let authorization = request.text("authorization").unwrap_or_default();
        let token = authorization.split("keyId=\"ST$").nth(1).and_then(|id| id.split('"').next());
        let is_new = state.tokens.insert(token.unwrap_or_default().to_owned());
        if is_new || state.requests.is_multiple_of(VERIFIED) {
            state.verified += 1;
            let verdict = verify(request, self.issuer.public(), emulator::clock::now());
            state.wrong.extend(verdict.err().map(|why| why.to_string()));
        }
    }

    async fn answer(
        &self,
        request: &Request,
        stream: &mut TlsStream<TcpStream>,
    ) -> std::io::Result<Then> {
        let json: Value = serde_json::from_slice(&request.body).unwrap();
        let call = json.get("call").and_then(Value::as_u64).unwrap();
        let event =
            |number: u32| chunk(&format!("data: {{\"call\": {call}, \"n\": {number}}}\n\n"));
        let (whole, then) = match request.target.rsplit('/').next().unwrap_or_default() {
            "422" => (message(422, "", &request.body), Then::Next),
            "500" => (message(500, "", &request.body), Then::Next),
            "busy" if self.state().busy.insert(call) => {
                (message(503, "retry-after: 0\r\n", b"{}"), Then::Next)
            }
            "echo" | "busy" => (message(200, "", &request.body), Then::Next),
            "closes" => (Vec::new(), Then::Close),
            "resets" => (Vec::new(), Then::Reset),
            "cut" => ([JSON, &chunk("{\"a\": ")].concat().into(), Then::Close),
            "events-cut" => ([EVENTS, &event(0), "20\r\ndata: "].concat().into(), Then::Close),
            "events-stall" => ([EVENTS, &event(0)].concat().into(), Then::Hang),
            "events-reset" => {
                write(stream, [EVENTS, &event(0)].concat().as_bytes()).await?;
                // What a reset overtakes is lost.
                sleep(Duration::from_millis(50)).await;
                (Vec::new(), Then::Reset)
            }
            "silent" => {
                self.state().held.insert(call);
                self.held.notify_waiters();
                (Vec::new(), Then::Hang)
            }
            path => {
                let count = if path == "endless" { u32::MAX } else { 20 };
                write(stream, EVENTS.as_bytes()).await?;
                for number in 0..count {
                    write(stream, event(number).as_bytes()).await?;
                    sleep(Duration::from_millis(5)).await;
                }
                (LAST.to_vec(), Then::Next)
            }
        };
        write(stream, &whole).await?;
        Ok(then)
    }
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn write(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
