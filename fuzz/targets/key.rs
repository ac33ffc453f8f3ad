//! A key file, in any form that users have, to a key that signs.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fuzz::secret;
use libfuzzer_sys::fuzz_target;
use oracle_cloud_client::PrivateKey;

/// That of the encrypted keys among the seeds.
const PASSPHRASE: &[u8] = include_bytes!("../../tests/vectors/keys/passphrase-a.txt");
/// The head of a block, and whether a derivation that can be made costly follows.
const BLOCKS: [(&str, &str); 6] = [
    ("RSA PRIVATE KEY", ""),
    ("PRIVATE KEY", ""),
    ("ENCRYPTED PRIVATE KEY", ""),
    ("RSA PRIVATE KEY", "DEK-Info: AES-256-CBC,0102030405060708090A0B0C0D0E0F10\n\n"),
    ("RSA PRIVATE KEY", "DEK-Info: AES-128-CBC,0102030405060708090A0B0C0D0E0F10\n\n"),
    ("RSA PRIVATE KEY", "DEK-Info: DES-EDE3-CBC,0102030405060708\n\n"),
];
/// The highest number of rounds that is worth the wait.
const ROUNDS: u64 = 20_000;

/// Whether a number among the parameters of an encryption, at the beginning, asks for long work.
fn is_costly(der: &[u8]) -> bool {
    let number = |at: usize| {
        let [0x02, length @ 1..=8, rest @ ..] = der.get(at..)? else { return None };
        let bytes = rest.get(..usize::from(*length))?;
        Some(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    (0..der.len().min(200)).filter_map(number).any(|number| number > ROUNDS && number < 1 << 32)
}

fn pem(choice: u8, der: &[u8]) -> Option<Vec<u8>> {
    let (label, head) = BLOCKS[usize::from(choice) % BLOCKS.len()];
    if label.starts_with("ENCRYPTED") && is_costly(der) {
        return None;
    }
    let base64 = STANDARD.encode(der);
    Some(format!("-----BEGIN {label}-----\n{head}{base64}\n-----END {label}-----\n").into_bytes())
}

fuzz_target!(|input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    // A text as it is, or the content of a block, so that mutations reach what is inside of the encoding.
    let (text, passphrase) = match choice {
        b'T' => (rest.to_vec(), None),
        b'P' if !rest.windows(9).any(|word| word == b"ENCRYPTED") => {
            (rest.to_vec(), Some(PASSPHRASE))
        }
        b'P' => return,
        choice => match pem(*choice, rest) {
            Some(text) => (text, Some(PASSPHRASE)),
            None => return,
        },
    };
    let key = match PrivateKey::from_pem(&text, passphrase) {
        Ok(key) => key,
        Err(error) => return secret::kept_by(&error),
    };
    assert_eq!(format!("{key:?}"), "PrivateKey(redacted)");
    let public = key.public_key();
    assert!(public.bits() >= 2048, "{} bits", public.bits());
    // Another implementation knows the public half, and verifies what the private one signed.
    let other = emulator::keys::from_line(&public.sanitised()).expect("it is a public key");
    assert!(public.is_jwk(&emulator::keys::jwk(&other, "any")));
    let signature = key.sign(b"message").expect("there is memory and entropy");
    assert!(emulator::keys::verifies(&other, b"message", &signature), "a key that signs wrongly");
    assert!(!emulator::keys::verifies(&other, b"Message", &signature));
});
