//! A deployment by the byte: real TLS, and before, in and after it whatever the test says. Without a fault it answers with what it
//! was sent, so that no two answers are alike.

use std::collections::VecDeque;
use std::future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use emulator::deployment::OCID;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What goes wrong, once.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Before TLS: this in the clear on the next connection.
    Clear(Script),
    /// The next connection is as it should be, and cut after so many of the server's bytes.
    Cut(usize, End),
    /// This as soon as so many bytes of the next request were read; no more of it will be.
    Early(usize, Script),
    /// This as the answer to the next request.
    Answer(Script),
}

/// What is sent, step by step, and how it ends.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>, end: End) -> Self {
        Self { steps: steps.into_iter().collect(), end }
    }

    /// These bytes alone.
    pub(crate) fn bytes(bytes: impl Into<Vec<u8>>, end: End) -> Self {
        Self::new([Step::Send(bytes.into())], end)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends them again and again, until nobody takes them.
    Flood(Vec<u8>),
    /// Sends the right answer.
    Echo,
    /// Waits until another request begins on this very connection.
    Hear,
    /// Says that it is here, and waits until it may go on.
    Wait(Arc<Gate>),
}

/// Where an upstream stands still until the test has done what it wants to do there.
#[derive(Debug)]
pub(crate) struct Gate {
    reached: Semaphore,
    opened: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { reached: Semaphore::new(0), opened: Semaphore::new(0) })
    }

    /// Waits until the upstream is there.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    pub(crate) fn open(&self) {
        self.opened.add_permits(1);
    }

    async fn pass(&self) {
        self.reached.add_permits(1);
        self.opened.acquire().await.unwrap().forget();
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// It does not: the next step is the usual one.
    Keep,
    /// In order, as TLS wants it.
    Close,
    /// Closed without a word of TLS.
    Vanish,
    /// Reset.
    Reset,
    /// Kept, and nothing more is said.
    Silence,
}

/// A running deployment. Dropped, it closes every connection.
pub(crate) struct Upstream {
    port: u16,
    state: Arc<State>,
    _connections: JoinSet<()>,
}

#[derive(Default)]
struct State {
    faults: Mutex<VecDeque<Fault>>,
    open: AtomicUsize,
    connections: AtomicUsize,
    requests: AtomicUsize,
    sent: AtomicUsize,
    closing: AtomicBool,
    close: Notify,
}

impl Upstream {
    /// Starts on a port that is listened at.
    pub(crate) fn start(listener: TcpListener, config: Arc<ServerConfig>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (state, acceptor) = (Arc::new(State::default()), TlsAcceptor::from(config));
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, acceptor, state.clone()));
        Self { port, state, _connections: connections }
    }

    /// Closes each connection after its answer, so that each call needs a new one.
    pub(crate) fn closing(self) -> Self {
        self.state.closing.store(true, Ordering::Relaxed);
        self
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The predict URL, which is called again when it fails.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/{OCID}/predict", self.port)
    }

    /// The predict URL of another deployment on the same host.
    pub(crate) fn url_of(&self, number: usize) -> String {
        let unique = format!("aaaaaaaaotherotherother{number:04}");
        let ocid = format!("ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.{unique}");
        format!("https://localhost:{}/{ocid}/predict", self.port)
    }

    /// A path whose POST is called once.
    pub(crate) fn once(&self) -> String {
        self.url() + "/once"
    }

    /// What goes wrong next; several are kept in order.
    pub(crate) fn fails(&self, fault: Fault) {
        self.state.faults.lock().unwrap().push_back(fault);
    }

    /// How many faults have not been met.
    pub(crate) fn unmet(&self) -> usize {
        self.state.faults.lock().unwrap().len()
    }

    /// Ends every connection that waits for a request.
    pub(crate) fn close(&self) {
        self.state.close.notify_waiters();
    }

    /// Forgets what should have gone wrong.
    pub(crate) fn recover(&self) {
        self.state.faults.lock().unwrap().clear();
    }

    /// How many connections it has.
    pub(crate) fn open(&self) -> usize {
        self.state.open.load(Ordering::Relaxed)
    }

    /// How many connections it had so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How many requests came so far, whole.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// How many bytes the last connection with a [`Fault::Cut`] sent.
    pub(crate) fn sent(&self) -> usize {
        self.state.sent.load(Ordering::Relaxed)
    }
}

impl State {
    /// The next fault, if it is of this kind.
    fn next(&self, fits: impl FnOnce(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        faults.front().is_some_and(fits).then(|| faults.pop_front()).flatten()
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    // Dropped with this task, so that no connection outlives the upstream.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let connection = connection(stream, acceptor.clone(), state.clone());
        let state = state.clone();
        connections.spawn(async move {
            state.open.fetch_add(1, Ordering::Relaxed);
            state.connections.fetch_add(1, Ordering::Relaxed);
            connection.await;
            state.open.fetch_sub(1, Ordering::Relaxed);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    match state.next(|fault| matches!(fault, Fault::Clear(_) | Fault::Cut(..))) {
        Some(Fault::Cut(limit, end)) => return cut(stream, acceptor, state, limit, end).await,
        Some(Fault::Clear(script)) => {
            play(&script, &[], &mut stream).await;
            if script.end != End::Keep {
                return ended(stream, script.end).await;
            }
        }
        Some(Fault::Early(..) | Fault::Answer(_)) | None => {}
    }
    if let Ok(mut stream) = acceptor.accept(stream).await {
        let end = serve(&mut stream, &state).await;
        if end == End::Close {
            drop(stream.shutdown().await);
        }
        ended(stream.into_inner().0, end).await;
    }
}

/// Brings a connection to its end.
async fn ended(stream: TcpStream, end: End) {
    match end {
        End::Reset => stream.set_zero_linger().unwrap(),
        End::Silence => future::pending().await,
        End::Keep | End::Close | End::Vanish => {}
    }
}

/// Passes on no more than so many of the server's bytes, and counts them.
async fn cut(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>, limit: usize, end: End) {
    let (near, far) = duplex(64 * 1024);
    let served = async {
        if let Ok(mut stream) = acceptor.accept(far).await {
            serve(&mut stream, &state).await;
            drop(stream.shutdown().await);
        }
    };
    let (mut from_server, mut to_server) = split(near);
    let (mut from_client, mut to_client) = stream.into_split();
    let passed = async {
        let mut limited = (&mut from_server).take(limit.try_into().unwrap());
        let sent = tokio::io::copy(&mut limited, &mut to_client).await.unwrap_or_default();
        state.sent.store(sent.try_into().unwrap(), Ordering::Relaxed);
    };
    tokio::select! {
        () = passed => {}
        _ = async { tokio::join!(served, tokio::io::copy(&mut from_client, &mut to_server)) } => {}
    }
    if let Ok(stream) = from_client.reunite(to_client) {
        ended(stream, end).await;
    }
}

/// Answers requests until one of them ends the connection.
async fn serve(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), state: &State) -> End {
    let mut buffer = Vec::new();
    loop {
        let next = tokio::select! {
            next = begun(stream, &mut buffer) => next,
            () = state.close.notified() => None,
        };
        if next.is_none() {
            return End::Close;
        }
        if let Some(Fault::Early(size, script)) =
            state.next(|fault| matches!(fault, Fault::Early(..)))
        {
            while buffer.len() < size && more(stream, &mut buffer).await.is_some() {}
            play(&script, &[], stream).await;
            return script.end;
        }
        let next = request(stream, &mut buffer).await;
        let Some(body) = next else {
            return End::Close;
        };
        state.requests.fetch_add(1, Ordering::Relaxed);
        let script = if let Some(Fault::Answer(script)) =
            state.next(|fault| matches!(fault, Fault::Answer(_)))
        {
            script
        } else if state.closing.load(Ordering::Relaxed) {
            Script::bytes(answer("connection: close\r\n", &body), End::Close)
        } else {
            Script::new([Step::Echo], End::Keep)
        };
        play(&script, &body, stream).await;
        if script.end != End::Keep {
            return script.end;
        }
    }
}

async fn play(script: &Script, body: &[u8], stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    for step in &script.steps {
        match step {
            Step::Send(bytes) => send(bytes, stream).await,
            Step::Echo => send(&answer("", body), stream).await,
            Step::Flood(bytes) => {
                while stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() {}
            }
            // A peer that has gone says nothing more.
            Step::Hear => drop(stream.read_u8().await),
            Step::Wait(gate) => gate.pass().await,
        }
    }
}

async fn send(bytes: &[u8], stream: &mut (impl AsyncWrite + Unpin)) {
    // The peer may have gone, which the test then sees.
    drop(stream.write_all(bytes).await);
    drop(stream.flush().await);
}

/// The right answer to this body, with these further header lines.
pub(crate) fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len() + "{\"echo\":}".len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), b"{\"echo\":", body, b"}"].concat()
}

/// The same in two chunks and with a trailer.
pub(crate) fn chunked(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}transfer-encoding: chunked\r\n\r\n"
    );
    let size = format!("8\r\n{{\"echo\":\r\n{:x}\r\n", body.len() + 1);
    [head.as_bytes(), size.as_bytes(), body, b"}\r\n0\r\nx-after: all\r\n\r\n"].concat()
}

/// Reads the first bytes of the next request; None if there is none.
async fn begun(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<()> {
    if buffer.is_empty() { more(stream, buffer).await } else { Some(()) }
}

/// The body of the next request; None if there is none.
async fn request(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1)?.lines().next()?.parse::<usize>().ok()?;
    while buffer.len() < end + length {
        more(stream, buffer).await?;
    }
    let rest = buffer.split_off(end + length);
    Some(std::mem::replace(buffer, rest).split_off(end))
}

async fn more(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}
