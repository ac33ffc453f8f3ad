//! Resolves names, within time limits and a limited number of times for each request.
//!
//! Source: docs/spec/oci-services.md#item-9.

use std::error::Error;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

/// How many times one request may resolve names.
pub(super) const MAX_LOOK_UPS: u32 = 3;
/// The longest wait for the system's resolver, which need not return at all.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);

/// The error of a resolver that has no answer, or none in time.
///
/// ```
/// use oracle_cloud_client::NameUnresolved;
///
/// assert_eq!(NameUnresolved.to_string(), "the name could not be looked up");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the name could not be looked up")]
pub struct NameUnresolved;

/// The look-ups of one request, over all of its attempts.
#[derive(Debug, Default)]
pub(super) struct LookUps(Mutex<Known>);

/// How many there were, and the addresses that the last one found.
#[derive(Debug, Default)]
struct Known {
    look_ups: u32,
    addresses: Vec<SocketAddr>,
}

tokio::task_local! {
    /// Those of the current request.
    pub(super) static LOOKED_UP: Arc<LookUps>;
}

/// Returns the addresses of a name, from the system's resolver. A request that had three look-ups
/// reuses the addresses of the last one.
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
/// [`NameUnresolved`] if no address is found within 5 s.
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

    /// Returns the known addresses if no further look-up is allowed; otherwise counts one more.
    fn spent(&self) -> Option<Vec<SocketAddr>> {
        let mut known = self.known();
        if known.look_ups == MAX_LOOK_UPS {
            return Some(known.addresses.clone());
        }
        known.look_ups += 1;
        None
    }
}

/// Resolves names, for programs that check addresses before they are connected to. Implementations
/// write `async fn`; the future has to be [`Send`].
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
    /// Returns the addresses of a name, in the order in which they are tried. Their port is
    /// ignored.
    ///
    /// # Errors
    /// [`NameUnresolved`] if there are none, [`AddressDenied`] if none may be connected to.
    ///
    /// [`AddressDenied`]: crate::AddressDenied
    fn resolve(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>>> + Send;
}

/// The system's resolver, within these limits.
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
