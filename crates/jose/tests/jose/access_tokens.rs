//! RFC 9068: what an access token says and when it is believed.

use countersign_core::{SigningAlgorithm, Timestamp};
use countersign_jose::access_token::{
    self, AccessTokenClaims, AccessTokenError, AccessTokenValidator, ClaimsError, ExpectedAudience,
    ReservedClaim, is_reserved_claim,
};
use countersign_jose::jws::{SignError, UnverifiedClaims, UnverifiedHeader};
use countersign_jose::opaque::{self, SealError, SealingKeys};
use serde_json::{Value, json};

use crate::fixtures::{
    API, Counting, ISSUER, KEY, KEYS, LEEWAY, NOW, claims, claims_json, keys, sealing_key,
    signing_key, token_with, validator,
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

/// Claims that the service knows of a user, as they go into a token.
fn further(claims: &Value) -> AccessTokenClaims {
    AccessTokenClaims {
        further: claims.as_object().expect("an object").clone(),
        ..crate::fixtures::claims()
    }
}

#[test]
fn rfc_9068_further_claims_stand_beside_the_others() {
    let about_user = json!({
        "roles": ["admin"], "groups": [], "entitlements": ["a"], "email": "ann@example.com",
        "email_verified": true, "https://example.com/own": {"nested": [1, {"deep": null}]}, "": 1.5,
    });
    let claims = further(&about_user);
    let token = access_token::sign(&KEY, &claims).unwrap();
    let seen = UnverifiedClaims::peek(&token).unwrap();
    let mut expected = claims_json();
    expected
        .as_object_mut()
        .unwrap()
        .extend(claims.further.clone());
    assert_eq!(Value::Object(seen.members().clone()), expected);
    assert_eq!(verify(&token), Ok(claims.clone()));

    let key = sealing_key("one", 1);
    let token = opaque::seal(&key, ISSUER, &claims, &Counting::default()).unwrap();
    let keys = SealingKeys::new([key]).unwrap();
    assert_eq!(opaque::open(&token, &keys, ISSUER, NOW, LEEWAY), Ok(claims));
}

#[test]
fn what_has_no_field_of_its_own_is_read_as_further() {
    // Reserved names too: what the issuer said is not lost, and is not said again by mistake.
    let members =
        json!({"example": {"nested": [1, {"deep": true}]}, "act": {"sub": "x"}, "SUB": "y"});
    let mut json = claims_json();
    for (name, value) in members.as_object().unwrap() {
        json[name] = value.clone();
    }
    let claims = further(&members);
    assert_eq!(verify(&token_with(&json)), Ok(claims.clone()));
    assert!(access_token::sign(&KEY, &claims).is_err());
}

#[test]
fn reserved_claims_are_never_minted_as_further() {
    let names = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "client_id",
        "scope",
        "scp",
        "azp",
        "nonce",
        "auth_time",
        "acr",
        "amr",
        "sid",
        "at_hash",
        "c_hash",
        "s_hash",
        "_claim_names",
        "_claim_sources",
        "cnf",
        "act",
        "may_act",
        "authorization_details",
        "sub_id",
        "events",
        "token_introspection",
        "active",
        "token_type",
        "token_use",
        "typ",
    ];
    let key = sealing_key("one", 1);
    for name in names {
        // As it is, and as parsers read it that ignore the case of members.
        let long_s = name.replace('s', "\u{17f}");
        let kelvin = name.replace('k', "\u{212a}");
        for spelling in [name, &name.to_uppercase(), &long_s, &kelvin] {
            let claims = further(&json!({ "roles": [], spelling: "x" }));
            assert!(is_reserved_claim(spelling), "{spelling}");
            let refused = access_token::sign(&KEY, &claims);
            let reserved = ReservedClaim(name);
            assert_eq!(refused, Err(SignError::Reserved(reserved)), "{spelling}");
            let refused = opaque::seal(&key, ISSUER, &claims, &Counting::default());
            assert_eq!(refused, Err(SealError::Reserved(reserved)), "{spelling}");
        }
    }
    for name in [
        "roles",
        "groups",
        "entitlements",
        "name",
        "given_name",
        "email",
        "email_verified",
        "locale",
        "phone_number",
        "address",
        "preferred_username",
        "permissions",
        "https://example.com/scope",
        "",
        "su",
        "subs",
        "sub ",
        "s\u{fc}b",
    ] {
        assert!(!is_reserved_claim(name), "{name}");
        let claims = further(&json!({ name: "x" }));
        assert!(access_token::sign(&KEY, &claims).is_ok(), "{name}");
    }
}

#[test]
fn no_further_claim_takes_the_place_of_one_with_a_field() {
    // Not in a token, which is refused, but wherever else claims are written as JSON.
    let members = json!({"iss": "x", "sub": "x", "aud": "x", "exp": 1, "iat": 1, "nbf": 1, "jti": "x",
        "client_id": "x", "scope": "x", "roles": ["x"]});
    let json = serde_json::to_string(&further(&members)).unwrap();
    let written = countersign_jose::json::parse_object(json.as_bytes()).expect("nothing twice");
    let mut expected = claims_json();
    expected["roles"] = json!(["x"]);
    assert_eq!(Value::Object(written), expected);
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

#[test]
fn what_is_checked_beforehand_can_be_made_and_nothing_longer() {
    let key = signing_key(SigningAlgorithm::Es256);
    let sealing = sealing_key("sealing", 7);
    let random = Counting::default();
    let (mut signable, mut sealable) = (0, 0);
    for length in (0..14_000).step_by(7) {
        let mut claims = claims();
        let text = Value::from("x".repeat(length));
        claims.further.insert("long".into(), text);
        let sealed = opaque::seal(&sealing, &claims.iss, &claims, &random);
        let checked = opaque::check_sealable(&sealing, &claims);
        assert_eq!(sealed.is_ok(), checked.is_ok(), "{length}");
        sealable += usize::from(checked.is_ok());
        if access_token::check_signable(&key, &claims).is_ok() {
            assert!(access_token::sign(&key, &claims).is_ok(), "{length}");
            signable += 1;
        }
    }
    assert!(sealable > 100 && signable > 1_000 && signable < 2_000);
    let mut reserved = claims();
    reserved.further.insert("sub".into(), "other".into());
    assert!(access_token::check_signable(&key, &reserved).is_err());
    assert!(opaque::check_sealable(&sealing, &reserved).is_err());
}
