//! Key pairs, parsed once and held ready.

use countersign_core::SigningAlgorithm;
use zeroize::Zeroizing;

use super::library::rand::SystemRandom;
use super::library::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use super::{Curve, PublicMaterial, SigningFailed, backend};

/// Why there is no key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyPairError {
    /// This backend cannot generate such keys.
    Unsupported,
    /// The backend could not generate the key.
    Failed,
    /// Not a PKCS#8 private key of the kind that the algorithm needs.
    Rejected,
    /// An RSA key of less than 2048 bits, or with an exponent that the backend finds too small.
    RsaTooSmall,
}

/// A private key in the backend's own form, with the one algorithm that it signs with.
pub(crate) enum KeyPair {
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(&'static dyn RsaEncoding, RsaKeyPair),
}

fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
    }
}

impl KeyPair {
    /// A new private key for `algorithm`, as PKCS#8.
    pub(crate) fn generate_pkcs8(
        algorithm: SigningAlgorithm,
    ) -> Result<Zeroizing<Vec<u8>>, KeyPairError> {
        let random = SystemRandom::new();
        let document = match algorithm {
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate_pkcs8(ecdsa(Curve::P256), &random),
            SigningAlgorithm::Es384 => EcdsaKeyPair::generate_pkcs8(ecdsa(Curve::P384), &random),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                let generate = backend::GENERATE_RSA_PKCS8.ok_or(KeyPairError::Unsupported)?;
                return generate();
            }
        };
        let document = document.map_err(|_| KeyPairError::Failed)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Parses a PKCS#8 private key for `algorithm`.
    pub(crate) fn from_pkcs8(
        algorithm: SigningAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Self, KeyPairError> {
        let ec = |curve| {
            backend::ecdsa_from_pkcs8(ecdsa(curve), pkcs8)
                .map(|pair| Self::Ecdsa(curve, pair))
                .map_err(|_| KeyPairError::Rejected)
        };
        let rsa = |encoding| {
            RsaKeyPair::from_pkcs8(pkcs8)
                .map(|pair| Self::Rsa(encoding, pair))
                // All that both backends tell is a word.
                .map_err(|error| match error.to_string().as_str() {
                    "TooSmall" => KeyPairError::RsaTooSmall,
                    _ => KeyPairError::Rejected,
                })
        };
        match algorithm {
            SigningAlgorithm::Es256 => ec(Curve::P256),
            SigningAlgorithm::Es384 => ec(Curve::P384),
            // RFC 8410 §7 allows a key with and without its public half; OpenSSL writes it without.
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
                .map(Self::Ed25519)
                .map_err(|_| KeyPairError::Rejected),
            SigningAlgorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            SigningAlgorithm::Ps256 => rsa(&RSA_PSS_SHA256),
        }
    }

    /// The public half.
    pub(crate) fn public(&self) -> PublicMaterial {
        match self {
            Self::Ecdsa(curve, pair) => {
                PublicMaterial::Ec(*curve, pair.public_key().as_ref().to_vec())
            }
            Self::Ed25519(pair) => PublicMaterial::Ed25519(pair.public_key().as_ref().to_vec()),
            Self::Rsa(_, pair) => {
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                PublicMaterial::Rsa { n, e }
            }
        }
    }

    /// The signature of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        match self {
            Self::Ecdsa(_, pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningFailed),
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rsa(encoding, pair) => {
                let mut signature = vec![0; pair.public_key().modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SigningFailed)?;
                Ok(signature)
            }
        }
    }
}
