//! Bytes that nobody can guess.

use aws_lc_rs::rand;

/// Returns random bytes; None without entropy.
pub(super) fn bytes<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok().map(|()| bytes)
}
