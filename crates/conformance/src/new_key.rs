//! Keys for clients that authenticate by `private_key_jwt`.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::jwt::install_provider;

/// Characters in a line of PEM (RFC 7468 §2).
const LINE: usize = 64;

/// A key that was just made, for ES256: the private part is for the description of a target, the public part for the
/// target.
///
/// ```
/// use countersign_conformance::NewKey;
///
/// let key = NewKey::generate();
/// assert!(key.pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
/// assert_eq!(key.jwk_set()["keys"][0]["alg"], "ES256");
/// ```
pub struct NewKey {
    pem: String,
    public: Jwk,
}

impl NewKey {
    /// Makes a key.
    ///
    /// # Panics
    ///
    /// If the system has no randomness.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "a second opinion, in a program of its own (RULES T4)"
    )]
    pub fn generate() -> Self {
        install_provider();
        let der = p256();
        let key = EncodingKey::from_ec_der(&der);
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256)
            .expect("a key that was just made has a public part");
        let thumbprint = public.thumbprint(ThumbprintHash::SHA256);
        public.common.key_id = Some(thumbprint.expect("a P-256 key has a thumbprint (RFC 7638)"));
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Self {
            pem: pem(&der),
            public,
        }
    }

    /// The private part in PEM (PKCS#8), for the file that `key` of `[clients.private_key]` names.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The public part as a JWK set (RFC 7517 §5), for the `jwks` of the client at the target. Its `kid` is the
    /// thumbprint of the key.
    #[must_use]
    pub fn jwk_set(&self) -> Value {
        json!({ "keys": [self.public] })
    }
}

/// The private part stays out of every log.
impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// A private key on P-256 that nobody has seen before, as PKCS#8 in DER.
pub(crate) fn p256() -> Vec<u8> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let pair = pair.expect("the system has randomness");
    let pkcs8 = pair
        .to_pkcs8v1()
        .expect("a key that was just made can be written down");
    pkcs8.as_ref().to_vec()
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    let base64 = STANDARD.encode(der);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(LINE.min(rest.len()));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + "-----END PRIVATE KEY-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_part_is_for_the_target() {
        let key = NewKey::generate();
        let set = key.jwk_set();
        let public = set["keys"][0].as_object().expect("it is a JWK");
        assert_eq!(public["kid"].as_str().map(str::len), Some(43));
        assert!(!public.contains_key("d"), "{set}");
        let secret: Vec<_> = key.pem().lines().skip(1).collect();
        let shown = format!("{set} {key:?}");
        assert!(secret.iter().all(|line| !shown.contains(line)), "{shown}");
        assert_ne!(key.pem(), NewKey::generate().pem());
    }
}
