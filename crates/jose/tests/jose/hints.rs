//! ID tokens that come back as a hint: OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2.

use countersign_core::{Secret, SigningAlgorithm, Timestamp};
use countersign_jose::access_token::ClaimsError;
use countersign_jose::hmac_jws::HmacKeyError;
use countersign_jose::id_token::{self, HintClaims, HintError, IdTokenClaims};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{self, JwsError};
use countersign_jose::{VerifyingKeys, base64url};
use serde_json::{Value, json};

use crate::fixtures::{ISSUER, KEY, KEYS, LEEWAY, NOW, forge, id_claims, keys, signing_key};

fn secret() -> Secret<Vec<u8>> {
    Secret::new(vec![7; 32])
}

fn read(token: &str) -> Result<HintClaims, HintError> {
    id_token::read_hint(token, &KEYS, ISSUER, NOW, LEEWAY)
}

fn read_hs256(token: &str) -> Result<HintClaims, HintError> {
    id_token::read_hint_hs256(token, &secret(), ISSUER, NOW, LEEWAY)
}

/// The claims of [`id_claims`], to be spoiled.
fn claims_json() -> Value {
    let token = id_token::sign(&KEY, &id_claims()).expect("signing");
    let claims = jws::UnverifiedClaims::peek(&token).expect("claims");
    Value::Object(claims.members().clone())
}

fn token_with(claims: &Value) -> String {
    jws::sign(&KEY, Some("JWT"), claims.to_string().as_bytes()).expect("signing")
}

/// [`claims_json`] with one claim changed, or without it.
fn spoiled(claim: &str, value: Option<Value>) -> String {
    let mut claims = claims_json();
    let members = claims.as_object_mut().expect("an object");
    match value {
        Some(value) => members.insert(claim.into(), value),
        None => members.remove(claim),
    };
    token_with(&claims)
}

fn hint() -> HintClaims {
    HintClaims {
        sub: "248289761001".into(),
        aud: vec!["web-app".into()],
        azp: Some("web-app".into()),
        iat: NOW,
        exp: NOW.plus(600),
        sid: Some("08a5019c".into()),
    }
}

#[test]
fn what_was_signed_is_a_hint_however_old() {
    let latest = Timestamp::from_seconds(i64::MAX);
    for now in [
        NOW.plus(-5),
        NOW,
        NOW.plus(600),
        NOW.plus(1_000_000_000),
        latest,
    ] {
        for algorithm in SigningAlgorithm::ALL {
            let key = signing_key(algorithm);
            let token = id_token::sign(&key, &id_claims()).unwrap();
            let read = id_token::read_hint(&token, &keys([&key]), ISSUER, now, LEEWAY);
            assert_eq!(read, Ok(hint()), "{algorithm} {now}");
        }
        let token = id_token::sign_hs256(&secret(), &id_claims()).unwrap();
        let read = id_token::read_hint_hs256(&token, &secret(), ISSUER, now, LEEWAY);
        assert_eq!(read, Ok(hint()), "{now}");
    }
    let without = IdTokenClaims {
        azp: None,
        sid: None,
        ..id_claims()
    };
    let expected = HintClaims {
        azp: None,
        sid: None,
        ..hint()
    };
    let token = id_token::sign(&KEY, &without).unwrap();
    assert_eq!(read(&token), Ok(expected));
}

#[test]
fn oidc_rplogout_02_signature_and_issuer_are_judged() {
    use HintError::Jws;
    let token = id_token::sign(&KEY, &id_claims()).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let unsigned = forge(&json!({"alg": "none", "typ": "JWT"}), b"{}");
    let foreign = id_token::sign(&signing_key(SigningAlgorithm::EdDsa), &id_claims()).unwrap();
    let without_kid = forge(
        &json!({"alg": "ES256", "typ": "JWT"}),
        claims_json().to_string().as_bytes(),
    );
    for (token, expected) in [
        (format!("{input}."), JwsError::Signature),
        (format!("{input}A.{signature}"), JwsError::Signature),
        (format!("{token}="), JwsError::Encoding),
        (unsigned, JwsError::UnsupportedAlgorithm),
        (foreign, JwsError::UnknownKey),
        (without_kid, JwsError::KeyIdMissing),
        (String::new(), JwsError::NotCompact),
        ("A".repeat(20_000), JwsError::TooLong),
    ] {
        assert_eq!(read(&token), Err(Jws(expected)), "{token}");
    }
    // A key that is gone verifies nothing.
    let gone = id_token::read_hint(&token, &VerifyingKeys::default(), ISSUER, NOW, LEEWAY);
    assert_eq!(gone, Err(Jws(JwsError::UnknownKey)));
    for issuer in ["https://issuer.example/", "https://ISSUER.example", ""] {
        let refused = id_token::read_hint(&token, &KEYS, issuer, NOW, LEEWAY);
        assert_eq!(refused, Err(ClaimsError::Issuer.into()), "{issuer}");
    }
}

/// CVE-2015-9235: neither way of signing stands in for the other.
#[test]
fn cve_2015_9235_a_public_key_is_no_client_secret() {
    let signed = id_token::sign(&KEY, &id_claims()).unwrap();
    let mismatch = HintError::Jws(JwsError::AlgorithmMismatch);
    assert_eq!(read_hs256(&signed), Err(mismatch));
    let hs256 = id_token::sign_hs256(&secret(), &id_claims()).unwrap();
    assert_eq!(read(&hs256), Err(JwsError::KeyIdMissing.into()));
    // Signed with what everybody knows, under the id of the public key.
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": KEY.id()});
    let input = format!(
        "{}.{}",
        base64url::encode(header.to_string().as_bytes()),
        base64url::encode(claims_json().to_string().as_bytes())
    );
    let pem = KEY.public_pem().into_bytes();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &pem);
    let tag = ring::hmac::sign(&key, input.as_bytes());
    let forged = format!("{input}.{}", base64url::encode(tag.as_ref()));
    assert_eq!(read(&forged), Err(mismatch));
    assert_eq!(read_hs256(&forged), Err(JwsError::Signature.into()));
}

#[test]
fn rule_s2_only_the_secret_of_the_client_verifies() {
    let token = id_token::sign_hs256(&secret(), &id_claims()).unwrap();
    for (secret, expected) in [
        (vec![8; 32], HintError::Jws(JwsError::Signature)),
        (vec![7; 33], HintError::Jws(JwsError::Signature)),
        (vec![7; 31], HintError::Secret(HmacKeyError::TooShort)),
        (vec![], HintError::Secret(HmacKeyError::TooShort)),
    ] {
        let secret = Secret::new(secret);
        let refused = id_token::read_hint_hs256(&token, &secret, ISSUER, NOW, LEEWAY);
        assert_eq!(refused, Err(expected), "{}", secret.expose().len());
    }
}

#[test]
fn e67_other_kinds_of_jwt_are_no_hint() {
    let claims = claims_json().to_string();
    for (typ, accepted) in [
        (None, true),
        (Some("JWT"), true),
        (Some("jwt"), true),
        (Some("application/jwt"), true),
        (Some("at+jwt"), false),
        (Some("AT+JWT"), false),
        (Some("application/at+jwt"), false),
        (Some("logout+jwt"), false),
        (Some("dpop+jwt"), false),
        (Some("client-authentication+jwt"), false),
        (Some("token-introspection+jwt"), false),
        (Some("oauth-authz-req+jwt"), false),
        (Some("secevent+jwt"), false),
        (Some("JWT "), false),
        (Some(""), false),
    ] {
        let token = jws::sign(&KEY, typ, claims.as_bytes()).unwrap();
        let expected = (!accepted).then_some(HintError::Type);
        assert_eq!(read(&token).err(), expected, "{typ:?}");
    }
    // Logout tokens without a `typ` of their own: OpenID Connect Back-Channel Logout §2.4.
    let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    for value in [event, json!({}), json!(null)] {
        let token = spoiled("events", Some(value.clone()));
        assert_eq!(read(&token), Err(HintError::Type), "{value}");
    }
}

#[test]
fn rule_t2_claims_have_their_types() {
    let no_text = [
        json!(null),
        json!(1),
        json!(["a"]),
        json!({"a": "b"}),
        json!(true),
    ];
    let no_time = [
        json!("1800000000"),
        json!(1_800_000_000.5),
        json!(null),
        json!(-1),
        json!(i64::MAX),
        json!([1]),
    ];
    let no_audience = [
        json!(null),
        json!(1),
        json!([]),
        json!(["a", null]),
        json!({}),
    ];
    let no_texts = [json!("pwd"), json!(null), json!(["pwd", 1]), json!({})];
    for (claims, values) in [
        (
            &[
                "iss", "sub", "azp", "sid", "nonce", "acr", "at_hash", "c_hash",
            ][..],
            &no_text[..],
        ),
        (&["exp", "iat", "auth_time"], &no_time),
        (&["aud"], &no_audience),
        (&["amr"], &no_texts),
    ] {
        for claim in claims {
            for value in values {
                let refused = read(&spoiled(claim, Some(value.clone())));
                let expected = ClaimsError::Malformed(claim);
                assert_eq!(refused, Err(expected.into()), "{claim} {value}");
            }
        }
    }
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        let refused = read(&spoiled(claim, None));
        assert_eq!(refused, Err(ClaimsError::Missing(claim).into()), "{claim}");
    }
    let several = read(&spoiled("aud", Some(json!(["web-app", "other"]))));
    assert_eq!(several.unwrap().aud, ["web-app", "other"]);
    // Attack class 66.
    let twice = claims_json()
        .to_string()
        .replacen('{', r#"{"sub":"admin","#, 1);
    let token = jws::sign(&KEY, Some("JWT"), twice.as_bytes()).unwrap();
    let expected = ClaimsError::Json(JsonError::DuplicateMember);
    assert_eq!(read(&token), Err(expected.into()));
}

#[test]
fn a_hint_was_not_issued_in_the_future() {
    let leeway = i64::from(LEEWAY);
    let refused = Some(ClaimsError::IssuedInTheFuture.into());
    let signed = id_token::sign(&KEY, &id_claims()).unwrap();
    let hs256 = id_token::sign_hs256(&secret(), &id_claims()).unwrap();
    for (offset, expected) in [(-leeway, None), (-leeway - 1, refused), (i64::MIN, refused)] {
        let now = NOW.plus(offset);
        let read = id_token::read_hint(&signed, &KEYS, ISSUER, now, LEEWAY);
        assert_eq!(read.err(), expected, "{offset}");
        let read = id_token::read_hint_hs256(&hs256, &secret(), ISSUER, now, LEEWAY);
        assert_eq!(read.err(), expected, "{offset}");
    }
}
