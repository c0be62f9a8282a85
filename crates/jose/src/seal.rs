//! Sealing byte strings for storage (RULES S2, S4): AES-256-GCM, each under its own key.
//!
//! The result is: version (1 byte), salt (16 bytes), ciphertext with tag. The key of each comes out of
//! HKDF-SHA256(key, salt), so one key may seal without a bound that matters.

use countersign_core::{Random, Secret};
use thiserror::Error;

use crate::crypto::{SALT_LEN, TAG_LEN, open_in_place, seal_in_place};
use crate::framed::framed;

const VERSION: u8 = 1;

/// What keeps these keys apart from those of opaque tokens.
const LABEL: &[u8] = b"countersign/at rest/AES-256-GCM";

/// Why sealed bytes were not opened. One error, so that nobody learns by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not sealed under this key and context, or changed since")]
pub struct UnsealError;

fn associated_data(context: &[u8]) -> Vec<u8> {
    framed(&[&[VERSION], context])
}

/// Seals `plaintext`. `context` says what it is and where it belongs, and has to be the same for opening: a sealed
/// value that is moved to another place does not open there.
///
/// ```
/// # use countersign_core::{Random, Secret};
/// # struct Fixed;
/// # impl Random for Fixed {
/// #     fn fill(&self, buffer: &mut [u8]) {
/// #         buffer.fill(7);
/// #     }
/// # }
/// # let random = Fixed;
/// use countersign_jose::seal;
///
/// let master = Secret::new([1; 32]);
/// let sealed = seal::seal(&master, b"key:2027-01", b"private", &random);
/// assert_eq!(seal::open(&master, b"key:2027-01", &sealed)?.expose(), b"private");
/// assert!(seal::open(&master, b"key:2027-02", &sealed).is_err());
/// # Ok::<(), seal::UnsealError>(())
/// ```
#[must_use]
pub fn seal(
    key: &Secret<[u8; 32]>,
    context: &[u8],
    plaintext: &[u8],
    random: &dyn Random,
) -> Vec<u8> {
    let salt: [u8; SALT_LEN] = random.bytes();
    let mut sealed = Vec::with_capacity(1 + SALT_LEN + plaintext.len() + TAG_LEN);
    sealed.push(VERSION);
    sealed.extend(salt);
    let start = sealed.len();
    sealed.extend(plaintext);
    let associated = associated_data(context);
    let tag = seal_in_place(
        key.expose(),
        &salt,
        LABEL,
        &associated,
        &mut sealed[start..],
    );
    sealed.extend(tag);
    sealed
}

/// What [`seal()`] sealed under this key and context.
pub fn open(
    key: &Secret<[u8; 32]>,
    context: &[u8],
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>, UnsealError> {
    let (version, rest) = sealed.split_first().ok_or(UnsealError)?;
    if *version != VERSION {
        return Err(UnsealError);
    }
    let (salt, sealed) = rest.split_first_chunk::<SALT_LEN>().ok_or(UnsealError)?;
    let mut bytes = sealed.to_vec();
    let len = open_in_place(
        key.expose(),
        salt,
        LABEL,
        &associated_data(context),
        &mut bytes,
    )
    .map_err(|_| UnsealError)?
    .len();
    bytes.truncate(len);
    Ok(Secret::new(bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use proptest::prelude::*;

    use super::*;

    /// Different at every call.
    struct Counter(AtomicU64);

    impl Random for Counter {
        fn fill(&self, buffer: &mut [u8]) {
            let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            for (byte, count) in buffer.iter_mut().zip(count.iter().cycle()) {
                *byte = *count;
            }
        }
    }

    fn key(byte: u8) -> Secret<[u8; 32]> {
        Secret::new([byte; 32])
    }

    #[test]
    fn opens_only_under_the_same_key_and_context() {
        let random = Counter(AtomicU64::new(1));
        let sealed = seal(&key(1), b"here", b"text", &random);
        assert_eq!(open(&key(1), b"here", &sealed).unwrap().expose(), b"text");
        assert_eq!(open(&key(2), b"here", &sealed), Err(UnsealError));
        assert_eq!(open(&key(1), b"there", &sealed), Err(UnsealError));
        assert_eq!(open(&key(1), b"", &sealed), Err(UnsealError));
        assert_ne!(seal(&key(1), b"here", b"text", &random), sealed);
    }

    #[test]
    fn every_changed_byte_and_every_other_length_is_refused() {
        let sealed = seal(&key(1), b"here", b"text", &Counter(AtomicU64::new(1)));
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut other = sealed.clone();
                other[index] ^= 1 << bit;
                assert_eq!(
                    open(&key(1), b"here", &other),
                    Err(UnsealError),
                    "{index} {bit}"
                );
            }
            assert_eq!(
                open(&key(1), b"here", &sealed[..index]),
                Err(UnsealError),
                "{index}"
            );
        }
        assert_eq!(
            open(&key(1), b"here", &[&sealed[..], &[0]].concat()),
            Err(UnsealError)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(open(&key(1), b"", &bytes), Err(UnsealError));
        }

        #[test]
        fn any_text_survives(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let sealed = seal(&key(1), b"c", &text, &Counter(AtomicU64::new(1)));
            let opened = open(&key(1), b"c", &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &text);
        }
    }
}
