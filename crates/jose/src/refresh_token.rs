//! Refresh tokens (RULES R1): which grant, which of its generations, and a MAC that only the issuer can make.
//!
//! `cs_rt_` and the base64url of: version (1 byte), key id (12), grant id (16), generation (4), issued-at (8, seconds),
//! nonce (16), tag (32); numbers are big-endian. The tag is HMAC-SHA256 over all that stands before it, under a key
//! that is derived for refresh tokens of one issuer.
//!
//! A token is a function of its fields and its key: whoever has both derives the same text again, so a lost answer
//! can be repeated and no token has to be stored.
//!
//! How hard it is to guess one: without the key, as hard as a tag of 256 bits. With the key, the nonce is left: 128 bits
//! that the winning rotation drew and the row of the grant keeps. RFC 6749 §10.10 asks for 128 and recommends 160.

use std::fmt;

use countersign_core::{GrantId, KeyId, Secret, Timestamp};
use thiserror::Error;

pub use crate::drawn_key_id::KeyIdNotDrawn;
use crate::mac_token::{self, Kind, Refused};

/// What every refresh token begins with, for secret scanners to find.
pub const PREFIX: &str = "cs_rt_";

const NONCE_LEN: usize = 16;

const KIND: Kind = Kind {
    prefix: PREFIX,
    label: b"countersign/refresh token/HMAC-SHA256",
    purpose: "refresh-token",
    // Grant id, generation, issued-at, nonce.
    body_len: 16 + 4 + 8 + NONCE_LEN,
};

/// What a refresh token says. What it is worth is for the row of the grant to judge.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The grant that it renews.
    pub grant: GrantId,
    /// How often the grant was renewed before.
    pub generation: u32,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What the winning rotation drew: "current" needs this to match, not only the generation.
    pub nonce: [u8; NONCE_LEN],
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("grant", &self.grant)
            .field("generation", &self.generation)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

/// The MAC at the end of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(pub(crate) mac_token::Tag);

impl Tag {
    /// The first 8 bytes, which the row of a grant keeps of the previous token.
    #[must_use]
    pub fn prefix(&self) -> [u8; 8] {
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&self.0.expose()[..8]);
        prefix
    }
}

/// A key that authenticates the refresh tokens of one issuer, and nothing else (RULES R6).
#[derive(Clone)]
pub struct RefreshTokenKey(mac_token::Key);

impl RefreshTokenKey {
    /// Takes a secret of 256 random bits under the id that tokens will carry, for tokens of `issuer`.
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>, issuer: &str) -> Result<Self, KeyIdNotDrawn> {
        KIND.key(id, secret, issuer).map(Self)
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        self.0.id()
    }
}

impl fmt::Debug for RefreshTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokenKey")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

/// Why a text is not accepted as a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RefreshTokenError {
    /// It does not have the shape of a refresh token.
    #[error("not a refresh token")]
    Malformed,
    /// It names another key than the one it was read with.
    #[error("the refresh token is of another key")]
    AnotherKey,
    /// It was not made by this issuer under this key, or was changed since.
    #[error("the refresh token is not authentic")]
    Forged,
}

impl From<Refused> for RefreshTokenError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed => Self::Malformed,
            Refused::AnotherKey => Self::AnotherKey,
            Refused::Forged => Self::Forged,
        }
    }
}

/// Whether `text` has the prefix of a refresh token: which decoder to use, nothing more (RULES T1).
#[must_use]
pub fn is_refresh_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The text of `token` under `key`, and its tag. The same token and key always make the same text.
///
/// ```
/// use countersign_core::{GrantId, KeyId, Secret, Timestamp};
/// use countersign_jose::refresh_token::{self, RefreshToken, RefreshTokenError, RefreshTokenKey};
///
/// let id: KeyId = "AAECAwQFBgcICQoL".parse()?;
/// let key = RefreshTokenKey::new(id.clone(), Secret::new([7; 32]), "https://issuer.example")?;
/// let token = RefreshToken {
///     grant: GrantId::from_bytes([1; 16]),
///     generation: 0,
///     issued_at: Timestamp::from_seconds(1_800_000_000),
///     nonce: [2; 16],
/// };
/// let (text, tag) = refresh_token::write(&key, &token);
/// assert!(refresh_token::is_refresh_token(text.expose()));
/// assert_eq!(refresh_token::key_id(text.expose())?, id);
/// assert_eq!(refresh_token::read(text.expose(), &key)?, (token, tag));
///
/// let elsewhere = RefreshTokenKey::new(id, Secret::new([7; 32]), "https://other.example")?;
/// let refused = refresh_token::read(text.expose(), &elsewhere);
/// assert_eq!(refused, Err(RefreshTokenError::Forged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn write(key: &RefreshTokenKey, token: &RefreshToken) -> (Secret<String>, Tag) {
    let (text, tag) = KIND.write(
        &key.0,
        &[
            token.grant.as_bytes(),
            &token.generation.to_be_bytes(),
            &token.issued_at.as_seconds().to_be_bytes(),
            &token.nonce,
        ],
    );
    (text, Tag(tag))
}

/// Which key a well-formed token names. Nothing is authenticated.
pub fn key_id(text: &str) -> Result<KeyId, RefreshTokenError> {
    Ok(KIND.key_id(text)?)
}

/// What the token `text` says and its tag, if it was written under `key`.
///
/// Judged in this order: length, spelling, version, key id, and then the whole MAC in constant time.
pub fn read(text: &str, key: &RefreshTokenKey) -> Result<(RefreshToken, Tag), RefreshTokenError> {
    let (body, tag) = KIND.read(text, &key.0)?;
    let token = parse(&body).ok_or(RefreshTokenError::Malformed)?;
    Ok((token, Tag(tag)))
}

fn parse(body: &[u8]) -> Option<RefreshToken> {
    let (grant, rest) = body.split_first_chunk()?;
    let (generation, rest) = rest.split_first_chunk()?;
    let (issued_at, rest) = rest.split_first_chunk()?;
    Some(RefreshToken {
        grant: GrantId::from_bytes(*grant),
        generation: u32::from_be_bytes(*generation),
        issued_at: Timestamp::from_seconds(i64::from_be_bytes(*issued_at)),
        nonce: rest.try_into().ok()?,
    })
}
