//! What the query of a call may say.
//!
//! Source: docs/spec/oci-services.md#service-pins.

use url::form_urlencoded;

use super::entry::Entry;
use super::fold::folded;
use super::refusal::Refusal;
use super::target::is_query;

const COMPARTMENT: &str = "the query's `compartmentId`";
const NAMESPACE: &str = "the query's `namespaceName`";
const IDENTITY: &str = "a key or a token in the query";

/// Checks the parameters of a query by their names, in any spelling.
pub(super) fn check(entry: &Entry, query: &str) -> Result<(), Refusal> {
    if !is_query(query) {
        return Err(Refusal::Query);
    }
    let mut compartments = 0;
    // Some servers take `;` between two parameters as well.
    for part in query.split(['&', ';']) {
        let Some((name, value)) = form_urlencoded::parse(part.as_bytes()).next() else {
            continue;
        };
        let name = folded(&name);
        match name.as_str() {
            "key" | "accesstoken" => return Err(Refusal::NotTaken(IDENTITY)),
            name if name.starts_with("xamz") => return Err(Refusal::NotTaken(IDENTITY)),
            // No list names what it could be.
            "namespacename" => return Err(Refusal::NotTaken(NAMESPACE)),
            name if name.contains("compartmentid") && !entry.compartments.is_empty() => {
                compartments += 1;
                if !entry.compartments.iter().any(|known| *known == value) {
                    return Err(Refusal::NotListed(COMPARTMENT));
                }
            }
            _ => {}
        }
    }
    if compartments > 1 { Err(Refusal::Repeated(COMPARTMENT)) } else { Ok(()) }
}
