//! The ids of keys that the service draws, as texts carry them.

use countersign_core::KeyId;
use thiserror::Error;

use crate::base64url;

/// Bytes of an id.
pub(crate) const LEN: usize = 12;

/// The id of a key is not one that this service draws: 16 characters of base64url, which are 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the id of a key that was drawn here has exactly 16 characters")]
pub struct KeyIdNotDrawn;

/// An id and the bytes that it stands for.
#[derive(Clone)]
pub(crate) struct DrawnKeyId {
    id: KeyId,
    bytes: [u8; LEN],
}

impl DrawnKeyId {
    pub(crate) fn new(id: KeyId) -> Result<Self, KeyIdNotDrawn> {
        let bytes = base64url::decode(id.as_str()).map_err(|_| KeyIdNotDrawn)?;
        let bytes = bytes.try_into().map_err(|_| KeyIdNotDrawn)?;
        Ok(Self { id, bytes })
    }

    pub(crate) fn as_bytes(&self) -> &[u8; LEN] {
        &self.bytes
    }

    pub(crate) fn id(&self) -> &KeyId {
        &self.id
    }
}

/// The id that `bytes` are.
pub(crate) fn from_bytes(bytes: &[u8; LEN]) -> KeyId {
    base64url::encode(bytes)
        .parse()
        .expect("12 bytes make 16 characters, of which every one is allowed in a key id")
}
