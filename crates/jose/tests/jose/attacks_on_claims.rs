//! Attacks on what the claims mean: rows 53, 54, 56, 66 and 67 of the JOSE attack classes (67: `kinds`
//! too).

use countersign_jose::access_token::{self, AccessTokenError, ClaimsError};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{self, JwsError};
use serde_json::json;

use crate::fixtures::{
    KEY, KEYS, NOW, claims, claims_json, forge_text, payload, refusal, token_with,
};

#[test]
fn cve_2026_25537_claims_of_the_wrong_type() {
    let times = [
        json!("1800000600"),
        json!(1_800_000_600.0),
        json!(1_800_000_600.5),
        json!(1e300),
        json!(null),
        json!(true),
        json!([1_800_000_600]),
        json!({"exp": 1_800_000_600}),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(253_402_300_800_i64),
    ];
    for claim in ["exp", "iat", "nbf"] {
        for value in &times {
            let mut claims = claims_json();
            claims[claim] = value.clone();
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(refusal(&token_with(&claims)), expected, "{claim} {value}");
        }
    }
    for claim in ["iss", "sub", "jti", "client_id", "scope"] {
        for value in [
            json!(null),
            json!(1),
            json!(["a"]),
            json!({"a": "b"}),
            json!(false),
        ] {
            let mut claims = claims_json();
            claims[claim] = value.clone();
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(refusal(&token_with(&claims)), expected, "{claim} {value}");
        }
    }
    for value in [
        json!(null),
        json!(1),
        json!([]),
        json!([1]),
        json!(["a", null]),
        json!({}),
    ] {
        let mut claims = claims_json();
        claims["aud"] = value.clone();
        let expected = Some(ClaimsError::Malformed("aud").into());
        assert_eq!(refusal(&token_with(&claims)), expected, "aud {value}");
    }
    // Written out, since no serializer would: numbers that no type holds.
    for exp in [
        "18446744073709551616",
        "1e999",
        "-0",
        "0x7fffffff",
        "1_800_000_600",
        "01800000600",
    ] {
        let claims = claims_json().to_string().replace("1800000600", exp);
        assert_ne!(claims, claims_json().to_string());
        let token = jws::sign(&KEY, Some("at+jwt"), claims.as_bytes()).unwrap();
        assert!(refusal(&token).is_some(), "{exp}");
    }
    for scope in ["a  b", " a", "a\"b", "caf\u{e9}"] {
        let mut claims = claims_json();
        claims["scope"] = json!(scope);
        let expected = Some(ClaimsError::Malformed("scope").into());
        assert_eq!(refusal(&token_with(&claims)), expected, "{scope:?}");
    }
}

#[test]
fn ghsa_wxg7_w2v3_w38g_required_claims() {
    for claim in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let mut claims = claims_json();
        claims.as_object_mut().unwrap().remove(claim);
        let expected = Some(ClaimsError::Missing(claim).into());
        assert_eq!(refusal(&token_with(&claims)), expected, "{claim}");
    }
    assert_eq!(
        refusal(&token_with(&json!({}))),
        Some(ClaimsError::Missing("iss").into())
    );
}

/// 56: `AccessTokenValidator` has one constructor and no `Default`; this is the part of the promise that a run shows.
#[test]
fn cve_2026_22748_a_validator_without_audience_accepts_nothing() {
    use countersign_jose::access_token::{AccessTokenValidator, ExpectedAudience};
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let nobody = AccessTokenValidator::new("", ExpectedAudience::OneOf(vec![]), 0);
    assert!(nobody.verify(&token, &KEYS, NOW).is_err());
}

#[test]
fn e66_duplicate_members_in_header_and_payload() {
    let duplicate = JsonError::DuplicateMember;
    let kid = KEY.id();
    for header in [
        format!(r#"{{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}","alg":"ES256"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","k\u0069d":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","jwk":{{"x":1,"x":2}}}}"#),
    ] {
        let token = forge_text(&header, &payload());
        assert_eq!(
            refusal(&token),
            Some(JwsError::Header(duplicate).into()),
            "{header}"
        );
    }
    let good = claims_json().to_string();
    let good = good.strip_suffix('}').unwrap();
    for extra in [
        r#","exp":1800000600}"#,
        r#","aud":"https://api.example"}"#,
        r#","sub":"admin"}"#,
        r#","s\u0075b":"admin"}"#,
        r#","example":{"a":1,"a":1}}"#,
        r#","example":[{"a":[{"b":1,"b":1}]}]}"#,
    ] {
        let token = jws::sign(&KEY, Some("at+jwt"), format!("{good}{extra}").as_bytes()).unwrap();
        assert_eq!(
            refusal(&token),
            Some(ClaimsError::Json(duplicate).into()),
            "{extra}"
        );
    }
}

#[test]
fn e67_token_type_confusion() {
    let types = [
        (None, false),
        (Some("JWT"), false),
        (Some("at+jwt"), true),
        (Some("AT+JWT"), true),
        (Some("application/at+jwt"), true),
        (Some("id+jwt"), false),
        (Some("logout+jwt"), false),
        (Some("dpop+jwt"), false),
        (Some("client-authentication+jwt"), false),
        (Some("token-introspection+jwt"), false),
        (Some("oauth-authz-req+jwt"), false),
        (Some("jwt"), false),
        (Some("at+jwt;charset=utf-8"), false),
        (Some("x-at+jwt"), false),
        (Some("\u{212a}"), false),
        (Some(""), false),
    ];
    for (typ, accepted) in types {
        let token = jws::sign(&KEY, typ, &payload()).unwrap();
        let expected = (!accepted).then_some(AccessTokenError::Type);
        assert_eq!(refusal(&token), expected, "{typ:?}");
    }
}
