//! A JSON Web Key Set: the keys that tokens are checked with.

use std::fmt;
use std::ops::RangeInclusive;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, Jwk, KeyAlgorithm,
    PublicKeyUse, RSAKeyParameters,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// A token without a `kid` is tried with every key of its algorithm.
const MAX_KEYS: usize = 32;
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;
/// An uncompressed point of P-256.
const P256_POINT_BYTES: usize = 65;

/// What is not a key set that tokens can be checked with.
///
/// ```
/// use oracle_cloud_token::KeySet;
///
/// let refused = KeySet::parse(b"{}").unwrap_err();
/// assert!(refused.to_string().starts_with("the key set is not understood"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the key set is not understood; expected JSON with `keys`, of which one to 32 are for RS256 or \
     ES256"
)]
#[non_exhaustive]
pub struct NotAKeySet;

/// The keys of a set that tokens can be checked with.
///
/// ```
/// use oracle_cloud_token::KeySet;
///
/// let json = br#"{"keys": [{"kty": "EC", "crv": "P-256",
///     "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
///     "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
/// let keys = KeySet::parse(json)?;
/// # Ok::<_, oracle_cloud_token::NotAKeySet>(())
/// ```
pub struct KeySet(Vec<Key>);

struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct Shape {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys of a set for RS256 and ES256. Others are passed over: a set may have keys for
    /// other uses.
    ///
    /// ```
    /// use oracle_cloud_token::KeySet;
    ///
    /// let secrets = br#"{"keys": [{"kty": "oct", "k": "AAAA", "alg": "HS256"}]}"#;
    /// assert!(KeySet::parse(secrets).is_err());
    /// ```
    ///
    /// # Errors
    /// [`NotAKeySet`] where no key is left, or there are more than 32.
    pub fn parse(json: &[u8]) -> Result<Self, NotAKeySet> {
        let Shape { keys } = serde_json::from_slice(json).map_err(|_not_a_set| NotAKeySet)?;
        let keys: Vec<Key> = keys.into_iter().filter_map(usable).collect();
        if (1..=MAX_KEYS).contains(&keys.len()) { Ok(Self(keys)) } else { Err(NotAKeySet) }
    }

    /// The keys that may have signed a token with this header. An identity domain calls every key
    /// by the same name, so that there may be several.
    pub(crate) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &DecodingKey> {
        let named = move |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        let fits = move |key: &&Key| key.algorithm == algorithm;
        self.0.iter().filter(fits).filter(named).map(|key| &key.public)
    }
}

/// Shows how many keys there are.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.0.len()).finish()
    }
}

/// A key, unless it says itself that it is for something else. `key_ops` do not count: identity
/// domains publish keys with `encrypt` and `sign`.
///
/// Source: docs/spec/oci-services.md#signing-keys.
fn usable(key: Value) -> Option<Key> {
    let Jwk { common, algorithm } = serde_json::from_value(key).ok()?;
    let (own, public) = match algorithm {
        AlgorithmParameters::RSA(key) => (Algorithm::RS256, rsa(&key)?),
        AlgorithmParameters::EllipticCurve(key) => (Algorithm::ES256, p256(&key)?),
        AlgorithmParameters::OctetKey(_)
        | AlgorithmParameters::OctetKeyPair(_)
        | AlgorithmParameters::Other(_)
        | _ => return None,
    };
    let is_for_signatures = common.public_key_use.is_none_or(|it| it == PublicKeyUse::Signature);
    let is_own = common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(own));
    let key = Key { kid: common.key_id, algorithm: own, public };
    (is_for_signatures && is_own).then_some(key)
}

/// An RSA key of a size that is safe. Domains write numbers in standard base64 as well, and with a
/// zero before them.
fn rsa(RSAKeyParameters { n, e, .. }: &RSAKeyParameters) -> Option<DecodingKey> {
    let [n, e] =
        [n, e].map(|number| number.trim_end_matches('=').replace('+', "-").replace('/', "_"));
    let key = DecodingKey::from_rsa_components(&n, &e).ok()?;
    let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return None };
    let [n, e] = [n, e].map(|number| significant(number));
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(8));
    RSA_BITS.contains(&bits).then(|| DecodingKey::from_rsa_raw_components(n, e))
}

/// A number without the zeros before it.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// A point of P-256.
fn p256(key: &EllipticCurveKeyParameters) -> Option<DecodingKey> {
    let public = DecodingKey::from_ec_components(&key.x, &key.y).ok()?;
    let is_point = public.try_get_as_bytes().is_ok_and(|point| point.len() == P256_POINT_BYTES);
    (key.curve == EllipticCurve::P256 && is_point).then_some(public)
}
