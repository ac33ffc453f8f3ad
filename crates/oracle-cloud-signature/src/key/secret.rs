//! What is wiped once it has been used.

use zeroize::Zeroizing;

/// The bytes of a key in the making; wiped when dropped.
pub(super) type Secret = Zeroizing<Vec<u8>>;
