//! SHA-256.

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
