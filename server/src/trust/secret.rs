//! The secret that the gateway's route sets: whoever knows it is the gateway.

use std::path::PathBuf;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use http::{HeaderMap, HeaderName};
use oracle_cloud_client::Variables;

use super::refusal::NotAdmitted;
use crate::watched::{Content, FileError, Watched};

/// The variable.
pub(super) const NAME: &str = "GATEWAY_SECRET_FILE";
/// The header that the route sets.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-gateway-secret");
const MIN_BYTES: usize = 16;
const EXPECTED: &str =
    "that is not a secret; expected 16 bytes or more of visible ASCII, several one a line";

/// The hashes of the secrets, each of which is accepted: a new one beside an old one while routes
/// change over. The secrets themselves are not kept.
#[derive(Debug)]
pub(super) struct Secrets(Watched<Vec<Digest>, 1>);

impl Secrets {
    /// Reads the file for the first time; None after a mistake.
    pub(super) fn read(vars: &mut Variables<'_>, path: PathBuf) -> Option<Self> {
        Watched::read(vars, [(NAME, path)], |[content]| parse(content)).map(Self)
    }

    /// Whether a request has one of the secrets. How long that takes says nothing of them.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), NotAdmitted> {
        let mut values = headers.get_all(HEADER).iter();
        let given = values.next().ok_or(NotAdmitted::SecretMissing)?;
        if values.next().is_some() {
            return Err(NotAdmitted::SecretRepeated);
        }
        let given = digest(&SHA256, given.as_bytes());
        let is_same =
            |known: &Digest| verify_slices_are_equal(known.as_ref(), given.as_ref()).is_ok();
        let known = self.0.current().iter().fold(false, |known, secret| known | is_same(secret));
        if known { Ok(()) } else { Err(NotAdmitted::SecretWrong) }
    }
}

fn parse(content: &Content) -> Result<Vec<Digest>, FileError> {
    let lines = content.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let secrets = lines.filter(|line| !line.is_empty()).map(hashed).collect::<Option<Vec<_>>>();
    let secrets = secrets.filter(|secrets| !secrets.is_empty());
    secrets.ok_or(FileError::Unusable(NAME, EXPECTED))
}

/// The hash of a secret that a header can have, and nobody can guess.
fn hashed(secret: &[u8]) -> Option<Digest> {
    let fits = secret.len() >= MIN_BYTES && secret.iter().all(u8::is_ascii_graphic);
    fits.then(|| digest(&SHA256, secret))
}
