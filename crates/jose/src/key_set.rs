//! Sets of keys from which a token picks one by its `kid`, and by nothing else.

use std::collections::HashMap;

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::VerifyingKey;
use crate::json::{self, JsonError};
use crate::jwk::{self, JwkError};

/// Two keys of one set have the same id (RULES T1).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("two keys have the id {0:?}")]
pub struct DuplicateKeyId(pub String);

/// Collects `keys` by id; the first id that comes twice is the error.
pub(crate) fn by_id<K>(
    keys: impl IntoIterator<Item = K>,
    id: impl Fn(&K) -> &str,
) -> Result<HashMap<Box<str>, K>, DuplicateKeyId> {
    let mut map = HashMap::new();
    for key in keys {
        let kid: Box<str> = id(&key).into();
        if map.contains_key(&kid) {
            return Err(DuplicateKeyId(kid.into()));
        }
        map.insert(kid, key);
    }
    Ok(map)
}

/// The public keys of one issuer, by `kid`.
///
/// A key that is no longer in the set verifies nothing, from that moment on: who keeps the set decides what is alive
/// (CVE-2025-31123).
#[derive(Clone, Debug, Default)]
pub struct VerifyingKeys(HashMap<Box<str>, VerifyingKey>);

/// A key of a JWK set that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedJwk {
    /// Where it stands in the set, from 0.
    pub index: usize,
    /// Its `kid`.
    pub kid: Option<String>,
    /// What is wrong with it.
    pub reason: JwkError,
}

/// Why JSON is no JWK set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// It is not JSON, or a member stands twice in one object.
    #[error(transparent)]
    Json(JsonError),
    /// It is not an object whose member `keys` is an array of objects (RFC 7517 §5).
    #[error("not a JSON object whose member keys is an array of JWKs")]
    NotASet,
    /// It has more than [`VerifyingKeys::MAX_KEYS`] keys.
    #[error("a JWK set has at most {max} keys", max = VerifyingKeys::MAX_KEYS)]
    TooManyKeys,
    /// It has more than [`VerifyingKeys::MAX_JWK_SET_LEN`] bytes.
    #[error("a JWK set has at most {max} bytes", max = VerifyingKeys::MAX_JWK_SET_LEN)]
    TooLong,
}

impl VerifyingKeys {
    /// A set of `keys` whose ids are distinct.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, DuplicateKeyId> {
        by_id(keys, VerifyingKey::kid).map(Self)
    }

    /// The most keys that [`from_json`](Self::from_json) takes.
    pub const MAX_KEYS: usize = 100;

    /// The most bytes of JSON that [`from_json`](Self::from_json) takes.
    pub const MAX_JWK_SET_LEN: usize = 512 * 1024;

    /// The usable keys of a foreign JWK set, and those that are refused.
    ///
    /// RFC 7517 §5: keys that are not understood are passed over, they do not spoil the set. If several keys of
    /// whatever kind share a `kid`, none of them is used: the id would not say which.
    #[must_use]
    pub fn from_jwk_set(set: &JwkSet) -> (Self, Vec<RefusedJwk>) {
        let candidates = set.keys.iter().map(|jwk| Candidate {
            kid: jwk.common.key_id.as_deref(),
            key: VerifyingKey::from_jwk(jwk),
        });
        Self::choose(candidates.collect())
    }

    /// As [`from_jwk_set`](Self::from_jwk_set), from the JSON of the set (RFC 7517 §5), as it is published or registered.
    ///
    /// Each key is read for itself: one of an unknown kind is refused, and its neighbours are not. A key that carries
    /// its private half is refused, too.
    ///
    /// `unnamed_rsa` is what RSA keys are for that do not name their algorithm, since many issuers publish such; without
    /// it, they are refused. One key has one algorithm in any case.
    ///
    /// ```
    /// use countersign_jose::{Algorithm, JwkError, VerifyingKeys};
    ///
    /// let json = br#"{"keys": [
    ///     {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///     {"kty": "AKP", "alg": "ML-DSA-44", "kid": "2", "pub": "..."}
    /// ]}"#;
    /// let (keys, refused) = VerifyingKeys::from_json(json, Some(Algorithm::RS256))?;
    /// assert_eq!(keys.only().map(|key| key.algorithm()), Some(Algorithm::EdDSA));
    /// assert_eq!((refused[0].index, refused[0].reason), (1, JwkError::KeyType));
    /// # Ok::<(), countersign_jose::JwkSetError>(())
    /// ```
    pub fn from_json(
        json: &[u8],
        unnamed_rsa: Option<Algorithm>,
    ) -> Result<(Self, Vec<RefusedJwk>), JwkSetError> {
        if json.len() > Self::MAX_JWK_SET_LEN {
            return Err(JwkSetError::TooLong);
        }
        let set = json::parse_object(json).map_err(|error| match error {
            JsonError::NotAnObject => JwkSetError::NotASet,
            error => JwkSetError::Json(error),
        })?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(JwkSetError::NotASet)?;
        if keys.len() > Self::MAX_KEYS {
            return Err(JwkSetError::TooManyKeys);
        }
        let candidates = keys.iter().map(|key| {
            let members = key.as_object().ok_or(JwkSetError::NotASet)?;
            Ok(Candidate {
                kid: members.get("kid").and_then(Value::as_str),
                key: read(members, unnamed_rsa),
            })
        });
        Ok(Self::choose(candidates.collect::<Result<_, _>>()?))
    }

    fn choose(candidates: Vec<Candidate<'_>>) -> (Self, Vec<RefusedJwk>) {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for kid in candidates.iter().filter_map(|candidate| candidate.kid) {
            *uses.entry(kid).or_default() += 1;
        }
        let mut keys = HashMap::new();
        let mut refused = Vec::new();
        for (index, Candidate { kid, key }) in candidates.into_iter().enumerate() {
            let repeated = kid.is_some_and(|kid| uses.get(kid).is_some_and(|count| *count > 1));
            let usable = if repeated {
                Err(JwkError::DuplicateKeyId)
            } else {
                key.and_then(|key| {
                    // A key without `kid` goes by its thumbprint, which another may have taken as its `kid`.
                    let taken = keys.contains_key(key.kid())
                        || (kid.is_none() && uses.contains_key(key.kid()));
                    if taken {
                        Err(JwkError::DuplicateKeyId)
                    } else {
                        Ok(key)
                    }
                })
            };
            match usable {
                Ok(key) => {
                    keys.insert(key.kid().into(), key);
                }
                Err(reason) => {
                    refused.push(RefusedJwk {
                        index,
                        kid: kid.map(str::to_owned),
                        reason,
                    });
                }
            }
        }
        (Self(keys), refused)
    }

    /// The key with this id, byte for byte.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.get(kid)
    }

    /// The key of a set of exactly one.
    ///
    /// OpenID Connect Core §10.1: "If there are multiple keys in the referenced JWK Set document, a kid value MUST be
    /// provided in the JOSE Header." Where a profile allows that there be none, this is the key.
    #[must_use]
    pub fn only(&self) -> Option<&VerifyingKey> {
        if self.len() == 1 {
            self.0.values().next()
        } else {
            None
        }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A key of a JWK set, before the others of the set have been looked at.
struct Candidate<'set> {
    kid: Option<&'set str>,
    key: Result<VerifyingKey, JwkError>,
}

fn read(
    members: &Map<String, Value>,
    unnamed_rsa: Option<Algorithm>,
) -> Result<VerifyingKey, JwkError> {
    let jwk = jwk::from_members(members)?;
    match (VerifyingKey::from_jwk(&jwk), unnamed_rsa) {
        (Err(JwkError::AlgorithmMissing), Some(algorithm)) => {
            VerifyingKey::from_jwk_for(&jwk, algorithm)
        }
        (key, _) => key,
    }
}
