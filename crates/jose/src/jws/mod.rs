//! Compact JWS (RFC 7515): three parts, one key, one algorithm.
//!
//! Verification goes in one order: sizes, shape, header, key by `kid`, algorithm of the key, signature, and only then
//! the payload. What a header says about keys (`jwk`, `jku`, `x5c`, `x5u`) chooses nothing.

mod compact;
mod header;
mod unverified;

use thiserror::Error;

pub(crate) use self::compact::{Compact, assemble, check_len};
pub use self::header::Header;
pub(crate) use self::header::ProtectedHeader;
pub use self::unverified::{UnverifiedClaims, UnverifiedHeader};
use crate::json::JsonError;
use crate::reserved_claims::ReservedClaim;
use crate::{SigningKey, VerifyingKey, VerifyingKeys, base64url};

/// The most characters that a token may have.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The most characters of the encoded header: room for a certificate chain that is then ignored.
pub const MAX_HEADER_LEN: usize = 8 * 1024;

/// The most characters of the encoded signature: RSA with 8192 bits.
pub const MAX_SIGNATURE_LEN: usize = 1366;

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwsError {
    /// The token, its header or its signature is too long to be looked at.
    #[error("the token is too long")]
    TooLong,
    /// There are not exactly three parts; five would be a JWE, which is not supported.
    #[error("not a compact JWS of three parts")]
    NotCompact,
    /// A part is not base64url in its one spelling.
    #[error("a part of the token is not well-formed base64url")]
    Encoding,
    /// The header is not a JSON object with unique members.
    #[error("the header is refused: {0}")]
    Header(JsonError),
    /// The named header member is missing or of the wrong type.
    #[error("the header member {0:?} is missing or of the wrong type")]
    HeaderMember(&'static str),
    /// `alg` is `none`, or names nothing that is supported here.
    #[error("the algorithm is not supported")]
    UnsupportedAlgorithm,
    /// `crit` is present: the token depends on an extension that is not understood here.
    #[error("the token depends on an extension that is not supported")]
    Critical,
    /// `b64` is present: the payload may not be what it seems (RFC 7797).
    #[error("unencoded payloads are not supported")]
    UnencodedPayload,
    /// There is no `kid`, so nothing says which key it is.
    #[error("the token does not name its key")]
    KeyIdMissing,
    /// No key has the `kid` of the token.
    #[error("the key of the token is not known")]
    UnknownKey,
    /// The key is for another algorithm than the token names.
    #[error("the algorithm of the token is not that of its key")]
    AlgorithmMismatch,
    /// The signature is not one of this token by this key.
    #[error("the signature is wrong")]
    Signature,
    /// The payload is not a JSON object with unique members.
    #[error("the payload is refused: {0}")]
    Payload(JsonError),
}

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The token would have more than [`MAX_TOKEN_LEN`] characters, and no verifier of ours would take it.
    #[error("the token would be too long")]
    TooLong,
    /// The crypto backend could not sign.
    #[error("signing failed")]
    Failed,
    /// A further claim is reserved.
    #[error(transparent)]
    Reserved(#[from] ReservedClaim),
}

/// A token whose signature is right. What its payload means is for a profile to judge.
#[derive(Clone, Debug)]
pub struct VerifiedJws {
    header: Header,
    payload: Vec<u8>,
}

impl VerifiedJws {
    /// The protected header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The signed bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// Verifies `token` with the key of `keys` that its `kid` names.
///
/// A token without `kid` is refused, even if there is only one key: the day a second one is added must not change
/// what is accepted.
///
/// ```
/// use countersign_jose::jws::{self, JwsError};
/// use countersign_jose::{SigningAlgorithm, SigningKey, VerifyingKeys};
///
/// let (key, _) = SigningKey::generate(SigningAlgorithm::EdDsa)?;
/// let keys = VerifyingKeys::new([key.verifying_key()])?;
/// let token = jws::sign(&key, Some("example+jwt"), b"{}")?;
/// assert_eq!(jws::verify(&token, &keys)?.payload(), b"{}");
/// assert_eq!(jws::verify(&token[1..], &keys).unwrap_err(), JwsError::Encoding);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(token: &str, keys: &VerifyingKeys) -> Result<VerifiedJws, JwsError> {
    let compact = Compact::parse(token)?;
    let kid = compact.header.kid().ok_or(JwsError::KeyIdMissing)?;
    let key = keys.get(kid).ok_or(JwsError::UnknownKey)?;
    verify_parsed(key, compact)
}

/// Verifies `token` with this one key, whatever its `kid` says: for a key that was chosen by other means, such as
/// the `jwk` of a `DPoP` proof, which is then compared with a thumbprint.
pub fn verify_with(key: &VerifyingKey, token: &str) -> Result<VerifiedJws, JwsError> {
    verify_parsed(key, Compact::parse(token)?)
}

pub(crate) fn verify_parsed(
    key: &VerifyingKey,
    compact: Compact<'_>,
) -> Result<VerifiedJws, JwsError> {
    // RFC 8725 §3.1: "each key MUST be used with exactly one algorithm, and this MUST be checked when the
    // cryptographic operation is performed".
    if compact.header.algorithm() != key.algorithm() {
        return Err(JwsError::AlgorithmMismatch);
    }
    key.verify_signature(compact.signing_input.as_bytes(), &compact.signature)
        .map_err(|_| JwsError::Signature)?;
    compact.into_verified()
}

impl Compact<'_> {
    /// The content, for the verification path that has just found the signature right.
    pub(crate) fn into_verified(self) -> Result<VerifiedJws, JwsError> {
        let payload = base64url::decode(self.payload).map_err(|_| JwsError::Encoding)?;
        Ok(VerifiedJws {
            header: self.header,
            payload,
        })
    }
}

/// Signs `payload` as a compact JWS with the header members `alg`, `typ` and `kid`.
///
/// RFC 8725 §3.11: give every kind of token its own `typ`. Access tokens have
/// [`access_token::sign`](crate::access_token::sign), ID tokens [`id_token::sign`](crate::id_token::sign()).
pub fn sign(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, SignError> {
    let kid = Some(key.id().as_str());
    let header = ProtectedHeader::new(key.algorithm().name(), typ, kid);
    sign_with_header(key, &header, payload)
}

/// Signs `payload` under a header that was encoded ahead for this key.
pub(crate) fn sign_with_header(
    key: &SigningKey,
    header: &ProtectedHeader,
    payload: &[u8],
) -> Result<String, SignError> {
    assemble(header, payload, |message| {
        key.sign(message).map_err(|_| SignError::Failed)
    })
}
