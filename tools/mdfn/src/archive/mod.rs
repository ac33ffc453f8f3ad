//! The archive that OCI Functions makes a function of, in place of an image: what is in one, and
//! what the service would refuse.
//!
//! The service's documentation: <https://docs.oracle.com/en-us/iaas/Content/Functions/Tasks/functions-codeonly-packaging.htm>.

mod architecture;
mod entry;
mod executable;
mod file;
mod layout;
mod limits;
mod read;
mod write;

pub(crate) use architecture::Architecture;
pub(crate) use executable::{Executable, Kind, NotExecutable};
pub(crate) use file::{FileError, read_file};
pub(crate) use layout::Layout;
pub(crate) use limits::{MAX_DIRECT_BYTES, MAX_UNPACKED_BYTES};
pub(crate) use read::{Archive, Error, open, read};
pub(crate) use write::write;

#[cfg(test)]
mod tests;
