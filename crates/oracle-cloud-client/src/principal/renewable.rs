//! Credentials that expire, and their renewal.
//!
//! They are renewed within a call, never in the background: a frozen container runs nothing. One
//! call renews them. The others continue with valid credentials, and wait only if there are none.
//!
//! Source: docs/spec/oci-request-signing.md#files-again.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use oracle_cloud_signature::Credentials;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::PrincipalError;
use super::held::{Generation, Held};

/// How long a renewal may delay a call that has valid credentials; never more than half of its
/// time.
const MAX_WAIT_WHILE_VALID: Duration = Duration::from_millis(500);
/// The same after a service refused valid credentials: without newer ones the call may fail.
const MAX_WAIT_AFTER_REFUSAL: Duration = Duration::from_secs(5);
/// How often a source is read again whose key and token do not match: it is about to have replaced
/// both.
pub(super) const LOOKS: u32 = 3;
/// The time between two readings.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Supplies credentials: reads files, or calls services.
pub(super) trait Supply: Debug {
    /// Identifies the state of the source without reading credentials from it.
    type State: Debug + PartialEq;

    /// The first and the longest pause after failures while its state stays the same: a service
    /// that is down is not called by every call.
    const PAUSES: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(300)];

    /// Returns the current state. It never changes if only a service knows it.
    fn state(&self) -> Self::State;

    /// Returns the newest credentials, if they arrive before `until`.
    async fn supply(&self, now: SystemTime, until: Instant) -> Result<Credentials, PrincipalError>;
}

/// Credentials in use, and their supplier.
#[derive(Debug)]
pub(super) struct Renewable<S: Supply> {
    supplier: S,
    held: Mutex<Held<S::State>>,
    /// Held by the call that renews.
    turn: tokio::sync::Mutex<()>,
}

/// The permit to renew, and whether another call renewed while this one waited for it.
struct Turn<'a> {
    _turn: tokio::sync::MutexGuard<'a, ()>,
    came_late: bool,
}

impl<S: Supply> Renewable<S> {
    /// Creates credentials of `supplier`, the first of which may be loaded already. With
    /// `send_expired` the service decides whether they have expired, for a machine whose clock
    /// cannot be trusted.
    pub(super) fn new(
        supplier: S,
        first: Option<Generation<S::State>>,
        send_expired: bool,
    ) -> Self {
        let held = Mutex::new(Held::new(first, send_expired));
        Self { supplier, held, turn: tokio::sync::Mutex::default() }
    }

    /// Returns when the current credentials expire; `None` without any.
    pub(super) fn expires(&self) -> Option<SystemTime> {
        self.held().expires()
    }

    /// Returns the supplier.
    pub(super) fn supplier(&self) -> &S {
        &self.supplier
    }

    /// Returns credentials to sign with, before `until`.
    pub(super) async fn credentials(
        &self,
        now: SystemTime,
        until: Instant,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let state = self.supplier.state();
        let held = self.held().usable(now);
        let Some(held) = held else { return self.awaited(now, until).await };
        match self.turn.try_lock() {
            Ok(_turn) if self.held().is_due(&state, now) => {
                Ok(self.renew(now, within(MAX_WAIT_WHILE_VALID, until), None).await.unwrap_or(held))
            }
            Ok(_) | Err(_) => Ok(held),
        }
    }

    /// Returns credentials if there are no valid ones: the first call renews them for all that
    /// wait.
    async fn awaited(
        &self,
        now: SystemTime,
        until: Instant,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let turn = self.turn(until).await?;
        let outcome = self.held().outcome(now);
        if turn.came_late || outcome.is_ok() {
            return outcome;
        }
        self.renew(now, until, None).await
    }

    /// Returns credentials to sign with after a service refused those in `refused`: newer ones,
    /// else those that they replaced, else the same.
    pub(super) async fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
        until: Instant,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        self.held().refuse(refused);
        let is_valid = self.held().usable(now).is_some();
        let until = if is_valid { within(MAX_WAIT_AFTER_REFUSAL, until) } else { until };
        // Even without the permit in time, another call may have renewed them.
        if let Ok(turn) = self.turn(until).await {
            let state = self.supplier.state();
            let is_due = self.held().may_be_renewed(refused, &state, now);
            if is_due && !turn.came_late {
                let renewed = self.renew(now, until, Some(refused)).await;
                if !is_valid {
                    return renewed;
                }
            }
        }
        let held = self.held();
        held.instead_of(refused, now).map_or_else(|| held.outcome(now), Ok)
    }

    /// Records that a service accepted what was signed with `used`.
    pub(super) fn accepted(&self, used: &Credentials) {
        self.held().accept(used);
    }

    /// Puts the supplier's current credentials into use, if they may replace those in use. Half of
    /// a rotation is worth waiting for if there are no valid ones.
    async fn renew(
        &self,
        now: SystemTime,
        until: Instant,
        refused: Option<&Arc<Credentials>>,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let is_valid = self.held().usable(now).is_some();
        let looks = if is_valid && refused.is_none() { 1 } else { LOOKS };
        let (state, supplied) = self.take(now, until, looks).await;
        let mut held = self.held();
        let checked = supplied.and_then(|new| held.check(&new, now, refused).map(|()| new));
        match checked {
            Ok(new) => Ok(held.replace(Generation::new(new, state, now), now)),
            Err(error) => {
                // A call that ran out of time says nothing about the source.
                if is_valid || Instant::now() < until {
                    held.fail(&error, state, S::PAUSES, now);
                }
                Err(error)
            }
        }
    }

    async fn take(
        &self,
        now: SystemTime,
        until: Instant,
        looks: u32,
    ) -> (S::State, Result<Credentials, PrincipalError>) {
        let mut look = 1;
        loop {
            // The state is read first: files that are replaced while they are read differ from it,
            // and are read again.
            let state = self.supplier.state();
            let in_time = Instant::now() + LOOK_AGAIN < until;
            // Few calls renew. Boxed, so that the others' futures stay small.
            match Box::pin(self.supplier.supply(now, until)).await {
                Err(PrincipalError::KeyTokenMismatch) if look < looks && in_time => {
                    sleep(LOOK_AGAIN).await;
                }
                supplied => return (state, supplied),
            }
            look += 1;
        }
    }

    /// Waits until no other call renews.
    async fn turn(&self, until: Instant) -> Result<Turn<'_>, PrincipalError> {
        let before = self.held().looks();
        let turn = timeout_at(until, self.turn.lock()).await;
        let turn = turn.ok().ok_or(PrincipalError::Late)?;
        Ok(Turn { _turn: turn, came_late: self.held().looks() != before })
    }

    fn held(&self) -> MutexGuard<'_, Held<S::State>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns when a renewal must end that a call can do without.
fn within(patience: Duration, until: Instant) -> Instant {
    let now = Instant::now();
    now + patience.min(until.saturating_duration_since(now) / 2)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use oracle_cloud_signature::{PrivateKey, SessionToken};
    use tokio::time::advance;

    use super::*;

    const KEY: &[u8] = include_bytes!("../../testdata/rsa2048.pkcs8.pem");

    /// A service whose tokens live for `life`; each exchange takes `takes`.
    #[derive(Debug)]
    struct Service {
        life: Duration,
        takes: Duration,
        fails: AtomicBool,
        asked: AtomicUsize,
    }

    impl Supply for Service {
        type State = ();

        fn state(&self) -> Self::State {}

        async fn supply(
            &self,
            now: SystemTime,
            until: Instant,
        ) -> Result<Credentials, PrincipalError> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            timeout_at(until, sleep(self.takes)).await.ok().ok_or(PrincipalError::Late)?;
            if self.fails.load(Ordering::Relaxed) {
                return Err(PrincipalError::Unusable("the service"));
            }
            let exp = (now + self.life).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            let claims = format!("{{\"exp\":{exp},\"jti\":{number}}}");
            let token = format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims));
            let key = PrivateKey::from_pem(KEY, None).unwrap();
            Ok(Credentials::session(SessionToken::parse(&token).unwrap(), key)?)
        }
    }

    fn renewable(life: u64, takes: u64) -> Renewable<Service> {
        let (fails, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
        let (life, takes) = (Duration::from_secs(life), Duration::from_millis(takes));
        Renewable::new(Service { life, takes, fails, asked }, None, false)
    }

    impl Renewable<Service> {
        fn asked(&self) -> usize {
            self.supplier.asked.load(Ordering::Relaxed)
        }

        fn fail(&self, fails: bool) {
            self.supplier.fails.store(fails, Ordering::Relaxed);
        }

        /// Credentials at this second of the day, for a call that has so many seconds.
        async fn at(&self, second: u64, seconds: u64) -> Result<Arc<Credentials>, PrincipalError> {
            self.credentials(time(second), Instant::now() + Duration::from_secs(seconds)).await
        }
    }

    fn time(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_300_s_before_its_end_or_at_the_middle_of_a_short_life() {
        for (life, renewed) in [(3600, 3300), (601, 301), (600, 300), (400, 200), (60, 30), (2, 1)]
        {
            let service = renewable(life, 0);
            for second in [0, renewed - 1, renewed, 2 * renewed - 1] {
                service.at(second, 60).await.unwrap();
                let exchanges = if second < renewed { 1 } else { 2 };
                assert_eq!(service.asked(), exchanges, "{life} s, at {second}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_a_service_is_left_alone_for_30_s_doubling_to_5_min() {
        let service = renewable(3600, 0);
        let first = service.at(0, 60).await.unwrap();
        service.fail(true);
        let mut exchanges = 1;
        for pause in [30, 60, 120, 240, 300, 300] {
            // A call a second; the last one comes when the pause is over.
            for _ in 0..pause {
                assert!(Arc::ptr_eq(&first, &service.at(3400, 60).await.unwrap()));
                advance(Duration::from_secs(1)).await;
                assert_eq!(service.asked(), exchanges + 1, "{pause}");
            }
            exchanges += 1;
        }
        service.fail(false);
        assert!(!Arc::ptr_eq(&first, &service.at(3400, 60).await.unwrap()));
        service.fail(true);
        // Begun anew: it fails, and rests for 30 s.
        for after in [0, 29, 1] {
            advance(Duration::from_secs(after)).await;
            service.at(6800, 60).await.unwrap();
        }
        assert_eq!(service.asked(), exchanges + 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_takes_500_ms_at_the_most_and_never_more_than_half_of_a_call() {
        for (seconds, most) in [(60, 500), (1, 500), (0, 0)] {
            let service = renewable(3600, 0);
            service.at(0, 60).await.unwrap();
            let slow = Service { takes: Duration::from_secs(9), ..service.supplier };
            let service = Renewable { supplier: slow, ..service };
            let start = Instant::now();
            service.at(3400, seconds).await.unwrap();
            let took = start.elapsed().as_millis();
            assert!((most..most + 5).contains(&took), "{seconds} s: {took}");
            assert_eq!(service.asked(), 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_valid_token_a_call_waits_as_long_as_it_can_for_the_one_exchange() {
        let service = renewable(3600, 1000);
        let first = async { service.at(0, 10).await.unwrap() };
        let hurried = async {
            let start = Instant::now();
            assert!(matches!(service.at(0, 0).await, Err(PrincipalError::Late)));
            start.elapsed()
        };
        let others = async { tokio::join!(service.at(0, 10), service.at(0, 2)) };
        let (first, hurried, (second, third)) = tokio::join!(first, hurried, others);
        assert!(hurried < Duration::from_millis(5), "{hurried:?}");
        assert!(Arc::ptr_eq(&first, &second.unwrap()) && Arc::ptr_eq(&first, &third.unwrap()));
        assert_eq!(service.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_ends_while_it_renews_leaves_that_to_the_next() {
        let service = renewable(3600, 3000);
        let (first, second) = tokio::join!(service.at(0, 1), service.at(0, 10));
        assert!(matches!(first, Err(PrincipalError::Late)), "{first:?}");
        assert!(second.is_ok(), "{second:?}");
        let begun = timeout_at(Instant::now() + Duration::from_secs(1), service.at(4000, 10));
        assert!(begun.await.is_err());
        assert!(service.at(4000, 10).await.is_ok());
        assert_eq!(service.asked(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_from_before_a_renewal_takes_nothing_from_the_new() {
        let service = renewable(3600, 0);
        let old = service.at(0, 60).await.unwrap();
        let new = service.at(3400, 60).await.unwrap();
        service.accepted(&old);
        assert!(Arc::ptr_eq(&new, &service.at(3400, 60).await.unwrap()));
        assert!(service.held().check(&new, time(3400), None).is_ok());
        // What it says is still known where the new ones are refused.
        let until = Instant::now() + Duration::from_secs(60);
        let back = service.refresh(&new, time(3400), until).await.unwrap();
        service.accepted(&back);
        assert!(Arc::ptr_eq(&old, &back));
        assert_eq!(service.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_refuses_the_new_has_the_old_back_and_the_refused_are_not_taken_again() {
        let service = renewable(3600, 0);
        let old = service.at(0, 60).await.unwrap();
        let new = service.at(3400, 60).await.unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        let back = service.refresh(&new, time(3400), until).await.unwrap();
        assert!(Arc::ptr_eq(&old, &back));
        // Until a service has accepted them, they are for the one repetition.
        assert!(Arc::ptr_eq(&new, &service.at(3400, 60).await.unwrap()));
        service.accepted(&back);
        assert!(matches!(
            service.held().check(&new, time(3400), None),
            Err(PrincipalError::RefusedBefore)
        ));
        let newest = service.at(3401, 60).await.unwrap();
        assert_eq!(service.asked(), 3);
        // Accepted once, they are not given up for what came before them.
        service.accepted(&newest);
        advance(Duration::from_secs(1)).await;
        let renewed = service.refresh(&newest, time(3401), until).await.unwrap();
        assert_eq!(service.asked(), 4);
        assert!(!Arc::ptr_eq(&renewed, &old) && !Arc::ptr_eq(&renewed, &newest));
    }
}
