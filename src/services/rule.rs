//! The whole rule: from a target and a client's URL to the operation that is called.
//!
//! Source: docs/spec/oci-services.md#service-target.

use std::sync::Arc;

use http::Method;
use oracle_cloud_client::region::Regions;

use super::entry::Entry;
use super::host::{self, Host};
use super::open::METHODS;
use super::operation::Operation;
use super::plain::is_path;
use super::query;
use super::reach::Reach;
use super::refusal::Refusal;
use super::services_error::ServicesError;
use super::settings::{self, Place};
use super::summary::Summary;
use super::target::{self, Target};

/// The services that may be called, and what of them.
#[derive(Clone, Debug, Default)]
pub struct Services {
    entries: Vec<Arc<Entry>>,
}

/// The path and the query that a client asked for. A direct caller has no path.
#[derive(Clone, Copy, Debug)]
pub struct ClientUrl<'a> {
    /// The path, as it came.
    pub path: Option<&'a str>,
    /// The query, as it came.
    pub query: Option<&'a str>,
}

impl Services {
    /// The services of `ALLOWED_SERVICES`, in `own` region where they name none; or everything that is wrong with them.
    pub fn new(
        json: &str,
        regions: &Regions,
        own: Option<&str>,
    ) -> Result<Self, Vec<ServicesError>> {
        let entries = settings::read(json, Place { regions, own })?;
        Ok(Self { entries: entries.into_iter().map(Arc::new).collect() })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// What each entry opens.
    pub fn summaries(&self) -> impl Iterator<Item = Summary> {
        self.entries.iter().map(|entry| Summary::of(entry))
    }

    /// The hosts that are written out, each a `host` or `host:port`: only they may have a private address.
    pub fn literal_hosts(&self) -> impl Iterator<Item = &str> {
        let hosts = self.entries.iter().flat_map(|entry| &entry.hosts);
        hosts.filter(|host| host.is_literal()).map(|host| host.authority.as_str())
    }

    /// Whether a target names one entry and something that is open in it, or a base of that, with a query that may be sent.
    pub fn check(&self, target: &str) -> Result<(), Refusal> {
        let target = Target::parse(target)?;
        let (entry, _reach) = self.reached(&target)?;
        target.query.map_or(Ok(()), |query| query::check(entry, query))
    }

    /// The operation that a target means with a client's URL: one that is open, with a query that may be sent.
    pub fn operation(
        &self,
        target: &str,
        method: &Method,
        client: ClientUrl<'_>,
    ) -> Result<Operation, Refusal> {
        let target = Target::parse(target)?;
        let meant = self.meant(&target)?;
        let is_fixed = is_fixed(&meant, &target);
        let open = meant.iter().filter_map(|(entry, host)| {
            Some((*entry, *host, path(entry, &target, client, is_fixed)?))
        });
        let open: Vec<_> = open.collect();
        if open.is_empty() {
            let is_plain = client.path.is_none_or(is_path);
            return Err(if is_plain { Refusal::Closed } else { Refusal::ClientPath });
        }
        let mut called = open.iter().filter_map(|(entry, host, path)| {
            Some((entry, host, path, entry.open.pattern(method, path)?))
        });
        let (entry, host, path, pattern) = called.next().ok_or_else(|| {
            let takes = |method: &Method| {
                open.iter().any(|(entry, _, path)| entry.open.pattern(method, path).is_some())
            };
            Refusal::Method(METHODS.into_iter().filter(takes).collect())
        })?;
        // The lists of one entry cannot be left by naming the host that it shares with another.
        let mut others = meant.iter().filter(|(other, _)| !Arc::ptr_eq(other, entry));
        if called.next().is_some()
            || others.any(|(other, _)| other.open.pattern(method, path).is_some())
        {
            return Err(Refusal::Ambiguous);
        }
        if host::is_never_called(host.name()) {
            return Err(Refusal::Host);
        }
        let query = target.query.or(client.query).filter(|query| !query.is_empty());
        if let Some(query) = query {
            query::check(entry, query)?;
        }
        let (entry, host, pattern) = (Arc::clone(entry), Host::clone(host), pattern.as_str());
        Ok(Operation::new(entry, host, path.clone(), pattern.to_owned(), query))
    }

    /// What a gateway's route to a target has to let through.
    pub fn reach(&self, target: &str) -> Result<Reach, Refusal> {
        Ok(self.reached(&Target::parse(target)?)?.1)
    }

    /// The one entry that a target reaches, and what of it.
    fn reached(&self, target: &Target<'_>) -> Result<(&Arc<Entry>, Reach), Refusal> {
        let meant = self.meant(target)?;
        let is_fixed = is_fixed(&meant, target);
        let meant = meant.into_iter().filter(|(entry, _)| {
            !is_fixed || target.path.is_some_and(|path| entry.open.opens(path))
        });
        let reached = meant.map(|(entry, _)| (entry, Reach::of(entry, target.path)));
        let mut reached = reached.filter(|(_, reach)| !reach.is_empty());
        let one = reached.next().ok_or(Refusal::Closed)?;
        if reached.next().is_some() { Err(Refusal::Ambiguous) } else { Ok(one) }
    }

    /// The entries that a target can mean, each with the host.
    fn meant(&self, target: &Target<'_>) -> Result<Vec<(&Arc<Entry>, &Host)>, Refusal> {
        match target.place {
            target::Place::Alias(alias) => {
                let entry =
                    self.entries.iter().find(|entry| entry.alias == alias).ok_or(Refusal::Alias)?;
                Ok(entry.hosts.first().map(|host| (entry, host)).into_iter().collect())
            }
            target::Place::Authority(authority) => {
                let authority = authority.to_ascii_lowercase();
                let authority = authority.strip_suffix(":443").unwrap_or(&authority);
                let host = |entry: &'_ Entry| {
                    entry.hosts.iter().position(|host| host.authority == authority)
                };
                let meant = self
                    .entries
                    .iter()
                    .filter_map(|entry| Some((entry, entry.hosts.get(host(entry)?)?)));
                let meant: Vec<_> = meant.collect();
                if meant.is_empty() { Err(Refusal::Host) } else { Ok(meant) }
            }
        }
    }
}

/// Whether one of the entries opens the target's own path: then it is one operation.
fn is_fixed(meant: &[(&Arc<Entry>, &Host)], target: &Target<'_>) -> bool {
    target.path.is_some_and(|path| meant.iter().any(|(entry, _)| entry.open.opens(path)))
}

/// The path that is meant, if the entry opens it to any method: the target's own one, where that `is_fixed`.
fn path(
    entry: &Entry,
    target: &Target<'_>,
    client: ClientUrl<'_>,
    is_fixed: bool,
) -> Option<String> {
    match target.path {
        Some(path) if entry.open.opens(path) => Some(path.to_owned()),
        Some(_) if is_fixed => None,
        Some(base) if entry.open.goes_on_after(base) => entry.path_behind(base, client.path),
        Some(_) => None,
        None => entry.path_behind(&entry.base, client.path),
    }
}
