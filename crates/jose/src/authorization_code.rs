//! Authorization codes (RFC 6749 §4.1.2, RULES C1, C3): which grant, whether a code challenge is bound to it, and a MAC
//! that only the issuer can make.
//!
//! `cs_ac_` and the base64url of: version (1 byte), key id (12), grant id (16), whether there is a code challenge (1, 0 or
//! 1), issued-at (8, seconds), nonce (16), tag (32); numbers are big-endian. The tag is HMAC-SHA256 over all that stands
//! before it, under a key that is derived for authorization codes of one issuer.
//!
//! How hard it is to guess one: without the key, as hard as a tag of 256 bits. With the key, the nonce is left: 128 bits
//! that the row of the grant keeps. RFC 6749 §10.10 asks for 128 and recommends 160.

use std::fmt;

use countersign_core::{GrantId, KeyId, Secret, Timestamp};
use thiserror::Error;

pub use crate::drawn_key_id::KeyIdNotDrawn;
use crate::mac_token::{self, Kind, Refused};

/// What every authorization code begins with, for secret scanners to find.
pub const PREFIX: &str = "cs_ac_";

const NONCE_LEN: usize = 16;

const KIND: Kind = Kind {
    prefix: PREFIX,
    label: b"countersign/authorization code/HMAC-SHA256",
    purpose: "authorization-code",
    // Grant id, whether there is a challenge, issued-at, nonce.
    body_len: 16 + 1 + 8 + NONCE_LEN,
};

/// What an authorization code says. What it is worth is for the row of the grant to judge.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// The grant whose first credential it is.
    pub grant: GrantId,
    /// Whether the request had a code challenge (RFC 7636): if so, a verifier has to come with the code, and if not,
    /// none may, whatever storage says.
    pub has_challenge: bool,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What was drawn for it; the row of the grant keeps it too.
    pub nonce: [u8; NONCE_LEN],
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode")
            .field("grant", &self.grant)
            .field("has_challenge", &self.has_challenge)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

/// A key that authenticates the authorization codes of one issuer, and nothing else (RULES R6): one that is made of the
/// same secret as a [`RefreshTokenKey`](crate::refresh_token::RefreshTokenKey) is another key.
#[derive(Clone)]
pub struct AuthorizationCodeKey(mac_token::Key);

impl AuthorizationCodeKey {
    /// Takes a secret of 256 random bits under the id that codes will carry, for codes of `issuer`.
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>, issuer: &str) -> Result<Self, KeyIdNotDrawn> {
        KIND.key(id, secret, issuer).map(Self)
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        self.0.id()
    }
}

impl fmt::Debug for AuthorizationCodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCodeKey")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

/// Why a text is not accepted as an authorization code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthorizationCodeError {
    /// It does not have the shape of an authorization code.
    #[error("not an authorization code")]
    Malformed,
    /// It names another key than the one it was read with.
    #[error("the authorization code is of another key")]
    AnotherKey,
    /// It was not made by this issuer under this key, or was changed since.
    #[error("the authorization code is not authentic")]
    Forged,
}

impl From<Refused> for AuthorizationCodeError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed => Self::Malformed,
            Refused::AnotherKey => Self::AnotherKey,
            Refused::Forged => Self::Forged,
        }
    }
}

/// Whether `text` has the prefix of an authorization code: which decoder to use, nothing more (RULES T1).
#[must_use]
pub fn is_authorization_code(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The text of `code` under `key`. The same code and key always make the same text.
///
/// ```
/// use countersign_core::{GrantId, KeyId, Secret, Timestamp};
/// use countersign_jose::authorization_code::{
///     self, AuthorizationCode, AuthorizationCodeError, AuthorizationCodeKey,
/// };
///
/// let id: KeyId = "AAECAwQFBgcICQoL".parse()?;
/// let key = AuthorizationCodeKey::new(id.clone(), Secret::new([7; 32]), "https://issuer.example")?;
/// let code = AuthorizationCode {
///     grant: GrantId::from_bytes([1; 16]),
///     has_challenge: true,
///     issued_at: Timestamp::from_seconds(1_800_000_000),
///     nonce: [2; 16],
/// };
/// let text = authorization_code::write(&key, &code);
/// assert!(authorization_code::is_authorization_code(text.expose()));
/// assert_eq!(authorization_code::key_id(text.expose())?, id);
/// assert_eq!(authorization_code::read(text.expose(), &key)?, code);
///
/// let elsewhere = AuthorizationCodeKey::new(id, Secret::new([7; 32]), "https://other.example")?;
/// let refused = authorization_code::read(text.expose(), &elsewhere);
/// assert_eq!(refused, Err(AuthorizationCodeError::Forged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn write(key: &AuthorizationCodeKey, code: &AuthorizationCode) -> Secret<String> {
    let (text, _) = KIND.write(
        &key.0,
        &[
            code.grant.as_bytes(),
            &[u8::from(code.has_challenge)],
            &code.issued_at.as_seconds().to_be_bytes(),
            &code.nonce,
        ],
    );
    text
}

/// Which key a well-formed code names. Nothing is authenticated.
pub fn key_id(text: &str) -> Result<KeyId, AuthorizationCodeError> {
    Ok(KIND.key_id(text)?)
}

/// What the code `text` says, if it was written under `key`.
///
/// Judged in this order: length, spelling, version, key id, the whole MAC in constant time, and then what it says.
pub fn read(
    text: &str,
    key: &AuthorizationCodeKey,
) -> Result<AuthorizationCode, AuthorizationCodeError> {
    let (body, _) = KIND.read(text, &key.0)?;
    parse(&body).ok_or(AuthorizationCodeError::Malformed)
}

fn parse(body: &[u8]) -> Option<AuthorizationCode> {
    let (grant, rest) = body.split_first_chunk()?;
    let (has_challenge, rest) = rest.split_first()?;
    let (issued_at, rest) = rest.split_first_chunk()?;
    Some(AuthorizationCode {
        grant: GrantId::from_bytes(*grant),
        has_challenge: match has_challenge {
            0 => false,
            1 => true,
            _ => return None,
        },
        issued_at: Timestamp::from_seconds(i64::from_be_bytes(*issued_at)),
        nonce: rest.try_into().ok()?,
    })
}
