//! The hashes of JOSE: SHA-256, SHA-384, SHA-512.

/// The SHA-256 digest of `bytes`.
///
/// ```
/// use countersign_jose::{base64url, digest};
///
/// // RFC 7636 appendix B.
/// let challenge = digest::sha256(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
/// assert_eq!(base64url::encode(&challenge), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// ```
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    crate::crypto::sha256(bytes)
}

/// The SHA-384 digest of `bytes`.
///
/// ```
/// use countersign_jose::{base64url, digest};
///
/// // FIPS 180-4, the example "abc".
/// assert!(base64url::encode(&digest::sha384(b"abc")).starts_with("ywB1P0WjXou1oD1pmsZQBycsMqsO3tFj"));
/// ```
#[must_use]
pub fn sha384(bytes: &[u8]) -> [u8; 48] {
    crate::crypto::sha384(bytes)
}

/// The SHA-512 digest of `bytes`.
///
/// ```
/// use countersign_jose::{base64url, digest};
///
/// // FIPS 180-4, the example "abc".
/// assert!(base64url::encode(&digest::sha512(b"abc")).starts_with("3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05"));
/// ```
#[must_use]
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    crate::crypto::sha512(bytes)
}
