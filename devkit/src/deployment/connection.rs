//! One TLS connection: its requests in order, and the way it ends.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::State;
use super::answer::After;

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves one connection until either side has had enough of it.
pub(super) async fn serve(state: Arc<State>, stream: TcpStream, acceptor: TlsAcceptor) {
    let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
    let Ok(Ok(mut stream)) = handshake.await else {
        return;
    };
    // An answer must not wait for the acknowledgement of the handshake's last bytes.
    drop(stream.get_ref().0.set_nodelay(true));
    let number = state.count_connection();
    let mut buffer = Vec::new();
    while let Some((answer, behaviour)) = state.next(&mut stream, &mut buffer, number).await {
        let after = match behaviour {
            None => answer.send(&mut stream).await,
            Some(behaviour) => behaviour.send(answer, &mut stream).await,
        };
        match after {
            After::KeepAlive => {}
            After::Close => break,
            After::Silence => return future::pending().await,
        }
    }
    // The peer may be gone already.
    drop(stream.shutdown().await);
}
