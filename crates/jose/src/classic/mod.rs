//! Access and refresh tokens of the classic profile: JWTs signed with HS256 (RULES D1), as a known server for Node.js
//! has them.
//!
//! Both have the header members `alg: HS256`, `typ: JWT` and `kid`, and no other.
//!
//! Those who check an access token hold its secret, and whoever holds it can make such a token. So every audience has a
//! secret of its own, and what a token says of client, user and scope is for the issuer to read again from the grant. The
//! key of refresh tokens never leaves the issuer.

mod access_token;
mod refresh_token;

use countersign_core::KeyId;
use jsonwebtoken::Algorithm;
use thiserror::Error;

pub use self::access_token::{
    AccessTokenClaims, AccessTokenKey, check_access_token_signable, sign_access_token,
    verify_access_token,
};
pub use self::refresh_token::{
    RefreshTokenClaims, RefreshTokenKey, read_refresh_token, write_refresh_token,
};
use crate::crypto::HmacKey;
use crate::hmac_jws::HmacAlgorithm;
use crate::jws::{Compact, JwsError, ProtectedHeader};
use crate::members::ClaimsError;

/// The `typ` of both kinds of token (RFC 7519 §5.1), in its one spelling.
pub const TYPE: &str = "JWT";

/// Why a text is not accepted as a classic token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClassicError {
    /// The JWS is refused.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// `typ` is not `JWT`: another kind of token.
    #[error("the token is not a classic token")]
    Type,
    /// The header has a member beside `alg`, `typ` and `kid`, such as an embedded key.
    #[error("the header of the token has a member that classic tokens do not have")]
    HeaderMember,
    /// It names another key than the one it was read with.
    #[error("the token is of another key")]
    AnotherKey,
    /// The claims are refused.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

/// Which key a text names that has the shape of a classic token, be it an access or a refresh token; none for every other
/// text. Nothing is verified: it is good for choosing the key, and with it the kind (RULES T1), for nothing else.
///
/// ```
/// use countersign_jose::classic;
///
/// // {"alg":"HS256","typ":"JWT","kid":"classic-1"}, and the same without `kid`, as ID tokens have it.
/// let named = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImNsYXNzaWMtMSJ9.e30.AAAA";
/// assert_eq!(classic::key_id(named), "classic-1".parse().ok());
/// assert_eq!(classic::key_id("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA"), None);
/// assert_eq!(classic::key_id("cs_rt_AQAB"), None);
/// ```
#[must_use]
pub fn key_id(text: &str) -> Option<KeyId> {
    take_apart(text).ok()?.header.kid()?.parse().ok()
}

/// The header of the tokens of one key, encoded ahead.
fn header(id: &KeyId) -> ProtectedHeader {
    ProtectedHeader::new(HmacAlgorithm::Hs256.name(), Some(TYPE), Some(id.as_str()))
}

/// Takes a token apart and refuses what has another shape. Nothing is verified.
fn take_apart(text: &str) -> Result<Compact<'_>, ClassicError> {
    let compact = Compact::parse(text)?;
    // RFC 8725 §3.1: each key is used with exactly one algorithm.
    if compact.header.algorithm() != Algorithm::HS256 {
        return Err(JwsError::AlgorithmMismatch.into());
    }
    if compact.header.typ() != Some(TYPE) {
        return Err(ClassicError::Type);
    }
    if compact.header.has_others() {
        return Err(ClassicError::HeaderMember);
    }
    Ok(compact)
}

/// As [`take_apart`], for a token that has to name the key `id`.
fn take_apart_of<'text>(text: &'text str, id: &KeyId) -> Result<Compact<'text>, ClassicError> {
    let compact = take_apart(text)?;
    match compact.header.kid() {
        None => Err(JwsError::KeyIdMissing.into()),
        Some(kid) if kid == id.as_str() => Ok(compact),
        Some(_) => Err(ClassicError::AnotherKey),
    }
}

/// Refuses a token whose signature is not the whole one that `key` makes; constant time.
fn require_signature(compact: &Compact<'_>, key: &HmacKey) -> Result<(), JwsError> {
    if key.verifies(compact.signing_input.as_bytes(), &compact.signature) {
        Ok(())
    } else {
        Err(JwsError::Signature)
    }
}
