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
use zeroize::Zeroizing;

use crate::base64url;
use crate::mac::MacKey;

/// What every refresh token begins with, for secret scanners to find.
pub const PREFIX: &str = "cs_rt_";

const VERSION: u8 = 1;

const KEY_ID_LEN: usize = 12;
const NONCE_LEN: usize = 16;
const TAG_LEN: usize = 32;

/// Bytes of a token: version, key id, grant id, generation, issued-at, nonce, tag.
const LEN: usize = 1 + KEY_ID_LEN + 16 + 4 + 8 + NONCE_LEN + TAG_LEN;

/// Characters of a token: every token has as many.
const TEXT_LEN: usize = PREFIX.len() + (LEN * 4).div_ceil(3);

/// What these tags are over, beside the token itself.
const LABEL: &[u8] = b"countersign/refresh token/HMAC-SHA256";

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
pub struct Tag(Secret<[u8; TAG_LEN]>);

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
pub struct RefreshTokenKey {
    id: KeyId,
    id_bytes: [u8; KEY_ID_LEN],
    mac: MacKey,
}

/// The id of a key is not one that this service draws: 16 characters of base64url, which are 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the id of a key for refresh tokens has exactly 16 characters")]
pub struct KeyIdNotDrawn;

impl RefreshTokenKey {
    /// Takes a secret of 256 random bits under the id that tokens will carry, for tokens of `issuer`.
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>, issuer: &str) -> Result<Self, KeyIdNotDrawn> {
        let id_bytes = base64url::decode(id.as_str()).map_err(|_| KeyIdNotDrawn)?;
        Ok(Self {
            id_bytes: id_bytes.try_into().map_err(|_| KeyIdNotDrawn)?,
            id,
            mac: MacKey::new(secret).derive("refresh-token", issuer),
        })
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }
}

impl fmt::Debug for RefreshTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokenKey")
            .field("id", &self.id)
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
    let mut bytes = Zeroizing::new(Vec::with_capacity(LEN));
    bytes.push(VERSION);
    bytes.extend(key.id_bytes);
    bytes.extend(token.grant.as_bytes());
    bytes.extend(token.generation.to_be_bytes());
    bytes.extend(token.issued_at.as_seconds().to_be_bytes());
    bytes.extend(token.nonce);
    let tag = key.mac.mac(&authenticated(&bytes));
    bytes.extend(tag);
    let mut text = String::with_capacity(TEXT_LEN);
    text.push_str(PREFIX);
    base64url::encode_onto(&bytes, &mut text);
    (Secret::new(text), Tag(Secret::new(tag)))
}

/// Which key a well-formed token names. Nothing is authenticated.
pub fn key_id(text: &str) -> Result<KeyId, RefreshTokenError> {
    let bytes = decode(text)?;
    let parts = Parts::of(&bytes).ok_or(RefreshTokenError::Malformed)?;
    // 12 bytes make 16 characters, of which every one is allowed in a key id.
    let id = base64url::encode(parts.key_id);
    id.parse().map_err(|_| RefreshTokenError::Malformed)
}

/// What the token `text` says and its tag, if it was written under `key`.
///
/// Judged in this order: length, spelling, version, key id, and then the whole MAC in constant time.
pub fn read(text: &str, key: &RefreshTokenKey) -> Result<(RefreshToken, Tag), RefreshTokenError> {
    let bytes = decode(text)?;
    let parts = Parts::of(&bytes).ok_or(RefreshTokenError::Malformed)?;
    if *parts.key_id != key.id_bytes {
        return Err(RefreshTokenError::AnotherKey);
    }
    if !key.mac.verify(&authenticated(parts.before_tag), parts.tag) {
        return Err(RefreshTokenError::Forged);
    }
    Ok((parts.token, Tag(Secret::new(*parts.tag))))
}

/// All that a tag is over: what it is, and the token up to the tag.
fn authenticated(before_tag: &[u8]) -> [&[u8]; 3] {
    [LABEL, PREFIX.as_bytes(), before_tag]
}

/// The bytes of a token. RULES T2: "lengths are capped before decoding"; here there is only one length.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, RefreshTokenError> {
    if text.len() != TEXT_LEN {
        return Err(RefreshTokenError::Malformed);
    }
    text.strip_prefix(PREFIX)
        .and_then(|encoded| base64url::decode(encoded).ok())
        .map(Zeroizing::new)
        .ok_or(RefreshTokenError::Malformed)
}

/// A token of this version, taken apart.
struct Parts<'bytes> {
    key_id: &'bytes [u8; KEY_ID_LEN],
    token: RefreshToken,
    before_tag: &'bytes [u8],
    tag: &'bytes [u8; TAG_LEN],
}

impl<'bytes> Parts<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let (before_tag, tag) = bytes.split_last_chunk()?;
        let ([VERSION], rest) = before_tag.split_first_chunk()? else {
            return None;
        };
        let (key_id, rest) = rest.split_first_chunk()?;
        let (grant, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (issued_at, rest) = rest.split_first_chunk()?;
        let token = RefreshToken {
            grant: GrantId::from_bytes(*grant),
            generation: u32::from_be_bytes(*generation),
            issued_at: Timestamp::from_seconds(i64::from_be_bytes(*issued_at)),
            nonce: rest.try_into().ok()?,
        };
        Some(Self {
            key_id,
            token,
            before_tag,
            tag,
        })
    }
}
