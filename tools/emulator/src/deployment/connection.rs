//! The TLS connections: of each its requests in order, and the way it ends.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::answer::After;
use super::state::{Next, State};

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves every connection that comes.
pub(super) async fn accept(state: Arc<State>, listener: TcpListener, acceptor: TlsAcceptor) {
    // Dropped with this task, so that no connection outlives the deployment.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(state.clone(), stream, acceptor.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection until either side has had enough of it.
async fn serve(state: Arc<State>, stream: TcpStream, acceptor: TlsAcceptor) {
    let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
    let Ok(Ok(mut stream)) = handshake.await else {
        return;
    };
    // An answer must not wait for the acknowledgement of the handshake's last bytes.
    drop(stream.get_ref().0.set_nodelay(true));
    let number = state.count_connection();
    let mut buffer = Vec::new();
    let mut idle = state.idle.enter(number);
    let closing = loop {
        if buffer.is_empty() {
            tokio::select! {
                // A request that came is answered.
                biased;
                // Nothing read is for the reader of requests to find out.
                _ = stream.read_buf(&mut buffer) => {}
                closing = idle => break closing.ok(),
            }
        }
        state.idle.leave(number);
        let Some(Next { answer, behaviour, request }) =
            state.next(&mut stream, &mut buffer, number).await
        else {
            break None;
        };
        // Entered before the peer has the answer, so that one who has it finds the connection
        // waiting.
        idle = state.idle.enter(number);
        let pen = state.pace.pen(request);
        let after = match behaviour {
            None => answer.send(&mut stream, pen).await,
            Some(behaviour) => behaviour.send(answer, &mut stream, pen).await,
        };
        match after {
            After::KeepAlive => {}
            After::Close => break None,
            After::Reset => {
                state.idle.leave(number);
                return reset(&stream);
            }
            After::Open => {
                state.idle.leave(number);
                drop(idle);
                // Whatever else it sends, it is not answered.
                while stream.read_buf(&mut buffer).await.is_ok_and(|more| more > 0) {
                    buffer.clear();
                }
                return;
            }
            After::Silence => {
                state.idle.leave(number);
                drop(idle);
                return future::pending().await;
            }
        }
    };
    state.idle.leave(number);
    // The peer may be gone already.
    drop(stream.shutdown().await);
    drop(stream);
    drop(closing);
}

/// Makes the end of `stream`, which is near, a reset: what follows without lingering has no orderly
/// close.
fn reset(stream: &TlsStream<TcpStream>) {
    // The peer may be gone already.
    drop(stream.get_ref().0.set_zero_linger());
}
