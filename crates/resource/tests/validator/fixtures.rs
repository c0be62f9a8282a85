//! Keys, tokens and validators that the tests share. None of the keys protects anything.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{FixedClock, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::access_token::{self, AccessTokenClaims, AccessTokenError};
use countersign_jose::{SigningKey, jws};
use countersign_resource::{AccessToken, InvalidToken, Refusal, Validator, ValidatorBuilder};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Map, Value, json};

use crate::host::Host;

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const API: &str = "https://api.example";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// An RSA key of 2048 bits, made with OpenSSL for these tests only: `ring` cannot generate one.
pub(crate) const RSA_2048: &[u8] = include_bytes!("../fixtures/test-only-rsa-2048.pkcs8.der");

/// A key that can also sign what no library would.
pub(crate) struct TestKey {
    pub(crate) key: SigningKey,
    pkcs8: Secret<Vec<u8>>,
}

impl TestKey {
    /// A new ES256 key.
    pub(crate) fn new() -> Self {
        let (key, pkcs8) = SigningKey::generate(SigningAlgorithm::Es256).expect("a key");
        Self { key, pkcs8 }
    }

    pub(crate) fn kid(&self) -> &str {
        self.key.id().as_str()
    }

    pub(crate) fn jwk(&self) -> Value {
        serde_json::to_value(self.key.public_jwk()).expect("a JWK is JSON")
    }

    /// A good token.
    pub(crate) fn token(&self) -> String {
        self.token_of(&claims())
    }

    pub(crate) fn token_of(&self, claims: &AccessTokenClaims) -> String {
        access_token::sign(&self.key, claims).expect("signing")
    }

    /// A JWT access token with these claims, whatever they are.
    pub(crate) fn token_with(&self, claims: &Value) -> String {
        jws::sign(&self.key, Some("at+jwt"), claims.to_string().as_bytes()).expect("signing")
    }

    /// A token with this header and payload, whatever they are: what a careless issuer might sign.
    pub(crate) fn forge(&self, header: &str, payload: &str) -> String {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, self.pkcs8.expose(), &random).expect("a key");
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = pair.sign(&random, input.as_bytes()).expect("signing");
        format!("{input}.{}", encode(signature))
    }

    /// The header of a good token with these changes.
    pub(crate) fn header_with(&self, changes: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid()});
        changed(header, changes).to_string()
    }
}

/// The key that most tests sign with.
pub(crate) static KEY: LazyLock<TestKey> = LazyLock::new(TestKey::new);

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn changed(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}

pub(crate) fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ISSUER.into(),
        sub: "billing-worker".into(),
        aud: vec![API.into()],
        exp: NOW.plus(600),
        iat: NOW,
        nbf: Some(NOW),
        jti: "1".into(),
        client_id: "billing-worker".into(),
        scope: Some("accounts.read accounts.write".parse().expect("a scope")),
        further: Map::new(),
    }
}

/// [`claims`] as JSON, to be spoiled.
pub(crate) fn claims_json() -> Value {
    serde_json::to_value(claims()).expect("claims are JSON")
}

/// A token that lives for days, for tests in which keys get old.
pub(crate) fn long_lived(key: &TestKey) -> String {
    key.token_of(&AccessTokenClaims {
        exp: NOW.plus(1_000_000),
        ..claims()
    })
}

pub(crate) fn jwks<'key>(keys: impl IntoIterator<Item = &'key TestKey>) -> String {
    let keys: Vec<Value> = keys.into_iter().map(TestKey::jwk).collect();
    json!({ "keys": keys }).to_string()
}

pub(crate) fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(NOW))
}

/// A validator with [`KEY`] at hand.
pub(crate) fn validator() -> Validator {
    given(jwks([&*KEY])).build().expect("a validator")
}

/// A validator with the keys of this JWK set at hand.
pub(crate) fn given(jwks: impl Into<Vec<u8>>) -> ValidatorBuilder {
    Validator::from_jwks(ISSUER, jwks, API).clock(clock())
}

/// A validator with the keys that `host` has under `/jwks`.
pub(crate) fn fetching(host: &Host, clock: &Arc<FixedClock>) -> ValidatorBuilder {
    Validator::from_jwks_url(ISSUER, host.url("/jwks"), API).clock(clock.clone())
}

/// Why the validator with [`KEY`] at hand refuses `token`, if it does.
pub(crate) async fn refusal(token: &str) -> Option<AccessTokenError> {
    error(validator().validate(token).await)
}

/// What is wrong with the token.
pub(crate) fn error(judged: Result<AccessToken, Refusal>) -> Option<AccessTokenError> {
    match judged {
        Ok(_) => None,
        Err(Refusal::InvalidToken(InvalidToken::Jwt(error))) => Some(error),
        Err(other) => unreachable!("not a matter of the token: {other:?}"),
    }
}

/// `text` and as much white space as makes it `len` bytes.
pub(crate) fn padded(text: &str, len: usize) -> String {
    format!("{text}{}", " ".repeat(len - text.len()))
}

/// Waits until `token` is refused, as it is when a fetch that is under way has brought its news; says why.
pub(crate) async fn ended(validator: &Validator, token: &str) -> AccessTokenError {
    for _ in 0..5000 {
        if let Some(error) = error(validator.validate(token).await) {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    unreachable!("it never was refused")
}

pub(crate) fn is_unavailable(judged: &Result<AccessToken, Refusal>) -> bool {
    matches!(judged, Err(Refusal::Unavailable { .. }))
}
