//! Tickets: sealed text that only this issuer can read, for what a page carries from one request to the next.
//!
//! The base64url of: version (1 byte), key id (12), salt (16), ciphertext with tag. Each ticket is sealed by AES-256-GCM
//! under its own key, HKDF-SHA256(secret, salt, label and issuer); version and key id are associated data.
//!
//! A ticket says neither whose it is nor how old: put both inside, and judge them after opening.

use std::fmt;

use countersign_core::{KeyId, Random, Secret};
use thiserror::Error;

use crate::base64url;
use crate::crypto::{SALT_LEN, TAG_LEN, open_in_place, seal_in_place};
pub use crate::drawn_key_id::KeyIdNotDrawn;
use crate::drawn_key_id::{self, DrawnKeyId};
use crate::framed::framed;

/// The most characters that a ticket may have.
pub const MAX_LEN: usize = 64 * 1024;

const VERSION: u8 = 1;

/// What keeps these keys apart from all others, whatever secret they are made of.
const LABEL: &[u8] = b"countersign/ticket/AES-256-GCM";

/// Bytes before the ciphertext: version, key id, salt.
const START: usize = 1 + drawn_key_id::LEN + SALT_LEN;

/// A key that seals the tickets of one issuer, and nothing else (RULES R6).
#[derive(Clone)]
pub struct TicketKey {
    id: DrawnKeyId,
    secret: Secret<[u8; 32]>,
    /// What the key of each ticket is derived for.
    purpose: Box<[u8]>,
}

impl TicketKey {
    /// Takes a secret of 256 random bits under the id that tickets will carry, for tickets of `issuer`.
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>, issuer: &str) -> Result<Self, KeyIdNotDrawn> {
        Ok(Self {
            id: DrawnKeyId::new(id)?,
            secret,
            purpose: framed(&[LABEL, issuer.as_bytes()]).into(),
        })
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        self.id.id()
    }

    fn associated_data(&self) -> Vec<u8> {
        framed(&[&[VERSION], self.id.as_bytes()])
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKey")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

/// The ticket would have more than [`MAX_LEN`] characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the ticket would have more than {MAX_LEN} characters")]
pub struct TicketTooLong;

/// Why a text is not accepted as a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It does not have the shape of a ticket, or more than [`MAX_LEN`] characters.
    #[error("not a ticket")]
    Malformed,
    /// It names another key than the one it was opened with.
    #[error("the ticket is of another key")]
    AnotherKey,
    /// It was not sealed by this issuer under this key, or was changed since.
    #[error("the ticket is not authentic")]
    Forged,
}

/// Seals `plaintext`, of which nothing shows but its length.
///
/// ```
/// # use countersign_core::Random;
/// # struct Fixed;
/// # impl Random for Fixed {
/// #     fn fill(&self, buffer: &mut [u8]) {
/// #         buffer.fill(7);
/// #     }
/// # }
/// # let random = Fixed;
/// use countersign_core::{KeyId, Secret};
/// use countersign_jose::ticket::{self, TicketError, TicketKey};
///
/// let id: KeyId = "AAECAwQFBgcICQoL".parse()?;
/// let key = TicketKey::new(id.clone(), Secret::new([7; 32]), "https://issuer.example")?;
/// let text = ticket::seal(&key, b"what was asked for", &random)?;
/// assert_eq!(ticket::key_id(&text)?, id);
/// assert_eq!(ticket::open(&text, &key)?.expose(), b"what was asked for");
///
/// let elsewhere = TicketKey::new(id, Secret::new([7; 32]), "https://other.example")?;
/// assert_eq!(ticket::open(&text, &elsewhere), Err(TicketError::Forged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn seal(
    key: &TicketKey,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<String, TicketTooLong> {
    let len = START + plaintext.len() + TAG_LEN;
    // Four characters per three bytes; the length in bytes first, since four times as much may be no number.
    if len > MAX_LEN || base64url::encoded_len(len) > MAX_LEN {
        return Err(TicketTooLong);
    }
    let salt: [u8; SALT_LEN] = random.bytes();
    let mut bytes = Vec::with_capacity(len);
    bytes.push(VERSION);
    bytes.extend(key.id.as_bytes());
    bytes.extend(salt);
    bytes.extend(plaintext);
    let tag = seal_in_place(
        key.secret.expose(),
        &salt,
        &key.purpose,
        &key.associated_data(),
        &mut bytes[START..],
    );
    bytes.extend(tag);
    Ok(base64url::encode(&bytes))
}

/// Which key a well-formed ticket names. Nothing is authenticated.
pub fn key_id(text: &str) -> Result<KeyId, TicketError> {
    let bytes = decode(text)?;
    let parts = Parts::of(&bytes).ok_or(TicketError::Malformed)?;
    Ok(drawn_key_id::from_bytes(parts.key_id))
}

/// What [`seal()`] sealed under this key.
///
/// Judged in this order: length, spelling, version, key id, and then the seal.
pub fn open(text: &str, key: &TicketKey) -> Result<Secret<Vec<u8>>, TicketError> {
    let bytes = decode(text)?;
    let parts = Parts::of(&bytes).ok_or(TicketError::Malformed)?;
    if parts.key_id != key.id.as_bytes() {
        return Err(TicketError::AnotherKey);
    }
    let mut opened = Secret::new(parts.sealed.to_vec());
    let len = open_in_place(
        key.secret.expose(),
        parts.salt,
        &key.purpose,
        &key.associated_data(),
        opened.expose_mut(),
    )
    .map_err(|_| TicketError::Forged)?
    .len();
    opened.expose_mut().truncate(len);
    Ok(opened)
}

/// RULES T2: "lengths are capped before decoding".
fn decode(text: &str) -> Result<Vec<u8>, TicketError> {
    base64url::decode_up_to(MAX_LEN, text).map_err(|_| TicketError::Malformed)
}

/// A ticket of this version, taken apart.
struct Parts<'bytes> {
    key_id: &'bytes [u8; drawn_key_id::LEN],
    salt: &'bytes [u8; SALT_LEN],
    /// Ciphertext and tag.
    sealed: &'bytes [u8],
}

impl<'bytes> Parts<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let ([VERSION], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (key_id, rest) = rest.split_first_chunk()?;
        let (salt, sealed) = rest.split_first_chunk()?;
        (sealed.len() >= TAG_LEN).then_some(Self {
            key_id,
            salt,
            sealed,
        })
    }
}
