//! A key pair of somebody else than the service: of a client, or of an attacker.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_tests::jwt;
use serde_json::{Value, json};

/// A key pair for ES256.
pub(crate) struct OwnKey(EcdsaKeyPair);

impl OwnKey {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .expect("a key can be made");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref());
        Self(key.expect("it was made as PKCS #8"))
    }

    /// The key in a PEM file that another program has written.
    pub(crate) fn from_pem(pem: &str) -> Self {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>()).expect("base64");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self(key.expect("PKCS #8"))
    }

    /// The public half.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "x": jwt::encode(&point[1..33]), "y": jwt::encode(&point[33..]),
        })
    }

    /// The public half under a `kid`.
    pub(crate) fn jwk_named(&self, kid: &str) -> Value {
        let mut jwk = self.jwk();
        jwk["kid"] = kid.into();
        jwk
    }

    /// A JWT of this header and these claims, byte for byte.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", jwt::encode(header), jwt::encode(claims));
        let signature = self
            .0
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("a key signs");
        format!("{signed}.{}", jwt::encode(signature))
    }
}
