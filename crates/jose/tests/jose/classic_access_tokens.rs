//! Classic access tokens: their wire form and their secrets (RULES D1).

use countersign_core::{Scope, Timestamp};
use countersign_jose::classic::{self, AccessTokenClaims, ClassicError};
use countersign_jose::jws::{JwsError, SignError, UnverifiedClaims, UnverifiedHeader};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::fixtures::{
    API, DRAWN_KEY_ID, ISSUER, LEEWAY, NOW, classic_access_key, classic_claims, forge_hs256,
};

/// [`classic_claims`] and [`least`] under [`key`], and the secrets of their audiences, computed by another program from the
/// description of the format.
pub(crate) const TEXT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkFBRUNBd1FGQmdjSUNRb0wifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaHR0cHM6Ly9hcGkuZXhhbXBsZSIsImVtYWlsIjoiamFuZUBleGFtcGxlLmNvbSIsImNpZCI6ImJpbGxpbmctd29ya2VyIiwic2NvcGUiOiJjb250YWN0cy5yZWFkIGNvbnRhY3RzLndyaXRlIiwic3ViIjoiNTEyYWI5YTQtYzc4Ni00OGE2LThhZDYtOTRjNTNhOGRjNjUxIiwiZXhwIjoxODAwMDAzNjAwLCJuYmYiOjE4MDAwMDAwMDAsImlhdCI6MTgwMDAwMDAwMCwianRpIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUhBUUlEQkFVR0J3Z0pDZ3NNIn0.hAtTvImvQT4Iqgicb6kdsAyYy9C62MYxuCf7xYc7aTk";
const LEAST: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkFBRUNBd1FGQmdjSUNRb0wifQ.eyJjaWQiOiJiaWxsaW5nLXdvcmtlciIsInNjb3BlIjoiIiwiZXhwIjoxODAwMDAzNjAwLCJuYmYiOjE4MDAwMDAwMDAsImlhdCI6MTgwMDAwMDAwMCwianRpIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUhBUUlEQkFVR0J3Z0pDZ3NNIn0.sB_dqTnVEC9B6OOXO71jL9-mkS3sIS_Ln8ayQNnSOJY";
const OF_THE_API: &str = "wMU8IgzjWA6grftPuNBIMrN1ACoPhYCWuzizfblO1R0";
const OF_THE_MOUNT: &str = "e6th6Ybhh_OiCC1f4XW8JFPWLv7Vqzg15nDh3mHy5Rs";

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"AAECAwQFBgcICQoL"}"#;

pub(crate) fn key() -> classic::AccessTokenKey {
    classic_access_key(DRAWN_KEY_ID, 7, ISSUER)
}

fn least() -> AccessTokenClaims {
    AccessTokenClaims {
        scope: Scope::empty(),
        sub: None,
        aud: None,
        iss: None,
        further: Map::new(),
        ..classic_claims()
    }
}

pub(crate) fn verify(text: &str) -> Result<AccessTokenClaims, ClassicError> {
    classic::verify_access_token(&key(), text, NOW, LEEWAY)
}

/// What the holder of the secret of the API can make.
pub(crate) fn forged(payload: &str) -> String {
    forge_hs256(OF_THE_API.as_bytes(), HEADER, payload)
}

/// The claims of [`TEXT`] as JSON, to be spoiled.
pub(crate) fn json() -> Value {
    Value::Object(
        UnverifiedClaims::peek(TEXT)
            .expect("JSON")
            .members()
            .clone(),
    )
}

#[test]
fn the_format_is_fixed() {
    for (text, claims) in [(TEXT, classic_claims()), (LEAST, least())] {
        let signed = classic::sign_access_token(&key(), &claims);
        assert_eq!(signed.as_deref(), Ok(text));
        assert_eq!(classic::key_id(text).as_ref(), Some(key().id()));
        assert_eq!(verify(text), Ok(claims));
    }
}

#[test]
fn the_wire_form_is_that_of_the_classic_server() {
    let header = UnverifiedHeader::peek(LEAST).unwrap();
    let expected = json!({"alg": "HS256", "typ": "JWT", "kid": DRAWN_KEY_ID});
    assert_eq!(Value::Object(header.members().clone()), expected);
    // A scope is always there; what else is absent is left out.
    let seen = UnverifiedClaims::peek(LEAST).unwrap();
    let expected = json!({
        "cid": "billing-worker", "scope": "", "exp": 1_800_003_600, "nbf": 1_800_000_000,
        "iat": 1_800_000_000, "jti": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHAQIDBAUGBwgJCgsM",
    });
    assert_eq!(Value::Object(seen.members().clone()), expected);
    let mut expected = expected;
    expected["scope"] = json!("contacts.read contacts.write");
    expected["sub"] = json!("512ab9a4-c786-48a6-8ad6-94c53a8dc651");
    expected["aud"] = json!(API);
    expected["iss"] = json!(ISSUER);
    expected["email"] = json!("jane@example.com");
    assert_eq!(json(), expected);
}

#[test]
fn rule_d1_every_audience_of_every_key_and_issuer_has_its_own_secret() {
    let secret = |id, byte, issuer, audience| {
        let key = classic_access_key(id, byte, issuer);
        key.shared_secret(audience).expose().clone()
    };
    let secrets = [
        secret(DRAWN_KEY_ID, 7, ISSUER, None),
        secret(DRAWN_KEY_ID, 7, ISSUER, Some("")),
        secret(DRAWN_KEY_ID, 7, ISSUER, Some(API)),
        secret(DRAWN_KEY_ID, 7, ISSUER, Some("https://api.example/")),
        secret(DRAWN_KEY_ID, 7, ISSUER, Some("https://API.example")),
        secret(DRAWN_KEY_ID, 7, ISSUER, Some(ISSUER)),
        secret(DRAWN_KEY_ID, 7, API, Some(ISSUER)),
        secret(DRAWN_KEY_ID, 7, API, None),
        secret(DRAWN_KEY_ID, 7, "", Some(API)),
        secret(
            DRAWN_KEY_ID,
            7,
            "https://issuer.exampl",
            Some("ehttps://api.example"),
        ),
        secret(DRAWN_KEY_ID, 8, ISSUER, Some(API)),
    ];
    for (index, one) in secrets.iter().enumerate() {
        assert!(!secrets[..index].contains(one), "{index}");
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(one.len() == 43 && one.bytes().all(letters), "{index}");
    }
    assert_eq!((&*secrets[0], &*secrets[2]), (OF_THE_MOUNT, OF_THE_API));
}

/// Whoever checks tokens can make them: for their own audience, and for no other.
#[test]
fn rule_d1_a_secret_makes_tokens_for_its_own_audience_only() {
    let with_aud = |aud: Option<&str>| {
        let mut claims = json();
        match aud {
            Some(aud) => claims["aud"] = json!(aud),
            None => drop(claims.as_object_mut().unwrap().remove("aud")),
        }
        claims.to_string()
    };
    let holders = [(OF_THE_API, Some(API)), (OF_THE_MOUNT, None)];
    for (secret, own) in holders {
        for aud in [None, Some(API), Some(""), Some("https://other.example")] {
            let text = forge_hs256(secret.as_bytes(), HEADER, &with_aud(aud));
            let expected = (aud != own).then_some(JwsError::Signature.into());
            assert_eq!(verify(&text).err(), expected, "{own:?} {aud:?}");
        }
    }
    // The text is the key, not what it stands for in base64url.
    let decoded = countersign_jose::base64url::decode(OF_THE_API).unwrap();
    let text = forge_hs256(&decoded, HEADER, &with_aud(Some(API)));
    assert_eq!(verify(&text), Err(JwsError::Signature.into()));
}

#[test]
fn rule_r6_a_key_is_for_classic_access_tokens_of_one_issuer() {
    use ClassicError::AnotherKey;
    let forged = ClassicError::Jws(JwsError::Signature);
    let cases = [
        (
            classic_access_key(DRAWN_KEY_ID, 7, "https://issuer.example/"),
            forged,
        ),
        (classic_access_key(DRAWN_KEY_ID, 7, ""), forged),
        (classic_access_key(DRAWN_KEY_ID, 8, ISSUER), forged),
        (classic_access_key("classic-2", 7, ISSUER), AnotherKey),
    ];
    for (other, expected) in cases {
        for (text, claims) in [(TEXT, classic_claims()), (LEAST, least())] {
            let read = classic::verify_access_token(&other, text, NOW, LEEWAY);
            assert_eq!(read, Err(expected), "{other:?}");
            let theirs = classic::sign_access_token(&other, &claims).unwrap();
            assert_eq!(verify(&theirs), Err(expected), "{other:?}");
        }
    }
}

#[test]
fn what_is_checked_beforehand_can_be_made_and_nothing_longer() {
    let (mut signable, mut signed) = (0, 0);
    for len in (0..14_000).step_by(7) {
        let claims = AccessTokenClaims {
            sub: Some("x".repeat(len)),
            ..classic_claims()
        };
        let text = classic::sign_access_token(&key(), &claims);
        if let Ok(text) = &text {
            assert!(verify(text).is_ok(), "{len}");
            signed += 1;
        } else {
            assert_eq!(text, Err(SignError::TooLong), "{len}");
        }
        if classic::check_access_token_signable(&key(), &claims).is_ok() {
            assert!(text.is_ok(), "{len}");
            signable += 1;
        }
    }
    assert!(signable > 1_400 && signed > signable && signed < 2_000);
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?} {:?}", key(), key().shared_secret(None));
    assert_eq!(
        shown,
        format!("AccessTokenKey {{ id: {:?}, .. }} Secret(..)", key().id())
    );
}

prop_compose! {
    fn any_claims()(
        texts in proptest::array::uniform2("\\PC{0,20}"),
        scope in "([a-z./]{1,6}( [a-z./]{1,6}){0,3})?",
        optional in proptest::array::uniform2(proptest::option::of("\\PC{0,20}")),
        named_issuer: bool,
        times in (1_800_000_001_i64..=253_402_300_799, 0_i64..=1_800_000_000, 0_i64..=1_800_000_000),
        further in proptest::collection::btree_map("x-\\PC{0,5}", "\\PC{0,5}", 0..3),
    ) -> AccessTokenClaims {
        let [cid, jti] = texts;
        let [sub, aud] = optional;
        AccessTokenClaims {
            cid,
            scope: scope.parse().expect("a scope"),
            sub,
            aud,
            iss: named_issuer.then(|| ISSUER.to_owned()),
            exp: Timestamp::from_seconds(times.0),
            nbf: Timestamp::from_seconds(times.1),
            iat: Timestamp::from_seconds(times.2),
            jti,
            further: further.into_iter().map(|(name, value)| (name, value.into())).collect(),
        }
    }
}

proptest! {
    #[test]
    fn what_was_signed_is_what_is_read(claims in any_claims()) {
        let text = classic::sign_access_token(&key(), &claims).unwrap();
        prop_assert_eq!(classic::key_id(&text), Some(key().id().clone()));
        prop_assert_eq!(verify(&text), Ok(claims));
    }

    #[test]
    fn no_two_audiences_share_a_secret(
        one in proptest::option::of("[ab]{0,3}"),
        other in proptest::option::of("[ab]{0,3}"),
    ) {
        let secret = |audience: &Option<String>| key().shared_secret(audience.as_deref());
        prop_assert_eq!(secret(&one) == secret(&other), one == other);
    }
}
