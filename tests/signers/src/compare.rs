//! What a signer made of a case, beside what Oracle's SDK made of it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as ALGORITHM, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::Signed;
use crate::case::Case;

/// A service refuses what is older.
const MAX_SKEW: Duration = Duration::from_secs(300);

/// Whether a signer and a vector are of one mind.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Verdict {
    /// The same headers are covered in the same order, under the same key id, and the signature is of them.
    Agrees,
    /// What is not so.
    Differs(String),
    /// Why it was not asked.
    Cannot(String),
}

/// Compares what a signer made of a case with the vector. A date of the signer's own clock is no difference; a service
/// takes it as well.
pub(crate) fn verdict(case: &Case, signed: Result<Signed, String>, now: SystemTime) -> Verdict {
    match signed.map(|signed| difference(case, &signed, now)) {
        Err(why) => Verdict::Cannot(why),
        Ok(Some(what)) => Verdict::Differs(what),
        Ok(None) => Verdict::Agrees,
    }
}

fn difference(case: &Case, signed: &Signed, now: SystemTime) -> Option<String> {
    let Some(parts) = parse(&signed.authorization) else {
        return Some("no signature".to_owned());
    };
    let part = |name: &str| parts.get(name).copied().unwrap_or_default();
    if part("version") != "1" || part("algorithm") != "rsa-sha256" {
        return Some("another version or algorithm".to_owned());
    }
    if part("keyId") != case.key_id {
        return Some("another key id".to_owned());
    }
    let vector: Vec<(&str, &str)> =
        case.signing_string.lines().filter_map(|line| line.split_once(": ")).collect();
    let expected: Vec<&str> = vector.iter().map(|(name, _)| *name).collect();
    let covered: Vec<&str> = part("headers").split(' ').collect();
    let signature = part("signature");
    let mut values: BTreeMap<&str, String> =
        vector.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let date = if case.x_date { "x-date" } else { "date" };
    let own_date = values.insert(date, signed.date.clone()) != Some(signed.date.clone());
    if own_date && !is_now(&signed.date, now) {
        return Some("its date is not that of now".to_owned());
    }
    let without = |ours: &[&str], theirs: &[&str]| {
        let left: Vec<String> = ours
            .iter()
            .filter(|name| !theirs.contains(name))
            .map(|name| format!("`{name}`"))
            .collect();
        (!left.is_empty()).then(|| left.join(" "))
    };
    let missing = without(&expected, &covered).map(|names| format!("does not cover {names}"));
    let more = without(&covered, &expected).map(|names| format!("covers {names} too"));
    let found: Vec<String> = [missing, more].into_iter().flatten().collect();

    // What a vector does not sign of a body, a signer may.
    for (name, value) in of_the_body(case) {
        values.entry(name).or_insert(value);
    }
    if !verifies(case, &covered, &values, signature) {
        let hash = of_the_body(case).into_iter().filter(|(name, _)| *name == "x-content-sha256");
        values.extend(hash);
        let what = if verifies(case, &covered, &values, signature) {
            "hashes the body anew"
        } else {
            "its signature is not of these headers"
        };
        return Some(what.to_owned());
    }
    if !found.is_empty() {
        return Some(found.join(", "));
    }
    if covered != expected {
        return Some("another order of headers".to_owned());
    }
    if own_date && case.suite == "dates" {
        return Some("sends a date of its own".to_owned());
    }
    // The algorithm has no randomness: of the same text it is the same signature.
    (!own_date && signature != case.signature).then(|| "another signature".to_owned())
}

/// The members of an `authorization` of signature version 1.
fn parse(authorization: &str) -> Option<BTreeMap<&str, &str>> {
    let members = authorization.strip_prefix("Signature ")?.split("\",");
    let pairs = members.filter_map(|member| member.split_once("=\""));
    Some(pairs.map(|(name, value)| (name, value.trim_end_matches('"'))).collect())
}

fn is_now(date: &str, now: SystemTime) -> bool {
    let date = httpdate::parse_http_date(date);
    date.is_ok_and(|date| date + MAX_SKEW > now && date < now + MAX_SKEW)
}

/// The headers that describe the body, as they are where the caller gives none.
fn of_the_body(case: &Case) -> [(&'static str, String); 3] {
    let body = case.body.as_deref().unwrap_or_default();
    let content_type = case.header("content-type").unwrap_or("application/json");
    [
        ("content-length", body.len().to_string()),
        ("content-type", content_type.to_owned()),
        ("x-content-sha256", STANDARD.encode(Sha256::digest(body))),
    ]
}

fn verifies(
    case: &Case,
    covered: &[&str],
    values: &BTreeMap<&str, String>,
    signature: &str,
) -> bool {
    let line = |name: &&str| values.get(name).map(|value| format!("{name}: {value}"));
    let lines: Option<Vec<String>> = covered.iter().map(line).collect();
    let (Some(lines), Ok(signature)) = (lines, STANDARD.decode(signature)) else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ALGORITHM, case.public_key());
    key.verify(lines.join("\n").as_bytes(), &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{Verdict, verdict};
    use crate::case::{self, Case};
    use crate::ours::Ours;
    use crate::{Signed, Signer};

    const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

    /// A case and what our signer makes of it, of which one text is replaced by another.
    fn with(from: &str, to: &str) -> (Case, Signed) {
        let case =
            case::all().into_iter().find(|case| case.id == "post-json").expect("it is there");
        let signed = Ours.sign(&case).expect("it can be signed");
        let authorization = signed.authorization.replacen(from, to, 1);
        (case, Signed { authorization, ..signed })
    }

    #[test]
    fn whatever_is_not_as_in_the_vector_is_a_difference() {
        let (case, signed) = with("", "");
        assert!(verdict(&case, Ok(signed), EPOCH) == Verdict::Agrees);
        for (from, to, expected) in [
            ("Signature version=\"1\"", "Bearer", "no signature"),
            ("version=\"1\"", "version=\"2\"", "another version or algorithm"),
            ("keyId=\"ocid1", "keyId=\"ocid2", "another key id"),
            (" host", "", "its signature is not of these headers"),
            (
                "date (request-target)",
                "(request-target) date",
                "its signature is not of these headers",
            ),
            ("signature=\"", "signature=\"A", "its signature is not of these headers"),
        ] {
            let (case, signed) = with(from, to);
            let found = verdict(&case, Ok(signed), EPOCH);
            assert!(found == Verdict::Differs(expected.to_owned()), "{from}");
        }
        let (case, signed) = with("", "");
        let date = "Wed, 14 Oct 2026 08:09:11 GMT".to_owned();
        let found = verdict(&case, Ok(Signed { date, ..signed }), EPOCH);
        assert!(found == Verdict::Differs("its date is not that of now".to_owned()));
    }
}
