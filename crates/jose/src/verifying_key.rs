//! Public keys, each for exactly one algorithm.

use std::fmt;
use std::sync::Arc;

use countersign_core::KeyId;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::Jwk;
use thiserror::Error;

use crate::crypto::{PublicKey, PublicMaterial};
use crate::jwk::{self, JwkError};

/// A public key that verifies signatures of exactly one algorithm. Cheap to clone.
///
/// There is no way to make one from a symmetric key, so no confusion of the two can be spelled out (CVE-2015-9235).
///
/// ```
/// use countersign_jose::{Algorithm, Jwk, VerifyingKey};
///
/// // RFC 8037 appendix A.2.
/// let jwk: Jwk = serde_json::from_str(
///     r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// let key = VerifyingKey::from_jwk(&jwk)?;
/// assert_eq!(key.algorithm(), Algorithm::EdDSA);
/// assert_eq!(key.thumbprint().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    kid: Box<str>,
    thumbprint: KeyId,
    algorithm: Algorithm,
    key: PublicKey,
}

/// The signature is not one of this message by this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not belong to this message and key")]
pub struct InvalidSignature;

impl VerifyingKey {
    /// Takes a public JWK whose members agree with each other and leave exactly one algorithm.
    ///
    /// An RSA key must name its algorithm in `alg`; see [`VerifyingKey::from_jwk_for`].
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, JwkError> {
        let material = jwk::material_of(jwk)?;
        let algorithm = jwk::algorithm_of(jwk, &material)?;
        Self::new(jwk, algorithm, &material)
    }

    /// As [`VerifyingKey::from_jwk`], for a key whose algorithm is known from elsewhere, such as client metadata.
    ///
    /// A JWK that names another algorithm is refused.
    pub fn from_jwk_for(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, JwkError> {
        let material = jwk::material_of(jwk)?;
        match jwk::algorithm_of(jwk, &material) {
            Ok(own) if own != algorithm => return Err(JwkError::AlgorithmMismatch),
            Ok(_) | Err(JwkError::AlgorithmMissing) => {}
            Err(error) => return Err(error),
        }
        jwk::require_fit(algorithm, &material)?;
        Self::new(jwk, algorithm, &material)
    }

    fn new(jwk: &Jwk, algorithm: Algorithm, material: &PublicMaterial) -> Result<Self, JwkError> {
        let key = PublicKey::new(algorithm, material).map_err(|_| JwkError::Rejected)?;
        let thumbprint = jwk::thumbprint(material);
        let kid = jwk
            .common
            .key_id
            .as_deref()
            .unwrap_or(thumbprint.as_str())
            .into();
        Ok(Self(Arc::new(Inner {
            kid,
            thumbprint,
            algorithm,
            key,
        })))
    }

    /// The `kid` under which tokens name this key: that of the JWK, else its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The SHA-256 thumbprint of the key (RFC 7638), in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> &KeyId {
        &self.0.thumbprint
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Whether `signature` is one of `message` by this key; signatures of ECDSA are R then S (RFC 7518 §3.4).
    ///
    /// This looks at bytes only. For tokens there is [`jws::verify`](crate::jws::verify).
    pub fn verify_signature(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if self.0.key.verifies(message, signature) {
            Ok(())
        } else {
            Err(InvalidSignature)
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .finish()
    }
}
