//! JWS with a shared secret: HS256, HS384, HS512 (RFC 7518 §3.2).
//!
//! Whoever can verify such a token can make one, so it stands apart from everything else (RULES T1 and D1): its keys
//! have their own type and their own set, and nothing leads from here to public keys or back.

use std::collections::HashMap;
use std::fmt;

use countersign_core::Secret;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyOperations, PublicKeyUse};
use thiserror::Error;

use crate::base64url;
use crate::crypto::{HmacHash, HmacKey as BackendKey};
use crate::jws::{Compact, JwsError, ProtectedHeader, SignError, VerifiedJws, assemble};
use crate::key_set::{DuplicateKeyId, by_id};

/// The algorithms with a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl HmacAlgorithm {
    /// The name in the JOSE registry, the value of `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The least bytes of a secret: RFC 7518 §3.2, "A key of the same size as the hash output ... or larger".
    #[must_use]
    pub const fn min_secret_len(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }

    const fn hash(self) -> HmacHash {
        match self {
            Self::Hs256 => HmacHash::Sha256,
            Self::Hs384 => HmacHash::Sha384,
            Self::Hs512 => HmacHash::Sha512,
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Hs384 => Algorithm::HS384,
            Self::Hs512 => Algorithm::HS512,
        }
    }
}

/// A shared secret for exactly one algorithm, under the `kid` that tokens name.
#[derive(Clone)]
pub struct HmacKey {
    kid: Box<str>,
    key: UnnamedKey,
}

/// Why there is no HMAC key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HmacKeyError {
    /// The secret is shorter than the hash (RFC 7518 §3.2).
    #[error("the secret has fewer bytes than the hash of its algorithm")]
    TooShort,
    /// The JWK is not a symmetric key for signatures that names its algorithm and its `kid`.
    #[error("not a symmetric JWK for HS256, HS384 or HS512 with a kid")]
    Jwk,
}

impl HmacKey {
    /// Takes a secret of at least [`HmacAlgorithm::min_secret_len`] bytes.
    pub fn new(
        algorithm: HmacAlgorithm,
        kid: &str,
        secret: &Secret<Vec<u8>>,
    ) -> Result<Self, HmacKeyError> {
        Ok(Self {
            kid: kid.into(),
            key: UnnamedKey::new(algorithm, secret)?,
        })
    }

    /// Takes a symmetric JWK with `alg` and `kid`, whose `use` and `key_ops` allow signatures.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, HmacKeyError> {
        let AlgorithmParameters::OctetKey(parameters) = &jwk.algorithm else {
            return Err(HmacKeyError::Jwk);
        };
        let named = jwk
            .common
            .key_algorithm
            .and_then(|name| Algorithm::try_from(name).ok());
        let algorithm = match named {
            Some(Algorithm::HS256) => HmacAlgorithm::Hs256,
            Some(Algorithm::HS384) => HmacAlgorithm::Hs384,
            Some(Algorithm::HS512) => HmacAlgorithm::Hs512,
            _ => return Err(HmacKeyError::Jwk),
        };
        let kid = jwk.common.key_id.as_deref().ok_or(HmacKeyError::Jwk)?;
        // RFC 7517 §4.2 and §4.3.
        let for_signatures = jwk
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
            && jwk
                .common
                .key_operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !for_signatures {
            return Err(HmacKeyError::Jwk);
        }
        let secret = base64url::decode(&parameters.value).map_err(|_| HmacKeyError::Jwk)?;
        Self::new(algorithm, kid, &Secret::new(secret))
    }

    /// The `kid` under which tokens name this key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> HmacAlgorithm {
        self.key.algorithm
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// Shared secrets by `kid`.
#[derive(Clone, Debug, Default)]
pub struct HmacKeys(HashMap<Box<str>, HmacKey>);

impl HmacKeys {
    /// A set of `keys` whose ids are distinct.
    pub fn new(keys: impl IntoIterator<Item = HmacKey>) -> Result<Self, DuplicateKeyId> {
        by_id(keys, HmacKey::kid).map(Self)
    }

    /// The key with this id, byte for byte.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&HmacKey> {
        self.0.get(kid)
    }
}

/// Signs `payload` as a compact JWS with the header members `alg`, `typ` and `kid`.
pub fn sign(key: &HmacKey, typ: Option<&str>, payload: &[u8]) -> Result<String, SignError> {
    let header = ProtectedHeader::new(key.algorithm().name(), typ, Some(&key.kid));
    key.key.sign(&header, payload)
}

/// Verifies `token` with the key of `keys` that its `kid` names. A token without `kid` is refused.
///
/// ```
/// use countersign_core::Secret;
/// use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey, HmacKeys};
///
/// let key = HmacKey::new(HmacAlgorithm::Hs256, "classic-1", &Secret::new(vec![1; 32]))?;
/// let token = hmac_jws::sign(&key, Some("JWT"), b"{}")?;
/// let keys = HmacKeys::new([key])?;
/// assert_eq!(hmac_jws::verify(&token, &keys)?.payload(), b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(token: &str, keys: &HmacKeys) -> Result<VerifiedJws, JwsError> {
    let compact = Compact::parse(token)?;
    let kid = compact.header.kid().ok_or(JwsError::KeyIdMissing)?;
    let key = keys.get(kid).ok_or(JwsError::UnknownKey)?;
    key.key.verify(compact)
}

/// Verifies `token` with this one key, whatever its `kid` says.
pub fn verify_with(key: &HmacKey, token: &str) -> Result<VerifiedJws, JwsError> {
    key.key.verify(Compact::parse(token)?)
}

/// A shared secret that both sides know without a `kid`, such as that of a client.
#[derive(Clone)]
pub(crate) struct UnnamedKey {
    algorithm: HmacAlgorithm,
    key: BackendKey,
}

impl UnnamedKey {
    pub(crate) fn new(
        algorithm: HmacAlgorithm,
        secret: &Secret<Vec<u8>>,
    ) -> Result<Self, HmacKeyError> {
        let secret = secret.expose();
        if secret.len() < algorithm.min_secret_len() {
            return Err(HmacKeyError::TooShort);
        }
        Ok(Self {
            algorithm,
            key: BackendKey::new(algorithm.hash(), secret),
        })
    }

    pub(crate) fn sign(
        &self,
        header: &ProtectedHeader,
        payload: &[u8],
    ) -> Result<String, SignError> {
        assemble(header, payload, |message| Ok(self.key.sign([message])))
    }

    pub(crate) fn verify(&self, compact: Compact<'_>) -> Result<VerifiedJws, JwsError> {
        // RFC 8725 §3.1: each key is used with exactly one algorithm.
        if compact.header.algorithm() != self.algorithm.algorithm() {
            return Err(JwsError::AlgorithmMismatch);
        }
        if !self
            .key
            .verifies(compact.signing_input.as_bytes(), &compact.signature)
        {
            return Err(JwsError::Signature);
        }
        compact.into_verified()
    }
}
