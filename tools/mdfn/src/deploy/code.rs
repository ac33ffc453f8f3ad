//! The code of a function, and whether it fits the application.

use std::fmt::{self, Write as _};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::error::Error;
use super::model::Application;
use super::options::Options;
use crate::archive::{self, Archive};
use crate::terminal::printable;

/// An archive or an image.
#[derive(Debug)]
pub(super) enum Code {
    Archive(Packed),
    Image(String),
}

/// An archive that has been looked at.
pub(super) struct Packed {
    pub(super) bytes: Bytes,
    pub(super) archive: Archive,
    sha256: Vec<u8>,
}

/// Where the service gets an archive from.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The call itself.
    Direct,
    /// An object.
    Object { namespace: String, bucket: String, name: String },
}

impl Code {
    /// Reads the archive, if there is one.
    pub(super) fn read(options: &Options) -> Result<Self, Error> {
        let Some(path) = &options.archive else {
            return Ok(Self::Image(options.image.clone().unwrap_or_default()));
        };
        let opened = archive::open(path);
        let (bytes, archive) = opened.map_err(|why| Error::Archive(path.clone(), why))?;
        let sha256 = Sha256::digest(&bytes).to_vec();
        let packed = Packed { bytes: bytes.into(), archive, sha256 };
        if !packed.archive.is_direct() && options.bucket.is_none() {
            return Err(Error::NoBucket(packed.bytes.len()));
        }
        Ok(Self::Archive(packed))
    }

    /// Returns the archive that has to be an object first.
    pub(super) fn large(&self) -> Option<&Packed> {
        match self {
            Self::Archive(packed) if !packed.archive.is_direct() => Some(packed),
            Self::Archive(_) | Self::Image(_) => None,
        }
    }

    /// Checks whether the application has the processors that an archive is for. Of an image
    /// nobody knows here.
    pub(super) fn check_shape(&self, application: &Application) -> Result<(), Error> {
        let Self::Archive(packed) = self else { return Ok(()) };
        let needed = packed.archive.layout.shape();
        match application.shape.as_deref() {
            // If the service does not say, it will have to decide.
            None => Ok(()),
            Some(shape) if shape == needed => Ok(()),
            Some(shape) => Err(Error::Shape {
                application: printable(&application.display_name),
                shape: shape.to_owned(),
                archive: needed,
            }),
        }
    }
}

impl Packed {
    /// Returns the hash in hexadecimal, as `sha256sum` prints it.
    pub(super) fn hex(&self) -> String {
        hex(&self.sha256)
    }

    /// Returns the hash as the service shows it.
    pub(super) fn base64(&self) -> String {
        STANDARD.encode(&self.sha256)
    }

    /// Returns the name that it has as an object: the same one for the same bytes.
    pub(super) fn object(&self) -> String {
        format!("{}.zip", self.hex())
    }
}

/// Size and hash, for a person.
impl fmt::Display for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, SHA-256 {}", self.bytes.len(), self.hex())
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({self})")
    }
}

/// Returns bytes as `sha256sum` prints them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // A text takes what is written to it.
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}
