//! The claims of classic access tokens: what is judged after the signature, and what is not signed.

use countersign_core::Timestamp;
use countersign_jose::access_token::{ClaimsError, ReservedClaim};
use countersign_jose::classic::{self, AccessTokenClaims, ClassicError};
use countersign_jose::json::JsonError;
use countersign_jose::jws::SignError;
use serde_json::{Value, json};

use crate::classic_access_tokens::{TEXT, forged, json, key, verify};
use crate::fixtures::{API, ISSUER, LEEWAY, NOW, classic_claims};

fn refusal(claims: &Value) -> Option<ClassicError> {
    verify(&forged(&claims.to_string())).err()
}

#[test]
fn times_are_judged_to_the_second_and_the_end_is_the_end() {
    let leeway = i64::from(LEEWAY);
    let cases = [
        (0, None),
        (3_599, None),
        (3_600, Some(ClaimsError::Expired)),
        (i64::MAX, Some(ClaimsError::Expired)),
        (-leeway, None),
        (-leeway - 1, Some(ClaimsError::NotYetValid)),
        (i64::MIN, Some(ClaimsError::NotYetValid)),
    ];
    for (offset, expected) in cases {
        let read = classic::verify_access_token(&key(), TEXT, NOW.plus(offset), LEEWAY);
        assert_eq!(read.err(), expected.map(ClassicError::Claims), "{offset}");
    }
    // Where nbf lies before it, iat still bounds the past.
    let mut claims = json();
    claims["nbf"] = json!(0);
    let text = forged(&claims.to_string());
    for (offset, expected) in [
        (-leeway, None),
        (-leeway - 1, Some(ClaimsError::IssuedInTheFuture)),
    ] {
        let read = classic::verify_access_token(&key(), &text, NOW.plus(offset), LEEWAY);
        assert_eq!(read.err(), expected.map(ClassicError::Claims), "{offset}");
    }
    // The extremes neither wrap nor panic.
    for now in [i64::MIN, i64::MAX] {
        let now = Timestamp::from_seconds(now);
        assert!(classic::verify_access_token(&key(), TEXT, now, u32::MAX).is_err());
    }
}

#[test]
fn an_issuer_that_is_named_is_that_of_the_key() {
    for (iss, accepted) in [
        (ISSUER, true),
        ("https://issuer.example/", false),
        ("https://ISSUER.example", false),
        ("", false),
    ] {
        let mut claims = json();
        claims["iss"] = json!(iss);
        let expected = (!accepted).then_some(ClaimsError::Issuer.into());
        assert_eq!(refusal(&claims), expected, "{iss:?}");
    }
}

#[test]
fn cve_2026_25537_claims_of_the_wrong_type() {
    let no_times = [
        json!("1800003600"),
        json!(1_800_003_600.0),
        json!(1e300),
        json!(null),
        json!(true),
        json!([1_800_003_600]),
        json!(-1),
        json!(u64::MAX),
        json!(253_402_300_800_i64),
    ];
    let no_texts = [
        json!(null),
        json!(1),
        json!([API]),
        json!({"a": "b"}),
        json!(false),
    ];
    let no_scopes = [
        json!("a  b"),
        json!(" a"),
        json!("a\"b"),
        json!("caf\u{e9}"),
    ];
    let tables: [(&[_], &[_]); 3] = [
        (&["exp", "nbf", "iat"], &no_times),
        (&["cid", "scope", "sub", "aud", "iss", "jti"], &no_texts),
        (&["scope"], &no_scopes),
    ];
    for (names, values) in tables {
        for name in names {
            for value in values {
                let mut claims = json();
                claims[name] = value.clone();
                let expected = Some(ClaimsError::Malformed(name).into());
                assert_eq!(refusal(&claims), expected, "{name} {value}");
            }
        }
    }
}

#[test]
fn ghsa_wxg7_w2v3_w38g_required_claims() {
    for name in ["cid", "scope", "exp", "nbf", "iat", "jti"] {
        let mut claims = json();
        claims.as_object_mut().unwrap().remove(name);
        let expected = Some(ClaimsError::Missing(name).into());
        assert_eq!(refusal(&claims), expected, "{name}");
    }
}

#[test]
fn cve_2024_49755_a_bound_token_is_not_taken_for_a_bearer_token() {
    let mut claims = json();
    claims["cnf"] = json!(null);
    assert_eq!(
        refusal(&claims),
        Some(ClaimsError::SenderConstrained.into())
    );
}

#[test]
fn e66_duplicate_members_at_any_depth() {
    let good = json().to_string();
    let good = good.strip_suffix('}').unwrap();
    for extra in [
        r#","exp":1800003600}"#,
        r#","aud":"https://other.example"}"#,
        r#","s\u0075b":"admin"}"#,
        r#","example":[{"a":[{"b":1,"b":1}]}]}"#,
    ] {
        let expected = ClaimsError::Json(JsonError::DuplicateMember).into();
        assert_eq!(
            verify(&forged(&format!("{good}{extra}"))),
            Err(expected),
            "{extra}"
        );
    }
    for payload in ["", "[]", "null", "{", "{} {}"] {
        let read = verify(&forged(payload));
        assert!(
            matches!(read, Err(ClassicError::Claims(ClaimsError::Json(_)))),
            "{payload}"
        );
    }
}

#[test]
fn own_claims_win() {
    let with = |name: &str| AccessTokenClaims {
        further: [(name.to_owned(), json!("x"))].into_iter().collect(),
        ..classic_claims()
    };
    for (name, reserved) in [
        ("cid", "cid"),
        ("CID", "cid"),
        ("sub", "sub"),
        ("\u{17f}ub", "sub"),
        ("Scope", "scope"),
        ("client_id", "client_id"),
        ("aud", "aud"),
        ("iss", "iss"),
        ("exp", "exp"),
        ("nbf", "nbf"),
        ("iat", "iat"),
        ("jti", "jti"),
        ("cnf", "cnf"),
        ("typ", "typ"),
    ] {
        let expected = Err(SignError::Reserved(ReservedClaim(reserved)));
        let claims = with(name);
        assert_eq!(
            classic::sign_access_token(&key(), &claims).map(drop),
            expected,
            "{name}"
        );
        assert_eq!(
            classic::check_access_token_signable(&key(), &claims),
            expected,
            "{name}"
        );
    }
    for name in ["email", "roles", "cids", "ci", "cid ", ""] {
        let claims = with(name);
        assert_eq!(
            classic::check_access_token_signable(&key(), &claims),
            Ok(()),
            "{name}"
        );
        let text = classic::sign_access_token(&key(), &claims).unwrap();
        assert_eq!(verify(&text), Ok(claims), "{name}");
    }
    // What a holder made up is read as it stands, and is not said again by mistake.
    let mut claims = json();
    claims["act"] = json!({"sub": "x"});
    claims["CID"] = json!("y");
    let read = verify(&forged(&claims.to_string())).unwrap();
    assert_eq!(read.cid, "billing-worker");
    assert_eq!(read.further["CID"], "y");
    assert!(classic::sign_access_token(&key(), &read).is_err());
}
