//! HMAC (RFC 2104) and HKDF (RFC 5869).

use super::library::{hkdf, hmac};

/// The hash under an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HmacHash {
    Sha256,
    Sha384,
    Sha512,
}

/// An HMAC key with its inner and outer state computed ahead.
#[derive(Clone)]
pub(crate) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(crate) fn new(hash: HmacHash, secret: &[u8]) -> Self {
        let algorithm = match hash {
            HmacHash::Sha256 => hmac::HMAC_SHA256,
            HmacHash::Sha384 => hmac::HMAC_SHA384,
            HmacHash::Sha512 => hmac::HMAC_SHA512,
        };
        Self(hmac::Key::new(algorithm, secret))
    }

    /// The tag of the concatenated `parts`.
    pub(crate) fn sign<'part>(&self, parts: impl IntoIterator<Item = &'part [u8]>) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        context.sign()
    }

    /// Whether `tag` is the whole tag of `message`; constant time.
    pub(crate) fn verifies(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }
}

/// The length of what HKDF is asked for.
struct OutputLen(usize);

impl hkdf::KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA256: fills `output` (at most 255 * 32 bytes) from `key`, under `salt` and `info`.
pub(crate) fn hkdf_sha256(salt: &[u8], key: &[u8], info: &[u8], output: &mut [u8]) {
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key)
        .expand(&[info], OutputLen(output.len()))
        .and_then(|material| material.fill(output))
        .expect("HKDF fails only beyond 255 blocks, and the callers ask for two");
}
