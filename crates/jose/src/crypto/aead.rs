//! AES-256-GCM under a key that is used once: the one primitive of everything that is sealed (RULES T3).

use zeroize::Zeroizing;

use super::hmac::hkdf_sha256;
use super::library::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of the salt that makes each sealing key different.
pub(crate) const SALT_LEN: usize = 16;

/// Bytes that the authentication tag adds.
pub(crate) const TAG_LEN: usize = 16;

const KEY_LEN: usize = 32;

/// Not what was sealed under this key, salt, label and associated data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotAuthentic;

/// Key and nonce both come out of HKDF over a random salt, so no nonce is ever chosen: two seals share one only if
/// 128 random bits repeat, and then they share the key as well.
fn one_time_key(key: &[u8; KEY_LEN], salt: &[u8; SALT_LEN], label: &[u8]) -> (LessSafeKey, Nonce) {
    let mut output = Zeroizing::new([0; KEY_LEN + NONCE_LEN]);
    hkdf_sha256(salt, key, label, &mut *output);
    let (key, nonce) = output.split_at(KEY_LEN);
    let key = UnboundKey::new(&AES_256_GCM, key).expect("AES-256-GCM takes a key of 32 bytes");
    let nonce = Nonce::try_assume_unique_for_key(nonce).expect("the nonce has NONCE_LEN bytes");
    (LessSafeKey::new(key), nonce)
}

/// Encrypts `text` in place; the returned tag goes behind it.
pub(crate) fn seal_in_place(
    key: &[u8; KEY_LEN],
    salt: &[u8; SALT_LEN],
    label: &[u8],
    associated: &[u8],
    text: &mut [u8],
) -> [u8; TAG_LEN] {
    let (key, nonce) = one_time_key(key, salt, label);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(associated), text)
        .expect("AES-GCM fails only beyond 64 GiB");
    let mut output = [0; TAG_LEN];
    output.copy_from_slice(tag.as_ref());
    output
}

/// Authenticates and decrypts `sealed` (ciphertext and tag) in place.
pub(crate) fn open_in_place<'bytes>(
    key: &[u8; KEY_LEN],
    salt: &[u8; SALT_LEN],
    label: &[u8],
    associated: &[u8],
    sealed: &'bytes mut [u8],
) -> Result<&'bytes [u8], NotAuthentic> {
    let (key, nonce) = one_time_key(key, salt, label);
    match key.open_in_place(nonce, Aad::from(associated), sealed) {
        Ok(text) => Ok(text),
        Err(_) => Err(NotAuthentic),
    }
}
