//! What must hold whatever arrives: properties, each tried with many inputs made by chance. That an accepted address is within the
//! rules is in `addresses`; what is searched for longer is in `fuzz`.

mod paths;
mod replies;
mod signatures;
mod wrapping;

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// How many inputs a property is tried with.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// A header value as the agent may send one.
fn value() -> impl Strategy<Value = HeaderValue> {
    "([!-~]([ -~]{0,20}[!-~])?)?".prop_map(|text| HeaderValue::try_from(text).unwrap())
}

fn name(text: impl AsRef<str>) -> HeaderName {
    HeaderName::try_from(text.as_ref()).unwrap()
}
