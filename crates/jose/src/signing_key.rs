//! Key pairs that sign, parsed once and held ready.

use std::fmt;

use countersign_core::{KeyId, Secret, SigningAlgorithm};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::Jwk;
use thiserror::Error;

use crate::crypto::{KeyPair, KeyPairError, SigningFailed};
use crate::jwk::{self, JwkError};
use crate::jws::ProtectedHeader;
use crate::{PemError, VerifyingKey, access_token, pem, spki};

/// A private key, held ready to sign with exactly one algorithm.
///
/// Its id is the SHA-256 thumbprint of the public half (RFC 7638): two nodes that load the same key give it the same
/// id, and no two keys share one.
///
/// ```
/// use countersign_jose::{SigningKey, SigningAlgorithm};
///
/// let (key, pkcs8) = SigningKey::generate(SigningAlgorithm::Es256)?;
/// let same = SigningKey::from_pkcs8(SigningAlgorithm::Es256, pkcs8.expose())?;
/// assert_eq!(key.id(), same.id());
/// # Ok::<(), countersign_jose::KeyError>(())
/// ```
pub struct SigningKey {
    pair: KeyPair,
    algorithm: SigningAlgorithm,
    id: KeyId,
    public: Jwk,
    verifying: VerifyingKey,
    access_token_header: ProtectedHeader,
}

/// Why there is no signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The crypto backend of this build cannot generate keys for the algorithm (RSA with the feature `ring`).
    #[error("this build cannot generate {0} keys; generate one elsewhere and give it as PKCS#8")]
    GenerationUnsupported(SigningAlgorithm),
    /// The backend failed to generate a key.
    #[error("no {0} key could be generated")]
    GenerationFailed(SigningAlgorithm),
    /// Not a PKCS#8 private key (DER) of the kind and curve that the algorithm needs, nor one for another algorithm.
    #[error("not a PKCS#8 private key for {0}")]
    Rejected(SigningAlgorithm),
    /// A good key, but of another kind or curve. An RSA key is said to be one for RS256.
    #[error("the key is one for {found}, not for {wanted}")]
    AnotherAlgorithm {
        /// What the key was given for.
        wanted: SigningAlgorithm,
        /// What the key could be used for.
        found: SigningAlgorithm,
    },
    /// An RSA key of less than 2048 bits (RFC 7518 §3.3); with the `ring` backend, also one whose exponent is below 65537.
    #[error("the RSA key is too small: it needs at least 2048 bits and the exponent 65537")]
    RsaTooSmall,
    /// The text is not the PEM of an unencrypted PKCS#8 private key.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The public half would be refused by a verifier.
    #[error("the public half is refused: {0}")]
    Public(JwkError),
}

impl SigningKey {
    /// A new key, and its PKCS#8 form (DER) to be kept. RSA keys have 2048 bits.
    ///
    /// The randomness comes from the crypto backend.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<(Self, Secret<Vec<u8>>), KeyError> {
        let pkcs8 = KeyPair::generate_pkcs8(algorithm).map_err(|error| match error {
            KeyPairError::Unsupported => KeyError::GenerationUnsupported(algorithm),
            _ => KeyError::GenerationFailed(algorithm),
        })?;
        let key = Self::from_pkcs8(algorithm, &pkcs8)?;
        Ok((key, Secret::new(pkcs8.to_vec())))
    }

    /// Parses an unencrypted PKCS#8 private key (DER). What one backend wrote, the other reads.
    ///
    /// Refused: a key of another kind or curve than `algorithm` needs, an RSA key of less than 2048 bits, an EC key
    /// without its public half (with the `ring` backend).
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = KeyPair::from_pkcs8(algorithm, pkcs8)
            .map_err(|error| why_rejected(error, algorithm, pkcs8))?;
        let material = pair.public();
        let id = jwk::thumbprint(&material);
        let public = jwk::to_jwk(&material, jws_algorithm(algorithm), &id);
        // One way in for public halves, whoever made them: the strict reading of JWKs.
        let verifying = VerifyingKey::from_jwk(&public).map_err(KeyError::Public)?;
        let access_token_header = ProtectedHeader::new(
            algorithm.name(),
            Some(access_token::TYPE),
            Some(id.as_str()),
        );
        Ok(Self {
            pair,
            algorithm,
            id,
            public,
            verifying,
            access_token_header,
        })
    }

    /// Parses the PEM of an unencrypted PKCS#8 private key (RFC 7468 §10, the label `PRIVATE KEY`), and gives back its
    /// PKCS#8 form (DER) to be kept.
    ///
    /// There has to be exactly one block; [`PemError`] says how other forms are converted. The key is judged by
    /// [`from_pkcs8`](Self::from_pkcs8).
    ///
    /// ```
    /// use countersign_jose::{KeyError, PemError, SigningAlgorithm, SigningKey};
    ///
    /// // openssl genpkey -algorithm ED25519
    /// let pem = "-----BEGIN PRIVATE KEY-----
    /// MC4CAQAwBQYDK2VwBCIEIJTKAvOMKaseuslKGLmdC+LQ+0TTN00iFrBW+cwQ1ei+
    /// -----END PRIVATE KEY-----
    /// ";
    /// let (key, pkcs8) = SigningKey::from_pem(SigningAlgorithm::EdDsa, pem)?;
    /// assert!(key.public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    /// let kept = SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, pkcs8.expose())?;
    /// assert_eq!(kept.id(), key.id());
    ///
    /// let traditional = pem.replace("PRIVATE KEY", "EC PRIVATE KEY");
    /// let refused = SigningKey::from_pem(SigningAlgorithm::Es256, &traditional);
    /// assert_eq!(refused.unwrap_err(), KeyError::Pem(PemError::Traditional("EC PRIVATE KEY")));
    /// # Ok::<(), KeyError>(())
    /// ```
    pub fn from_pem(
        algorithm: SigningAlgorithm,
        text: &str,
    ) -> Result<(Self, Secret<Vec<u8>>), KeyError> {
        let pkcs8 = pem::private_key(text)?;
        let key = Self::from_pkcs8(algorithm, pkcs8.expose())?;
        Ok((key, pkcs8))
    }

    /// The `kid`: the SHA-256 thumbprint (RFC 7638) in base64url.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public half as it stands in a JWK set, with `kid`, `use` and `alg`.
    #[must_use]
    pub fn public_jwk(&self) -> &Jwk {
        &self.public
    }

    /// The public half as PEM: a `SubjectPublicKeyInfo` with the label `PUBLIC KEY` (RFC 7468 §13).
    ///
    /// It names neither `kid` nor, for an RSA key, the algorithm: where a JWK can be had, take that.
    #[must_use]
    pub fn public_pem(&self) -> String {
        pem::public_key(&spki::encode(&self.pair.public()))
    }

    /// The public half, ready to verify.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// The header of every access token of this key, encoded ahead.
    pub(crate) fn access_token_header(&self) -> &ProtectedHeader {
        &self.access_token_header
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.pair.sign(message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// What to tell whoever gave `pkcs8` for `algorithm`: most often, it is a good key of another kind.
fn why_rejected(error: KeyPairError, algorithm: SigningAlgorithm, pkcs8: &[u8]) -> KeyError {
    if error == KeyPairError::RsaTooSmall {
        return KeyError::RsaTooSmall;
    }
    let found = SigningAlgorithm::ALL.into_iter().find(|other| {
        matches!(
            KeyPair::from_pkcs8(*other, pkcs8),
            Ok(_) | Err(KeyPairError::RsaTooSmall)
        )
    });
    match found {
        Some(found) => KeyError::AnotherAlgorithm {
            wanted: algorithm,
            found,
        },
        None => KeyError::Rejected(algorithm),
    }
}

/// The same algorithm in the vocabulary of the crate's edge.
fn jws_algorithm(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::Es384 => Algorithm::ES384,
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}
