//! Takes connections, and no more than can be served.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::connection;
use crate::shared::Shared;

/// What a client reads that is one too many, where it reads plain text.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 92\r\n\r\n\
    {\"code\":\"TooManyConnections\",\"message\":\"this server has too many connections at the moment\"}";
/// How long nobody is taken where the system has no more files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often a line says that clients are turned away.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Takes connections until the server closes.
pub(crate) async fn accept(
    shared: &Arc<Shared>,
    listener: TcpListener,
    connections: &GracefulShutdown,
) {
    let mut refusals = Refusals { next_report: Instant::now(), count: 0 };
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.drain.closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                log::error!("no connection could be accepted: {error}");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match shared.connections.clone().try_acquire_owned() {
            Ok(place) => {
                let serving = connection::serve(shared.clone(), stream, connections.watcher());
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(_none_left) => {
                shared.metrics.refused("TooManyConnections");
                refusals.refuse(&stream, shared.tls.is_none());
            }
        }
    }
}

/// The connections that are turned away, told once a second.
struct Refusals {
    next_report: Instant,
    count: usize,
}

impl Refusals {
    fn refuse(&mut self, stream: &TcpStream, is_plain: bool) {
        if is_plain {
            // It is told if it can be told at once.
            drop(stream.try_write(BUSY));
        }
        self.count += 1;
        let now = Instant::now();
        if now >= self.next_report {
            let (count, code) = (self.count, "TooManyConnections");
            log::warn!(status = 503, code, count; "connections were turned away");
            (self.next_report, self.count) = (now + REPORT_INTERVAL, 0);
        }
    }
}
