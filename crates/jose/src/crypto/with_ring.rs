//! What only `ring` does this way.

use jsonwebtoken::Algorithm;
use ring::agreement::{self, ECDH_P256, ECDH_P384, EphemeralPrivateKey};
use ring::error;
use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::{
    Curve, GenerateRsa, KeyRejected, PublicMaterial, curve_verification, rsa_verification,
};

/// A public key and the one algorithm that it verifies. `ring` parses it at every verification.
pub(crate) enum PublicKey {
    Curve(UnparsedPublicKey<Vec<u8>>),
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
}

impl PublicKey {
    /// Takes `material` for `algorithm`; a point must lie on its curve.
    pub(crate) fn new(
        algorithm: Algorithm,
        material: &PublicMaterial,
    ) -> Result<Self, KeyRejected> {
        match material {
            PublicMaterial::Ec(curve, point) => {
                require_on_curve(*curve, point)?;
                Self::on_curve(algorithm, point)
            }
            PublicMaterial::Ed25519(bytes) => Self::on_curve(algorithm, bytes),
            PublicMaterial::Rsa { n, e } => {
                let parameters = rsa_verification(algorithm).ok_or(KeyRejected)?;
                let components = RsaPublicKeyComponents {
                    n: n.clone(),
                    e: e.clone(),
                };
                Ok(Self::Rsa(parameters, components))
            }
        }
    }

    fn on_curve(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyRejected> {
        let verification = curve_verification(algorithm).ok_or(KeyRejected)?;
        Ok(Self::Curve(UnparsedPublicKey::new(
            verification,
            bytes.to_vec(),
        )))
    }

    /// Whether `signature` is one of `message` by this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Curve(key) => key.verify(message, signature).is_ok(),
            Self::Rsa(parameters, components) => {
                components.verify(parameters, message, signature).is_ok()
            }
        }
    }
}

/// `ring` offers no parser of public points, but a key agreement refuses a point that is not on the curve. The
/// agreed secret is thrown away. A key is loaded once, so the cost (a scalar multiplication) does not matter.
fn require_on_curve(curve: Curve, point: &[u8]) -> Result<(), KeyRejected> {
    let algorithm = match curve {
        Curve::P256 => &ECDH_P256,
        Curve::P384 => &ECDH_P384,
    };
    let ephemeral =
        EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).map_err(|_| KeyRejected)?;
    let peer = agreement::UnparsedPublicKey::new(algorithm, point);
    agreement::agree_ephemeral(ephemeral, &peer, |_| ()).map_err(|_| KeyRejected)
}

/// Parses a PKCS#8 private key of ECDSA, which must hold the public half too.
pub(super) fn ecdsa_from_pkcs8(
    algorithm: &'static EcdsaSigningAlgorithm,
    pkcs8: &[u8],
) -> Result<EcdsaKeyPair, error::KeyRejected> {
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new())
}

/// `ring` cannot generate RSA keys.
pub(super) const GENERATE_RSA_PKCS8: Option<GenerateRsa> = None;
