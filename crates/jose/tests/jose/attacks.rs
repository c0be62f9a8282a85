//! One test per row of the JOSE attack classes (46 to 67), the id in its name. Some rows have their test next to
//! what they attack: 61 in `opaque_tokens`, 34 in `properties`, 48 in `keys`.

use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::access_token::{self, AccessTokenError, ClaimsError};
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey, HmacKeyError, HmacKeys};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{self, JwsError};
use countersign_jose::{Algorithm, Jwk, VerifyingKey, VerifyingKeys, base64url};
use serde_json::{Value, json};

use crate::fixtures::{
    KEY, KEYS, NOW, claims, claims_json, forge, forge_text, keys, signing_key, token_with,
    validator,
};

fn header() -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": KEY.id()})
}

fn header_with(changes: Value) -> Value {
    let mut header = header();
    for (name, value) in changes.as_object().expect("an object") {
        header[name] = value.clone();
    }
    header
}

fn payload() -> Vec<u8> {
    claims_json().to_string().into_bytes()
}

fn refusal(token: &str) -> Option<AccessTokenError> {
    validator().verify(token, &KEYS, NOW).err()
}

/// The forger of these tests makes tokens that are accepted as long as nothing is wrong with them.
#[test]
fn the_forger_can_make_a_good_token() {
    assert_eq!(refusal(&forge(&header(), &payload())), None);
}

/// Every spelling of a public key that somebody might use as an HMAC secret.
fn spellings_of_public_key(key: &countersign_jose::SigningKey, spki: &[u8]) -> Vec<Vec<u8>> {
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
    let pkcs8 = crate::fixtures::pkcs8(algorithm);
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
fn cve_2022_23540_alg_none_and_its_spellings() {
    for alg in [
        "none", "None", "NONE", "nOnE", "", " none", "none ", "null", "ES256 ", "es256",
    ] {
        for signature in ["", "AA"] {
            let parts = forge(&header_with(json!({ "alg": alg })), &payload());
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
        assert_eq!(refusal(&forge(&header_with(source), &payload())), None);
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
        let token = forge(&header_with(json!({ "kid": kid })), &payload());
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
        let token = forge(&header_with(json!({ "kid": kid })), &payload());
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
    let named = |key: &countersign_jose::SigningKey| {
        let mut jwk: Jwk = key.public_jwk().clone();
        jwk.common.key_id = Some("1".into());
        VerifyingKeys::new([VerifyingKey::from_jwk(&jwk).unwrap()]).unwrap()
    };
    let (ours, theirs) = (
        &*KEY,
        countersign_jose::SigningKey::generate(SigningAlgorithm::Es256),
    );
    let theirs = theirs.unwrap().0;
    let token = forge(&header_with(json!({"kid": "1"})), &payload());
    assert!(validator().verify(&token, &named(ours), NOW).is_ok());
    let crossed = validator().verify(&token, &named(&theirs), NOW);
    assert_eq!(crossed, Err(JwsError::Signature.into()));
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
        let token = forge(&header_with(changes.clone()), &payload());
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
/// CBC-HMAC padding, `zip` bombs, PBES2 with a billion rounds, RSA1_5.
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
fn cve_2026_25537_claims_of_the_wrong_type() {
    let times = [
        json!("1800000600"),
        json!(1_800_000_600.0),
        json!(1_800_000_600.5),
        json!(1e300),
        json!(null),
        json!(true),
        json!([1_800_000_600]),
        json!({"exp": 1_800_000_600}),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(253_402_300_800_i64),
    ];
    for claim in ["exp", "iat", "nbf"] {
        for value in &times {
            let mut claims = claims_json();
            claims[claim] = value.clone();
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(refusal(&token_with(&claims)), expected, "{claim} {value}");
        }
    }
    for claim in ["iss", "sub", "jti", "client_id", "scope"] {
        for value in [
            json!(null),
            json!(1),
            json!(["a"]),
            json!({"a": "b"}),
            json!(false),
        ] {
            let mut claims = claims_json();
            claims[claim] = value.clone();
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(refusal(&token_with(&claims)), expected, "{claim} {value}");
        }
    }
    for value in [
        json!(null),
        json!(1),
        json!([]),
        json!([1]),
        json!(["a", null]),
        json!({}),
    ] {
        let mut claims = claims_json();
        claims["aud"] = value.clone();
        let expected = Some(ClaimsError::Malformed("aud").into());
        assert_eq!(refusal(&token_with(&claims)), expected, "aud {value}");
    }
    // Written out, since no serializer would: numbers that no type holds.
    for exp in [
        "18446744073709551616",
        "1e999",
        "-0",
        "0x7fffffff",
        "1_800_000_600",
        "01800000600",
    ] {
        let claims = claims_json().to_string().replace("1800000600", exp);
        assert_ne!(claims, claims_json().to_string());
        let token = jws::sign(&KEY, Some("at+jwt"), claims.as_bytes()).unwrap();
        assert!(refusal(&token).is_some(), "{exp}");
    }
    for scope in ["a  b", " a", "a\"b", "caf\u{e9}"] {
        let mut claims = claims_json();
        claims["scope"] = json!(scope);
        let expected = Some(ClaimsError::Malformed("scope").into());
        assert_eq!(refusal(&token_with(&claims)), expected, "{scope:?}");
    }
}

#[test]
fn ghsa_wxg7_w2v3_w38g_required_claims() {
    for claim in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let mut claims = claims_json();
        claims.as_object_mut().unwrap().remove(claim);
        let expected = Some(ClaimsError::Missing(claim).into());
        assert_eq!(refusal(&token_with(&claims)), expected, "{claim}");
    }
    assert_eq!(
        refusal(&token_with(&json!({}))),
        Some(ClaimsError::Missing("iss").into())
    );
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

/// 56: `AccessTokenValidator` has one constructor and no `Default`; this is the part of the promise that a run shows.
#[test]
fn cve_2026_22748_a_validator_without_audience_accepts_nothing() {
    use countersign_jose::access_token::{AccessTokenValidator, ExpectedAudience};
    let token = access_token::sign(&KEY, &claims()).unwrap();
    let nobody = AccessTokenValidator::new("", ExpectedAudience::OneOf(vec![]), 0);
    assert!(nobody.verify(&token, &KEYS, NOW).is_err());
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

#[test]
fn e66_duplicate_members_in_header_and_payload() {
    let duplicate = JsonError::DuplicateMember;
    let kid = KEY.id();
    for header in [
        format!(r#"{{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}","alg":"ES256"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","k\u0069d":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","jwk":{{"x":1,"x":2}}}}"#),
    ] {
        let token = forge_text(&header, &payload());
        assert_eq!(
            refusal(&token),
            Some(JwsError::Header(duplicate).into()),
            "{header}"
        );
    }
    let good = claims_json().to_string();
    let good = good.strip_suffix('}').unwrap();
    for extra in [
        r#","exp":1800000600}"#,
        r#","aud":"https://api.example"}"#,
        r#","sub":"admin"}"#,
        r#","s\u0075b":"admin"}"#,
        r#","example":{"a":1,"a":1}}"#,
        r#","example":[{"a":[{"b":1,"b":1}]}]}"#,
    ] {
        let token = jws::sign(&KEY, Some("at+jwt"), format!("{good}{extra}").as_bytes()).unwrap();
        assert_eq!(
            refusal(&token),
            Some(ClaimsError::Json(duplicate).into()),
            "{extra}"
        );
    }
}

#[test]
fn e67_token_type_confusion() {
    let types = [
        (None, false),
        (Some("JWT"), false),
        (Some("at+jwt"), true),
        (Some("AT+JWT"), true),
        (Some("application/at+jwt"), true),
        (Some("id+jwt"), false),
        (Some("logout+jwt"), false),
        (Some("dpop+jwt"), false),
        (Some("client-authentication+jwt"), false),
        (Some("token-introspection+jwt"), false),
        (Some("oauth-authz-req+jwt"), false),
        (Some("jwt"), false),
        (Some("at+jwt;charset=utf-8"), false),
        (Some("x-at+jwt"), false),
        (Some("\u{212a}"), false),
        (Some(""), false),
    ];
    for (typ, accepted) in types {
        let token = jws::sign(&KEY, typ, &payload()).unwrap();
        let expected = (!accepted).then_some(AccessTokenError::Type);
        assert_eq!(refusal(&token), expected, "{typ:?}");
    }
    // And the kinds of this crate, all against all: neither is taken for the other.
    let sealing = crate::fixtures::sealing_key("one", 1);
    let opaque = countersign_jose::opaque::seal(
        &sealing,
        crate::fixtures::ISSUER,
        &claims(),
        &crate::fixtures::Counting::default(),
    )
    .unwrap();
    let hmac = HmacKey::new(HmacAlgorithm::Hs256, "one", &Secret::new(vec![1; 32])).unwrap();
    let classic = hmac_jws::sign(&hmac, Some("at+jwt"), &payload()).unwrap();
    let jwt = access_token::sign(&KEY, &claims()).unwrap();
    let sealing = countersign_jose::opaque::SealingKeys::new([sealing]).unwrap();
    let hmac = HmacKeys::new([hmac]).unwrap();
    for (token, expected) in [
        (jwt, [true, false, false]),
        (opaque, [false, true, false]),
        (classic, [false, false, true]),
    ] {
        let issuer = crate::fixtures::ISSUER;
        let accepted = [
            validator().verify(&token, &KEYS, NOW).is_ok(),
            countersign_jose::opaque::open(&token, &sealing, issuer, NOW, 5).is_ok(),
            hmac_jws::verify(&token, &hmac).is_ok(),
        ];
        assert_eq!(accepted, expected, "{token}");
    }
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
