//! The whole rule: from a target and a client's URL to the operation that is called.
//!
//! Source: docs/spec/oci-services.md#service-target.

use std::sync::Arc;

use http::Method;
use oracle_cloud_client::region::Regions;

use super::entry::Entry;
use super::host::{self, Host};
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

    /// Whether a target names an entry and something that is open in it, or a base of that.
    pub fn check(&self, target: &str) -> Result<(), Refusal> {
        let target = Target::parse(target)?;
        let goes_on =
            |entry: &Entry, path: &str| entry.open.opens(path) || entry.open.goes_on_after(path);
        let mut meant = self.meant(&target)?.into_iter();
        let open = meant.any(|(entry, _)| target.path.is_none_or(|path| goes_on(entry, path)));
        if open { Ok(()) } else { Err(Refusal::Closed) }
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
        let mut open = meant
            .into_iter()
            .filter_map(|(entry, host)| Some((entry, host, path(entry, &target, client)?)));
        let is_plain = client.path.is_none_or(is_path);
        let closed = || if is_plain { Refusal::Closed } else { Refusal::ClientPath };
        let (entry, host, path) = open.next().ok_or_else(closed)?;
        // The lists of one entry cannot be left by naming the host that it shares with another.
        if open.next().is_some() {
            return Err(Refusal::Ambiguous);
        }
        if host::is_never_called(host.name()) {
            return Err(Refusal::Host);
        }
        let pattern = entry.open.pattern(method, &path);
        let pattern =
            pattern.ok_or_else(|| Refusal::Method(entry.methods(&path)))?.as_str().to_owned();
        let query = target.query.or(client.query).filter(|query| !query.is_empty());
        if let Some(query) = query {
            query::check(entry, query)?;
        }
        Ok(Operation::new(entry.clone(), host.clone(), path, pattern, query))
    }

    /// What a gateway's route to a target has to let through.
    pub fn reach(&self, target: &str) -> Result<Reach, Refusal> {
        let target = Target::parse(target)?;
        let reached =
            self.meant(&target)?.into_iter().map(|(entry, _)| Reach::of(entry, target.path));
        let mut reached = reached.filter(|reach| !reach.is_empty());
        let reach = reached.next().ok_or(Refusal::Closed)?;
        if reached.next().is_some() { Err(Refusal::Ambiguous) } else { Ok(reach) }
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

/// The path that is meant, if the entry opens it to any method.
fn path(entry: &Entry, target: &Target<'_>, client: ClientUrl<'_>) -> Option<String> {
    match target.path {
        Some(path) if entry.open.opens(path) => Some(path.to_owned()),
        Some(base) if entry.open.goes_on_after(base) => entry.path_behind(base, client.path),
        Some(_) => None,
        None => entry.path_behind(&entry.base, client.path),
    }
}
