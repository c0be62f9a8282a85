//! The crypto backend: the only module that names one, chosen by the only `cfg` (RULES T5).
//!
//! `ring` and `aws-lc-rs` have the same interface for nearly everything, so what stands here and in the submodules
//! is written once against `library`. Where the two differ (public keys parsed ahead, RSA key generation), each has
//! a small module with the same names.
//!
//! Both draw their own randomness from the system for key generation, for the nonces of ECDSA and for the salts of
//! RSASSA-PSS; neither lets a caller replace it. Everything else takes its randomness as an argument.

mod aead;
mod hmac;
mod key_pair;

use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

cfg_select! {
    feature = "aws-lc-rs" => {
        mod with_aws_lc_rs;
        use ::aws_lc_rs as library;
        use self::with_aws_lc_rs as backend;
    }
    feature = "ring" => {
        mod with_ring;
        use ::ring as library;
        use self::with_ring as backend;
    }
    _ => {
        compile_error!("countersign-jose needs a crypto backend: turn on the feature `ring` or `aws-lc-rs`");
    }
}

pub(crate) use self::aead::{SALT_LEN, TAG_LEN, open_in_place, seal_in_place};
pub(crate) use self::backend::PublicKey;
pub(crate) use self::hmac::{HmacHash, HmacKey, hkdf_sha256};
pub(crate) use self::key_pair::{KeyPair, KeyPairError};

/// The curves of ECDSA that both backends have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

/// The public half of a key, as plain numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicMaterial {
    /// A point, uncompressed: 4, then x, then y.
    Ec(Curve, Vec<u8>),
    /// The 32 bytes of RFC 8032 §5.1.5.
    Ed25519(Vec<u8>),
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// The backend does not take the key: the point is not on the curve, or a number is out of range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRejected;

/// The backend could not sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SigningFailed;

/// What makes a new RSA key, as PKCS#8.
type GenerateRsa = fn() -> Result<Zeroizing<Vec<u8>>, KeyPairError>;

/// The SHA-256 digest of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&library::digest::SHA256, bytes)
}

/// The SHA-384 digest of `bytes`.
pub(crate) fn sha384(bytes: &[u8]) -> [u8; 48] {
    digest(&library::digest::SHA384, bytes)
}

/// The SHA-512 digest of `bytes`.
pub(crate) fn sha512(bytes: &[u8]) -> [u8; 64] {
    digest(&library::digest::SHA512, bytes)
}

fn digest<const LEN: usize>(
    algorithm: &'static library::digest::Algorithm,
    bytes: &[u8],
) -> [u8; LEN] {
    let mut output = [0; LEN];
    output.copy_from_slice(library::digest::digest(algorithm, bytes).as_ref());
    output
}

/// How a signature of an elliptic curve key is verified: RFC 7518 §3.4 (fixed length, R then S), RFC 8037 §3.1.
fn curve_verification(
    algorithm: Algorithm,
) -> Option<&'static dyn library::signature::VerificationAlgorithm> {
    use library::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519};
    match algorithm {
        Algorithm::ES256 => Some(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&ED25519),
        _ => None,
    }
}

/// How an RSA signature is verified: RFC 7518 §3.3 and §3.5; a salt of RSASSA-PSS is as long as the hash.
fn rsa_verification(algorithm: Algorithm) -> Option<&'static library::signature::RsaParameters> {
    use library::signature::{
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    };
    match algorithm {
        Algorithm::RS256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
