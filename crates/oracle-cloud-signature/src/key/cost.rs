//! Limits on the work of decrypting a key: a key file must not delay the function's first call for
//! long, nor use up its memory.
//!
//! Source: docs/spec/oci-request-signing.md#item-24.

use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;

use super::error::KeyError;

/// More rounds than any tool uses; each takes a microsecond.
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;
/// The most blocks of 128 bytes that scrypt may fill: 256 MiB.
const MAX_SCRYPT_BLOCKS: u64 = 2 * 1024 * 1024;
/// The most blocks that it may process: eight times as many as OWASP recommends, which take a few
/// seconds.
const MAX_SCRYPT_MIXES: u64 = 8 * 1024 * 1024;

/// Checks the number of rounds of a key derivation.
pub(super) fn check_rounds(rounds: u32) -> Result<(), KeyError> {
    match rounds {
        0 => Err(KeyError::Invalid),
        1..=MAX_PBKDF2_ROUNDS => Ok(()),
        _ => Err(KeyError::TooCostly),
    }
}

/// Checks the key derivation of a PBES2 key.
pub(super) fn check(scheme: &EncryptionScheme) -> Result<(), KeyError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Ok(());
    };
    if let Kdf::Pbkdf2(pbkdf2) = &parameters.kdf {
        check_rounds(pbkdf2.iteration_count)?;
    }
    if let Kdf::Scrypt(scrypt) = &parameters.kdf {
        check_scrypt(scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization)?;
    }
    Ok(())
}

fn check_scrypt(cost: u64, block_size: u16, parallelization: u16) -> Result<(), KeyError> {
    if !cost.is_power_of_two() || block_size == 0 || parallelization == 0 {
        return Err(KeyError::Invalid);
    }
    let blocks = cost.saturating_mul(block_size.into());
    let mixes = blocks.saturating_mul(parallelization.into());
    if blocks > MAX_SCRYPT_BLOCKS || mixes > MAX_SCRYPT_MIXES {
        return Err(KeyError::TooCostly);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oci_signing_24_the_limits_themselves_may_be_reached() {
        for (rounds, expected) in [
            (0, Err(KeyError::Invalid)),
            (1, Ok(())),
            (10_000_000, Ok(())),
            (10_000_001, Err(KeyError::TooCostly)),
        ] {
            assert_eq!(check_rounds(rounds), expected, "{rounds}");
        }
        for (cost, block_size, parallelization, expected) in [
            (1 << 18, 8, 1, Ok(())),
            (1 << 17, 16, 1, Ok(())),
            (1 << 18, 8, 4, Ok(())),
            (1 << 18, 9, 1, Err(KeyError::TooCostly)),
            (1 << 18, 8, 5, Err(KeyError::TooCostly)),
            (1 << 17, 8, 9, Err(KeyError::TooCostly)),
            (1 << 18, 8, 0, Err(KeyError::Invalid)),
            (1 << 18, 0, 1, Err(KeyError::Invalid)),
            ((1 << 18) - 1, 8, 1, Err(KeyError::Invalid)),
            (0, 8, 1, Err(KeyError::Invalid)),
        ] {
            let checked = check_scrypt(cost, block_size, parallelization);
            assert_eq!(checked, expected, "{cost} {block_size} {parallelization}");
        }
    }
}
