//! Whatever the bytes: no panic, nothing accepted that was not signed, one spelling per token.

use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::client_assertion::{self, UnverifiedAssertion};
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey, HmacKeys};
use countersign_jose::jws::{self, JwsError, UnverifiedClaims, UnverifiedHeader};
use countersign_jose::opaque::{self, SealingKeys};
use countersign_jose::{
    Algorithm, SigningKey, VerifyingKeys, access_token, authorization_code, classic, id_token,
    ticket,
};
use proptest::prelude::*;
use serde_json::json;

use crate::fixtures::{
    Counting, DRAWN_KEY_ID, ISSUER, KEY, KEYS, LEEWAY, NOW, RULES, assertion_claims, claims,
    classic_access_key, classic_claims, classic_refresh_claims, classic_refresh_key, code_key,
    forge, id_claims, keys, sealing_key, signing_key, ticket_key, validator,
};

fn sealing_keys() -> SealingKeys {
    SealingKeys::new([sealing_key("one", 1)]).expect("one id")
}

/// Everything that takes a token takes this one.
fn offer(token: &str) -> bool {
    let _ = UnverifiedHeader::peek(token);
    let _ = UnverifiedClaims::peek(token);
    let _ = classic::key_id(token);
    let _ = UnverifiedAssertion::peek(token);
    let _ = jws::verify_with(&KEY.verifying_key(), token);
    let hmac = hmac_jws::verify(token, &HmacKeys::default());
    let opaque = opaque::open(token, &sealing_keys(), ISSUER, NOW, LEEWAY);
    let jwt = validator().verify(token, &KEYS, NOW);
    let secret = Secret::new(vec![1; 32]);
    [
        jws::verify(token, &KEYS).is_ok(),
        hmac.is_ok(),
        opaque.is_ok(),
        jwt.is_ok(),
        id_token::read_hint(token, &KEYS, ISSUER, NOW, LEEWAY).is_ok(),
        id_token::read_hint_hs256(token, &secret, ISSUER, NOW, LEEWAY).is_ok(),
        authorization_code::read(token, &code_key(DRAWN_KEY_ID, 1, ISSUER)).is_ok(),
        ticket::open(token, &ticket_key(DRAWN_KEY_ID, 1, ISSUER)).is_ok(),
        classic::verify_access_token(&classic_access_key("one", 1, ISSUER), token, NOW, LEEWAY)
            .is_ok(),
        classic::read_refresh_token(token, &classic_refresh_key("one", 1, ISSUER)).is_ok(),
        client_assertion::verify(token, &KEYS, &RULES).is_ok(),
        client_assertion::verify_hs256(token, &secret, &RULES).is_ok(),
    ]
    .contains(&true)
}

proptest! {
    #[test]
    fn any_text_is_refused_without_panic(token in ".{0,200}") {
        prop_assert!(!offer(&token));
    }

    #[test]
    fn anything_of_three_parts_is_refused_without_panic(
        token in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,90}",
    ) {
        prop_assert!(!offer(&token));
    }

    #[test]
    fn any_header_and_payload_is_refused_without_panic(
        header in r#"\{("(alg|typ|kid|crit|b64|jwk)":("(ES256|none|HS256|at\+jwt)"|null|1|\[\]),?){0,5}\}"#,
        payload in "\\PC{0,40}",
        signature in proptest::collection::vec(any::<u8>(), 0..70),
    ) {
        let encode = countersign_jose::base64url::encode;
        let (header, payload) = (encode(header.as_bytes()), encode(payload.as_bytes()));
        let token = format!("{header}.{payload}.{}", encode(&signature));
        prop_assert!(!offer(&token));
    }

    #[test]
    fn any_opaque_text_is_refused_without_panic(rest in "[A-Za-z0-9_-]{0,120}") {
        let token = format!("cs_at_{rest}");
        prop_assert!(!offer(&token));
    }

    #[test]
    fn a_token_with_some_bytes_replaced_is_refused(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), "[A-Za-z0-9_.=-]"), 1..4),
        kind in 0..9,
    ) {
        let random = Counting::default();
        let token = match kind {
            0 => opaque::seal(&sealing_key("one", 1), ISSUER, &claims(), &random).expect("sealing"),
            1 => access_token::sign(&KEY, &claims()).expect("signing"),
            2 => id_token::sign(&KEY, &id_claims()).expect("signing"),
            3 => id_token::sign_hs256(&Secret::new(vec![1; 32]), &id_claims()).expect("signing"),
            4 => {
                let key = classic_access_key("one", 1, ISSUER);
                classic::sign_access_token(&key, &classic_claims()).expect("signing")
            }
            5 => {
                let key = classic_refresh_key("one", 1, ISSUER);
                let written = classic::write_refresh_token(&key, &classic_refresh_claims());
                written.expect("writing").0.expose().clone()
            }
            6 => client_assertion::sign(&KEY, &assertion_claims()).expect("signing"),
            7 => {
                let secret = Secret::new(vec![1; 32]);
                client_assertion::sign_hs256(&secret, &assertion_claims()).expect("signing")
            }
            _ => {
                let key = ticket_key(DRAWN_KEY_ID, 1, ISSUER);
                ticket::seal(&key, b"text", &random).expect("sealing")
            }
        };
        prop_assert!(offer(&token));
        let mut other = token.clone();
        for (index, replacement) in edits {
            let index = index.index(other.len());
            other.replace_range(index..=index, &replacement);
        }
        prop_assert_eq!(offer(&other), other == token);
    }

    #[test]
    fn any_jwk_set_is_read_or_refused_without_panic(
        json in r#"\{"keys":\[(\{("(kty|alg|use|kid|crv|x|y|n|e|d|k|key_ops)":("(EC|RSA|OKP|oct|P-256|Ed25519|sig|AQAB|)"|null|1|\[\]|\["verify"\]),?){0,6}\},?){0,4}\]\}"#,
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let _ = VerifyingKeys::from_json(json.as_bytes(), Some(Algorithm::RS256));
        prop_assert!(VerifyingKeys::from_json(&bytes, None).is_err());
    }

    #[test]
    fn any_pkcs8_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        for algorithm in SigningAlgorithm::ALL {
            prop_assert!(SigningKey::from_pkcs8(algorithm, &bytes).is_err());
        }
    }
}

/// The same for shared secrets: another secret, another character, a shorter tag.
#[test]
fn cve_2026_27840_one_spelling_per_hmac_token() {
    let key = |byte| {
        let secret = Secret::new(vec![byte; 32]);
        HmacKey::new(HmacAlgorithm::Hs256, "one", &secret).expect("a long secret")
    };
    let keys = HmacKeys::new([key(1)]).expect("one id");
    let token = hmac_jws::sign(&key(1), Some("JWT"), b"{}").unwrap();
    assert!(hmac_jws::verify(&token, &keys).is_ok());
    let stranger = hmac_jws::sign(&key(2), Some("JWT"), b"{}").unwrap();
    assert_eq!(
        hmac_jws::verify(&stranger, &keys).unwrap_err(),
        JwsError::Signature
    );
    for index in 0..token.len() {
        assert!(hmac_jws::verify(&token[..index], &keys).is_err(), "{index}");
        for replacement in ["A", "Q", "g", "w", "_", "=", ".", ""] {
            let mut other = token.clone();
            other.replace_range(index..=index, replacement);
            if other != token {
                assert!(
                    hmac_jws::verify(&other, &keys).is_err(),
                    "{index} {replacement:?}"
                );
            }
        }
    }
}

/// Attack class 34 for JWTs, exhaustively: each character replaced, each prefix, each addition.
#[test]
fn cve_2026_27840_one_spelling_per_jwt() {
    for algorithm in SigningAlgorithm::ALL {
        let key = signing_key(algorithm);
        let keys = keys([&key]);
        let token = access_token::sign(&key, &claims()).unwrap();
        assert!(jws::verify(&token, &keys).is_ok(), "{algorithm}");
        for index in 0..token.len() {
            assert!(
                jws::verify(&token[..index], &keys).is_err(),
                "{algorithm} {index}"
            );
            for replacement in ["A", "Q", "g", "w", "_", "=", ".", ""] {
                let mut other = token.clone();
                other.replace_range(index..=index, replacement);
                if other != token {
                    let result = jws::verify(&other, &keys);
                    assert!(result.is_err(), "{algorithm} {index} {replacement:?}");
                }
            }
        }
        for extra in ["=", "A", "AAAA", ".", " ", "\n", "\0"] {
            assert!(
                jws::verify(&format!("{token}{extra}"), &keys).is_err(),
                "{extra:?}"
            );
            assert!(
                jws::verify(&format!("{extra}{token}"), &keys).is_err(),
                "{extra:?}"
            );
        }
    }
}

/// The same for what clients prove themselves by, where a `kid` may be left out: nothing of it may be changed all the same.
#[test]
fn cve_2026_27840_one_spelling_per_assertion() {
    let secret = Secret::new(vec![1; 32]);
    let header = json!({"alg": "ES256"});
    let payload = json!({
        "iss": RULES.client_id, "sub": RULES.client_id, "aud": ISSUER, "jti": "1", "exp": NOW.plus(60),
    });
    for token in [
        client_assertion::sign(&KEY, &assertion_claims()).unwrap(),
        client_assertion::sign_hs256(&secret, &assertion_claims()).unwrap(),
        forge(&header, payload.to_string().as_bytes()),
    ] {
        let taken = |token: &str| {
            client_assertion::verify(token, &KEYS, &RULES).is_ok()
                || client_assertion::verify_hs256(token, &secret, &RULES).is_ok()
        };
        assert!(taken(&token), "{token}");
        for index in 0..token.len() {
            assert!(!taken(&token[..index]), "{index}");
            for replacement in ["A", "Q", "g", "w", "_", "=", ".", ""] {
                let mut other = token.clone();
                other.replace_range(index..=index, replacement);
                if other != token {
                    assert!(!taken(&other), "{index} {replacement:?}");
                }
            }
        }
        for extra in ["=", "A", "AAAA", ".", " ", "\n", "\0"] {
            assert!(!taken(&format!("{token}{extra}")), "{extra:?}");
            assert!(!taken(&format!("{extra}{token}")), "{extra:?}");
        }
    }
}
