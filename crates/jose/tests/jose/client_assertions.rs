//! What clients prove themselves by: RFC 7523 §3, OpenID Connect Core §9. Attacks on it: `attacks_on_assertions`.

use countersign_core::{Secret, SigningAlgorithm, Timestamp};
use countersign_jose::access_token::ClaimsError;
use countersign_jose::client_assertion::{
    self, AssertionClaims, AssertionError, AssertionRules, MAX_JTI_LEN, MAX_LIFETIME,
    SignAssertionError, UnverifiedAssertion, VerifiedAssertion,
};
use countersign_jose::hmac_jws::HmacKeyError;
use countersign_jose::jws::{JwsError, SignError, UnverifiedClaims, UnverifiedHeader};
use countersign_jose::{Algorithm, VerifyingKey, VerifyingKeys};
use serde_json::{Value, json};

use crate::fixtures::{
    ISSUER, KEY, KEYS, LEEWAY, NOW, RULES, assertion_claims, forge, keys, signing_key,
};

pub(crate) fn secret() -> Secret<Vec<u8>> {
    Secret::new(vec![7; 32])
}

pub(crate) fn verify(token: &str) -> Result<VerifiedAssertion, AssertionError> {
    client_assertion::verify(token, &KEYS, &RULES)
}

pub(crate) fn header() -> Value {
    json!({"alg": "ES256", "typ": "client-authentication+jwt", "kid": KEY.id()})
}

/// The claims of [`assertion_claims`], to be spoiled.
pub(crate) fn claims_json() -> Value {
    json!({
        "iss": "billing-worker",
        "sub": "billing-worker",
        "aud": ISSUER,
        "jti": "5a0c1f",
        "iat": NOW,
        "exp": NOW.plus(60),
    })
}

/// [`claims_json`] with members replaced; `null` removes one.
pub(crate) fn claims_with(changes: &Value) -> Value {
    let mut claims = claims_json();
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// An assertion of [`KEY`] with these claims.
pub(crate) fn token_with(claims: &Value) -> String {
    forge(&header(), claims.to_string().as_bytes())
}

#[test]
fn what_a_client_signs_proves_who_it_is() {
    for algorithm in SigningAlgorithm::ALL {
        let key = signing_key(algorithm);
        let token = client_assertion::sign(&key, &assertion_claims()).unwrap();
        let read = client_assertion::verify(&token, &keys([&key]), &RULES).unwrap();
        assert_eq!(read.client_id(), "billing-worker", "{algorithm}");
        assert_eq!((read.jti(), read.exp()), ("5a0c1f", NOW.plus(60)));
        let unverified = UnverifiedAssertion::peek(&token).unwrap();
        assert_eq!(unverified.client_id(), "billing-worker");
        assert_eq!(unverified.kid(), Some(key.id().as_str()));
        assert_eq!(
            unverified.algorithm(),
            key.verifying_key().algorithm(),
            "{algorithm}"
        );
    }
    let token = client_assertion::sign_hs256(&secret(), &assertion_claims()).unwrap();
    let read = client_assertion::verify_hs256(&token, &secret(), &RULES).unwrap();
    assert_eq!((read.client_id(), read.jti()), ("billing-worker", "5a0c1f"));
    let unverified = UnverifiedAssertion::peek(&token).unwrap();
    assert_eq!(unverified.algorithm(), Algorithm::HS256);
    assert_eq!(unverified.kid(), None);
}

#[test]
fn what_is_signed_is_what_the_standards_name() {
    let signed = client_assertion::sign(&KEY, &assertion_claims()).unwrap();
    let named = client_assertion::sign_as(&KEY, "of the service", &assertion_claims()).unwrap();
    let hs256 = client_assertion::sign_hs256(&secret(), &assertion_claims()).unwrap();
    for (token, expected) in [
        (&signed, header()),
        (
            &named,
            json!({"alg": "ES256", "typ": "client-authentication+jwt", "kid": "of the service"}),
        ),
        (
            &hs256,
            json!({"alg": "HS256", "typ": "client-authentication+jwt"}),
        ),
    ] {
        let read = UnverifiedHeader::peek(token).unwrap();
        assert_eq!(Value::Object(read.members().clone()), expected);
        let read = UnverifiedClaims::peek(token).unwrap();
        assert_eq!(Value::Object(read.members().clone()), claims_json());
    }
}

#[test]
fn what_nobody_would_take_is_not_signed() {
    let with = |jti: String, lifetime_seconds| AssertionClaims {
        jti,
        lifetime_seconds,
        ..assertion_claims()
    };
    for (claims, expected) in [
        (with("a".into(), 1), None),
        (with("a".repeat(MAX_JTI_LEN), MAX_LIFETIME), None),
        (with("a".into(), 0), Some(SignAssertionError::Lifetime)),
        (
            with("a".into(), MAX_LIFETIME + 1),
            Some(SignAssertionError::Lifetime),
        ),
        (with(String::new(), 60), Some(SignAssertionError::Jti)),
        (
            with("a".repeat(MAX_JTI_LEN + 1), 60),
            Some(SignAssertionError::Jti),
        ),
        (
            AssertionClaims {
                client_id: "a".repeat(16_384),
                ..assertion_claims()
            },
            Some(SignError::TooLong.into()),
        ),
    ] {
        let signed = client_assertion::sign(&KEY, &claims);
        let hs256 = client_assertion::sign_hs256(&secret(), &claims);
        assert_eq!(signed.as_ref().err().copied(), expected, "{claims:?}");
        assert_eq!(hs256.as_ref().err().copied(), expected, "{claims:?}");
        if let (Ok(signed), Ok(hs256)) = (signed, hs256) {
            assert!(verify(&signed).is_ok());
            assert!(client_assertion::verify_hs256(&hs256, &secret(), &RULES).is_ok());
        }
    }
    let short = Secret::new(vec![7; 31]);
    let refused = client_assertion::sign_hs256(&short, &assertion_claims());
    assert_eq!(refused, Err(HmacKeyError::TooShort.into()));
}

/// OpenID Connect Core §10.1: "If there are multiple keys ... a kid value MUST be provided".
#[test]
fn oidc_core_10_1_without_kid_the_only_key_is_meant() {
    let other = signing_key(SigningAlgorithm::EdDsa);
    let payload = claims_json().to_string().into_bytes();
    let unnamed = forge(&json!({"alg": "ES256"}), &payload);
    let misnamed = forge(&json!({"alg": "ES256", "kid": "other"}), &payload);
    let unknown = Some(JwsError::UnknownKey.into());
    let missing = Some(JwsError::KeyIdMissing.into());
    let (two, none) = (keys([&*KEY, &other]), VerifyingKeys::default());
    let cases = [
        (&unnamed, &*KEYS, None),
        (&unnamed, &two, missing),
        (&unnamed, &none, missing),
        (&misnamed, &*KEYS, unknown),
        (&misnamed, &two, unknown),
        (
            &unnamed,
            &keys([&other]),
            Some(JwsError::AlgorithmMismatch.into()),
        ),
    ];
    for (index, (token, keys, expected)) in cases.into_iter().enumerate() {
        let refusal = client_assertion::verify(token, keys, &RULES).err();
        assert_eq!(refusal, expected, "{index}");
    }
    // A secret has no kid, and whatever an assertion says, it chooses nothing.
    for kid in [None, Some("other"), Some("../../dev/null")] {
        let mut header = json!({"alg": "HS256"});
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        let token = crate::fixtures::forge_hs256(
            secret().expose(),
            &header.to_string(),
            &claims_json().to_string(),
        );
        let read = client_assertion::verify_hs256(&token, &secret(), &RULES);
        assert!(read.is_ok(), "{kid:?}");
    }
}

#[test]
fn rule_n3_an_assertion_lives_for_minutes() {
    let (leeway, lifetime) = (i64::from(LEEWAY), i64::from(MAX_LIFETIME));
    let at = |offset: i64| json!(NOW.plus(offset));
    let cases = [
        // exp, iat, nbf
        (at(60), Value::Null, Value::Null, None),
        (at(1 - leeway), Value::Null, Value::Null, None),
        (
            at(-leeway),
            Value::Null,
            Value::Null,
            Some(AssertionError::Expired),
        ),
        (
            json!(0),
            Value::Null,
            Value::Null,
            Some(AssertionError::Expired),
        ),
        (at(lifetime + leeway), Value::Null, Value::Null, None),
        (
            at(lifetime + leeway + 1),
            Value::Null,
            Value::Null,
            Some(AssertionError::TooLongLived),
        ),
        (
            json!(253_402_300_799_i64),
            Value::Null,
            Value::Null,
            Some(AssertionError::TooLongLived),
        ),
        (at(lifetime), at(0), Value::Null, None),
        (
            at(lifetime),
            at(-1),
            Value::Null,
            Some(AssertionError::TooLongLived),
        ),
        (at(1), at(1 - lifetime), Value::Null, None),
        (
            at(1),
            at(-lifetime),
            Value::Null,
            Some(AssertionError::TooLongLived),
        ),
        (
            at(1),
            json!(0),
            Value::Null,
            Some(AssertionError::TooLongLived),
        ),
        (at(60), at(leeway), Value::Null, None),
        (
            at(60),
            at(leeway + 1),
            Value::Null,
            Some(AssertionError::IssuedInTheFuture),
        ),
        (at(60), Value::Null, at(leeway), None),
        (at(60), Value::Null, json!(0), None),
        (
            at(60),
            Value::Null,
            at(leeway + 1),
            Some(AssertionError::NotYetValid),
        ),
    ];
    for (exp, iat, nbf, expected) in cases {
        let changes = json!({"exp": exp, "iat": iat, "nbf": nbf});
        let refusal = verify(&token_with(&claims_with(&changes))).err();
        assert_eq!(refusal, expected, "{changes}");
    }
    // At the ends of time nothing overflows.
    let token = client_assertion::sign(&KEY, &assertion_claims()).unwrap();
    for (now, expected) in [
        (i64::MIN, AssertionError::TooLongLived),
        (i64::MAX, AssertionError::Expired),
    ] {
        let rules = AssertionRules {
            now: Timestamp::from_seconds(now),
            leeway_seconds: u32::MAX,
            ..RULES
        };
        let refused = client_assertion::verify(&token, &KEYS, &rules);
        assert_eq!(refused.unwrap_err(), expected, "{now}");
    }
}

#[test]
fn rule_s2_only_the_secret_of_the_client_verifies() {
    let token = client_assertion::sign_hs256(&secret(), &assertion_claims()).unwrap();
    for (secret, expected) in [
        (vec![8; 32], JwsError::Signature.into()),
        (vec![7; 33], JwsError::Signature.into()),
        (vec![7; 31], HmacKeyError::TooShort.into()),
        (vec![], AssertionError::from(HmacKeyError::TooShort)),
    ] {
        let secret = Secret::new(secret);
        let refused = client_assertion::verify_hs256(&token, &secret, &RULES);
        assert_eq!(refused, Err(expected), "{}", secret.expose().len());
    }
}

/// Clients register keys without `kid`, and RSA keys without `alg`.
#[test]
fn a_registered_set_verifies_what_its_client_signs() {
    let key = signing_key(SigningAlgorithm::Rs256);
    let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
    for member in ["alg", "kid", "use"] {
        jwk.as_object_mut().unwrap().remove(member);
    }
    let set = json!({"keys": [jwk]}).to_string();
    let (keys, refused) = VerifyingKeys::from_json(set.as_bytes(), Some(Algorithm::RS256)).unwrap();
    assert!(refused.is_empty());
    assert_eq!(keys.only().map(VerifyingKey::kid), Some(key.id().as_str()));
    let token = client_assertion::sign(&key, &assertion_claims()).unwrap();
    assert!(client_assertion::verify(&token, &keys, &RULES).is_ok());
}

/// What goes to the client says what to mend, and nothing of what was sent.
#[test]
fn refusals_name_what_to_mend() {
    let texts = [
        (
            AssertionError::Type,
            "typ must be client-authentication+jwt, JWT or left out",
        ),
        (
            AssertionError::NotSelfIssued,
            "iss and sub must be the same: the client_id",
        ),
        (
            AssertionError::Audience,
            "aud must be the issuer, as one string; the URL of an endpoint is refused",
        ),
        (
            AssertionError::TooLongLived,
            "exp must be at most 600 seconds after the assertion was made",
        ),
        (AssertionError::Jti, "jti must have 1 to 512 bytes"),
        (
            ClaimsError::Missing("exp").into(),
            "the claim \"exp\" is missing",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn rfc9864_2_2_ed25519_is_another_name_of_eddsa() {
    let key = signing_key(SigningAlgorithm::EdDsa);
    let mut jwk = serde_json::to_value(key.public_jwk()).expect("a JWK is JSON");
    let assertion = client_assertion::sign(&key, &assertion_claims()).expect("signing");
    for name in ["EdDSA", "Ed25519"] {
        jwk["alg"] = name.into();
        let set = json!({"keys": [jwk]}).to_string();
        let (keys, refused) = VerifyingKeys::from_json(set.as_bytes(), None).expect("a set");
        assert!(refused.is_empty(), "{name}: {refused:?}");
        assert!(
            client_assertion::verify(&assertion, &keys, &RULES).is_ok(),
            "{name}"
        );
    }
    jwk["alg"] = "Ed448".into();
    let set = json!({"keys": [jwk]}).to_string();
    let (keys, _) = VerifyingKeys::from_json(set.as_bytes(), None).expect("a set");
    assert!(keys.is_empty());
}
