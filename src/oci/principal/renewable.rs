//! Credentials that end, and whoever supplies newer ones.
//!
//! They are looked at within a call, never in the background: a frozen container runs nothing.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::{Credentials, PrincipalError};

/// A token with less than this left is replaced if a newer one is to be had.
const FRESH: Duration = Duration::from_secs(300);
/// Refusals that follow each other faster than this cause one renewal.
const PAUSE: Duration = Duration::from_secs(1);
/// A supplier whose key and token belong to two generations is about to have replaced both: how often to look again.
pub(super) const LOOKS: u32 = 3;
/// The time between two looks.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Supplies credentials: reads files, or asks services.
pub(super) trait Supply: Debug {
    /// What tells one state of the supply from another without taking from it.
    type State: Debug + PartialEq;

    /// The state now; it never changes where only a service knows it.
    fn state(&self) -> Self::State;

    /// The newest credentials.
    async fn supply(&self, now: SystemTime) -> Result<Credentials, PrincipalError>;
}

/// Credentials in use, and their supplier.
#[derive(Debug)]
pub(super) struct Renewable<S: Supply> {
    supplier: S,
    generation: Mutex<Option<Generation<S::State>>>,
    send_expired: bool,
}

/// Credentials, and the state that the supply was in before they were taken.
#[derive(Debug)]
pub(super) struct Generation<T> {
    pub(super) credentials: Arc<Credentials>,
    pub(super) state: T,
    pub(super) taken: Instant,
}

impl<S: Supply> Renewable<S> {
    /// Credentials of `supplier`, the first of which may be there already. With `send_expired` the service decides whether
    /// they have expired, for a machine whose clock cannot be trusted.
    pub(super) fn new(
        supplier: S,
        first: Option<Generation<S::State>>,
        send_expired: bool,
    ) -> Self {
        Self { supplier, generation: Mutex::new(first), send_expired }
    }

    /// When the credentials that are there expire; None while they are being taken, or none are there.
    pub(super) fn expires(&self) -> Option<SystemTime> {
        self.generation.try_lock().ok()?.as_ref()?.credentials.expires()
    }

    /// Who supplies them.
    pub(super) fn supplier(&self) -> &S {
        &self.supplier
    }

    /// Credentials to sign with. One caller renews them, the others wait for it.
    pub(super) async fn credentials(
        &self,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let mut generation = self.generation.lock().await;
        if let Some(Generation { credentials, state, .. }) = generation.as_ref() {
            let fresh = credentials.expires().is_none_or(|expires| expires > now + FRESH);
            if fresh && *state == self.supplier.state() {
                return Ok(credentials.clone());
            }
        }
        self.renew(&mut generation, now, true).await
    }

    /// Credentials to sign with after a service refused those in `refused`.
    pub(super) async fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let mut generation = self.generation.lock().await;
        if let Some(Generation { credentials, state, taken }) = generation.as_ref() {
            // Another call may have been refused too, and have renewed them already.
            let renewed = !Arc::ptr_eq(credentials, refused) || taken.elapsed() < PAUSE;
            if renewed && *state == self.supplier.state() {
                return Ok(credentials.clone());
            }
        }
        self.renew(&mut generation, now, false).await
    }

    /// Takes what the supplier has now. Where that is nothing, or half of a rotation, the old ones serve while they are
    /// valid; only refused ones are worth waiting for the other half.
    async fn renew(
        &self,
        generation: &mut Option<Generation<S::State>>,
        now: SystemTime,
        usable: bool,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let old = generation.as_ref().map(|generation| generation.credentials.clone());
        let old = old.filter(|credentials| credentials.valid(now));
        let looks = if old.is_some() && usable { 1 } else { LOOKS };
        match (self.take(now, looks).await, old) {
            (Ok(new), _) => self.unexpired(generation.insert(new), now),
            (Err(error), Some(old)) => {
                log::warn!("the credentials were not renewed: {error}");
                Ok(old)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn take(
        &self,
        now: SystemTime,
        looks: u32,
    ) -> Result<Generation<S::State>, PrincipalError> {
        let mut look = 1;
        loop {
            // The state comes first: files that are replaced while they are read differ from it and are read again.
            let (state, taken) = (self.supplier.state(), Instant::now());
            match self.supplier.supply(now).await {
                Err(PrincipalError::KeyTokenMismatch) if look < looks => sleep(LOOK_AGAIN).await,
                supplied => {
                    return Ok(Generation { credentials: Arc::new(supplied?), state, taken });
                }
            }
            look += 1;
        }
    }

    fn unexpired(
        &self,
        generation: &Generation<S::State>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        if generation.credentials.valid(now) || self.send_expired {
            Ok(generation.credentials.clone())
        } else {
            Err(PrincipalError::TokenExpired)
        }
    }
}
