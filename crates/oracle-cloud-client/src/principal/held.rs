//! The credentials in use: when newer ones are needed, which ones may replace them, and which ones
//! they replaced.
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

/// A token is renewed when less than this is left, or half of its lifetime if that is shorter.
const RENEW_BEFORE_EXPIRY: Duration = Duration::from_secs(300);
/// Refusals that follow each other faster than this cause one renewal.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Credentials, and the state of their source before they were read.
#[derive(Debug)]
pub(super) struct Generation<T> {
    pub(super) credentials: Arc<Credentials>,
    state: T,
    renew_at: Option<SystemTime>,
}

impl<T> Generation<T> {
    /// Creates the generation of credentials that were read at `now`.
    pub(super) fn new(credentials: Credentials, state: T, now: SystemTime) -> Self {
        let renew_at = credentials.token().map(|token| {
            let left = token.expires().duration_since(now).unwrap_or_default();
            // If our clock is ahead of the whole lifetime, only the lifetime's length can be
            // trusted.
            let whole = token.issued().and_then(|at| token.expires().duration_since(at).ok());
            let life = if left.is_zero() { whole.unwrap_or_default() } else { left };
            now + life.saturating_sub(RENEW_BEFORE_EXPIRY.min(life / 2))
        });
        Self { credentials: Arc::new(credentials), state, renew_at }
    }
}

/// Credentials in use, and the state of their renewal.
#[derive(Debug)]
pub(super) struct Held<T> {
    current: Option<Generation<T>>,
    /// The credentials that the current ones replaced, until a service has accepted the current
    /// ones.
    previous: Option<Generation<T>>,
    /// Whether a service has refused the current ones.
    is_refused: bool,
    /// The credentials that a service refused before it accepted the replaced ones.
    refused: Option<Arc<Credentials>>,
    failure: Option<Failure<T>>,
    /// How often the source was read, and when last.
    looks: u64,
    looked: Instant,
    send_expired: bool,
}

/// A renewal that failed.
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
        Self {
            current: first,
            previous,
            is_refused: false,
            refused,
            failure,
            looks: 0,
            looked,
            send_expired,
        }
    }

    /// Returns when they expire; `None` without credentials.
    pub(super) fn expires(&self) -> Option<SystemTime> {
        self.current.as_ref()?.credentials.expires()
    }

    /// Returns how often the source was read.
    pub(super) fn looks(&self) -> u64 {
        self.looks
    }

    /// Returns the credentials that can be used at `now`.
    pub(super) fn usable(&self, now: SystemTime) -> Option<Arc<Credentials>> {
        let current = self.current.as_ref().filter(|held| self.serves(&held.credentials, now));
        current.map(|held| held.credentials.clone())
    }

    /// Returns the credentials to use in place of `refused`: renewed ones, or those that `refused`
    /// replaced.
    pub(super) fn instead_of(
        &self,
        refused: &Credentials,
        now: SystemTime,
    ) -> Option<Arc<Credentials>> {
        let held = [&self.current, &self.previous].into_iter().flatten();
        let mut held = held.map(|held| &held.credentials);
        held.find(|held| !same(held, refused) && self.serves(held, now)).cloned()
    }

    /// Returns whether newer ones are available or needed, and no renewal has just failed.
    pub(super) fn is_due(&self, state: &T, now: SystemTime) -> bool {
        let Some(current) = &self.current else { return true };
        let near = current.renew_at.is_some_and(|at| at <= now);
        (near || current.state != *state) && !self.rests(state)
    }

    /// Returns whether the source may be read for credentials other than `refused`.
    pub(super) fn may_be_renewed(&self, refused: &Credentials, state: &T, now: SystemTime) -> bool {
        let changed = self.current.as_ref().is_none_or(|current| current.state != *state);
        let rested = self.looked.elapsed() >= PAUSE && !self.rests(state);
        changed || (rested && self.instead_of(refused, now).is_none())
    }

    /// Returns whether a renewal from this same state failed a short time ago.
    fn rests(&self, state: &T) -> bool {
        let failure = self.failure.as_ref().filter(|failure| failure.state == *state);
        failure.is_some_and(|failure| Instant::now() < failure.until)
    }

    /// Checks whether `new` may replace the credentials in use. Valid ones are replaced only by
    /// others that are valid, complete, not older and not refused before. Credentials that a
    /// service just refused are replaced by any valid ones.
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
        // One token belongs to one key: the other half of a rotation has not arrived yet.
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

    /// Puts checked credentials into use.
    pub(super) fn replace(&mut self, new: Generation<T>, now: SystemTime) -> Arc<Credentials> {
        let credentials = new.credentials.clone();
        let old = self.current.replace(new);
        if let Some(old) = old.filter(|old| !same(&old.credentials, &credentials)) {
            // Credentials that no service has accepted yet are no better than the new ones.
            let previous = self.previous.take().unwrap_or(old);
            self.previous = Some(previous).filter(|held| self.serves(&held.credentials, now));
        }
        (self.is_refused, self.refused, self.failure) = (false, None, None);
        self.look();
        credentials
    }

    /// Records a failed renewal, logs it once, and pauses: for `first`, then each time twice as
    /// long, up to `longest`.
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
            log::warn!(expires; "the credentials were not renewed, those in use stay: {reason}");
        }
        let pause = before.map_or(first, |before| longest.min(before.pause * 2));
        self.failure = Some(Failure { state, pause, until: Instant::now() + pause, reason });
        self.look();
    }

    /// Returns the result of the renewal that another call made.
    pub(super) fn outcome(&self, now: SystemTime) -> Result<Arc<Credentials>, PrincipalError> {
        let reason = || self.failure.as_ref().map(|failure| failure.reason.clone());
        self.usable(now).ok_or_else(|| match reason() {
            Some(reason) => PrincipalError::NotRenewed(reason),
            None => PrincipalError::TokenExpired,
        })
    }

    /// Records that a service refused `used`.
    pub(super) fn refuse(&mut self, used: &Credentials) {
        self.is_refused |= self.is_current(used);
    }

    /// Records that a service accepted `used`. If these are the new ones, they have proved good. If
    /// they are the ones before, and the new ones were refused, they are used again.
    pub(super) fn accept(&mut self, used: &Credentials) {
        if self.previous.is_none() {
            return;
        }
        if self.is_current(used) {
            (self.previous, self.is_refused) = (None, false);
            return;
        }
        // A request that was signed before a renewal says nothing about what is new.
        let is_used = |previous: &mut Generation<T>| same(&previous.credentials, used);
        if self.is_refused
            && let Some(previous) = self.previous.take_if(is_used)
            && let Some(current) = self.current.take()
        {
            let expires = used.expires().map(timestamp).unwrap_or_default();
            log::warn!(expires; "the newest credentials were refused, those before them are used again");
            self.refused = Some(current.credentials);
            self.current = Some(Generation { state: current.state, ..previous });
            self.is_refused = false;
        }
    }

    fn is_current(&self, used: &Credentials) -> bool {
        self.current.as_ref().is_some_and(|current| same(&current.credentials, used))
    }

    fn look(&mut self) {
        self.looks += 1;
        self.looked = Instant::now();
    }

    fn serves(&self, credentials: &Credentials, now: SystemTime) -> bool {
        self.send_expired || credentials.valid(now)
    }
}

/// Returns whether two have the same token.
fn same(a: &Credentials, b: &Credentials) -> bool {
    a.key_id().expose() == b.key_id().expose()
}

/// Joins an error and its causes in one line, for the log.
fn reason(error: &PrincipalError) -> String {
    let first: Option<&dyn Error> = Some(error);
    let causes = iter::successors(first, |error: &&dyn Error| (*error).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
