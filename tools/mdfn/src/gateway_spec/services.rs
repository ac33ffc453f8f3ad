//! Routes to other services: the function's own rule says what each has to let through.

use std::collections::BTreeMap;

use emulator::gateway::document::Service;
use model_deployment_fn::services::Services;
use oracle_cloud_client::region::Regions;

use super::options::{is_word, scope};

/// A `--service`.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    target: String,
    scope: String,
}

/// A service that gets no route.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the function does not start with `--allowed-services`: {0}")]
    Unusable(String),
    #[error("`--service {0}`: {1}")]
    Refused(String, model_deployment_fn::services::Refusal),
    #[error(
        "`--service {name}`: its entry has the `mount` `{mount}`; the route's name must be the last part of it"
    )]
    Mount { name: String, mount: String },
}

/// Returns a `NAME=TARGET[,scope=S]`; the scope is the name if there is none.
pub(super) fn service(text: &str) -> Result<Wanted, &'static str> {
    let (name, target) = text.split_once('=').ok_or("expected `NAME=TARGET[,scope=S]`")?;
    if !is_word(name, "-_") || ["healthz", "readyz"].contains(&name) {
        return Err(
            "expected a name of letters, digits, `-` and `_`, other than `healthz` and `readyz`",
        );
    }
    let (target, own) = target.rsplit_once(",scope=").unwrap_or((target, name));
    if target.contains(['$', '{', ',']) {
        return Err("expected an alias or a URL, without variables");
    }
    Ok(Wanted { name: name.to_owned(), target: target.to_owned(), scope: scope(own)? })
}

/// Returns what the routes let through, by the function's `ALLOWED_SERVICES`. An entry without a
/// region is in that of the function.
pub(super) fn routes(
    wanted: Vec<Wanted>,
    json: &str,
    function: Option<&str>,
) -> Result<BTreeMap<String, Service>, Error> {
    let regions = Regions::default();
    let own = function.and_then(|ocid| ocid.split('.').nth(3)).map(|own| regions.identifier(own));
    let services = Services::new(json, &regions, own.as_deref()).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Error::Unusable(mistakes.join("; "))
    })?;
    wanted.into_iter().map(|wanted| route(&services, wanted)).collect()
}

fn route(services: &Services, wanted: Wanted) -> Result<(String, Service), Error> {
    let Wanted { name, target, scope } = wanted;
    let reach = match services.reach(&target) {
        Ok(reach) => reach,
        Err(refusal) => return Err(Error::Refused(name, refusal)),
    };
    if let Some(mount) = reach.mount.filter(|mount| mount.rsplit('/').next() != Some(name.as_str()))
    {
        return Err(Error::Mount { name, mount });
    }
    let names = |methods: Vec<http::Method>| methods.iter().map(ToString::to_string).collect();
    let (alone, below) = (names(reach.alone), names(reach.below));
    let (headers, returns) = (reach.headers, reach.returns);
    Ok((name, Service { target, scope, alone, below, headers, returns }))
}
