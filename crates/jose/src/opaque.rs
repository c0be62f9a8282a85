//! Opaque access tokens (RULES T3): the claims, sealed by the issuer for itself, stored nowhere.
//!
//! `cs_at_` and the base64url of: version (1 byte), length of the key id (1 byte), key id, salt (16 bytes), ciphertext
//! with tag. Each token is sealed under its own key, HKDF-SHA256(sealing key, salt); prefix, version, key id and issuer
//! are associated data. The key is looked up by its id; there is no trial decryption.

use std::collections::HashMap;
use std::fmt;

use countersign_core::{KeyId, Random, Secret, Timestamp};
use thiserror::Error;

use crate::base64url;
use crate::claims::AccessTokenClaims;
use crate::crypto::{SALT_LEN, open_in_place, seal_in_place};
use crate::framed::framed;
use crate::key_set::{DuplicateKeyId, by_id};
use crate::members::ClaimsError;
use crate::reserved_claims::ReservedClaim;

/// What every opaque access token begins with, for secret scanners to find.
pub const PREFIX: &str = "cs_at_";

/// The most characters that an opaque token may have.
pub const MAX_LEN: usize = 4096;

/// Bytes of the tag at the end of the seal.
const TAG_LEN: usize = 16;

const VERSION: u8 = 1;

/// What keeps these keys apart from those of `seal`.
const LABEL: &[u8] = b"countersign/opaque access token/AES-256-GCM";

/// A key that seals opaque tokens.
#[derive(Clone)]
pub struct SealingKey {
    id: KeyId,
    secret: Secret<[u8; 32]>,
}

impl SealingKey {
    /// Takes a secret of 256 random bits under the id that tokens will carry.
    #[must_use]
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>) -> Self {
        Self { id, secret }
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Sealing keys by id. A key has to stay for as long as the longest token that it sealed may live.
#[derive(Clone, Debug, Default)]
pub struct SealingKeys(HashMap<Box<str>, SealingKey>);

impl SealingKeys {
    /// A set of `keys` whose ids are distinct.
    pub fn new(keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, DuplicateKeyId> {
        by_id(keys, |key| key.id.as_str()).map(Self)
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&SealingKey> {
        self.0.get(id)
    }
}

/// Why no opaque token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The token would have more than [`MAX_LEN`] characters.
    #[error("the token would have more than {MAX_LEN} characters")]
    TooLong,
    /// A further claim is reserved.
    #[error(transparent)]
    Reserved(#[from] ReservedClaim),
}

/// Why a text is not accepted as an opaque token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpaqueError {
    /// It has more than [`MAX_LEN`] characters.
    #[error("the token is too long")]
    TooLong,
    /// It does not have the shape of an opaque token.
    #[error("not an opaque access token")]
    Malformed,
    /// It was sealed under a key that is not known.
    #[error("the key of the token is not known")]
    UnknownKey,
    /// It was not sealed by this issuer under this key, or was changed since.
    #[error("the token is not authentic")]
    NotAuthentic,
    /// The claims are refused.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

/// Whether `token` has the prefix of an opaque access token: which decoder to use, nothing more (RULES T1).
#[must_use]
pub fn is_opaque(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// RULES T3: "the prefix, version, key id and issuer as associated data", each behind its length.
fn associated_data(key_id: &KeyId, issuer: &str) -> Vec<u8> {
    framed(&[
        PREFIX.as_bytes(),
        &[VERSION],
        key_id.as_str().as_bytes(),
        issuer.as_bytes(),
    ])
}

/// Seals `claims` as an opaque access token of `issuer`.
///
/// ```
/// # use countersign_core::{Random, Secret, Timestamp};
/// # struct Fixed;
/// # impl Random for Fixed {
/// #     fn fill(&self, buffer: &mut [u8]) {
/// #         buffer.fill(7);
/// #     }
/// # }
/// # let random = Fixed;
/// use countersign_jose::access_token::AccessTokenClaims;
/// use countersign_jose::opaque::{self, SealingKey, SealingKeys};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let issuer = "https://issuer.example";
/// let claims = AccessTokenClaims {
///     iss: issuer.into(),
///     sub: "billing-worker".into(),
///     aud: vec!["https://api.example".into()],
///     exp: now.plus(600),
///     iat: now,
///     nbf: None,
///     jti: "1".into(),
///     client_id: "billing-worker".into(),
///     scope: None,
///     further: serde_json::Map::new(),
/// };
/// let key = SealingKey::new("2027-01".parse()?, Secret::new([1; 32]));
/// let token = opaque::seal(&key, issuer, &claims, &random)?;
/// assert!(opaque::is_opaque(&token));
///
/// let keys = SealingKeys::new([key])?;
/// assert_eq!(opaque::open(&token, &keys, issuer, now, 5)?, claims);
/// assert!(opaque::open(&token, &keys, "https://other.example", now, 5).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn seal(
    key: &SealingKey,
    issuer: &str,
    claims: &AccessTokenClaims,
    random: &dyn Random,
) -> Result<String, SealError> {
    let salt: [u8; SALT_LEN] = random.bytes();
    let mut bytes = Vec::with_capacity(1024);
    bytes.extend([VERSION, id_len(&key.id)]);
    bytes.extend(key.id.as_str().as_bytes());
    bytes.extend(salt);
    let start = bytes.len();
    claims.write_json(&mut bytes)?;
    let associated = associated_data(&key.id, issuer);
    let tag = seal_in_place(
        key.secret.expose(),
        &salt,
        LABEL,
        &associated,
        &mut bytes[start..],
    );
    bytes.extend(tag);
    let mut token = String::with_capacity(PREFIX.len() + bytes.len() * 4 / 3 + 4);
    token.push_str(PREFIX);
    base64url::encode_onto(&bytes, &mut token);
    // RULES T3: "a result over 4,096 characters fails the mint".
    if token.len() > MAX_LEN {
        Err(SealError::TooLong)
    } else {
        Ok(token)
    }
}

/// Whether [`seal`] will find nothing wrong with `claims`, without sealing: for whoever must know that a token can be made
/// before something is consumed for it.
pub fn check_sealable(key: &SealingKey, claims: &AccessTokenClaims) -> Result<(), SealError> {
    let mut json = Vec::with_capacity(1024);
    claims.write_json(&mut json)?;
    let bytes = 2 + key.id.as_str().len() + SALT_LEN + json.len() + TAG_LEN;
    if PREFIX.len() + base64url::encoded_len(bytes) > MAX_LEN {
        Err(SealError::TooLong)
    } else {
        Ok(())
    }
}

/// The claims of `token`, if one of `keys` sealed it for `issuer` and it is alive at `now`, with the rules of
/// [`AccessTokenValidator`](crate::access_token::AccessTokenValidator). The audience is for the caller to judge:
/// only the issuer can open the token.
pub fn open(
    token: &str,
    keys: &SealingKeys,
    issuer: &str,
    now: Timestamp,
    leeway_seconds: u32,
) -> Result<AccessTokenClaims, OpaqueError> {
    if token.len() > MAX_LEN {
        return Err(OpaqueError::TooLong);
    }
    let encoded = token.strip_prefix(PREFIX).ok_or(OpaqueError::Malformed)?;
    let mut bytes = base64url::decode(encoded).map_err(|_| OpaqueError::Malformed)?;
    let (id, salt, sealed) = take_apart(&mut bytes).ok_or(OpaqueError::Malformed)?;
    let key = keys.get(id).ok_or(OpaqueError::UnknownKey)?;
    let associated = associated_data(&key.id, issuer);
    let json = open_in_place(key.secret.expose(), &salt, LABEL, &associated, sealed)
        .map_err(|_| OpaqueError::NotAuthentic)?;
    let claims = AccessTokenClaims::from_json(json)?;
    claims.check(issuer, now, leeway_seconds)?;
    Ok(claims)
}

fn id_len(id: &KeyId) -> u8 {
    u8::try_from(id.as_str().len()).expect("a key id has at most 64 characters")
}

/// Key id, salt, and ciphertext with tag.
fn take_apart(bytes: &mut [u8]) -> Option<(&str, [u8; SALT_LEN], &mut [u8])> {
    let (&mut [version, id_len], rest) = bytes.split_first_chunk_mut()?;
    if version != VERSION {
        return None;
    }
    let (id, rest) = rest.split_at_mut_checked(usize::from(id_len))?;
    let (salt, sealed) = rest.split_first_chunk_mut::<SALT_LEN>()?;
    Some((std::str::from_utf8(id).ok()?, *salt, sealed))
}
