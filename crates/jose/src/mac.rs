//! Message authentication under keys derived for one purpose and one issuer (RULES R6).

use countersign_core::Secret;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::crypto::{HmacHash, HmacKey, hkdf_sha256};
use crate::framed::{framed, length};

/// A key for HMAC-SHA256, from which keys for single purposes are derived.
///
/// ```
/// use countersign_core::Secret;
/// use countersign_jose::mac::MacKey;
///
/// let root = MacKey::new(Secret::new([7; 32]));
/// let pepper = root.derive("client-secrets", "https://issuer.example");
/// let tag = pepper.mac(&[b"billing-worker", b"the secret"]);
/// assert!(pepper.verify(&[b"billing-worker", b"the secret"], &tag));
/// assert!(!pepper.verify(&[b"billing-workerthe", b" secret"], &tag));
/// ```
#[derive(Clone)]
pub struct MacKey {
    secret: Secret<[u8; 32]>,
    ready: HmacKey,
}

impl MacKey {
    /// Takes a secret of 256 random bits.
    #[must_use]
    pub fn new(secret: Secret<[u8; 32]>) -> Self {
        let ready = HmacKey::new(HmacHash::Sha256, secret.expose());
        Self { secret, ready }
    }

    /// The key for this purpose at this issuer (HKDF-SHA256). It tells nothing about this key or its other children.
    #[must_use]
    pub fn derive(&self, purpose: &str, issuer: &str) -> Self {
        let info = framed(&[b"countersign/mac", purpose.as_bytes(), issuer.as_bytes()]);
        let mut derived = Zeroizing::new([0; 32]);
        hkdf_sha256(&[], self.secret.expose(), &info, &mut *derived);
        Self::new(Secret::new(*derived))
    }

    /// The tag of `parts`: lists that differ in where a part ends have different tags.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| length(part)).collect();
        let framed = lengths
            .iter()
            .zip(parts)
            .flat_map(|(length, part)| [&length[..], *part]);
        let mut tag = [0; 32];
        tag.copy_from_slice(self.ready.sign(framed).as_ref());
        tag
    }

    /// Whether `tag` is the whole tag of `parts`; constant time.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(parts).ct_eq(tag).into()
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> MacKey {
        MacKey::new(Secret::new([byte; 32]))
    }

    #[test]
    fn rule_r6_purposes_and_issuers_are_separate_derivations() {
        let root = key(1);
        let tags = [
            root.mac(&[b"x"]),
            root.derive("refresh", "https://a.example").mac(&[b"x"]),
            root.derive("refresh", "https://b.example").mac(&[b"x"]),
            root.derive("code", "https://a.example").mac(&[b"x"]),
            root.derive("refreshh", "ttps://a.example").mac(&[b"x"]),
            root.derive("", "").mac(&[b"x"]),
            key(2).derive("refresh", "https://a.example").mac(&[b"x"]),
        ];
        for (index, tag) in tags.iter().enumerate() {
            assert!(!tags[..index].contains(tag), "{index}");
        }
        assert_eq!(
            key(1).derive("a", "b").mac(&[b"x"]),
            root.derive("a", "b").mac(&[b"x"])
        );
    }

    #[test]
    fn only_the_whole_tag_is_accepted() {
        let key = key(1);
        let tag = key.mac(&[b"a"]);
        assert!(key.verify(&[b"a"], &tag));
        assert!(!key.verify(&[b"a"], &tag[..31]));
        assert!(!key.verify(&[b"a"], &[]));
        assert!(!key.verify(&[b"a"], &[&tag[..], &[0]].concat()));
        for index in 0..tag.len() {
            let mut other = tag;
            other[index] ^= 1;
            assert!(!key.verify(&[b"a"], &other));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", key(1)), "MacKey(..)");
    }

    proptest! {
        #[test]
        fn no_two_lists_of_parts_share_a_tag(
            one in proptest::collection::vec(proptest::collection::vec(0_u8..3, 0..4), 0..4),
            other in proptest::collection::vec(proptest::collection::vec(0_u8..3, 0..4), 0..4),
        ) {
            let tag = |parts: &[Vec<u8>]| {
                key(1).mac(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            prop_assert_eq!(tag(&one) == tag(&other), one == other);
        }
    }
}
