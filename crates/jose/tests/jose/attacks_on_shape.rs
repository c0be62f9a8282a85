//! Attacks on header, shape and size: rows 47, 51, 52, 57 to 60 and 62 to 65 of the JOSE attack classes (61:
//! `opaque_tokens`; 34: `properties` and `opaque_tokens`).
use countersign_core::SigningAlgorithm;
use countersign_jose::access_token::{self};
use countersign_jose::base64url;
use countersign_jose::hmac_jws::{self, HmacKeys};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{self, JwsError};
use serde_json::json;

use crate::fixtures::{
    KEY, claims, forge, header, header_with, keys, payload, refusal, signing_key,
};

/// The forger of these tests makes tokens that are accepted as long as nothing is wrong with them.
#[test]
fn the_forger_can_make_a_good_token() {
    assert_eq!(refusal(&forge(&header(), &payload())), None);
}

#[test]
fn cve_2022_23540_alg_none_and_its_spellings() {
    for alg in [
        "none", "None", "NONE", "nOnE", "", " none", "none ", "null", "ES256 ", "es256",
    ] {
        for signature in ["", "AA"] {
            let parts = forge(&header_with(&json!({ "alg": alg })), &payload());
            let (input, _) = parts.rsplit_once('.').unwrap();
            for token in [format!("{input}.{signature}"), parts.clone()] {
                assert_eq!(
                    refusal(&token),
                    Some(JwsError::UnsupportedAlgorithm.into()),
                    "{alg:?}"
                );
            }
        }
    }
    // The right algorithm and no signature is no better.
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let (input, _) = token.rsplit_once('.').unwrap();
    assert_eq!(
        refusal(&format!("{input}.")),
        Some(JwsError::Signature.into())
    );
    assert_eq!(refusal(input), Some(JwsError::NotCompact.into()));
}

#[test]
fn cve_2025_59420_crit_and_b64() {
    for (changes, expected) in [
        (
            json!({"crit": ["example"], "example": true}),
            JwsError::Critical,
        ),
        (json!({"crit": ["exp"]}), JwsError::Critical),
        (json!({"crit": []}), JwsError::Critical),
        (json!({"crit": null}), JwsError::Critical),
        (json!({"crit": "b64", "b64": false}), JwsError::Critical),
        (json!({"crit": ["b64"], "b64": false}), JwsError::Critical),
        (json!({"b64": false}), JwsError::UnencodedPayload),
        (json!({"b64": true}), JwsError::UnencodedPayload),
    ] {
        let token = forge(&header_with(&changes), &payload());
        assert_eq!(refusal(&token), Some(expected.into()), "{changes}");
    }
}

#[test]
fn cve_2026_29000_a_jwe_is_refused_whatever_is_inside() {
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let unsigned = format!(
        "{}.{}.",
        base64url::encode(br#"{"alg":"none"}"#),
        base64url::encode(&payload())
    );
    for inner in [token, unsigned] {
        let outer = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": KEY.id()});
        let outer = base64url::encode(outer.to_string().as_bytes());
        let inner = base64url::encode(inner.as_bytes());
        let jwe = format!("{outer}.AAAA.AAAA.{inner}.AAAA");
        assert_eq!(refusal(&jwe), Some(JwsError::NotCompact.into()));
        // Nor as three parts with the payload of a nested JWT.
        assert!(refusal(&format!("{outer}.{inner}.AAAA")).is_some());
    }
}

/// No JWE header gets past the shape, so none of these is ever acted upon: ECDH-ES with a point off its curve,
/// CBC-HMAC padding, `zip` bombs, PBES2 with a billion rounds, `RSA1_5`.
#[test]
fn e58_e59_e60_e62_e63_jwe_algorithms_do_not_exist_here() {
    let rows = [
        (
            "cve_2017_16007",
            json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
        ),
        (
            "rustsec_2023_0071",
            json!({"alg": "RSA1_5", "enc": "A128CBC-HS256"}),
        ),
        (
            "cve_2021_29443",
            json!({"alg": "dir", "enc": "A128CBC-HS256"}),
        ),
        (
            "cve_2024_28180",
            json!({"alg": "dir", "enc": "A128GCM", "zip": "DEF"}),
        ),
        (
            "cve_2022_36083",
            json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "AAAA", "p2c": 2_000_000_000}),
        ),
    ];
    for (id, mut header) in rows {
        header["kid"] = json!(KEY.id());
        let encoded = base64url::encode(header.to_string().as_bytes());
        let jwe = format!("{encoded}.AAAA.AAAA.AAAA.AAAA");
        assert_eq!(refusal(&jwe), Some(JwsError::NotCompact.into()), "{id}");
        assert_eq!(
            hmac_jws::verify(&jwe, &HmacKeys::default()).unwrap_err(),
            JwsError::NotCompact,
            "{id}"
        );
        // In the shape of a JWS the algorithm is unknown.
        let token = forge(&header, &payload());
        assert_eq!(
            refusal(&token),
            Some(JwsError::UnsupportedAlgorithm.into()),
            "{id}"
        );
    }
}

#[test]
fn cve_2022_21449_psychic_signatures() {
    for (by, len) in [
        (SigningAlgorithm::Es256, 64),
        (SigningAlgorithm::Es384, 96),
        (SigningAlgorithm::EdDsa, 64),
    ] {
        let key = signing_key(by);
        let token = access_token::sign(&key, &claims()).unwrap();
        let (input, _) = token.rsplit_once('.').unwrap();
        for signature in [
            vec![0; len],
            vec![],
            vec![0xff; len],
            [vec![0; len - 1], vec![1]].concat(),
        ] {
            let forged = format!("{input}.{}", base64url::encode(&signature));
            assert_eq!(
                jws::verify(&forged, &keys([&key])).unwrap_err(),
                JwsError::Signature,
                "{by}"
            );
        }
    }
    // ASN.1 is not the form of RFC 7518 §3.4.
    let der = [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
    assert!(KEY.verifying_key().verify_signature(b"", &der).is_err());
}

#[test]
fn e64_million_dots() {
    for token in [
        ".".repeat(1_000_000),
        "a.".repeat(500_000),
        format!(
            "{}{}",
            access_token::sign(&KEY, &claims()).unwrap(),
            ".".repeat(1_000_000)
        ),
    ] {
        assert_eq!(refusal(&token), Some(JwsError::TooLong.into()));
    }
    for count in [0, 1, 3, 4, 5, 16_384] {
        assert_eq!(
            refusal(&".".repeat(count)),
            Some(JwsError::NotCompact.into()),
            "{count}"
        );
    }
    assert_eq!(
        refusal(&".".repeat(2)),
        Some(JwsError::Header(JsonError::Syntax).into())
    );
}

#[test]
fn cve_2025_61920_oversized_header_and_signature() {
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let cases = [
        (
            format!("{}.{payload}.{signature}", "A".repeat(8 * 1024 + 4)),
            JwsError::TooLong,
        ),
        (
            format!("{header}.{payload}.{}", "A".repeat(1367)),
            JwsError::TooLong,
        ),
        (
            format!("{header}.{}.{signature}", "A".repeat(16 * 1024)),
            JwsError::TooLong,
        ),
        ("A".repeat(100_000_000), JwsError::TooLong),
        // Just within the caps they are judged for what they are.
        (
            format!("{}.{payload}.{signature}", "A".repeat(8 * 1024)),
            JwsError::Header(JsonError::Syntax),
        ),
        (
            format!("{header}.{payload}.{}", "A".repeat(1366)),
            JwsError::Signature,
        ),
    ];
    for (token, expected) in cases {
        assert_eq!(refusal(&token), Some(expected.into()), "{}", token.len());
    }
}
