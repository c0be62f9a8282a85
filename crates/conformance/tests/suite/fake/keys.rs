//! The keys of the fake server, made once for all tests.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value, json};

/// A key that signs, and what is published of it.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pub(crate) algorithm: Algorithm,
    signing: EncodingKey,
    pub(crate) published: Value,
}

pub(crate) static ES256: LazyLock<Key> = LazyLock::new(|| ec("es256-1"));
/// Not published; of the same kid as the one above.
pub(crate) static ANOTHER: LazyLock<Key> = LazyLock::new(|| ec("es256-1"));
pub(crate) static RS256: LazyLock<Key> = LazyLock::new(|| {
    // Making one takes long.
    let pem = include_bytes!("test-only-rsa-2048.pem");
    key(
        "rs256-1",
        Algorithm::RS256,
        EncodingKey::from_rsa_pem(pem).unwrap(),
    )
});

/// Where the key of the clients that have one lies.
pub(crate) const CLIENT_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/suite/fake/test-only-es256.pem"
);
pub(crate) static CLIENT: LazyLock<Key> = LazyLock::new(|| {
    let pem = include_bytes!("test-only-es256.pem");
    key(
        "client-1",
        Algorithm::ES256,
        EncodingKey::from_ec_pem(pem).unwrap(),
    )
});

fn ec(kid: &'static str) -> Key {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    key(
        kid,
        Algorithm::ES256,
        EncodingKey::from_ec_der(pkcs8.as_ref()),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test of a test program (RULES T4)"
)]
fn key(kid: &'static str, algorithm: Algorithm, signing: EncodingKey) -> Key {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let jwk = Jwk::from_encoding_key(&signing, algorithm).unwrap();
    let mut published = serde_json::to_value(jwk).unwrap();
    published["kid"] = kid.into();
    published["use"] = "sig".into();
    published["alg"] = json!(algorithm);
    Key {
        kid,
        algorithm,
        signing,
        published,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test of a test program (RULES T4)"
)]
pub(crate) fn sign(key: &Key, typ: &str, kid: &str, claims: &Map<String, Value>) -> String {
    let mut header = Header::new(key.algorithm);
    header.typ = Some(typ.to_owned());
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, &key.signing).unwrap()
}

/// The claims under the secret of a client (OpenID Connect Core §10.1).
#[expect(
    clippy::disallowed_methods,
    reason = "a test of a test program (RULES T4)"
)]
pub(crate) fn sign_with_secret(secret: &str, claims: &Map<String, Value>) -> String {
    let header = Header::new(Algorithm::HS256);
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// The claims of a token that one of our keys signed, whatever its expiry.
pub(crate) fn verify(token: &str) -> Option<Map<String, Value>> {
    [&*ES256, &*ANOTHER, &*RS256]
        .into_iter()
        .find_map(|key| verify_with(&key.published, key.algorithm, token))
}

/// The claims of a token that this public key verifies, whatever its expiry.
pub(crate) fn verify_with(
    published: &Value,
    algorithm: Algorithm,
    token: &str,
) -> Option<Map<String, Value>> {
    let jwk: Jwk = serde_json::from_value(published.clone()).ok()?;
    decode(token, &DecodingKey::from_jwk(&jwk).ok()?, algorithm)
}

/// The claims of a token that was signed with the secret of a client, whatever its expiry.
pub(crate) fn verify_with_secret(secret: &str, token: &str) -> Option<Map<String, Value>> {
    let key = DecodingKey::from_secret(secret.as_bytes());
    decode(token, &key, Algorithm::HS256)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test of a test program (RULES T4)"
)]
fn decode(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    validation.validate_exp = false;
    let token = jsonwebtoken::decode(token, key, &validation).ok()?;
    Some(token.claims)
}

/// The claims of whatever looks like a JWT.
pub(crate) fn unverified(token: &str) -> Option<Map<String, Value>> {
    part(token, 1)
}

/// The header of whatever looks like a JWT.
pub(crate) fn header(token: &str) -> Option<Map<String, Value>> {
    part(token, 0)
}

fn part(token: &str, number: usize) -> Option<Map<String, Value>> {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(number)?).ok()?;
    serde_json::from_slice(&part).ok()
}

/// SHA-256 in base64url.
pub(crate) fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// The left half of SHA-256 in base64url (OpenID Connect Core §3.1.3.6).
pub(crate) fn half_hash(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

/// Bytes that nobody can foresee, in base64url.
pub(crate) fn random(characters: usize) -> String {
    let mut bytes = vec![0; characters];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    text.truncate(characters);
    text
}
