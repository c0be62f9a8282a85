//! What becomes a key and what does not.

use countersign_core::SigningAlgorithm;
use countersign_jose::hmac_jws::{HmacAlgorithm, HmacKey, HmacKeyError, HmacKeys};
use countersign_jose::opaque::SealingKeys;
use countersign_jose::{
    Algorithm, DuplicateKeyId, Jwk, JwkError, JwkSet, KeyError, SigningKey, VerifyingKey,
    VerifyingKeys, base64url,
};
use serde_json::{Value, json};

use crate::fixtures::{
    EC_P256, EC_P384, EC_P521, ED25519, KEY, RSA_2048, sealing_key, signing_key,
};

fn jwk_of(algorithm: SigningAlgorithm) -> Value {
    serde_json::to_value(signing_key(algorithm).public_jwk()).expect("a JWK is JSON")
}

fn parse(jwk: &Value) -> Jwk {
    serde_json::from_value(jwk.clone()).expect("the types of jsonwebtoken take any JWK")
}

/// `jwk` with members replaced; `null` removes one.
fn with(jwk: &Value, changes: &Value) -> Jwk {
    let mut jwk = jwk.as_object().expect("an object").clone();
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            jwk.remove(name);
        } else {
            jwk.insert(name.clone(), value.clone());
        }
    }
    parse(&jwk.into())
}

#[test]
fn public_jwks_name_their_key_use_and_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let jwk = jwk_of(algorithm);
        assert_eq!(jwk["kid"], signing_key(algorithm).id().as_str());
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["alg"], algorithm.name());
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(jwk.get(private).is_none(), "{algorithm} {private}");
        }
        let key = VerifyingKey::from_jwk(&parse(&jwk)).expect("what we publish can be read");
        assert_eq!(key.kid(), signing_key(algorithm).id().as_str());
    }
}

#[test]
fn cve_2022_23539_private_keys_of_another_kind_or_curve_are_refused() {
    use SigningAlgorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
    let fits = [
        (EC_P256, &[Es256][..]),
        (EC_P384, &[Es384]),
        (EC_P521, &[]),
        (ED25519, &[EdDsa]),
        (RSA_2048, &[Rs256, Ps256]),
        (b"", &[]),
        (b"-----BEGIN PRIVATE KEY-----", &[]),
    ];
    for (index, (pkcs8, algorithms)) in fits.into_iter().enumerate() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::from_pkcs8(algorithm, pkcs8);
            assert_eq!(
                key.is_ok(),
                algorithms.contains(&algorithm),
                "{index} {algorithm}"
            );
            if let Err(error) = key {
                let found = algorithms.first().map(|found| KeyError::AnotherAlgorithm {
                    wanted: algorithm,
                    found: *found,
                });
                assert_eq!(
                    error,
                    found.unwrap_or(KeyError::Rejected(algorithm)),
                    "{index}"
                );
            }
        }
    }
    for cut in 0..EC_P256.len() {
        assert!(
            SigningKey::from_pkcs8(Es256, &EC_P256[..cut]).is_err(),
            "{cut}"
        );
    }
}

#[test]
fn cve_2022_23541_members_of_curve_keys_have_to_agree() {
    let ec = jwk_of(SigningAlgorithm::Es256);
    let (ec384, ed) = (
        jwk_of(SigningAlgorithm::Es384),
        jwk_of(SigningAlgorithm::EdDsa),
    );
    let other_y = ec["x"].clone();
    let cases = [
        (&ec, json!({}), None),
        (&ec, json!({"alg": null, "use": null, "kid": null}), None),
        (&ec, json!({"use": null, "key_ops": ["verify"]}), None),
        (
            &ec,
            json!({"alg": "ES384"}),
            Some(JwkError::AlgorithmMismatch),
        ),
        (
            &ec,
            json!({"alg": "RS256"}),
            Some(JwkError::AlgorithmMismatch),
        ),
        (
            &ec,
            json!({"alg": "HS256"}),
            Some(JwkError::AlgorithmMismatch),
        ),
        (
            &ec,
            json!({"alg": "none"}),
            Some(JwkError::UnsupportedAlgorithm),
        ),
        (
            &ec,
            json!({"alg": "ES512"}),
            Some(JwkError::UnsupportedAlgorithm),
        ),
        (
            &ec,
            json!({"alg": "RSA1_5"}),
            Some(JwkError::UnsupportedAlgorithm),
        ),
        (
            &ec,
            json!({"crv": "P-384", "alg": null}),
            Some(JwkError::Member("x")),
        ),
        (&ec, json!({"crv": "P-521"}), Some(JwkError::Curve)),
        (&ec, json!({"crv": "Ed25519"}), Some(JwkError::Curve)),
        (&ec, json!({"crv": "secp256k1"}), Some(JwkError::KeyType)),
        (&ec, json!({"kty": "RSA"}), Some(JwkError::KeyType)),
        (&ec, json!({"kty": "ec"}), Some(JwkError::KeyType)),
        (&ec, json!({"y": null}), Some(JwkError::KeyType)),
        (&ec, json!({"y": other_y}), Some(JwkError::Rejected)),
        (&ec, json!({"y": "AA"}), Some(JwkError::Member("y"))),
        (&ec, json!({"x": "?"}), Some(JwkError::Member("x"))),
        (&ec, json!({"use": "enc"}), Some(JwkError::Use)),
        (&ec, json!({"use": "SIG"}), Some(JwkError::Use)),
        (&ec, json!({"key_ops": []}), Some(JwkError::KeyOperations)),
        (
            &ec,
            json!({"key_ops": ["sign"]}),
            Some(JwkError::KeyOperations),
        ),
        (&ec384, json!({}), None),
        (
            &ec384,
            json!({"alg": "ES256"}),
            Some(JwkError::AlgorithmMismatch),
        ),
        (&ed, json!({"alg": null}), None),
        (
            &ed,
            json!({"alg": "ES256"}),
            Some(JwkError::AlgorithmMismatch),
        ),
        (&ed, json!({"crv": "P-256"}), Some(JwkError::Curve)),
        (&ed, json!({"x": "AAAA"}), Some(JwkError::Member("x"))),
    ];
    for (jwk, changes, expected) in cases {
        let result = VerifyingKey::from_jwk(&with(jwk, &changes));
        assert_eq!(result.err(), expected, "{} {changes}", jwk["kty"]);
    }
}

#[test]
fn cve_2022_23541_numbers_of_rsa_keys_have_to_be_sane() {
    let rsa = jwk_of(SigningAlgorithm::Rs256);
    let cases = [
        (&rsa, json!({}), None),
        (&rsa, json!({"alg": "PS512"}), None),
        (&rsa, json!({"alg": null}), Some(JwkError::AlgorithmMissing)),
        (
            &rsa,
            json!({"alg": "RSA-OAEP"}),
            Some(JwkError::UnsupportedAlgorithm),
        ),
        (
            &rsa,
            json!({"alg": "ES256"}),
            Some(JwkError::AlgorithmMismatch),
        ),
        (&rsa, json!({"e": "Aw"}), None),
        (&rsa, json!({"e": "AQ"}), Some(JwkError::RsaExponent)),
        (&rsa, json!({"e": "BA"}), Some(JwkError::RsaExponent)),
        (&rsa, json!({"e": ""}), Some(JwkError::Member("e"))),
        (&rsa, json!({"e": "AAEAAQ"}), Some(JwkError::Member("e"))),
        (
            &rsa,
            json!({"e": "AQAAAAAAAAAB"}),
            Some(JwkError::RsaExponent),
        ),
        (&rsa, json!({"e": "AgAAAAE"}), Some(JwkError::RsaExponent)),
        (
            &rsa,
            json!({"n": base64url::encode(&[0xff; 255])}),
            Some(JwkError::RsaModulus),
        ),
        (
            &rsa,
            json!({"n": base64url::encode(&[0x7f; 256])}),
            Some(JwkError::RsaModulus),
        ),
        (
            &rsa,
            json!({"n": base64url::encode(&[0xfe; 256])}),
            Some(JwkError::RsaModulus),
        ),
        (
            &rsa,
            json!({"n": base64url::encode(&[0xff; 1025])}),
            Some(JwkError::RsaModulus),
        ),
    ];
    for (jwk, changes, expected) in cases {
        let result = VerifyingKey::from_jwk(&with(jwk, &changes));
        assert_eq!(result.err(), expected, "{} {changes}", jwk["kty"]);
    }
}

/// What the faulty generator of CVE-2017-15361 leaves behind: a power of 65537, here as a whole number.
#[test]
fn cve_2017_15361_roca_moduli_are_refused() {
    // Little-endian: x * 65537 is x plus x two bytes further up.
    let mut modulus = vec![1_u8];
    for _ in 0..128 {
        let mut carry = 0;
        let lower = modulus.iter().chain([&0, &0]);
        let upper = [0, 0].iter().chain(&modulus);
        modulus = lower
            .zip(upper)
            .map(|(one, other)| {
                carry += u16::from(*one) + u16::from(*other);
                let [byte, rest] = carry.to_le_bytes();
                carry = rest.into();
                byte
            })
            .collect();
        modulus.extend((carry > 0).then_some(1));
    }
    while modulus.last() == Some(&0) {
        modulus.pop();
    }
    modulus.reverse();
    let rsa = jwk_of(SigningAlgorithm::Rs256);
    let with_modulus =
        |n: &[u8]| VerifyingKey::from_jwk(&with(&rsa, &json!({ "n": base64url::encode(n) }))).err();
    assert_eq!(with_modulus(&modulus), Some(JwkError::RsaRoca));
    let last = modulus.len() - 1;
    modulus[last] ^= 2;
    assert_eq!(with_modulus(&modulus), None);
}

#[test]
fn rule_t1_a_symmetric_jwk_is_no_public_key() {
    let oct = json!({"kty": "oct", "k": base64url::encode(&[1; 32]), "alg": "HS256", "kid": "a"});
    assert_eq!(
        VerifyingKey::from_jwk(&parse(&oct)).err(),
        Some(JwkError::Symmetric)
    );
}

#[test]
fn an_rsa_key_is_for_the_algorithm_that_it_names_or_is_given() {
    let rsa = jwk_of(SigningAlgorithm::Rs256);
    let bare = with(&rsa, &json!({"alg": null}));
    let cases = [
        (&bare, Algorithm::RS384, None),
        (&bare, Algorithm::PS256, None),
        (&bare, Algorithm::ES256, Some(JwkError::AlgorithmMismatch)),
        (&bare, Algorithm::HS256, Some(JwkError::AlgorithmMismatch)),
        (&parse(&rsa), Algorithm::RS256, None),
        (
            &parse(&rsa),
            Algorithm::PS256,
            Some(JwkError::AlgorithmMismatch),
        ),
    ];
    for (jwk, algorithm, expected) in cases {
        let key = VerifyingKey::from_jwk_for(jwk, algorithm);
        assert_eq!(
            key.as_ref().map(VerifyingKey::algorithm).ok(),
            expected.is_none().then_some(algorithm)
        );
        assert_eq!(key.err(), expected, "{algorithm:?}");
    }
}

#[test]
fn rule_t1_key_ids_are_unique_over_all_kinds() {
    let key = || KEY.verifying_key();
    let duplicate = DuplicateKeyId(KEY.id().to_string());
    assert_eq!(VerifyingKeys::new([key(), key()]).err(), Some(duplicate));
    let sealing = SealingKeys::new([sealing_key("a", 1), sealing_key("a", 2)]);
    assert_eq!(sealing.err(), Some(DuplicateKeyId("a".into())));
    let hmac = || {
        let secret = countersign_core::Secret::new(vec![1; 32]);
        HmacKey::new(HmacAlgorithm::Hs256, "a", &secret).expect("a long secret")
    };
    assert_eq!(
        HmacKeys::new([hmac(), hmac()]).err(),
        Some(DuplicateKeyId("a".into()))
    );
}

#[test]
fn a_jwk_set_yields_the_usable_keys_and_names_the_others() {
    let ec = jwk_of(SigningAlgorithm::Es256);
    let named = |jwk: &Value, kid: &str| with(jwk, &json!({ "kid": kid }));
    let oct = json!({"kty": "oct", "k": base64url::encode(&[1; 32]), "alg": "HS256"});
    let thumbprint = KEY.id().as_str();
    let set = JwkSet {
        keys: vec![
            named(&ec, "good"),
            named(&oct, "shared"),
            named(&ec, "shared"),
            with(&ec, &json!({"kid": "enc", "use": "enc"})),
            named(&json!({"kty": "XYZ"}), "unknown"),
            named(&jwk_of(SigningAlgorithm::EdDsa), "also good"),
            named(&oct, "secret"),
        ],
    };
    let (keys, refused) = VerifyingKeys::from_jwk_set(&set);
    assert_eq!(keys.len(), 2);
    assert!(keys.get("good").is_some() && keys.get("also good").is_some());
    let refused: Vec<_> = refused.iter().map(|jwk| (jwk.index, jwk.reason)).collect();
    assert_eq!(
        refused,
        [
            (1, JwkError::DuplicateKeyId),
            (2, JwkError::DuplicateKeyId),
            (3, JwkError::Use),
            (4, JwkError::KeyType),
            (6, JwkError::Symmetric),
        ]
    );

    // A key without `kid` goes by its thumbprint, unless another key claims that name.
    let bare = with(&ec, &json!({ "kid": null }));
    let (keys, _) = VerifyingKeys::from_jwk_set(&JwkSet {
        keys: vec![bare.clone()],
    });
    assert!(keys.get(thumbprint).is_some());
    let claimed = named(&jwk_of(SigningAlgorithm::EdDsa), thumbprint);
    for keys in [vec![bare.clone(), claimed.clone()], vec![claimed, bare]] {
        let (keys, refused) = VerifyingKeys::from_jwk_set(&JwkSet { keys });
        assert_eq!((keys.len(), refused.len()), (1, 1));
        let winner = keys.get(thumbprint).map(VerifyingKey::algorithm);
        assert_eq!(winner, Some(Algorithm::EdDSA));
    }
}

#[test]
fn hmac_secrets_are_as_long_as_their_hash() {
    for (algorithm, len) in [
        (HmacAlgorithm::Hs256, 32),
        (HmacAlgorithm::Hs384, 48),
        (HmacAlgorithm::Hs512, 64),
    ] {
        let key = |len| {
            HmacKey::new(algorithm, "a", &countersign_core::Secret::new(vec![1; len])).map(|_| ())
        };
        assert_eq!(key(len), Ok(()));
        assert_eq!(key(len - 1), Err(HmacKeyError::TooShort));
        assert_eq!(key(0), Err(HmacKeyError::TooShort));
    }
}

/// Servers hold keys behind an `Arc` and use them from every thread.
#[test]
fn keys_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<SigningKey>();
    shared::<VerifyingKeys>();
    shared::<HmacKeys>();
    shared::<SealingKeys>();
}

#[test]
fn debug_shows_no_secret() {
    let secret = countersign_core::Secret::new(b"0123456789abcdef0123456789abcdef".to_vec());
    let hmac = HmacKey::new(HmacAlgorithm::Hs256, "a", &secret).expect("a long secret");
    let shown = format!("{:?} {:?} {:?}", &*KEY, hmac, sealing_key("b", 0x5a));
    let id = KEY.id();
    assert_eq!(
        shown,
        format!(
            "SigningKey {{ id: {id:?}, algorithm: Es256, .. }} \
             HmacKey {{ kid: \"a\", algorithm: Hs256, .. }} SealingKey {{ id: \"b\", .. }}"
        )
    );
}
