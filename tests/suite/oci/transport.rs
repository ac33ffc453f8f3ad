//! Does a try that cannot succeed cost no other, and one without time not the answer before it?

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use emulator::deployment::Behaviour;
use http::Request;
use oracle_cloud_client::{
    AddressDenied, Client, HttpClient, Phase, RequestOptions, RequestTimings, Resolve, RetrySafety,
    SendError, TransportError,
};
use tokio::time::Instant;

use super::client::{QUICK, principal, soon, trust};
use crate::setup::Setup;

/// A resolver for which every name leads where nobody may go.
#[derive(Debug, Default)]
struct Forbidding {
    asked: AtomicUsize,
}

impl Resolve for Forbidding {
    async fn resolve(&self, _name: &str) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Err(AddressDenied.into())
    }
}

fn http(setup: &Setup, resolver: Option<Arc<Forbidding>>) -> HttpClient {
    let http = HttpClient::builder(&trust(setup, ["localhost"]));
    let http = match resolver {
        Some(resolver) => http.resolver(resolver),
        None => http,
    };
    http.build().unwrap()
}

fn client(setup: &Setup, http: HttpClient) -> Client {
    Client::builder().http(http).retry(QUICK).build_as(principal(setup)).unwrap()
}

#[tokio::test]
async fn a_name_without_an_address_that_may_be_called_is_asked_for_once() {
    let (setup, resolver) = (Setup::new().await, Arc::new(Forbidding::default()));
    let client = client(&setup, http(&setup, Some(resolver.clone())));
    let request = Request::get("https://localhost/").body(()).unwrap();
    let error = client.send_with(request, &soon()).await.unwrap_err();
    assert!(matches!(error, SendError::Transport(TransportError::AddressDenied)), "{error:?}");
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_try_without_time_does_not_hide_the_answer_before_it() {
    let setup = Setup::new().await;
    let http = http(&setup, None);
    let client = client(&setup, http.clone());
    setup.deployment.behave(Behaviour::Busy(503, "0".to_owned()));
    setup.deployment.behave(Behaviour::Hang);
    let options = RequestOptions::default().timeout(Duration::from_secs(3));
    let options = options.retry_safety(RetrySafety::Idempotent);
    let request = Request::post(setup.url()).body("{}".to_owned()).unwrap();
    let (start, mut timings) = (Instant::now(), RequestTimings::default());
    let answer = client.send_over(&http, request, &options, &mut timings).await.unwrap();
    assert_eq!((answer.status().as_u16(), setup.deployment.received().len()), (503, 2));
    // Where the time went is known of both, also of the one that got no answer.
    assert_eq!(timings.attempts(), 2);
    let [sign, connect, wait] =
        [Phase::Sign, Phase::Connect, Phase::Wait].map(|phase| timings.time(phase));
    let waited = sign + connect + wait;
    assert!(waited <= start.elapsed(), "{timings:?}");
    assert!(wait >= Duration::from_millis(100), "{timings:?}");
    assert!(sign > Duration::ZERO && connect > Duration::ZERO, "{timings:?}");
}
