//! Tokens that were found good before: each rule holds for them as for the others.

use std::time::{Duration, Instant};

use countersign_jose::access_token::{self, AccessTokenClaims, AccessTokenError, ClaimsError};
use countersign_jose::jws::JwsError;
use countersign_jose::{SigningAlgorithm, SigningKey};
use countersign_resource::Validator;
use serde_json::json;

use crate::fixtures::{
    API, ISSUER, KEY, NOW, RSA_2048, TestKey, changed, claims, clock, ended, error, fetching,
    given, jwks, long_lived,
};
use crate::host::{Answer, Host};

/// The shortest of some rounds of judging `token`.
async fn shortest(validator: &Validator, token: &str) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..20 {
        let since = Instant::now();
        for _ in 0..20 {
            validator.validate(token).await.expect("a good token");
        }
        shortest = shortest.min(since.elapsed());
    }
    shortest
}

#[tokio::test]
async fn a_token_is_verified_once() {
    let plain = given(jwks([&*KEY])).build().unwrap();
    let keeping = given(jwks([&*KEY])).verified_tokens(10).build().unwrap();
    let token = KEY.token();
    let (once_each, once) = (
        shortest(&plain, &token).await,
        shortest(&keeping, &token).await,
    );
    // Optimised it is far more; the benchmarks say how much.
    assert!(once * 2 < once_each, "{once:?} {once_each:?}");
}

#[tokio::test]
async fn it_ends_with_its_time() {
    let clock = clock();
    let validator = given(jwks([&*KEY]))
        .verified_tokens(10)
        .clock(clock.clone());
    let validator = validator.build().unwrap();
    let token = KEY.token_of(&AccessTokenClaims {
        iat: NOW.plus(-5),
        nbf: Some(NOW.plus(-2)),
        ..claims()
    });
    validator.validate(&token).await.unwrap();
    let rows = [
        (609, None),
        (1, Some(ClaimsError::Expired)),
        (-610, None),
        // A clock that was set back, before what it is good from.
        (-12, None),
        (-1, Some(ClaimsError::NotYetValid)),
        (13, None),
    ];
    for (seconds, expected) in rows {
        clock.advance(seconds);
        let refused = error(validator.validate(&token).await);
        assert_eq!(refused, expected.map(Into::into), "{seconds}");
    }
}

#[tokio::test]
async fn e55_a_removed_or_replaced_key_ends_what_it_has_signed_at_once() {
    let (key, other) = (TestKey::new(), TestKey::new());
    // Another key under the same name.
    let impostor = changed(other.jwk(), &json!({ "kid": key.kid() }));
    let usurped = json!({ "keys": [impostor] }).to_string();
    let rows = [
        (jwks([&key]), None),
        (jwks([&key, &other]), None),
        (jwks([&other]), Some(JwsError::UnknownKey)),
        (jwks([]), Some(JwsError::UnknownKey)),
        (usurped, Some(JwsError::Signature)),
    ];
    for (set, expected) in rows {
        let host = Host::with_jwks(jwks([&key])).await;
        let clock = clock();
        let validator = fetching(&host, &clock).verified_tokens(10).build().unwrap();
        let token = long_lived(&key);
        for _ in 0..3 {
            validator.validate(&token).await.unwrap();
        }
        host.answer("/jwks", Answer::ok(&*set));
        clock.advance(300);
        // It is the fetch that tells; a token that is signed with nothing known leads to one.
        let header = key.header_with(&json!({"kid": "never"}));
        let stranger = key.forge(&header, "{}");
        assert!(error(validator.validate(&stranger).await).is_some());
        assert_eq!(host.count("/jwks"), 2);
        let refused = error(validator.validate(&token).await);
        assert_eq!(refused, expected.map(Into::into), "{set}");
    }
}

#[tokio::test]
async fn a_key_that_is_now_for_another_algorithm_ends_what_it_has_signed() {
    let rsa = |algorithm| SigningKey::from_pkcs8(algorithm, RSA_2048).unwrap();
    let (before, after) = (rsa(SigningAlgorithm::Rs256), rsa(SigningAlgorithm::Ps256));
    let set = |key: &SigningKey| json!({"keys": [key.public_jwk()]}).to_string();
    let host = Host::with_jwks(set(&before)).await;
    let clock = clock();
    let validator = fetching(&host, &clock).verified_tokens(10).build().unwrap();
    let token = access_token::sign(
        &before,
        &AccessTokenClaims {
            exp: NOW.plus(10_000),
            ..claims()
        },
    );
    let token = token.unwrap();
    validator.validate(&token).await.unwrap();
    host.answer("/jwks", Answer::ok(set(&after)));
    clock.advance(300);
    validator.validate(&token).await.unwrap();
    let refused = ended(&validator, &token).await;
    assert_eq!(refused, JwsError::AlgorithmMismatch.into());
}

#[tokio::test]
async fn e32_nothing_but_the_same_token_is_the_same_token() {
    let validator = given(jwks([&*KEY])).verified_tokens(10).build().unwrap();
    let token = KEY.token();
    validator.validate(&token).await.unwrap();
    // Every character, and every end.
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(validator.validate(&changed).await.is_err(), "{at}");
    }
    for changed in [
        format!("{token}A"),
        format!(" {token}"),
        token[..token.len() - 1].to_owned(),
        token.to_uppercase(),
    ] {
        assert!(validator.validate(&changed).await.is_err(), "{changed}");
    }
    validator.validate(&token).await.unwrap();
}

#[tokio::test]
async fn e32_another_validator_has_another_memory() {
    let mine = given(jwks([&*KEY])).verified_tokens(10).build().unwrap();
    let token = KEY.token();
    mine.validate(&token).await.unwrap();
    // A clone shares it.
    mine.clone().validate(&token).await.unwrap();
    let other_audience = Validator::from_jwks(ISSUER, jwks([&*KEY]), "https://other.example");
    let other_issuer = Validator::from_jwks("https://other.example", jwks([&*KEY]), API);
    for (builder, expected) in [
        (other_audience, AccessTokenError::Audience),
        (other_issuer, ClaimsError::Issuer.into()),
    ] {
        let validator = builder.clock(clock()).verified_tokens(10).build().unwrap();
        for _ in 0..2 {
            assert_eq!(error(validator.validate(&token).await), Some(expected));
        }
    }
}

#[tokio::test]
async fn scopes_are_judged_each_time() {
    let required = "accounts.delete".parse().unwrap();
    let validator = given(jwks([&*KEY]))
        .verified_tokens(10)
        .require_scope(required);
    let validator = validator.build().unwrap();
    for _ in 0..3 {
        let judged = validator.validate(&KEY.token()).await;
        assert_eq!(judged.unwrap_err().status(), 403);
    }
    let validator = given(jwks([&*KEY])).verified_tokens(10).build().unwrap();
    for _ in 0..3 {
        let token = validator.validate(&KEY.token()).await.unwrap();
        assert!(
            token
                .require_scope(&"accounts.read".parse().unwrap())
                .is_ok()
        );
        assert!(
            token
                .require_scope(&"accounts.delete".parse().unwrap())
                .is_err()
        );
    }
}

#[tokio::test]
async fn few_are_kept_and_all_are_judged() {
    let validator = given(jwks([&*KEY])).verified_tokens(3).build().unwrap();
    let tokens: Vec<String> = (0..50)
        .map(|index| {
            KEY.token_of(&AccessTokenClaims {
                jti: index.to_string(),
                ..claims()
            })
        })
        .collect();
    for _ in 0..2 {
        for (index, token) in tokens.iter().enumerate() {
            let token = validator.validate(token).await.unwrap();
            assert_eq!(token.id(), Some(&*index.to_string()));
        }
    }
}
