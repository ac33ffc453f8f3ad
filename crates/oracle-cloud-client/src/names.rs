//! Looks names up: each time within bounds, and not again and again for one request.
//!
//! Source: docs/spec/oci-services.md#item-9.

use std::error::Error;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

/// How often one request may have names looked up.
pub(super) const MAX_LOOK_UPS: u32 = 3;
/// The longest that a resolver is waited for, which need not come back at all.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);

/// What a resolver fails with when it has no answer, or none in time.
///
/// ```
/// use oracle_cloud_client::NameUnresolved;
///
/// assert_eq!(NameUnresolved.to_string(), "the name could not be looked up");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the name could not be looked up")]
pub struct NameUnresolved;

/// The look-ups that one request had, over all of its attempts.
#[derive(Debug, Default)]
pub(super) struct LookUps(Mutex<Known>);

/// How many there were, and the addresses that the last one found.
#[derive(Debug, Default)]
struct Known {
    look_ups: u32,
    addresses: Vec<SocketAddr>,
}

tokio::task_local! {
    /// Those of the request in hand.
    pub(super) static LOOKED_UP: Arc<LookUps>;
}

/// The addresses of a name, as the system's resolver tells them. A request that had three look-ups
/// goes on with what the last of them found.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), oracle_cloud_client::NameUnresolved> {
/// let addresses = oracle_cloud_client::look_up("localhost").await?;
/// assert!(addresses.iter().all(|address| address.ip().is_loopback()));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`NameUnresolved`] where there is no address within 5 s.
pub async fn look_up(name: &str) -> Result<Vec<SocketAddr>, NameUnresolved> {
    let look_ups = LOOKED_UP.try_with(Arc::clone).unwrap_or_default();
    if let Some(known) = look_ups.spent() {
        return if known.is_empty() { Err(NameUnresolved) } else { Ok(known) };
    }
    let found = timeout(LOOK_UP_TIMEOUT, lookup_host((name, 0))).await;
    let found = found.ok().and_then(Result::ok).map(Vec::from_iter).unwrap_or_default();
    look_ups.known().addresses.clone_from(&found);
    if found.is_empty() { Err(NameUnresolved) } else { Ok(found) }
}

impl LookUps {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, if there may be no further look-up; otherwise one more is counted.
    fn spent(&self) -> Option<Vec<SocketAddr>> {
        let mut known = self.known();
        if known.look_ups == MAX_LOOK_UPS {
            return Some(known.addresses.clone());
        }
        known.look_ups += 1;
        None
    }
}

/// Finds the addresses of names: for whoever checks them before they are connected to.
/// Implementations write `async fn`; the future has to be [`Send`].
///
/// ```
/// use std::error::Error;
/// use std::net::SocketAddr;
///
/// use oracle_cloud_client::{AddressDenied, Resolve, look_up};
///
/// /// Connects to nothing on this machine.
/// #[derive(Debug)]
/// struct Outward;
///
/// impl Resolve for Outward {
///     async fn resolve(
///         &self,
///         name: &str,
///     ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
///         let mut addresses = look_up(name).await?;
///         addresses.retain(|address| !address.ip().is_loopback());
///         if addresses.is_empty() { Err(AddressDenied.into()) } else { Ok(addresses) }
///     }
/// }
/// ```
pub trait Resolve: Debug + Send + Sync {
    /// The addresses of a name, in the order in which they are tried; their port does not count.
    ///
    /// # Errors
    /// [`NameUnresolved`] where there are none, [`AddressDenied`] where none may be connected to.
    ///
    /// [`AddressDenied`]: crate::AddressDenied
    fn resolve(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>>> + Send;
}

/// The system's resolver, within these bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        Ok(look_up(name).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_asks_three_times_and_goes_on_with_what_it_heard_last() {
        let request = async {
            for _ in 0..MAX_LOOK_UPS {
                assert!(!look_up("localhost").await.unwrap().is_empty());
            }
            // What is not asked for cannot fail.
            look_up("localhost").await.unwrap()
        };
        let found = LOOKED_UP.scope(Arc::default(), request).await;
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        let spent = LookUps::default();
        spent.known().look_ups = MAX_LOOK_UPS;
        let asked = LOOKED_UP.scope(Arc::new(spent), look_up("localhost")).await;
        assert_eq!(asked, Err(NameUnresolved));
    }
}
