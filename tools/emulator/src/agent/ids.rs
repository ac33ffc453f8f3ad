//! Identifiers as the platform makes them: opaque to the function, new for each call.

use std::time::SystemTime;

use aws_lc_rs::rand;

use crate::clock;

/// The characters of a call id, each of 5 bits: Crockford's, without I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CALL_ID_LENGTH: usize = 26;

/// Returns a call id: 26 characters, those of a later millisecond sort later.
pub fn call_id(now: SystemTime) -> String {
    let time = clock::since_epoch(now).as_millis() << 80;
    let mut rest = time | (noise() >> 48);
    let mut digits = Vec::with_capacity(CALL_ID_LENGTH);
    for _ in 0..CALL_ID_LENGTH {
        let digit = usize::try_from(rest % 32).ok().and_then(|digit| DIGITS.get(digit));
        digits.push(char::from(*digit.unwrap_or(&b'0')));
        rest /= 32;
    }
    digits.into_iter().rev().collect()
}

/// Returns a request id in the form of OCI's front ends: the caller's part and the service's part.
pub fn request_id() -> String {
    format!("/{}/{}", random(), random())
}

/// Returns the id of a span as the platform has it: 16 lower-case hexadecimal digits, not all of
/// them 0.
pub fn span_id() -> String {
    format!("{:016x}", (noise() >> 64) | 1)
}

/// 32 hexadecimal digits.
pub fn random() -> String {
    format!("{:032X}", noise())
}

fn noise() -> u128 {
    let mut bytes = [0; 16];
    // An id need not be secret: without randomness, which Linux never lacks, it is only less
    // unique.
    if rand::fill(&mut bytes).is_err() {
        bytes = clock::since_epoch(clock::now()).as_nanos().to_be_bytes();
    }
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_call_id_has_26_characters_and_sorts_by_time() {
        let early = call_id(UNIX_EPOCH + Duration::from_secs(1_795_522_139));
        let late = call_id(UNIX_EPOCH + Duration::from_millis(1_795_522_139_001));
        assert_eq!(early.len(), 26);
        assert!(early < late, "{early} {late}");
        assert!(early.bytes().all(|byte| DIGITS.contains(&byte)));
    }
}
