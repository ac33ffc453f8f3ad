//! How large an archive may be.
//!
//! The service's documentation, <https://docs.oracle.com/en-us/iaas/Content/Functions/Tasks/functions-codeonly-about.htm>,
//! says MB, and not of how many bytes: these are the smaller ones.

/// The largest archive that is sent with the call that makes a function.
pub(crate) const MAX_DIRECT_BYTES: u64 = 25_000_000;
/// The largest archive of all; it comes from Object Storage.
pub(crate) const MAX_ARCHIVE_BYTES: u64 = 250_000_000;
/// The most that is unpacked to look at it. A bound of ours: what the service unpacks is not said.
pub(crate) const MAX_UNPACKED_BYTES: u64 = 1_000_000_000;
/// The most files and folders. A bound of ours.
pub(super) const MAX_ENTRIES: usize = 10_000;
