//! Opaque access tokens (RULES T3).

use std::collections::HashSet;

use countersign_jose::access_token::{self, AccessTokenClaims, ClaimsError};
use countersign_jose::opaque::{self, OpaqueError, SealError, SealingKeys};
use countersign_jose::{base64url, seal};

use crate::fixtures::{Counting, ISSUER, KEY, LEEWAY, NOW, claims, sealing_key};

fn keys() -> SealingKeys {
    SealingKeys::new([sealing_key("one", 1), sealing_key("two", 2)]).expect("distinct ids")
}

fn token() -> String {
    opaque::seal(
        &sealing_key("one", 1),
        ISSUER,
        &claims(),
        &Counting::default(),
    )
    .expect("sealing")
}

fn open(token: &str) -> Result<AccessTokenClaims, OpaqueError> {
    opaque::open(token, &keys(), ISSUER, NOW, LEEWAY)
}

#[test]
fn rule_t3_what_was_sealed_is_what_is_read() {
    let random = Counting::default();
    for claims in [
        claims(),
        AccessTokenClaims {
            nbf: None,
            scope: None,
            ..claims()
        },
        AccessTokenClaims {
            aud: vec!["urn:a".into(), "urn:b".into()],
            ..claims()
        },
    ] {
        for key in [sealing_key("one", 1), sealing_key("two", 2)] {
            let token = opaque::seal(&key, ISSUER, &claims, &random).unwrap();
            assert!(
                opaque::is_opaque(&token) && token.len() < 1024,
                "{}",
                token.len()
            );
            assert_eq!(open(&token), Ok(claims.clone()));
        }
    }
    assert!(!opaque::is_opaque(
        &access_token::sign(&KEY, &claims()).unwrap()
    ));
}

#[test]
fn rule_t3_key_and_issuer_are_bound() {
    let token = token();
    let other_issuer = opaque::open(&token, &keys(), "https://other.example", NOW, LEEWAY);
    assert_eq!(other_issuer, Err(OpaqueError::NotAuthentic));
    // No trial decryption: the id names the key, and nothing else is tried.
    let only_other = SealingKeys::new([sealing_key("two", 1)]).unwrap();
    let unknown = opaque::open(&token, &only_other, ISSUER, NOW, LEEWAY);
    assert_eq!(unknown, Err(OpaqueError::UnknownKey));
    let renamed = SealingKeys::new([sealing_key("one", 2)]).unwrap();
    let wrong = opaque::open(&token, &renamed, ISSUER, NOW, LEEWAY);
    assert_eq!(wrong, Err(OpaqueError::NotAuthentic));
    // The same secret under another id seals for that id only.
    let mut bytes = base64url::decode(&token["cs_at_".len()..]).unwrap();
    bytes[2..5].copy_from_slice(b"two");
    let same_secret = SealingKeys::new([sealing_key("two", 1)]).unwrap();
    let moved = format!("cs_at_{}", base64url::encode(&bytes));
    let moved = opaque::open(&moved, &same_secret, ISSUER, NOW, LEEWAY);
    assert_eq!(moved, Err(OpaqueError::NotAuthentic));
}

#[test]
fn rule_t3_times_are_those_of_the_jwt() {
    let leeway = i64::from(LEEWAY);
    let cases = [
        (0, None),
        (600 + leeway - 1, None),
        (600 + leeway, Some(ClaimsError::Expired)),
        (-leeway, None),
        (-leeway - 1, Some(ClaimsError::NotYetValid)),
    ];
    let token = token();
    for (offset, expected) in cases {
        let result = opaque::open(&token, &keys(), ISSUER, NOW.plus(offset), LEEWAY);
        assert_eq!(result.err(), expected.map(OpaqueError::Claims), "{offset}");
    }
    // Claims of another issuer, sealed by mistake, are refused too.
    let foreign = AccessTokenClaims {
        iss: "https://other.example".into(),
        ..claims()
    };
    let token = opaque::seal(
        &sealing_key("one", 1),
        ISSUER,
        &foreign,
        &Counting::default(),
    );
    assert_eq!(open(&token.unwrap()), Err(ClaimsError::Issuer.into()));
}

#[test]
fn rule_t3_a_result_over_4096_characters_fails_the_mint() {
    let seal = |len| {
        let claims = AccessTokenClaims {
            sub: "x".repeat(len),
            ..claims()
        };
        opaque::seal(
            &sealing_key("one", 1),
            ISSUER,
            &claims,
            &Counting::default(),
        )
    };
    let longest = (0..4096)
        .rev()
        .find_map(|len| seal(len).ok())
        .expect("some length fits");
    assert!((4093..=4096).contains(&longest.len()), "{}", longest.len());
    assert!(open(&longest).is_ok());
    assert_eq!(seal(3000), Err(SealError::TooLong));
    assert_eq!(seal(1_000_000), Err(SealError::TooLong));
    assert_eq!(open(&format!("{longest}AAAA")), Err(OpaqueError::TooLong));
    assert_eq!(
        open(&format!("cs_at_{}", "A".repeat(10_000_000))),
        Err(OpaqueError::TooLong)
    );
}

#[test]
fn cve_2026_27840_every_changed_character_and_every_other_length_is_refused() {
    let token = token();
    assert!(open(&token).is_ok());
    for index in 0..token.len() {
        for replacement in ["A", "B", "-", "_", "=", ".", "", "AA"] {
            let mut other = token.clone();
            other.replace_range(index..=index, replacement);
            if other != token {
                assert!(open(&other).is_err(), "{index} {replacement:?}");
            }
        }
        assert!(open(&token[..index]).is_err(), "{index}");
    }
    for padding in ["=", "==", "A", "AAAA", " ", "\n", "."] {
        assert!(open(&format!("{token}{padding}")).is_err(), "{padding:?}");
        assert!(open(&format!("{padding}{token}")).is_err(), "{padding:?}");
    }
    for shape in [
        "",
        "cs_at_",
        "cs_at_A",
        "cs_at_AA",
        "cs_rt_AAAA",
        "CS_AT_AAAA",
        "cs_at_AQA",
    ] {
        assert_eq!(open(shape), Err(OpaqueError::Malformed), "{shape:?}");
    }
    let bytes = base64url::decode(&token["cs_at_".len()..]).unwrap();
    let version = [&[2], &bytes[1..]].concat();
    let version = format!("cs_at_{}", base64url::encode(&version));
    assert_eq!(open(&version), Err(OpaqueError::Malformed));
}

/// 1e6 seals take a minute without optimisation, so 100,000 here. The nonce comes out of HKDF over the salt, so
/// distinct salts are what there is to see from outside.
#[test]
fn cve_2021_32791_salts_are_distinct_over_100_000_seals() {
    struct System;
    impl countersign_core::Random for System {
        fn fill(&self, buffer: &mut [u8]) {
            use ring::rand::SecureRandom as _;
            ring::rand::SystemRandom::new()
                .fill(buffer)
                .expect("the system has randomness");
        }
    }
    let (key, random) = (countersign_core::Secret::new([1; 32]), System);
    let mut seen = HashSet::new();
    for _ in 0..50_000 {
        let sealed = seal::seal(&key, b"context", b"text", &random);
        assert!(seen.insert(sealed[1..17].to_vec()), "a salt came twice");
    }
    let (key, claims) = (sealing_key("one", 1), claims());
    for _ in 0..50_000 {
        let token = opaque::seal(&key, ISSUER, &claims, &random).unwrap();
        // Version, length and three characters of key id stand before the salt.
        let bytes = base64url::decode(&token["cs_at_".len()..]).unwrap();
        assert!(seen.insert(bytes[5..21].to_vec()), "a salt came twice");
    }
    assert_eq!(seen.len(), 100_000);
}

/// The other half of the class: a broken source of randomness shows at once, it is not papered over.
#[test]
fn cve_2021_32791_the_salt_is_what_the_caller_drew() {
    struct Zeros;
    impl countersign_core::Random for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }
    let key = countersign_core::Secret::new([1; 32]);
    let sealed = seal::seal(&key, b"context", b"text", &Zeros);
    assert_eq!(sealed[1..17], [0; 16]);
    assert_eq!(seal::seal(&key, b"context", b"text", &Zeros), sealed);
    // Under the same salt and key, an opaque token still has another key and nonce: the labels differ.
    let token = opaque::seal(&sealing_key("one", 1), ISSUER, &claims(), &Zeros).unwrap();
    let bytes = base64url::decode(&token["cs_at_".len()..]).unwrap();
    let json = serde_json::to_vec(&claims()).unwrap();
    let stream = |cipher: &[u8], plain: &[u8]| -> Vec<u8> {
        cipher
            .iter()
            .zip(plain)
            .map(|(cipher, plain)| cipher ^ plain)
            .collect()
    };
    assert_ne!(
        stream(&bytes[21..25], &json),
        stream(&sealed[17..21], b"text")
    );
}
