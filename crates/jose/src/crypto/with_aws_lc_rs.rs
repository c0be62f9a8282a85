//! What only `aws-lc-rs` does this way.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, ParsedPublicKey, RsaKeyPair, RsaPublicKeyComponents,
};
use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

use super::{
    GenerateRsa, KeyPairError, KeyRejected, PublicMaterial, curve_verification, rsa_verification,
};

/// A public key, parsed once, and the one algorithm that it verifies.
pub(crate) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Parses `material` for `algorithm`; a point must lie on its curve.
    pub(crate) fn new(
        algorithm: Algorithm,
        material: &PublicMaterial,
    ) -> Result<Self, KeyRejected> {
        let parsed = match material {
            PublicMaterial::Ec(_, bytes) | PublicMaterial::Ed25519(bytes) => {
                let verification = curve_verification(algorithm).ok_or(KeyRejected)?;
                ParsedPublicKey::new(verification, bytes)
            }
            PublicMaterial::Rsa { n, e } => {
                let parameters = rsa_verification(algorithm).ok_or(KeyRejected)?;
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
        };
        parsed.map(Self).map_err(|_| KeyRejected)
    }

    /// Whether `signature` is one of `message` by this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// Parses a PKCS#8 private key of ECDSA.
pub(super) fn ecdsa_from_pkcs8(
    algorithm: &'static EcdsaSigningAlgorithm,
    pkcs8: &[u8],
) -> Result<EcdsaKeyPair, error::KeyRejected> {
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8)
}

/// Generates RSA keys of 2048 bits, as PKCS#8.
pub(super) const GENERATE_RSA_PKCS8: Option<GenerateRsa> = Some(|| {
    RsaKeyPair::generate(KeySize::Rsa2048)
        .and_then(|pair| {
            let der: Pkcs8V1Der<'_> = pair.as_der()?;
            Ok(Zeroizing::new(der.as_ref().to_vec()))
        })
        .map_err(|_| KeyPairError::Failed)
});
