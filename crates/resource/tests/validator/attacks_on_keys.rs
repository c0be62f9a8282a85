//! Attacks on the choice of the key and its algorithm: rows 46, 48 to 50 and 55 of the attack classes (55:
//! `verified_tokens`, too).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::JwsError;
use countersign_jose::{JwkError, SigningKey};
use countersign_resource::BuildError;
use serde_json::{Value, json};

use crate::fixtures::{
    KEY, RSA_2048, TestKey, changed, claims_json, clock, encode, error, fetching, given, jwks,
    long_lived, refusal,
};
use crate::host::{Answer, Host};

/// Every spelling of a public key that somebody might use as an HMAC secret.
fn spellings_of_public_key(key: &SigningKey) -> Vec<Vec<u8>> {
    let jwk = serde_json::to_value(key.public_jwk()).expect("a JWK is JSON");
    let number = jwk["n"].as_str().or(jwk["x"].as_str()).expect("a number");
    let pem = key.public_pem();
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let base64 = lines.concat();
    vec![
        STANDARD.decode(&base64).expect("a PEM is base64"),
        base64.into_bytes(),
        pem.clone().into_bytes(),
        pem.trim_end().into(),
        format!(" {pem}").into_bytes(),
        format!("\n{pem}").into_bytes(),
        format!("\u{feff}{pem}").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        jwk.to_string().into_bytes(),
        serde_json::to_vec_pretty(&jwk).expect("JSON"),
        jwks_of(key).into_bytes(),
        number.into(),
    ]
}

fn jwks_of(key: &SigningKey) -> String {
    json!({ "keys": [key.public_jwk()] }).to_string()
}

#[tokio::test]
async fn e46_hs_rs_confusion() {
    let rsa = |algorithm| SigningKey::from_pkcs8(algorithm, RSA_2048).unwrap();
    for key in [
        rsa(SigningAlgorithm::Rs256),
        rsa(SigningAlgorithm::Ps256),
        SigningKey::generate(SigningAlgorithm::Es256).unwrap().0,
    ] {
        let validator = given(jwks_of(&key)).build().unwrap();
        let kid = key.id().as_str();
        let mut forgeries = 0;
        for secret in spellings_of_public_key(&key) {
            for algorithm in [
                HmacAlgorithm::Hs256,
                HmacAlgorithm::Hs384,
                HmacAlgorithm::Hs512,
            ] {
                // Below the least length no key of ours exists, and no token either.
                let Ok(hmac) = HmacKey::new(algorithm, kid, &Secret::new(secret.clone())) else {
                    continue;
                };
                let payload = claims_json().to_string();
                let forged = hmac_jws::sign(&hmac, Some("at+jwt"), payload.as_bytes()).unwrap();
                let refused = error(validator.validate(&forged).await);
                assert_eq!(refused, Some(JwsError::AlgorithmMismatch.into()), "{kid}");
                for spelling in [format!(" {forged}"), format!("\n{forged}")] {
                    assert!(validator.validate(&spelling).await.is_err());
                }
                forgeries += 1;
            }
        }
        assert!(forgeries > 24, "{forgeries}");
    }
}

#[tokio::test]
async fn e48_keys_that_are_none() {
    let weak = include_bytes!("../fixtures/test-only-rsa-1024.pkcs8.der");
    // ring does not even load it, so its number is taken out of the DER: the first of 129 bytes.
    let at = weak
        .windows(4)
        .position(|window| window == [0x02, 0x81, 0x81, 0x00])
        .unwrap();
    let n = encode(&weak[at + 4..at + 4 + 128]);
    let strong = SigningKey::from_pkcs8(SigningAlgorithm::Rs256, RSA_2048).unwrap();
    let strong = serde_json::to_value(strong.public_jwk()).unwrap()["n"].clone();
    let rsa =
        |n: &Value, alg: &str| json!({"kty": "RSA", "kid": "1", "n": n, "e": "AQAB", "alg": alg});
    let rows = [
        (rsa(&json!(n), "RS256"), JwkError::RsaModulus),
        (rsa(&strong, "ES256"), JwkError::AlgorithmMismatch),
        (rsa(&strong, "RSA-OAEP"), JwkError::UnsupportedAlgorithm),
        (
            changed(KEY.jwk(), &json!({"alg": "ES384"})),
            JwkError::AlgorithmMismatch,
        ),
        (
            changed(KEY.jwk(), &json!({"alg": "RS256"})),
            JwkError::AlgorithmMismatch,
        ),
        (changed(KEY.jwk(), &json!({"use": "enc"})), JwkError::Use),
        (
            changed(KEY.jwk(), &json!({"crv": "secp256k1"})),
            JwkError::Curve,
        ),
        (
            changed(KEY.jwk(), &json!({"y": KEY.jwk()["x"]})),
            JwkError::Rejected,
        ),
        (changed(KEY.jwk(), &json!({"d": "AAAA"})), JwkError::Private),
        (
            json!({"kty": "oct", "kid": "1", "k": "AAAA", "alg": "HS256"}),
            JwkError::Symmetric,
        ),
    ];
    for (jwk, expected) in rows {
        // Alone it makes no validator; among others it verifies nothing, also when it is fetched.
        let alone = given(json!({ "keys": [jwk] }).to_string()).build().err();
        let Some(BuildError::NoUsableKey(refused)) = alone else {
            panic!("{jwk} was taken: {alone:?}");
        };
        assert_eq!(refused[0].reason, expected, "{jwk}");
        let good = TestKey::new();
        let set = json!({"keys": [jwk, good.jwk()]}).to_string();
        let host = Host::with_jwks(set).await;
        let validator = fetching(&host, &clock()).build().unwrap();
        validator.validate(&long_lived(&good)).await.unwrap();
        if jwk["kid"] == KEY.kid() {
            let refused = error(validator.validate(&long_lived(&KEY)).await);
            assert_eq!(refused, Some(JwsError::UnknownKey.into()), "{jwk}");
        }
    }
}

#[tokio::test]
async fn e49_embedded_keys_are_never_used() {
    // Signed by a stranger, whose public key the token carries along, or says where to get.
    let stranger = TestKey::new();
    let elsewhere = Host::with_jwks(jwks([&stranger])).await;
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let validator = fetching(&host, &clock()).build().unwrap();
    for source in [
        json!({ "jwk": stranger.jwk() }),
        json!({ "jku": elsewhere.url("/jwks") }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "x5u": elsewhere.url("/cert") }),
        json!({ "x5t": "AAAA", "x5t#S256": "AAAA" }),
    ] {
        for (kid, expected) in [
            (json!(KEY.kid()), JwsError::Signature),
            (json!(stranger.kid()), JwsError::UnknownKey),
        ] {
            let header = changed(source.clone(), &json!({ "kid": kid }));
            let token = stranger.forge(&stranger.header_with(&header), &claims_json().to_string());
            let refused = error(validator.validate(&token).await);
            assert_eq!(refused, Some(expected.into()), "{header}");
        }
        // And a good token is not spoiled by them.
        let token = KEY.forge(&KEY.header_with(&source), &claims_json().to_string());
        assert_eq!(error(validator.validate(&token).await), None, "{source}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
    assert_eq!(host.requests().len(), 1);
}

#[tokio::test]
async fn e50_kid_injection() {
    let kid = KEY.kid();
    let payload = claims_json().to_string();
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
        let token = KEY.forge(&KEY.header_with(&json!({ "kid": kid })), &payload);
        let expected = Some(JwsError::UnknownKey.into());
        assert_eq!(refusal(&token).await, expected, "{kid:?}");
    }
    for kid in [json!(null), json!(1), json!([kid]), json!({ "kid": kid })] {
        let token = KEY.forge(&KEY.header_with(&json!({ "kid": kid })), &payload);
        let expected = Some(JwsError::HeaderMember("kid").into());
        assert_eq!(refusal(&token).await, expected, "{kid}");
    }
    // Without a kid nothing chooses the only key.
    let token = KEY.forge(r#"{"alg":"ES256","typ":"at+jwt"}"#, &payload);
    assert_eq!(refusal(&token).await, Some(JwsError::KeyIdMissing.into()));
}

#[tokio::test]
async fn e50_kid_collision_between_issuers() {
    // Two issuers whose keys have the same kid: each validator has its own set, so neither speaks for the other.
    let named = |key: &TestKey| json!({"keys": [changed(key.jwk(), &json!({"kid": "1"}))]});
    let stranger = TestKey::new();
    let ours = given(named(&KEY).to_string()).build().unwrap();
    let theirs = given(named(&stranger).to_string()).build().unwrap();
    let token = KEY.forge(
        &KEY.header_with(&json!({"kid": "1"})),
        &claims_json().to_string(),
    );
    assert_eq!(error(ours.validate(&token).await), None);
    assert_eq!(
        error(theirs.validate(&token).await),
        Some(JwsError::Signature.into())
    );
}

#[tokio::test]
async fn e55_a_retired_key_fails_at_once() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let host = Host::with_jwks(jwks([&old, &new])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let (retired, other) = (long_lived(&old), long_lived(&new));
    validator.validate(&retired).await.unwrap();
    host.answer("/jwks", Answer::ok(jwks([&new])));
    clock.advance(300);
    // A key that nobody knows leads to a fetch that is waited for, and with its answer the old key is gone.
    let unknown = KEY.token();
    assert!(error(validator.validate(&unknown).await).is_some());
    let refused = error(validator.validate(&retired).await);
    assert_eq!(refused, Some(JwsError::UnknownKey.into()));
    validator.validate(&other).await.unwrap();
}

#[tokio::test]
async fn rule_t1_a_key_verifies_with_exactly_one_algorithm() {
    let rsa = |algorithm| SigningKey::from_pkcs8(algorithm, RSA_2048).unwrap();
    let (rs, ps) = (rsa(SigningAlgorithm::Rs256), rsa(SigningAlgorithm::Ps256));
    assert_eq!(rs.id(), ps.id());
    let sign = |key| countersign_jose::access_token::sign(key, &crate::fixtures::claims()).unwrap();
    for (published, other) in [(&rs, &ps), (&ps, &rs)] {
        let validator = given(jwks_of(published)).build().unwrap();
        assert_eq!(error(validator.validate(&sign(published)).await), None);
        let refused = error(validator.validate(&sign(other)).await);
        assert_eq!(refused, Some(JwsError::AlgorithmMismatch.into()));
    }
}
