//! Sets of keys from which a token picks one by its `kid`, and by nothing else.

use std::collections::HashMap;

use jsonwebtoken::jwk::JwkSet;
use thiserror::Error;

use crate::VerifyingKey;
use crate::jwk::JwkError;

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

impl VerifyingKeys {
    /// A set of `keys` whose ids are distinct.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, DuplicateKeyId> {
        by_id(keys, VerifyingKey::kid).map(Self)
    }

    /// The usable keys of a foreign JWK set, and those that are refused.
    ///
    /// RFC 7517 §5: keys that are not understood are passed over, they do not spoil the set. If several keys of
    /// whatever kind share a `kid`, none of them is used: the id would not say which.
    #[must_use]
    pub fn from_jwk_set(set: &JwkSet) -> (Self, Vec<RefusedJwk>) {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for kid in set
            .keys
            .iter()
            .filter_map(|jwk| jwk.common.key_id.as_deref())
        {
            *uses.entry(kid).or_default() += 1;
        }
        let mut keys = HashMap::new();
        let mut refused = Vec::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            let named = jwk.common.key_id.as_deref();
            let repeated = named.is_some_and(|kid| uses.get(kid).is_some_and(|count| *count > 1));
            let usable = if repeated {
                Err(JwkError::DuplicateKeyId)
            } else {
                VerifyingKey::from_jwk(jwk).and_then(|key| {
                    // A key without `kid` goes by its thumbprint, which another may have taken as its `kid`.
                    let taken = keys.contains_key(key.kid())
                        || (named.is_none() && uses.contains_key(key.kid()));
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
                        kid: named.map(str::to_owned),
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
