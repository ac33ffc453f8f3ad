//! What no line of a log may have.

/// Stands in bodies and in the client's token.
pub(crate) const SECRET: &str = "never-to-be-logged";
/// A body, the client's token, a session token, a signature.
const SECRETS: [&str; 4] = [SECRET, "eyJ", "ST$", "Signature "];

/// Whether a line holds one.
pub(crate) fn is_leak(line: &str) -> bool {
    SECRETS.iter().any(|secret| line.contains(secret))
}
