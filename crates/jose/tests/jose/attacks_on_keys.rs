//! Attacks on the choice of the key and its algorithm: rows 46, 49, 50 and 55 of the JOSE attack classes (48: `keys`).
use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::access_token::{self, AccessTokenError};
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey, HmacKeyError, HmacKeys};
use countersign_jose::jws::{self, JwsError};
use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys, base64url};
use serde_json::json;

use crate::fixtures::{
    KEY, NOW, claims, forge, header_with, keys, payload, pkcs8, refusal, signing_key, validator,
};

/// Every spelling of a public key that somebody might use as an HMAC secret.
fn spellings_of_public_key(key: &SigningKey, spki: &[u8]) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let jwk = serde_json::to_value(key.public_jwk()).expect("a JWK is JSON");
    let base64 = base64::engine::general_purpose::STANDARD.encode(spki);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    let body = lines.join("\n");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    vec![
        spki.to_vec(),
        base64.clone().into_bytes(),
        pem.clone().into_bytes(),
        pem.trim_end().as_bytes().to_vec(),
        format!(" {pem}").into_bytes(),
        format!("\n{pem}").into_bytes(),
        format!("\u{feff}{pem}").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        jwk.to_string().into_bytes(),
        serde_json::to_vec_pretty(&jwk).expect("JSON"),
        jwk["n"]
            .as_str()
            .or(jwk["x"].as_str())
            .expect("a number")
            .as_bytes()
            .to_vec(),
        base64url::decode(jwk["n"].as_str().or(jwk["x"].as_str()).expect("a number"))
            .expect("base64url"),
    ]
}

/// `SubjectPublicKeyInfo` of the RSA and EC test keys.
fn spki(algorithm: SigningAlgorithm) -> Vec<u8> {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair,
    };
    let pkcs8 = pkcs8(algorithm);
    let der: PublicKeyX509Der<'_> = match algorithm {
        SigningAlgorithm::Es256 => {
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .expect("a key")
                .public_key()
                .as_der()
        }
        _ => RsaKeyPair::from_pkcs8(pkcs8)
            .expect("a key")
            .public_key()
            .as_der(),
    }
    .expect("DER");
    der.as_ref().to_vec()
}

#[test]
fn cve_2015_9235_hs_rs_confusion() {
    for by in [
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Ps256,
        SigningAlgorithm::Es256,
    ] {
        let key = signing_key(by);
        let keys = keys([&key]);
        let kid = key.id().as_str();
        for secret in spellings_of_public_key(&key, &spki(by)) {
            for algorithm in [
                HmacAlgorithm::Hs256,
                HmacAlgorithm::Hs384,
                HmacAlgorithm::Hs512,
            ] {
                let secret = Secret::new(secret.clone());
                // Below the least length no key of ours exists, and no token either.
                let Ok(hmac) = HmacKey::new(algorithm, kid, &secret) else {
                    continue;
                };
                let forged = hmac_jws::sign(&hmac, Some("at+jwt"), &payload()).unwrap();
                let own = HmacKeys::new([hmac]).unwrap();
                assert!(
                    hmac_jws::verify(&forged, &own).is_ok(),
                    "the forgery is a real HMAC"
                );
                for spelling in [forged.clone(), format!(" {forged}"), format!("\n{forged}")] {
                    assert!(jws::verify(&spelling, &keys).is_err(), "{by}");
                    assert!(
                        jws::verify_with(&key.verifying_key(), &spelling).is_err(),
                        "{by}"
                    );
                }
                assert_eq!(
                    validator().verify(&forged, &keys, NOW),
                    Err(JwsError::AlgorithmMismatch.into()),
                    "{by}"
                );
            }
        }
    }
}

#[test]
fn cve_2015_9235_the_reverse_an_hmac_set_never_takes_a_public_key_token() {
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let hmac = HmacKey::new(
        HmacAlgorithm::Hs256,
        KEY.id().as_str(),
        &Secret::new(vec![1; 32]),
    );
    let keys = HmacKeys::new([hmac.unwrap()]).unwrap();
    assert_eq!(
        hmac_jws::verify(&token, &keys).unwrap_err(),
        JwsError::AlgorithmMismatch
    );
    assert_eq!(
        HmacKey::from_jwk(KEY.public_jwk()).unwrap_err(),
        HmacKeyError::Jwk
    );
}

#[test]
fn cve_2018_0114_embedded_keys_are_never_used() {
    // Signed by a stranger, whose public key the token carries along.
    let stranger = signing_key(SigningAlgorithm::EdDsa);
    let jwk = serde_json::to_value(stranger.public_jwk()).unwrap();
    let sources = [
        json!({ "jwk": jwk }),
        json!({ "jku": "https://attacker.example/jwks" }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "x5u": "https://attacker.example/cert" }),
        json!({ "x5t": "AAAA", "x5t#S256": "AAAA" }),
    ];
    for source in sources {
        for kid in [Some(KEY.id()), Some(stranger.id()), None] {
            let mut header = source.clone();
            header["alg"] = json!("EdDSA");
            header["typ"] = json!("at+jwt");
            if let Some(kid) = kid {
                header["kid"] = json!(kid);
            }
            let encoded = base64url::encode(header.to_string().as_bytes());
            let input = format!("{encoded}.{}", base64url::encode(&payload()));
            let signature = crate::foreign::sign(SigningAlgorithm::EdDsa, &input);
            let token = format!("{input}.{signature}");
            assert!(jws::verify_with(&stranger.verifying_key(), &token).is_ok());
            assert!(matches!(
                refusal(&token),
                Some(AccessTokenError::Jws(
                    JwsError::AlgorithmMismatch | JwsError::UnknownKey | JwsError::KeyIdMissing
                ))
            ));
        }
        // And a good token is not spoiled by them.
        assert_eq!(refusal(&forge(&header_with(&source), &payload())), None);
    }
}

#[test]
fn e50_kid_injection() {
    let kid = KEY.id().as_str();
    let hostile = [
        "../../../../dev/null".to_owned(),
        "' OR '1'='1".to_owned(),
        "0 UNION SELECT 'secret'".to_owned(),
        "|/usr/bin/true".to_owned(),
        "https://attacker.example/key".to_owned(),
        String::new(),
        "*".to_owned(),
        kid.to_ascii_lowercase(),
        kid.to_ascii_uppercase(),
        format!("{kid}\0"),
        format!(" {kid}"),
        kid[..kid.len() - 1].to_owned(),
    ];
    for kid in hostile {
        let token = forge(&header_with(&json!({ "kid": kid })), &payload());
        assert_eq!(
            refusal(&token),
            Some(JwsError::UnknownKey.into()),
            "{kid:?}"
        );
    }
    for kid in [
        json!(null),
        json!(1),
        json!([KEY.id()]),
        json!({"kid": KEY.id()}),
    ] {
        let token = forge(&header_with(&json!({ "kid": kid })), &payload());
        assert_eq!(
            refusal(&token),
            Some(JwsError::HeaderMember("kid").into()),
            "{kid}"
        );
    }
    // Without a kid nothing chooses the only key.
    let token = forge(&json!({"alg": "ES256", "typ": "at+jwt"}), &payload());
    assert_eq!(refusal(&token), Some(JwsError::KeyIdMissing.into()));
}

#[test]
fn e50_kid_collision_between_issuers() {
    // Two issuers whose keys have the same kid: each has its own set, so neither speaks for the other.
    let named = |key: &SigningKey| {
        let mut jwk: Jwk = key.public_jwk().clone();
        jwk.common.key_id = Some("1".into());
        VerifyingKeys::new([VerifyingKey::from_jwk(&jwk).unwrap()]).unwrap()
    };
    let (ours, theirs) = (&*KEY, SigningKey::generate(SigningAlgorithm::Es256));
    let theirs = theirs.unwrap().0;
    let token = forge(&header_with(&json!({"kid": "1"})), &payload());
    assert!(validator().verify(&token, &named(ours), NOW).is_ok());
    let crossed = validator().verify(&token, &named(&theirs), NOW);
    assert_eq!(crossed, Err(JwsError::Signature.into()));
}

#[test]
fn cve_2025_31123_a_retired_key_fails_at_once() {
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let other = signing_key(SigningAlgorithm::EdDsa);
    let before = keys([&*KEY, &other]);
    let after = keys([&other]);
    assert!(validator().verify(&token, &before, NOW).is_ok());
    let retired = validator().verify(&token, &after, NOW);
    assert_eq!(retired, Err(JwsError::UnknownKey.into()));
    assert!(jws::verify(&token, &VerifyingKeys::default()).is_err());
}

#[test]
fn rule_t1_a_key_verifies_with_exactly_one_algorithm() {
    // One RSA key, six algorithms: the key decides, and what was signed with another of them is refused.
    let rs = signing_key(SigningAlgorithm::Rs256);
    let ps = signing_key(SigningAlgorithm::Ps256);
    assert_eq!(rs.id(), ps.id());
    let token = access_token::sign(&rs, &claims()).unwrap();
    assert!(jws::verify(&token, &keys([&rs])).is_ok());
    assert_eq!(
        jws::verify(&token, &keys([&ps])).unwrap_err(),
        JwsError::AlgorithmMismatch
    );
    let mut jwk = rs.public_jwk().clone();
    jwk.common.key_algorithm = None;
    let rs384 = VerifyingKey::from_jwk_for(&jwk, Algorithm::RS384).unwrap();
    assert_eq!(
        jws::verify_with(&rs384, &token).unwrap_err(),
        JwsError::AlgorithmMismatch
    );
}
