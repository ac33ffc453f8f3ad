//! The credentials in use: when it is time for newer ones, what may take their place, and what they
//! took the place of.
//!
//! Source: docs/spec/oci-request-signing.md#files-again.

use std::error::Error;
use std::iter;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use oracle_cloud_signature::Credentials;
use tokio::time::Instant;

use super::error::PrincipalError;
use crate::clock::timestamp;

/// A token with less than this left is replaced; one that lives for less than twice as long, at the
/// middle of its life.
const RENEW_BEFORE_EXPIRY: Duration = Duration::from_secs(300);
/// Refusals that follow each other faster than this cause one renewal.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Credentials, and the state that the supply was in before they were taken.
#[derive(Debug)]
pub(super) struct Generation<T> {
    pub(super) credentials: Arc<Credentials>,
    state: T,
    renew_at: Option<SystemTime>,
}

impl<T> Generation<T> {
    /// Credentials that were taken at `now`.
    pub(super) fn new(credentials: Credentials, state: T, now: SystemTime) -> Self {
        let renew_at = credentials.token().map(|token| {
            let left = token.expires().duration_since(now).unwrap_or_default();
            // Where the clock is ahead of a token's whole life, its length is all that is known.
            let whole = token.issued().and_then(|at| token.expires().duration_since(at).ok());
            let life = if left.is_zero() { whole.unwrap_or_default() } else { left };
            now + life.saturating_sub(RENEW_BEFORE_EXPIRY.min(life / 2))
        });
        Self { credentials: Arc::new(credentials), state, renew_at }
    }
}

/// Credentials in use, and what is known of their renewal.
#[derive(Debug)]
pub(super) struct Held<T> {
    current: Option<Generation<T>>,
    /// What the current ones replaced, until a service has accepted these.
    previous: Option<Generation<T>>,
    /// What a service refused before it accepted those that were replaced.
    refused: Option<Arc<Credentials>>,
    failure: Option<Failure<T>>,
    /// How often the supply was looked at, and when last.
    looks: u64,
    looked: Instant,
    send_expired: bool,
}

/// A renewal that brought nothing.
#[derive(Debug)]
struct Failure<T> {
    state: T,
    pause: Duration,
    until: Instant,
    reason: String,
}

impl<T: PartialEq> Held<T> {
    pub(super) fn new(first: Option<Generation<T>>, send_expired: bool) -> Self {
        let looked = Instant::now();
        let (previous, refused, failure) = (None, None, None);
        Self { current: first, previous, refused, failure, looks: 0, looked, send_expired }
    }

    /// When they expire; None for none.
    pub(super) fn expires(&self) -> Option<SystemTime> {
        self.current.as_ref()?.credentials.expires()
    }

    /// How often the supply was looked at.
    pub(super) fn looks(&self) -> u64 {
        self.looks
    }

    /// What can be signed with at `now`.
    pub(super) fn usable(&self, now: SystemTime) -> Option<Arc<Credentials>> {
        let current = self.current.as_ref().filter(|held| self.serves(&held.credentials, now));
        current.map(|held| held.credentials.clone())
    }

    /// What can be signed with instead of `refused`: what was renewed since, or those before.
    pub(super) fn instead_of(
        &self,
        refused: &Credentials,
        now: SystemTime,
    ) -> Option<Arc<Credentials>> {
        let held = [&self.current, &self.previous].into_iter().flatten();
        let mut held = held.map(|held| &held.credentials);
        held.find(|held| !same(held, refused) && self.serves(held, now)).cloned()
    }

    /// Whether newer ones are to be had or needed, and no renewal has just failed.
    pub(super) fn is_due(&self, state: &T, now: SystemTime) -> bool {
        let Some(current) = &self.current else { return true };
        let near = current.renew_at.is_some_and(|at| at <= now);
        (near || current.state != *state) && !self.rests(state)
    }

    /// Whether the supply is to be looked at for others than `refused`.
    pub(super) fn may_be_renewed(&self, refused: &Credentials, state: &T, now: SystemTime) -> bool {
        let changed = self.current.as_ref().is_none_or(|current| current.state != *state);
        let rested = self.looked.elapsed() >= PAUSE && !self.rests(state);
        changed || (rested && self.instead_of(refused, now).is_none())
    }

    /// Whether a renewal failed from this very state a short while ago.
    fn rests(&self, state: &T) -> bool {
        let failure = self.failure.as_ref().filter(|failure| failure.state == *state);
        failure.is_some_and(|failure| Instant::now() < failure.until)
    }

    /// Whether `new` may take the place of what is held: valid ones give way only to others that
    /// are valid, whole, not older and not refused already. What a service just refused gives way
    /// to any valid ones.
    pub(super) fn check(
        &self,
        new: &Credentials,
        now: SystemTime,
        refused: Option<&Arc<Credentials>>,
    ) -> Result<(), PrincipalError> {
        if !self.serves(new, now) {
            return Err(PrincipalError::TokenExpired);
        }
        let lost = |held: &Arc<Credentials>| refused.is_some_and(|refused| same(refused, held));
        let Some(held) = self.usable(now).filter(|held| !lost(held)) else { return Ok(()) };
        // One token belongs to one key: the other half of a rotation is still to come.
        if same(&held, new) && held.public_key() != new.public_key() {
            return Err(PrincipalError::KeyTokenMismatch);
        }
        if self.refused.as_ref().is_some_and(|refused| same(refused, new)) {
            return Err(PrincipalError::RefusedBefore);
        }
        match (new.token(), held.token()) {
            (Some(new), Some(held)) => new.may_replace(held).map_err(PrincipalError::NotReplaced),
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Takes checked ones into use.
    pub(super) fn replace(&mut self, new: Generation<T>, now: SystemTime) -> Arc<Credentials> {
        let credentials = new.credentials.clone();
        let old = self.current.replace(new);
        if let Some(old) = old.filter(|old| !same(&old.credentials, &credentials)) {
            // What was not accepted yet is no better than the new ones.
            let previous = self.previous.take().unwrap_or(old);
            self.previous = Some(previous).filter(|held| self.serves(&held.credentials, now));
        }
        (self.refused, self.failure) = (None, None);
        self.look();
        credentials
    }

    /// Takes note of a renewal that brought nothing, says so once, and lets the supply rest: for
    /// `first`, then for twice as long from time to time, and for `longest` at the most.
    pub(super) fn fail(
        &mut self,
        error: &PrincipalError,
        state: T,
        [first, longest]: [Duration; 2],
        now: SystemTime,
    ) {
        let reason = reason(error);
        let before = self.failure.take();
        let is_news = before.as_ref().is_none_or(|before| before.reason != reason);
        if let (Some(expires), true) = (self.usable(now).and_then(|held| held.expires()), is_news) {
            let expires = timestamp(expires);
            log::warn!(expires; "the credentials are not renewed, those in use serve on: {reason}");
        }
        let pause = before.map_or(first, |before| longest.min(before.pause * 2));
        self.failure = Some(Failure { state, pause, until: Instant::now() + pause, reason });
        self.look();
    }

    /// What the renewal brought that another call made.
    pub(super) fn outcome(&self, now: SystemTime) -> Result<Arc<Credentials>, PrincipalError> {
        let reason = || self.failure.as_ref().map(|failure| failure.reason.clone());
        self.usable(now).ok_or_else(|| match reason() {
            Some(reason) => PrincipalError::NotRenewed(reason),
            None => PrincipalError::TokenExpired,
        })
    }

    /// A service accepted `used`. New ones have proved themselves then; where it accepted those
    /// before them, these are back in use.
    pub(super) fn accept(&mut self, used: &Credentials) {
        let Some(previous) = self.previous.take() else { return };
        let Some(current) = self.current.take() else { return };
        if same(&previous.credentials, used) {
            let expires = used.expires().map(timestamp).unwrap_or_default();
            log::warn!(expires; "the newest credentials were refused, those before them serve on");
            self.refused = Some(current.credentials);
            self.current = Some(Generation { state: current.state, ..previous });
        } else {
            self.previous = Some(previous).filter(|_| !same(&current.credentials, used));
            self.current = Some(current);
        }
    }

    fn look(&mut self) {
        self.looks += 1;
        self.looked = Instant::now();
    }

    fn serves(&self, credentials: &Credentials, now: SystemTime) -> bool {
        self.send_expired || credentials.valid(now)
    }
}

/// Whether two have one token.
fn same(a: &Credentials, b: &Credentials) -> bool {
    a.key_id().expose() == b.key_id().expose()
}

/// An error and its causes, for one line of the log.
fn reason(error: &PrincipalError) -> String {
    let first: Option<&dyn Error> = Some(error);
    let causes = iter::successors(first, |error: &&dyn Error| (*error).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
