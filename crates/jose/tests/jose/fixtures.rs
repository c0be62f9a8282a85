//! Keys, claims and randomness that the tests share. None of the keys protects anything.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{GrantId, KeyId, Random, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::access_token::{
    AccessTokenClaims, AccessTokenError, AccessTokenValidator, ExpectedAudience,
};
use countersign_jose::authorization_code::AuthorizationCodeKey;
use countersign_jose::classic;
use countersign_jose::client_assertion::{AssertionClaims, AssertionRules};
use countersign_jose::id_token::IdTokenClaims;
use countersign_jose::opaque::SealingKey;
use countersign_jose::refresh_token::{RefreshToken, RefreshTokenKey};
use countersign_jose::ticket::TicketKey;
use countersign_jose::{SigningKey, VerifyingKeys, base64url, jws};
use serde_json::{Map, Value, json};

/// An RSA key of 2048 bits, made with OpenSSL for these tests only: `ring` cannot generate one.
pub(crate) const RSA_2048: &[u8] = include_bytes!("../fixtures/test-only-rsa-2048.pkcs8.der");
pub(crate) const RSA_1024: &[u8] = include_bytes!("../fixtures/test-only-rsa-1024.pkcs8.der");
pub(crate) const EC_P256: &[u8] = include_bytes!("../fixtures/test-only-ec-p-256.pkcs8.der");
pub(crate) const EC_P384: &[u8] = include_bytes!("../fixtures/test-only-ec-p-384.pkcs8.der");
pub(crate) const EC_P521: &[u8] = include_bytes!("../fixtures/test-only-ec-p-521.pkcs8.der");
pub(crate) const ED25519: &[u8] = include_bytes!("../fixtures/test-only-ed25519.pkcs8.der");

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const API: &str = "https://api.example";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const LEEWAY: u32 = 5;

/// The PKCS#8 of the test key for `algorithm`.
pub(crate) fn pkcs8(algorithm: SigningAlgorithm) -> &'static [u8] {
    match algorithm {
        SigningAlgorithm::Es256 => EC_P256,
        SigningAlgorithm::Es384 => EC_P384,
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => RSA_2048,
        SigningAlgorithm::EdDsa => ED25519,
    }
}

pub(crate) fn signing_key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::from_pkcs8(algorithm, pkcs8(algorithm)).expect("the test key is well-formed")
}

/// The ES256 key that most tests sign with.
pub(crate) static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| signing_key(SigningAlgorithm::Es256));

/// The set with only [`KEY`].
pub(crate) static KEYS: LazyLock<VerifyingKeys> = LazyLock::new(|| keys([&*KEY]));

pub(crate) fn keys<'key>(keys: impl IntoIterator<Item = &'key SigningKey>) -> VerifyingKeys {
    let keys = keys.into_iter().map(SigningKey::verifying_key);
    VerifyingKeys::new(keys).expect("the test keys have distinct ids")
}

pub(crate) fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ISSUER.into(),
        sub: "billing-worker".into(),
        aud: vec![API.into()],
        exp: NOW.plus(600),
        iat: NOW,
        nbf: Some(NOW),
        jti: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM".into(),
        client_id: "billing-worker".into(),
        scope: Some("/accounts.read /accounts.write".parse().expect("a scope")),
        further: Map::new(),
    }
}

/// [`claims`] as JSON, to be spoiled.
pub(crate) fn claims_json() -> Value {
    serde_json::to_value(claims()).expect("claims are JSON")
}

/// An ID token with everything; the hashes are those of OpenID Connect Core appendix A.
pub(crate) fn id_claims() -> IdTokenClaims {
    let further = json!({"name": "Jane Doe", "email_verified": true});
    IdTokenClaims {
        iss: ISSUER.into(),
        sub: "248289761001".into(),
        aud: "web-app".into(),
        exp: NOW.plus(600),
        iat: NOW,
        auth_time: Some(NOW.plus(-30)),
        nonce: Some("n-0S6_WzA2Mj".into()),
        acr: Some("1".into()),
        amr: vec!["pwd".into()],
        azp: Some("web-app".into()),
        sid: Some("08a5019c".into()),
        at_hash: Some("77QmUPtjPfzWtF2AnpK9RQ".into()),
        c_hash: Some("LDktKdoQak3Pk0cnXxCltA".into()),
        further: further.as_object().expect("an object").clone(),
    }
}

/// What the client of these tests says of itself.
pub(crate) fn assertion_claims() -> AssertionClaims {
    AssertionClaims {
        client_id: "billing-worker".into(),
        issuer: ISSUER.into(),
        jti: "5a0c1f".into(),
        iat: NOW,
        lifetime_seconds: 60,
    }
}

/// By what [`assertion_claims`] are judged.
pub(crate) const RULES: AssertionRules<'_> = AssertionRules {
    client_id: "billing-worker",
    issuer: ISSUER,
    now: NOW,
    leeway_seconds: LEEWAY,
};

pub(crate) fn validator() -> AccessTokenValidator {
    AccessTokenValidator::new(ISSUER, ExpectedAudience::OneOf(vec![API.into()]), LEEWAY)
}

/// A token of [`KEY`] with this header and payload, whatever they are: what a careless issuer might sign.
pub(crate) fn forge(header: &Value, payload: &[u8]) -> String {
    forge_text(&header.to_string(), payload)
}

pub(crate) fn forge_text(header: &str, payload: &[u8]) -> String {
    // Only the backend can sign, so the signature comes from the foreign judge.
    let input = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(payload)
    );
    format!(
        "{input}.{}",
        crate::foreign::sign(SigningAlgorithm::Es256, &input)
    )
}

/// A JWT access token of [`KEY`] with these claims.
pub(crate) fn token_with(claims: &Value) -> String {
    jws::sign(&KEY, Some("at+jwt"), claims.to_string().as_bytes()).expect("signing")
}

pub(crate) fn sealing_key(id: &str, byte: u8) -> SealingKey {
    SealingKey::new(id.parse().expect("a key id"), Secret::new([byte; 32]))
}

/// Twelve bytes, 0 to 11.
pub(crate) const DRAWN_KEY_ID: &str = "AAECAwQFBgcICQoL";

fn drawn(id: &str, byte: u8) -> (KeyId, Secret<[u8; 32]>) {
    (id.parse().expect("a key id"), Secret::new([byte; 32]))
}

pub(crate) fn refresh_key(id: &str, byte: u8, issuer: &str) -> RefreshTokenKey {
    let (id, secret) = drawn(id, byte);
    RefreshTokenKey::new(id, secret, issuer).expect("an id of 16 characters")
}

pub(crate) fn code_key(id: &str, byte: u8, issuer: &str) -> AuthorizationCodeKey {
    let (id, secret) = drawn(id, byte);
    AuthorizationCodeKey::new(id, secret, issuer).expect("an id of 16 characters")
}

pub(crate) fn ticket_key(id: &str, byte: u8, issuer: &str) -> TicketKey {
    let (id, secret) = drawn(id, byte);
    TicketKey::new(id, secret, issuer).expect("an id of 16 characters")
}

pub(crate) fn classic_access_key(id: &str, byte: u8, issuer: &str) -> classic::AccessTokenKey {
    let (id, secret) = drawn(id, byte);
    classic::AccessTokenKey::new(id, secret, issuer)
}

pub(crate) fn classic_refresh_key(id: &str, byte: u8, issuer: &str) -> classic::RefreshTokenKey {
    let (id, secret) = drawn(id, byte);
    classic::RefreshTokenKey::new(id, secret, issuer)
}

/// A classic access token with everything.
pub(crate) fn classic_claims() -> classic::AccessTokenClaims {
    let further = json!({"email": "jane@example.com"});
    classic::AccessTokenClaims {
        cid: "billing-worker".into(),
        scope: "contacts.read contacts.write".parse().expect("a scope"),
        sub: Some("512ab9a4-c786-48a6-8ad6-94c53a8dc651".into()),
        aud: Some(API.into()),
        iss: Some(ISSUER.into()),
        exp: NOW.plus(3_600),
        nbf: NOW,
        iat: NOW,
        jti: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM".into(),
        further: further.as_object().expect("an object").clone(),
    }
}

/// A classic refresh token with everything.
pub(crate) fn classic_refresh_claims() -> classic::RefreshTokenClaims {
    classic::RefreshTokenClaims {
        client_id: "web-app".into(),
        access_token_id: classic_claims().jti,
        token: RefreshToken {
            grant: GrantId::from_bytes([0xa1; 16]),
            generation: 3,
            issued_at: NOW,
            nonce: [0xb2; 16],
        },
        scope: classic_claims().scope,
        user_id: classic_claims().sub,
        expire_time: NOW.plus(2_592_000),
    }
}

/// A compact JWS with this header and payload, whatever they are, and the foreign HS256 signature under `secret`.
pub(crate) fn forge_hs256(secret: &[u8], header: &str, payload: &str) -> String {
    let encode = |text: &str| base64url::encode(text.as_bytes());
    let input = format!("{}.{}", encode(header), encode(payload));
    format!("{input}.{}", crate::foreign::sign_hs256(secret, &input))
}

/// Different at every call, and the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, count) in buffer.iter_mut().zip(count.iter().cycle()) {
            *byte = *count;
        }
    }
}

pub(crate) fn header() -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": KEY.id()})
}

pub(crate) fn header_with(changes: &Value) -> Value {
    let mut header = header();
    for (name, value) in changes.as_object().expect("an object") {
        header[name] = value.clone();
    }
    header
}

pub(crate) fn payload() -> Vec<u8> {
    claims_json().to_string().into_bytes()
}

pub(crate) fn refusal(token: &str) -> Option<AccessTokenError> {
    validator().verify(token, &KEYS, NOW).err()
}
