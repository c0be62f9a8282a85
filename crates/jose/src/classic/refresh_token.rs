//! Classic refresh tokens: what the others say (RULES R1), in the claims of a JWT.
//!
//! `refresh_token_id` is the base64url of: version (1 byte), grant id (16), generation (4), nonce (16); numbers are
//! big-endian. `iat` is issued-at, and the signature of HS256 is the tag.

use std::fmt;

use countersign_core::{GrantId, KeyId, Scope, Secret, Timestamp};
use serde::Serialize;
use zeroize::Zeroizing;

use super::ClassicError;
use crate::base64url;
use crate::crypto::{HmacHash, HmacKey};
use crate::jws::{JwsError, ProtectedHeader, SignError, assemble};
use crate::mac::MacKey;
use crate::members::{ClaimsError, Members};
use crate::refresh_token::{RefreshToken, Tag};

/// What the keys of one issuer are derived for.
const PURPOSE: &str = "classic-refresh-token";

/// What the HMAC key is derived for.
const LABEL: &[u8] = b"countersign/classic refresh token/HS256";

const VERSION: u8 = 1;

/// Bytes of `refresh_token_id`: version, grant id, generation, nonce.
const ID_LEN: usize = 1 + 16 + 4 + 16;

/// A key that authenticates the classic refresh tokens of one issuer, and nothing else (RULES R6). It never leaves the
/// issuer.
#[derive(Clone)]
pub struct RefreshTokenKey {
    id: KeyId,
    header: ProtectedHeader,
    hmac: HmacKey,
}

impl RefreshTokenKey {
    /// Takes a secret of 256 random bits under the `kid` that tokens will carry, for tokens of `issuer`.
    #[must_use]
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>, issuer: &str) -> Self {
        let derived = MacKey::new(secret).derive(PURPOSE, issuer).mac(&[LABEL]);
        Self {
            header: super::header(&id),
            id,
            hmac: HmacKey::new(HmacHash::Sha256, &*Zeroizing::new(derived)),
        }
    }

    /// The id of the key, the `kid` of its tokens.
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

/// What a classic refresh token says. All but `token` is for those who look into it; the row of the grant knows better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshTokenClaims {
    /// `client_id`: the client to which it was issued.
    pub client_id: String,
    /// `access_token_id`: the `jti` of the access token that was issued with it.
    pub access_token_id: String,
    /// `refresh_token_id` and `iat`: which grant, which of its generations, and since when.
    pub token: RefreshToken,
    /// `scope`: what it renews; always there, and empty if it is nothing.
    pub scope: Scope,
    /// `user_id`: the user; absent if there is none.
    pub user_id: Option<String>,
    /// `expire_time`: when it expires if it is not used. Nothing here judges it.
    pub expire_time: Timestamp,
}

impl RefreshTokenClaims {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&Object {
            client_id: &self.client_id,
            access_token_id: &self.access_token_id,
            refresh_token_id: write_id(&self.token),
            scope: self.scope.sorted().to_string(),
            user_id: self.user_id.as_deref(),
            expire_time: self.expire_time,
            iat: self.token.issued_at,
        })
        .expect("strings and integers are always representable in JSON")
    }
}

/// The object that stands in the token.
#[derive(Serialize)]
struct Object<'claims> {
    client_id: &'claims str,
    access_token_id: &'claims str,
    refresh_token_id: String,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'claims str>,
    expire_time: Timestamp,
    iat: Timestamp,
}

/// The text of the token under `key`, and its tag: the whole signature. Equal claims under the same key always make the same
/// text, so the scope, which is equal in any order, is written in the order of its bytes.
///
/// ```
/// use countersign_core::{GrantId, Secret, Timestamp};
/// use countersign_jose::classic::{self, RefreshTokenClaims, RefreshTokenKey};
/// use countersign_jose::refresh_token::RefreshToken;
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let key = RefreshTokenKey::new("refresh-1".parse()?, Secret::new([7; 32]), "https://issuer.example");
/// let claims = RefreshTokenClaims {
///     client_id: "web-app".into(),
///     access_token_id: "9f2c".into(),
///     token: RefreshToken {
///         grant: GrantId::from_bytes([1; 16]),
///         generation: 0,
///         issued_at: now,
///         nonce: [2; 16],
///     },
///     scope: "contacts.read contacts.write".parse()?,
///     user_id: Some("512ab9a4".into()),
///     expire_time: now.plus(2_592_000),
/// };
/// let (text, tag) = classic::write_refresh_token(&key, &claims)?;
/// assert_eq!(classic::key_id(text.expose()).as_ref(), Some(key.id()));
/// assert_eq!(classic::read_refresh_token(text.expose(), &key)?, (claims.token, tag));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_refresh_token(
    key: &RefreshTokenKey,
    claims: &RefreshTokenClaims,
) -> Result<(Secret<String>, Tag), SignError> {
    let mut tag = Secret::new([0; 32]);
    let text = assemble(&key.header, &claims.to_json(), |message| {
        let signature = key.hmac.sign([message]);
        tag.expose_mut().copy_from_slice(signature.as_ref());
        Ok(signature)
    })?;
    Ok((Secret::new(text), Tag(tag)))
}

/// What the token `text` says of its grant, and its tag, if it was written under `key`.
///
/// Judged in this order: length, shape, key id, the whole signature in constant time, and then what it says. Whether it has
/// expired is for the row of the grant to judge.
pub fn read_refresh_token(
    text: &str,
    key: &RefreshTokenKey,
) -> Result<(RefreshToken, Tag), ClassicError> {
    let compact = super::take_apart_of(text, &key.id)?;
    super::require_signature(&compact, &key.hmac)?;
    let tag = <[u8; 32]>::try_from(&compact.signature[..]).map_err(|_| JwsError::Signature)?;
    let verified = compact.into_verified()?;
    let mut members = Members::parse(verified.payload())?;
    let id = members.required_text("refresh_token_id")?;
    let issued_at = members.required_time("iat")?;
    let token = read_id(&id, issued_at).ok_or(ClaimsError::Malformed("refresh_token_id"))?;
    Ok((token, Tag(Secret::new(tag))))
}

fn write_id(token: &RefreshToken) -> String {
    let mut bytes = Zeroizing::new(Vec::with_capacity(ID_LEN));
    bytes.push(VERSION);
    bytes.extend(token.grant.as_bytes());
    bytes.extend(token.generation.to_be_bytes());
    bytes.extend(token.nonce);
    base64url::encode(&bytes)
}

fn read_id(text: &str, issued_at: Timestamp) -> Option<RefreshToken> {
    let bytes = base64url::decode_up_to(base64url::encoded_len(ID_LEN), text).ok()?;
    let ([VERSION], rest) = bytes.split_first_chunk()? else {
        return None;
    };
    let (grant, rest) = rest.split_first_chunk()?;
    let (generation, rest) = rest.split_first_chunk()?;
    Some(RefreshToken {
        grant: GrantId::from_bytes(*grant),
        generation: u32::from_be_bytes(*generation),
        issued_at,
        nonce: rest.try_into().ok()?,
    })
}
