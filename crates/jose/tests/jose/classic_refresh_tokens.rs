//! Classic refresh tokens: their format (RULES R1, R2), and what is read after the signature.

use countersign_core::{GrantId, Scope, Timestamp};
use countersign_jose::access_token::ClaimsError;
use countersign_jose::base64url;
use countersign_jose::classic::{self, ClassicError, RefreshTokenClaims, RefreshTokenKey};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{JwsError, SignError, UnverifiedClaims, UnverifiedHeader};
use countersign_jose::refresh_token::{RefreshToken, Tag};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::classic_attacks::refresh_secret;
use crate::fixtures::{
    DRAWN_KEY_ID, ISSUER, NOW, classic_refresh_claims, classic_refresh_key, forge_hs256,
};

/// [`classic_refresh_claims`] and [`least`] under [`key`], computed by another program from the description of the format.
const TEXT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkFBRUNBd1FGQmdjSUNRb0wifQ.eyJjbGllbnRfaWQiOiJ3ZWItYXBwIiwiYWNjZXNzX3Rva2VuX2lkIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUhBUUlEQkFVR0J3Z0pDZ3NNIiwicmVmcmVzaF90b2tlbl9pZCI6IkFhR2hvYUdob2FHaG9hR2hvYUdob2FFQUFBQURzckt5c3JLeXNyS3lzckt5c3JLeXNnIiwic2NvcGUiOiJjb250YWN0cy5yZWFkIGNvbnRhY3RzLndyaXRlIiwidXNlcl9pZCI6IjUxMmFiOWE0LWM3ODYtNDhhNi04YWQ2LTk0YzUzYThkYzY1MSIsImV4cGlyZV90aW1lIjoxODAyNTkyMDAwLCJpYXQiOjE4MDAwMDAwMDB9.wm5HE2savpW8cHE7r3cOZKhF7zHrj0fIOp8yb585mCg";
const LEAST: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkFBRUNBd1FGQmdjSUNRb0wifQ.eyJjbGllbnRfaWQiOiJ3ZWItYXBwIiwiYWNjZXNzX3Rva2VuX2lkIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUhBUUlEQkFVR0J3Z0pDZ3NNIiwicmVmcmVzaF90b2tlbl9pZCI6IkFhR2hvYUdob2FHaG9hR2hvYUdob2FFQUFBQURzckt5c3JLeXNyS3lzckt5c3JLeXNnIiwic2NvcGUiOiIiLCJleHBpcmVfdGltZSI6MTgwMjU5MjAwMCwiaWF0IjoxODAwMDAwMDAwfQ.ajGsjGaw3rLqEkdM3fARaRkmBF_gzA5__L9GtHwdO60";

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"AAECAwQFBgcICQoL"}"#;
const REFRESH_TOKEN_ID: &str = "AaGhoaGhoaGhoaGhoaGhoaEAAAADsrKysrKysrKysrKysrKysg";

fn key() -> RefreshTokenKey {
    classic_refresh_key(DRAWN_KEY_ID, 7, ISSUER)
}

fn least() -> RefreshTokenClaims {
    RefreshTokenClaims {
        scope: Scope::empty(),
        user_id: None,
        ..classic_refresh_claims()
    }
}

fn written(claims: &RefreshTokenClaims) -> (String, Tag) {
    let (text, tag) = classic::write_refresh_token(&key(), claims).expect("writing");
    (text.expose().clone(), tag)
}

fn read(text: &str) -> Result<(RefreshToken, Tag), ClassicError> {
    classic::read_refresh_token(text, &key())
}

fn json() -> Value {
    Value::Object(
        UnverifiedClaims::peek(TEXT)
            .expect("JSON")
            .members()
            .clone(),
    )
}

/// What this issuer might have written under its key, however little sense it makes.
fn refusal(payload: &str) -> Option<ClassicError> {
    read(&forge_hs256(&refresh_secret(), HEADER, payload)).err()
}

#[test]
fn rule_r1_the_format_is_fixed() {
    for (text, claims) in [(TEXT, classic_refresh_claims()), (LEAST, least())] {
        let (again, tag) = written(&claims);
        assert_eq!(again, text);
        let (_, signature) = text.rsplit_once('.').unwrap();
        assert_eq!(tag.prefix(), base64url::decode(signature).unwrap()[..8]);
        assert_eq!(classic::key_id(text).as_ref(), Some(key().id()));
        assert_eq!(read(text), Ok((claims.token, tag)));
    }
}

#[test]
fn the_wire_form_is_that_of_the_classic_server() {
    let header = UnverifiedHeader::peek(LEAST).unwrap();
    let expected = json!({"alg": "HS256", "typ": "JWT", "kid": DRAWN_KEY_ID});
    assert_eq!(Value::Object(header.members().clone()), expected);
    // No `exp`, as there: it would speak for the row. A scope is always there; a user only if there is one.
    let seen = UnverifiedClaims::peek(LEAST).unwrap();
    let expected = json!({
        "client_id": "web-app", "access_token_id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM",
        "refresh_token_id": REFRESH_TOKEN_ID, "scope": "", "expire_time": 1_802_592_000,
        "iat": 1_800_000_000,
    });
    assert_eq!(Value::Object(seen.members().clone()), expected);
    let mut expected = expected;
    expected["scope"] = json!("contacts.read contacts.write");
    expected["user_id"] = json!("512ab9a4-c786-48a6-8ad6-94c53a8dc651");
    assert_eq!(json(), expected);
}

/// RULES R2: a lost answer is made again from the row, in which a scope may have another order.
#[test]
fn rule_r2_equal_claims_make_the_same_text() {
    let reordered = RefreshTokenClaims {
        scope: "contacts.write contacts.read contacts.write"
            .parse()
            .unwrap(),
        ..classic_refresh_claims()
    };
    assert_eq!(reordered, classic_refresh_claims());
    assert_eq!(written(&reordered), written(&classic_refresh_claims()));
}

#[test]
fn rule_r1_each_field_makes_another_token() {
    let claims = classic_refresh_claims;
    let token = claims().token;
    let with = |token| RefreshTokenClaims { token, ..claims() };
    let others = [
        with(RefreshToken {
            grant: GrantId::NONE,
            ..token.clone()
        }),
        with(RefreshToken {
            generation: 4,
            ..token.clone()
        }),
        with(RefreshToken {
            issued_at: NOW.plus(1),
            ..token.clone()
        }),
        with(RefreshToken {
            nonce: [0xb3; 16],
            ..token
        }),
        RefreshTokenClaims {
            client_id: "web-app-2".into(),
            ..claims()
        },
        RefreshTokenClaims {
            access_token_id: "other".into(),
            ..claims()
        },
        RefreshTokenClaims {
            scope: "contacts.read".parse().unwrap(),
            ..claims()
        },
        RefreshTokenClaims {
            user_id: None,
            ..claims()
        },
        RefreshTokenClaims {
            user_id: Some(String::new()),
            ..claims()
        },
        RefreshTokenClaims {
            expire_time: NOW,
            ..claims()
        },
    ];
    let mut texts = vec![TEXT.to_owned()];
    for other in others {
        let (text, tag) = written(&other);
        assert!(!texts.contains(&text), "{other:?}");
        assert_eq!(read(&text), Ok((other.token, tag)));
        texts.push(text);
    }
}

#[test]
fn rule_r6_a_key_is_for_classic_refresh_tokens_of_one_issuer() {
    use ClassicError::AnotherKey;
    let forged = ClassicError::Jws(JwsError::Signature);
    let cases = [
        (
            classic_refresh_key(DRAWN_KEY_ID, 7, "https://issuer.example/"),
            forged,
        ),
        (classic_refresh_key(DRAWN_KEY_ID, 7, ""), forged),
        (classic_refresh_key(DRAWN_KEY_ID, 8, ISSUER), forged),
        (classic_refresh_key("refresh-2", 7, ISSUER), AnotherKey),
    ];
    for (other, expected) in cases {
        let refused = classic::read_refresh_token(TEXT, &other);
        assert_eq!(refused, Err(expected), "{other:?}");
        let theirs = classic::write_refresh_token(&other, &classic_refresh_claims());
        let (theirs, _) = theirs.unwrap();
        assert_eq!(read(theirs.expose()), Err(expected), "{other:?}");
    }
}

#[test]
fn what_it_says_of_the_grant_has_one_spelling() {
    assert_eq!(refusal(&json().to_string()), None);
    let malformed = |name| ClassicError::Claims(ClaimsError::Malformed(name));
    let bytes = base64url::decode(REFRESH_TOKEN_ID).unwrap();
    let other_version = [&[2], &bytes[1..]].concat();
    let ids = [
        json!(null),
        json!(7),
        json!([REFRESH_TOKEN_ID]),
        json!(""),
        json!("this-is-my-super-secret-refresh-token"),
        json!(format!("{REFRESH_TOKEN_ID}=")),
        json!(format!("{REFRESH_TOKEN_ID}AA")),
        json!("A".repeat(10_000)),
        json!(REFRESH_TOKEN_ID.replace('A', "+")),
        // 37 bytes leave four bits of the last character.
        json!(REFRESH_TOKEN_ID.replace("ysg", "ysh")),
        json!(base64url::encode(&bytes[..36])),
        json!(base64url::encode(&[&bytes[..], &[0]].concat())),
        json!(base64url::encode(&other_version)),
    ];
    for id in ids {
        let mut claims = json();
        claims["refresh_token_id"] = id.clone();
        let refused = refusal(&claims.to_string());
        assert_eq!(refused, Some(malformed("refresh_token_id")), "{id}");
    }
    for iat in [
        json!("1800000000"),
        json!(1.5),
        json!(null),
        json!(-1),
        json!(u64::MAX),
    ] {
        let mut claims = json();
        claims["iat"] = iat.clone();
        assert_eq!(
            refusal(&claims.to_string()),
            Some(malformed("iat")),
            "{iat}"
        );
    }
    for name in ["refresh_token_id", "iat"] {
        let mut claims = json();
        claims.as_object_mut().unwrap().remove(name);
        let expected = ClaimsError::Missing(name).into();
        assert_eq!(refusal(&claims.to_string()), Some(expected), "{name}");
    }
    for (payload, expected) in [
        ("", JsonError::Syntax),
        ("[]", JsonError::NotAnObject),
        (
            r#"{"iat":1800000000,"iat":1800000000}"#,
            JsonError::DuplicateMember,
        ),
    ] {
        let expected = ClaimsError::Json(expected).into();
        assert_eq!(refusal(payload), Some(expected), "{payload}");
    }
}

#[test]
fn a_token_that_nobody_would_take_is_not_written() {
    let with_client = |len| RefreshTokenClaims {
        client_id: "x".repeat(len),
        ..classic_refresh_claims()
    };
    let (text, tag) = written(&with_client(11_000));
    assert_eq!(read(&text), Ok((classic_refresh_claims().token, tag)));
    for len in [12_500, 1_000_000] {
        let refused = classic::write_refresh_token(&key(), &with_client(len));
        assert_eq!(refused, Err(SignError::TooLong), "{len}");
    }
}

#[test]
fn debug_shows_neither_nonce_nor_key_nor_tag() {
    let (text, tag) = classic::write_refresh_token(&key(), &classic_refresh_claims()).unwrap();
    assert_eq!(
        format!("{:?} {text:?} {tag:?}", key()),
        format!(
            "RefreshTokenKey {{ id: {:?}, .. }} Secret(..) Tag(Secret(..))",
            key().id()
        )
    );
    let claims = format!("{:?}", classic_refresh_claims());
    assert!(
        !claims.contains("nonce") && !claims.contains("178"),
        "{claims}"
    );
}

proptest! {
    #[test]
    fn what_was_written_is_what_is_read(
        texts in proptest::array::uniform2("\\PC{0,20}"),
        user_id in proptest::option::of("\\PC{0,20}"),
        tokens in proptest::collection::vec("[a-z./]{1,6}", 0..4),
        grant: [u8; 16],
        generation: u32,
        times in proptest::array::uniform2(0_i64..=253_402_300_799),
        nonce: [u8; 16],
    ) {
        let scope = |tokens: &mut dyn Iterator<Item = &String>| -> Scope {
            tokens.map(|token| token.parse().expect("a scope token")).collect()
        };
        let [client_id, access_token_id] = texts;
        let [issued_at, expire_time] = times.map(Timestamp::from_seconds);
        let token = RefreshToken { grant: GrantId::from_bytes(grant), generation, issued_at, nonce };
        let claims = RefreshTokenClaims {
            client_id,
            access_token_id,
            token,
            scope: scope(&mut tokens.iter()),
            user_id,
            expire_time,
        };
        let (text, tag) = written(&claims);
        prop_assert_eq!(read(&text), Ok((claims.token.clone(), tag.clone())));
        let reversed = RefreshTokenClaims { scope: scope(&mut tokens.iter().rev()), ..claims };
        prop_assert_eq!(written(&reversed), (text, tag));
    }
}
