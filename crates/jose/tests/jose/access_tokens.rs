//! RFC 9068: what an access token says and when it is believed.

use countersign_core::{SigningAlgorithm, Timestamp};
use countersign_jose::access_token::{
    self, AccessTokenClaims, AccessTokenError, AccessTokenValidator, ClaimsError, ExpectedAudience,
};
use countersign_jose::jws::{SignError, UnverifiedClaims, UnverifiedHeader};
use serde_json::{Value, json};

use crate::fixtures::{
    API, ISSUER, KEY, KEYS, LEEWAY, NOW, claims, claims_json, keys, signing_key, token_with,
    validator,
};

fn verify(token: &str) -> Result<AccessTokenClaims, AccessTokenError> {
    validator().verify(token, &KEYS, NOW)
}

#[test]
fn what_was_signed_is_what_is_read() {
    for algorithm in SigningAlgorithm::ALL {
        let key = signing_key(algorithm);
        for claims in [
            claims(),
            AccessTokenClaims {
                nbf: None,
                scope: None,
                ..claims()
            },
            AccessTokenClaims {
                aud: vec!["urn:a".into(), API.into()],
                ..claims()
            },
            AccessTokenClaims {
                sub: "quote \" backslash \\ caf\u{e9} \u{1f600}".into(),
                ..claims()
            },
        ] {
            let token = access_token::sign(&key, &claims).unwrap();
            assert_eq!(
                validator().verify(&token, &keys([&key]), NOW),
                Ok(claims),
                "{algorithm}"
            );
        }
    }
}

#[test]
fn the_wire_form_is_that_of_rfc_9068() {
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let header = UnverifiedHeader::peek(&token).unwrap();
    let expected = json!({"alg": "ES256", "typ": "at+jwt", "kid": KEY.id()});
    assert_eq!(Value::Object(header.members().clone()), expected);
    let seen = UnverifiedClaims::peek(&token).unwrap();
    let expected = json!({
        "iss": ISSUER, "sub": "billing-worker", "aud": API, "exp": 1_800_000_600,
        "iat": 1_800_000_000, "nbf": 1_800_000_000,
        "jti": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM",
        "client_id": "billing-worker", "scope": "/accounts.read /accounts.write",
    });
    assert_eq!(Value::Object(seen.members().clone()), expected);

    // One audience is a string, several are an array; what is absent is left out.
    let several = AccessTokenClaims {
        aud: vec!["urn:a".into(), "urn:b".into()],
        nbf: None,
        scope: None,
        ..claims()
    };
    let seen = UnverifiedClaims::peek(&access_token::sign(&KEY, &several).unwrap()).unwrap();
    assert_eq!(seen.members()["aud"], json!(["urn:a", "urn:b"]));
    assert!(!seen.members().contains_key("nbf") && !seen.members().contains_key("scope"));
}

#[test]
fn times_are_judged_to_the_second() {
    let leeway = i64::from(LEEWAY);
    let cases = [
        (0, None),
        (599, None),
        (600 + leeway - 1, None),
        (600 + leeway, Some(ClaimsError::Expired)),
        (i64::MAX, Some(ClaimsError::Expired)),
        (-leeway, None),
        (-leeway - 1, Some(ClaimsError::NotYetValid)),
        (i64::MIN, Some(ClaimsError::NotYetValid)),
    ];
    let token = access_token::sign(&KEY, &claims()).unwrap();
    for (offset, expected) in cases {
        let result = validator().verify(&token, &KEYS, NOW.plus(offset));
        assert_eq!(
            result.err(),
            expected.map(AccessTokenError::Claims),
            "{offset}"
        );
    }
    // Without nbf, iat still bounds the past.
    let token = access_token::sign(
        &KEY,
        &AccessTokenClaims {
            nbf: None,
            ..claims()
        },
    )
    .unwrap();
    let early = validator().verify(&token, &KEYS, NOW.plus(-leeway - 1));
    assert_eq!(early, Err(ClaimsError::IssuedInTheFuture.into()));
    assert!(validator().verify(&token, &KEYS, NOW.plus(-leeway)).is_ok());
    // The extremes neither wrap nor panic.
    let always = AccessTokenValidator::new(ISSUER, ExpectedAudience::JudgedByIssuer, u32::MAX);
    assert!(
        always
            .verify(&token, &KEYS, Timestamp::from_seconds(i64::MIN))
            .is_err()
    );
    assert!(
        always
            .verify(&token, &KEYS, Timestamp::from_seconds(i64::MAX))
            .is_err()
    );
}

#[test]
fn issuer_and_audience_have_to_match_byte_for_byte() {
    let token = |aud: Value| {
        let mut claims = claims_json();
        claims["aud"] = aud;
        token_with(&claims)
    };
    let audience = |expected: &[&str]| {
        ExpectedAudience::OneOf(expected.iter().map(ToString::to_string).collect())
    };
    let cases = [
        (json!(API), audience(&[API]), true),
        (json!([API]), audience(&[API]), true),
        (json!(["urn:other", API]), audience(&["urn:x", API]), true),
        (json!("urn:other"), audience(&[API]), false),
        (json!(["urn:other"]), audience(&[API]), false),
        (json!("https://api.example/"), audience(&[API]), false),
        (json!("HTTPS://api.example"), audience(&[API]), false),
        (json!(API), audience(&[]), false),
        (json!("urn:other"), ExpectedAudience::JudgedByIssuer, true),
    ];
    for (aud, expected, accepted) in cases {
        let validator = AccessTokenValidator::new(ISSUER, expected.clone(), LEEWAY);
        let result = validator.verify(&token(aud.clone()), &KEYS, NOW);
        let error = (!accepted).then_some(AccessTokenError::Audience);
        assert_eq!(result.err(), error, "{aud} {expected:?}");
    }
    for issuer in ["https://issuer.example/", "https://ISSUER.example", ""] {
        let validator = AccessTokenValidator::new(issuer, audience(&[API]), LEEWAY);
        let result = validator.verify(&token(json!(API)), &KEYS, NOW);
        assert_eq!(result, Err(ClaimsError::Issuer.into()), "{issuer}");
    }
}

#[test]
fn cve_2024_49755_a_bound_token_is_not_taken_for_a_bearer_token() {
    for cnf in [
        json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        json!(null),
    ] {
        let mut claims = claims_json();
        claims["cnf"] = cnf;
        assert_eq!(
            verify(&token_with(&claims)),
            Err(ClaimsError::SenderConstrained.into())
        );
    }
}

#[test]
fn unknown_claims_are_ignored() {
    let mut claims_and_more = claims_json();
    claims_and_more["example"] = json!({"nested": [1, {"deep": true}]});
    assert_eq!(verify(&token_with(&claims_and_more)), Ok(claims()));
}

#[test]
fn a_token_that_nobody_would_take_is_not_minted() {
    let with_sub = |len| AccessTokenClaims {
        sub: "x".repeat(len),
        ..claims()
    };
    let token = access_token::sign(&KEY, &with_sub(11_000)).unwrap();
    assert!(verify(&token).is_ok());
    for len in [12_500, 16 * 1024, 1_000_000] {
        assert_eq!(
            access_token::sign(&KEY, &with_sub(len)),
            Err(SignError::TooLong),
            "{len}"
        );
    }
}
