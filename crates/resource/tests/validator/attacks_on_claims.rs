//! Attacks on what the claims mean: rows 45, 53, 54, 56, 66 and 67 of the attack classes (56: `builder`, too).

use countersign_jose::access_token::{AccessTokenError, ClaimsError};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{self, JwsError};
use serde_json::json;

use crate::fixtures::{KEY, changed, claims_json, refusal};

#[tokio::test]
async fn e53_claims_of_the_wrong_type() {
    let times = [
        json!("1800000600"),
        json!(1_800_000_600.5),
        json!(1e300),
        json!(null),
        json!(true),
        json!([1_800_000_600]),
        json!({"exp": 1_800_000_600}),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(253_402_300_800_i64),
    ];
    let texts = [
        json!(null),
        json!(1),
        json!(["a"]),
        json!({"a": "b"}),
        json!(false),
    ];
    let audiences = [json!(null), json!(1), json!([]), json!([1]), json!({})];
    let rows = [
        ("exp", &times[..]),
        ("iat", &times),
        ("nbf", &times),
        ("iss", &texts),
        ("sub", &texts),
        ("jti", &texts),
        ("client_id", &texts),
        ("scope", &texts),
        ("aud", &audiences),
    ];
    for (claim, values) in rows {
        for value in values {
            let token = KEY.token_with(&changed(claims_json(), &json!({ claim: value })));
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(refusal(&token).await, expected, "{claim} {value}");
        }
    }
    // Written out, since no serializer would: numbers that no type holds.
    for exp in [
        "18446744073709551616",
        "1e999",
        "-0",
        "0x7fffffff",
        "01800000600",
    ] {
        let claims = claims_json().to_string().replace("1800000600", exp);
        assert_ne!(claims, claims_json().to_string());
        let token = KEY.forge(&KEY.header_with(&json!({})), &claims);
        assert!(refusal(&token).await.is_some(), "{exp}");
    }
}

#[tokio::test]
async fn e54_required_claims() {
    for claim in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let mut claims = claims_json();
        claims.as_object_mut().unwrap().remove(claim);
        let expected = Some(ClaimsError::Missing(claim).into());
        assert_eq!(refusal(&KEY.token_with(&claims)).await, expected, "{claim}");
    }
}

#[tokio::test]
async fn e66_duplicate_members_in_header_and_payload() {
    let kid = KEY.kid();
    let payload = claims_json().to_string();
    let duplicate = JsonError::DuplicateMember;
    for header in [
        format!(r#"{{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}","alg":"ES256"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"other","k\u0069d":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","jwk":{{"x":1,"x":2}}}}"#),
    ] {
        let expected = Some(JwsError::Header(duplicate).into());
        assert_eq!(
            refusal(&KEY.forge(&header, &payload)).await,
            expected,
            "{header}"
        );
    }
    let good = payload.strip_suffix('}').unwrap();
    for extra in [
        r#","exp":1800000600}"#,
        r#","aud":"https://api.example"}"#,
        r#","sub":"admin"}"#,
        r#","s\u0075b":"admin"}"#,
        r#","example":{"a":1,"a":1}}"#,
        r#","example":[{"a":[{"b":1,"b":1}]}]}"#,
    ] {
        let token = KEY.forge(&KEY.header_with(&json!({})), &format!("{good}{extra}"));
        let expected = Some(ClaimsError::Json(duplicate).into());
        assert_eq!(refusal(&token).await, expected, "{extra}");
    }
}

#[tokio::test]
async fn e67_token_type_confusion() {
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
        (Some("at+jwt;charset=utf-8"), false),
        (Some("x-at+jwt"), false),
        (Some(""), false),
    ];
    for (typ, accepted) in types {
        let token = jws::sign(&KEY.key, typ, claims_json().to_string().as_bytes()).unwrap();
        let expected = (!accepted).then_some(AccessTokenError::Type);
        assert_eq!(refusal(&token).await, expected, "{typ:?}");
    }
}

#[tokio::test]
async fn d45_a_bound_token_is_no_bearer_token() {
    for cnf in [
        json!({"jkt": "a"}),
        json!({"x5t#S256": "a"}),
        json!({}),
        json!(null),
    ] {
        let token = KEY.token_with(&changed(claims_json(), &json!({ "cnf": cnf })));
        let expected = Some(ClaimsError::SenderConstrained.into());
        assert_eq!(refusal(&token).await, expected, "{cnf}");
    }
}
