//! Holds our signer and those of two other crates against the vectors made by Oracle's SDKs, and prints who agrees where. Exit
//! code 1 where ours differs from a vector. `.ci/signers` runs it; docs/signers.md says what it means.

#![forbid(unsafe_code)]

mod case;
mod compare;
mod kind;
mod oci_api;
mod ours;
mod reqsign;
mod table;

use std::process::ExitCode;
use std::time::SystemTime;

use compare::{Verdict, verdict};

/// What a signer made of a request: the date that it sends, and its `authorization`.
struct Signed {
    date: String,
    authorization: String,
}

/// A crate that signs.
trait Signer {
    /// Its name on crates.io.
    fn name(&self) -> &'static str;
    /// Signs the request of a case, or says why its interface cannot.
    fn sign(&self, case: &case::Case) -> Result<Signed, String>;
}

fn main() -> ExitCode {
    let signers: [&dyn Signer; 3] = [&ours::Ours, &reqsign::Reqsign::new(), &oci_api::OciApi];
    let names = signers.map(Signer::name);
    let mut rows: Vec<table::Row> = Vec::new();
    for case in case::all() {
        let verdicts = signers.map(|signer| verdict(&case, signer.sign(&case), now()));
        rows.push(table::Row { kind: kind::of(&case), id: case.id, verdicts });
    }
    print!("{}", table::text(&names, &rows));
    let differing = rows.iter().filter(|row| matches!(row.verdicts[0], Verdict::Differs(_)));
    ExitCode::from(u8::from(differing.count() > 0))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
