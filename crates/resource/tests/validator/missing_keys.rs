//! Tokens whose key is not at hand: whose fault that is, and what is done about it.

use std::time::Duration;

use countersign_jose::access_token::{AccessTokenError, ClaimsError};
use countersign_jose::jws::JwsError;
use countersign_resource::KeysFailure;
use serde_json::json;

use crate::fixtures::{KEY, TestKey, clock, error, fetching, is_unavailable, jwks, long_lived};
use crate::host::{Answer, Host};

#[tokio::test]
async fn a_token_that_no_key_could_make_good_leads_to_no_fetch() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    validator.ready().await.unwrap();
    clock.advance(60);
    let rows: [(serde_json::Value, AccessTokenError); 2] = [
        (json!({"alg": "HS256"}), JwsError::AlgorithmMismatch.into()),
        (json!({"typ": "JWT"}), AccessTokenError::Type),
    ];
    let stranger = TestKey::new();
    for (changes, expected) in rows {
        let token = stranger.forge(&stranger.header_with(&changes), "{}");
        assert_eq!(error(validator.validate(&token).await), Some(expected));
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(host.requests().len(), 1);
}

#[tokio::test]
async fn a_new_key_while_its_host_is_down_is_nobodys_fault() {
    let new = TestKey::new();
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let (token, other) = (long_lived(&new), long_lived(&TestKey::new()));
    validator.validate(&long_lived(&KEY)).await.unwrap();
    // It is too early to ask, and the host has just said that there is no such key.
    let unknown = Some(JwsError::UnknownKey.into());
    assert_eq!(error(validator.validate(&token).await), unknown);
    host.answer("/jwks", Answer::status(500));
    clock.advance(60);
    // The attempt fails; then it is too early for another.
    for seconds in [0, 0, 29] {
        clock.advance(seconds);
        assert!(is_unavailable(&validator.validate(&token).await));
        validator.validate(&long_lived(&KEY)).await.unwrap();
        assert_eq!(host.count("/jwks"), 2);
    }
    // The host says again what there is.
    host.answer("/jwks", Answer::ok(jwks([&*KEY, &new])));
    clock.advance(1);
    validator.validate(&token).await.unwrap();
    assert_eq!(error(validator.validate(&other).await), unknown);
    assert_eq!(host.count("/jwks"), 3);
}

#[tokio::test]
async fn a_set_without_a_usable_key_is_no_readiness() {
    let mut private = KEY.jwk();
    private["d"] = json!("AAAA");
    for keys in [
        json!([]),
        json!([private]),
        json!([{"kty": "oct", "k": "AAAA"}]),
    ] {
        let host = Host::with_jwks(json!({ "keys": keys }).to_string()).await;
        let clock = clock();
        let validator = fetching(&host, &clock).build().unwrap();
        for _ in 0..2 {
            let error = validator.ready().await.unwrap_err();
            assert_eq!(error.reason, KeysFailure::NoUsableKey, "{keys}");
            assert_eq!(error.place, host.url("/jwks"));
        }
        // It has said so itself: whoever publishes no key has revoked them all.
        let refused = error(validator.validate(&long_lived(&KEY)).await);
        assert_eq!(refused, Some(JwsError::UnknownKey.into()), "{keys}");
        assert_eq!(host.requests().len(), 1);
        // Though that answer is fresh, it is asked again.
        host.answer("/jwks", Answer::ok(jwks([&*KEY])));
        clock.advance(30);
        validator.ready().await.unwrap();
        assert_eq!(host.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_token_that_ends_while_its_key_is_fetched_is_refused() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    host.hold();
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let waiting = tokio::spawn(async move { validator.validate(&KEY.token()).await });
    host.reached("/jwks", 1).await;
    clock.advance(610);
    host.release();
    let refused = error(waiting.await.unwrap());
    assert_eq!(refused, Some(ClaimsError::Expired.into()));
}
