//! Attacks on header, shape and size: rows 47, 51, 52, 57 to 60 and 62 to 65 of the attack classes.

use countersign_core::SigningAlgorithm;
use countersign_jose::SigningKey;
use countersign_jose::access_token;
use countersign_jose::json::JsonError;
use countersign_jose::jws::JwsError;
use serde_json::json;

use crate::fixtures::{KEY, claims, claims_json, encode, error, given, refusal, validator};

/// The forger of these tests makes tokens that are accepted as long as nothing is wrong with them.
#[tokio::test]
async fn the_forger_can_make_a_good_token() {
    let token = KEY.forge(&KEY.header_with(&json!({})), &claims_json().to_string());
    assert_eq!(refusal(&token).await, None);
}

#[tokio::test]
async fn e47_alg_none_and_its_spellings() {
    for alg in [
        "none", "None", "NONE", "nOnE", "", " none", "null", "ES256 ", "es256",
    ] {
        let signed = KEY.forge(
            &KEY.header_with(&json!({ "alg": alg })),
            &claims_json().to_string(),
        );
        let (input, _) = signed.rsplit_once('.').unwrap();
        for token in [format!("{input}."), format!("{input}.AA"), signed.clone()] {
            let expected = Some(JwsError::UnsupportedAlgorithm.into());
            assert_eq!(refusal(&token).await, expected, "{alg:?}");
        }
    }
    // The right algorithm and no signature is no better.
    let token = KEY.token();
    let (input, _) = token.rsplit_once('.').unwrap();
    let unsigned = refusal(&format!("{input}.")).await;
    assert_eq!(unsigned, Some(JwsError::Signature.into()));
    assert_eq!(refusal(input).await, Some(JwsError::NotCompact.into()));
}

#[tokio::test]
async fn e51_crit_and_b64() {
    for (changes, expected) in [
        (
            json!({"crit": ["example"], "example": true}),
            JwsError::Critical,
        ),
        (json!({"crit": ["exp"]}), JwsError::Critical),
        (json!({"crit": []}), JwsError::Critical),
        (json!({"crit": null}), JwsError::Critical),
        (json!({"crit": ["b64"], "b64": false}), JwsError::Critical),
        (json!({"b64": false}), JwsError::UnencodedPayload),
        (json!({"b64": true}), JwsError::UnencodedPayload),
    ] {
        let token = KEY.forge(&KEY.header_with(&changes), &claims_json().to_string());
        assert_eq!(refusal(&token).await, Some(expected.into()), "{changes}");
    }
}

#[tokio::test]
async fn e52_a_jwe_is_refused_whatever_is_inside() {
    let unsigned = format!(
        "{}.{}.",
        encode(r#"{"alg":"none"}"#),
        encode(claims_json().to_string())
    );
    for inner in [KEY.token(), unsigned] {
        let outer =
            json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": KEY.kid()});
        let (outer, inner) = (encode(outer.to_string()), encode(inner));
        let jwe = format!("{outer}.AAAA.AAAA.{inner}.AAAA");
        assert_eq!(refusal(&jwe).await, Some(JwsError::NotCompact.into()));
        // Nor as three parts with the payload of a nested JWT.
        assert!(refusal(&format!("{outer}.{inner}.AAAA")).await.is_some());
    }
}

/// No JWE header gets past the shape, so none of these is ever acted upon.
#[tokio::test]
async fn e58_e59_e60_e62_e63_jwe_algorithms_do_not_exist_here() {
    let point = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    for header in [
        json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": point}),
        json!({"alg": "RSA1_5", "enc": "A128CBC-HS256"}),
        json!({"alg": "dir", "enc": "A128CBC-HS256"}),
        json!({"alg": "dir", "enc": "A128GCM", "zip": "DEF"}),
        json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "AAAA", "p2c": 2_000_000_000}),
    ] {
        let header = KEY.header_with(&header);
        let jwe = format!("{}.AAAA.AAAA.AAAA.AAAA", encode(&header));
        assert_eq!(
            refusal(&jwe).await,
            Some(JwsError::NotCompact.into()),
            "{header}"
        );
        // In the shape of a JWS the algorithm is unknown.
        let token = KEY.forge(&header, &claims_json().to_string());
        let expected = Some(JwsError::UnsupportedAlgorithm.into());
        assert_eq!(refusal(&token).await, expected, "{header}");
    }
}

#[tokio::test]
async fn e57_psychic_signatures() {
    for (algorithm, len) in [
        (SigningAlgorithm::Es256, 64),
        (SigningAlgorithm::Es384, 96),
        (SigningAlgorithm::EdDsa, 64),
    ] {
        let (key, _) = SigningKey::generate(algorithm).unwrap();
        let set = json!({ "keys": [key.public_jwk()] }).to_string();
        let validator = given(set).build().unwrap();
        let token = access_token::sign(&key, &claims()).unwrap();
        assert_eq!(error(validator.validate(&token).await), None);
        let (input, _) = token.rsplit_once('.').unwrap();
        for signature in [
            vec![0; len],
            vec![],
            vec![0xff; len],
            [vec![0; len - 1], vec![1]].concat(),
        ] {
            let forged = format!("{input}.{}", encode(&signature));
            let refused = error(validator.validate(&forged).await);
            assert_eq!(refused, Some(JwsError::Signature.into()), "{algorithm}");
        }
    }
}

#[tokio::test]
async fn e64_million_dots() {
    for token in [
        ".".repeat(1_000_000),
        "a.".repeat(500_000),
        format!("{}{}", KEY.token(), ".".repeat(1_000_000)),
    ] {
        assert_eq!(refusal(&token).await, Some(JwsError::TooLong.into()));
    }
    for count in [0, 1, 3, 4, 5, 16_384] {
        let refused = refusal(&".".repeat(count)).await;
        assert_eq!(refused, Some(JwsError::NotCompact.into()), "{count}");
    }
}

#[tokio::test]
async fn e65_oversized_header_and_signature() {
    let token = KEY.token();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let too_long = JwsError::TooLong;
    for (token, expected) in [
        (
            format!("{}.{payload}.{signature}", "A".repeat(8 * 1024 + 4)),
            too_long,
        ),
        (format!("{header}.{payload}.{}", "A".repeat(1367)), too_long),
        (
            format!("{header}.{}.{signature}", "A".repeat(16 * 1024)),
            too_long,
        ),
        ("A".repeat(10_000_000), too_long),
        // Just within the caps they are judged for what they are.
        (
            format!("{}.{payload}.{signature}", "A".repeat(8 * 1024)),
            JwsError::Header(JsonError::Syntax),
        ),
        (
            format!("{header}.{payload}.{}", "A".repeat(1366)),
            JwsError::Signature,
        ),
    ] {
        assert_eq!(
            refusal(&token).await,
            Some(expected.into()),
            "{}",
            token.len()
        );
    }
    // With a memory of good tokens, too.
    let keeping = given(crate::fixtures::jwks([&*KEY]))
        .verified_tokens(10)
        .build()
        .unwrap();
    let refused = error(keeping.validate(&"A".repeat(10_000_000)).await);
    assert_eq!(refused, Some(JwsError::TooLong.into()));
    assert_eq!(error(validator().validate(&token).await), None);
}
