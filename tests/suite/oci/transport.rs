//! Does a try that cannot succeed cost no other, and one without time not the answer before it?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use emulator::deployment::Behaviour;
use http::Request;
use oracle_cloud_client::{
    AddressForbidden, Client, Delivery, Journey, Phase, Principal, Repeat, SendError, ServiceClock,
    TransportError, http_client,
};
use reqwest::dns::{Name, Resolve, Resolving};
use tokio::time::Instant;

use super::client::{QUICK, trust};
use crate::setup::Setup;

/// A resolver for which every name leads where nobody may go.
#[derive(Default)]
struct Forbidding {
    asked: AtomicUsize,
}

impl Resolve for Forbidding {
    fn resolve(&self, _name: Name) -> Resolving {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(AddressForbidden.into()) })
    }
}

fn client(setup: &Setup, resolver: Option<Arc<Forbidding>>) -> Client {
    let vars = &setup.program.config;
    let principal =
        Principal::from_vars(&|name| vars.get(name).cloned(), SystemTime::now()).unwrap();
    let http = http_client(&trust(setup, ["localhost"]));
    let http = match resolver {
        Some(resolver) => http.dns_resolver(resolver),
        None => http,
    };
    Client::new(principal, ServiceClock::new(SystemTime::now), http.build().unwrap())
}

#[tokio::test]
async fn a_name_without_an_address_that_may_be_called_is_asked_for_once() {
    let (setup, resolver) = (Setup::new().await, Arc::new(Forbidding::default()));
    let client = client(&setup, Some(resolver.clone()));
    let request = Request::get("https://localhost/").body(()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let error = client.send(request, until).await.unwrap_err();
    assert!(matches!(error, SendError::Transport(TransportError::Forbidden)), "{error:?}");
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_try_without_time_does_not_hide_the_answer_before_it() {
    let setup = Setup::new().await;
    let client = client(&setup, None).with_retry(QUICK);
    setup.deployment.behave(Behaviour::Busy(503, "0".to_owned()));
    setup.deployment.behave(Behaviour::Hang);
    let until = Instant::now() + Duration::from_millis(800);
    let delivery = Delivery { repeat: Repeat::Harmless, try_limit: Delivery::TRY, until };
    let request = Request::post(setup.url()).body("{}".to_owned()).unwrap();
    let (start, mut journey) = (Instant::now(), Journey::default());
    let answer = client.deliver(request, delivery, &mut journey).await.unwrap();
    assert_eq!((answer.status().as_u16(), setup.deployment.received().len()), (503, 2));
    // Where the time went is known of both, also of the one that got no answer.
    assert_eq!(journey.tries(), 2);
    let [sign, connect, wait] =
        [Phase::Sign, Phase::Connect, Phase::Wait].map(|phase| journey.time(phase));
    let waited = sign + connect + wait;
    assert!(waited <= start.elapsed(), "{journey:?}");
    assert!(wait >= Duration::from_millis(100), "{journey:?}");
    assert!(sign > Duration::ZERO && connect > Duration::ZERO, "{journey:?}");
}
