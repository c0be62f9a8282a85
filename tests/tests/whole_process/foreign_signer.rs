//! JWTs of every algorithm that is advertised, by a library that is not ours.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use countersign_tests::jwt;
use serde_json::{Value, json};

/// A new public key for `algorithm`, as JWK, and what it has signed.
pub(crate) fn signed(algorithm: &str, claims: &Value) -> (Value, String) {
    let header = json!({ "alg": algorithm, "kid": "k1" }).to_string();
    let text = format!(
        "{}.{}",
        jwt::encode(header),
        jwt::encode(claims.to_string())
    );
    let (mut jwk, signature) = match algorithm {
        "ES256" => ecdsa("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING, &text),
        "ES384" => ecdsa("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING, &text),
        // RFC 9864 §2.2: two names of one algorithm.
        "EdDSA" | "Ed25519" => ed25519(&text),
        "RS256" => rsa(&RSA_PKCS1_SHA256, &text),
        "RS384" => rsa(&RSA_PKCS1_SHA384, &text),
        "RS512" => rsa(&RSA_PKCS1_SHA512, &text),
        "PS256" => rsa(&RSA_PSS_SHA256, &text),
        "PS384" => rsa(&RSA_PSS_SHA384, &text),
        "PS512" => rsa(&RSA_PSS_SHA512, &text),
        _ => unreachable!("{algorithm} is not known here"),
    };
    jwk["kid"] = "k1".into();
    jwk["alg"] = algorithm.into();
    (jwk, format!("{text}.{}", jwt::encode(signature)))
}

fn ecdsa(curve: &str, algorithm: &'static EcdsaSigningAlgorithm, text: &str) -> (Value, Vec<u8>) {
    let key = EcdsaKeyPair::generate(algorithm).expect("a key can be made");
    let point = &key.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({ "kty": "EC", "crv": curve, "x": jwt::encode(x), "y": jwt::encode(y) });
    let signature = key.sign(&SystemRandom::new(), text.as_bytes());
    (jwk, signature.expect("a key signs").as_ref().to_vec())
}

fn ed25519(text: &str) -> (Value, Vec<u8>) {
    let key = Ed25519KeyPair::generate().expect("a key can be made");
    let x = jwt::encode(key.public_key().as_ref());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    (jwk, key.sign(text.as_bytes()).as_ref().to_vec())
}

fn rsa(encoding: &'static dyn RsaEncoding, text: &str) -> (Value, Vec<u8>) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let public = key.public_key();
    let jwk = json!({
        "kty": "RSA",
        "n": jwt::encode(public.modulus().big_endian_without_leading_zero()),
        "e": jwt::encode(public.exponent().big_endian_without_leading_zero()),
    });
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        encoding,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .expect("a key signs");
    (jwk, signature)
}
