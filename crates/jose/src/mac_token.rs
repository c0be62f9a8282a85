//! Tokens that prove themselves: fields of fixed lengths, and a MAC over them that only the issuer can make.
//!
//! The prefix of the kind and the base64url of: version (1 byte), key id (12), body, tag (32). The tag is HMAC-SHA256 over
//! label, prefix and all that stands before it, under a key that is derived for one kind of one issuer (RULES R6).
//!
//! A token is a function of its fields and its key: whoever has both derives the same text again.

use countersign_core::{KeyId, Secret};
use zeroize::Zeroizing;

use crate::base64url;
use crate::drawn_key_id::{self, DrawnKeyId, KeyIdNotDrawn};
use crate::mac::MacKey;

const VERSION: u8 = 1;

const TAG_LEN: usize = 32;

/// The MAC at the end of a token.
pub(crate) type Tag = Secret<[u8; TAG_LEN]>;

/// What tells one kind of token from the others.
pub(crate) struct Kind {
    /// What every token of the kind begins with.
    pub(crate) prefix: &'static str,
    /// What its tags are over, beside the token itself.
    pub(crate) label: &'static [u8],
    /// What its keys are derived for.
    pub(crate) purpose: &'static str,
    /// How many bytes its fields take.
    pub(crate) body_len: usize,
}

/// A key for one kind of one issuer.
#[derive(Clone)]
pub(crate) struct Key {
    id: DrawnKeyId,
    mac: MacKey,
}

impl Key {
    pub(crate) fn id(&self) -> &KeyId {
        self.id.id()
    }
}

/// Why a text is not accepted.
#[derive(Clone, Copy)]
pub(crate) enum Refused {
    /// It does not have the shape of the kind.
    Malformed,
    /// It names another key.
    AnotherKey,
    /// The tag is not the one that the key makes.
    Forged,
}

impl Kind {
    /// Takes a secret of 256 random bits under the id that tokens will carry, for tokens of `issuer`.
    pub(crate) fn key(
        &self,
        id: KeyId,
        secret: Secret<[u8; 32]>,
        issuer: &str,
    ) -> Result<Key, KeyIdNotDrawn> {
        Ok(Key {
            id: DrawnKeyId::new(id)?,
            mac: MacKey::new(secret).derive(self.purpose, issuer),
        })
    }

    /// The token with these fields, which together are as long as the kind has it, and its tag.
    pub(crate) fn write(&self, key: &Key, fields: &[&[u8]]) -> (Secret<String>, Tag) {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.len()));
        bytes.push(VERSION);
        bytes.extend(key.id.as_bytes());
        for field in fields {
            bytes.extend(*field);
        }
        let tag = Secret::new(key.mac.mac(&self.authenticated(&bytes)));
        bytes.extend(tag.expose());
        let mut text = String::with_capacity(self.text_len());
        text.push_str(self.prefix);
        base64url::encode_onto(&bytes, &mut text);
        (Secret::new(text), tag)
    }

    /// Which key a well-formed token names. Nothing is authenticated.
    pub(crate) fn key_id(&self, text: &str) -> Result<KeyId, Refused> {
        let bytes = self.decode(text)?;
        let parts = Parts::of(&bytes).ok_or(Refused::Malformed)?;
        Ok(drawn_key_id::from_bytes(parts.key_id))
    }

    /// The body of a token that was written under `key`, and its tag.
    ///
    /// Judged in this order: length, spelling, version, key id, and then the whole MAC in constant time.
    pub(crate) fn read(&self, text: &str, key: &Key) -> Result<(Zeroizing<Vec<u8>>, Tag), Refused> {
        let bytes = self.decode(text)?;
        let parts = Parts::of(&bytes).ok_or(Refused::Malformed)?;
        if parts.key_id != key.id.as_bytes() {
            return Err(Refused::AnotherKey);
        }
        if !key
            .mac
            .verify(&self.authenticated(parts.before_tag), parts.tag)
        {
            return Err(Refused::Forged);
        }
        let body = Zeroizing::new(parts.body.to_vec());
        Ok((body, Secret::new(*parts.tag)))
    }

    /// All that a tag is over: what it is, and the token up to the tag.
    fn authenticated<'bytes>(&self, before_tag: &'bytes [u8]) -> [&'bytes [u8]; 3] {
        [self.label, self.prefix.as_bytes(), before_tag]
    }

    /// The bytes of a token. RULES T2: "lengths are capped before decoding"; here there is only one length.
    fn decode(&self, text: &str) -> Result<Zeroizing<Vec<u8>>, Refused> {
        if text.len() != self.text_len() {
            return Err(Refused::Malformed);
        }
        text.strip_prefix(self.prefix)
            .and_then(|encoded| base64url::decode(encoded).ok())
            .map(Zeroizing::new)
            .ok_or(Refused::Malformed)
    }

    const fn len(&self) -> usize {
        1 + drawn_key_id::LEN + self.body_len + TAG_LEN
    }

    /// Characters of a token: every token of the kind has as many.
    const fn text_len(&self) -> usize {
        self.prefix.len() + base64url::encoded_len(self.len())
    }
}

/// A token of this version, taken apart.
struct Parts<'bytes> {
    key_id: &'bytes [u8; drawn_key_id::LEN],
    body: &'bytes [u8],
    before_tag: &'bytes [u8],
    tag: &'bytes [u8; TAG_LEN],
}

impl<'bytes> Parts<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let (before_tag, tag) = bytes.split_last_chunk()?;
        let ([VERSION], rest) = before_tag.split_first_chunk()? else {
            return None;
        };
        let (key_id, body) = rest.split_first_chunk()?;
        Some(Self {
            key_id,
            body,
            before_tag,
            tag,
        })
    }
}
