//! Attacks on what clients prove themselves by: rows 36 to 38, and rows 46, 47, 49 to 54 and 64 to 67 of the JOSE attack
//! classes at this door.

use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::access_token::{self, ClaimsError};
use countersign_jose::client_assertion::{self, AssertionError, UnverifiedAssertion};
use countersign_jose::json::JsonError;
use countersign_jose::jws::{self, JwsError};
use countersign_jose::{VerifyingKeys, base64url, id_token};
use serde_json::{Value, json};

use crate::client_assertions::{claims_json, claims_with, header, secret, token_with, verify};
use crate::fixtures::{
    ISSUER, KEY, RULES, assertion_claims, claims, forge, forge_hs256, forge_text, id_claims, keys,
    signing_key,
};

fn payload() -> Vec<u8> {
    claims_json().to_string().into_bytes()
}

fn header_with(changes: &Value) -> Value {
    let mut header = header();
    for (name, value) in changes.as_object().expect("an object") {
        header[name] = value.clone();
    }
    header
}

fn verify_hs256(token: &str) -> Option<AssertionError> {
    client_assertion::verify_hs256(token, &secret(), &RULES).err()
}

/// Why `token` is refused, by [`verify`] and by a look at it alike.
fn refused_at_sight(token: &str) -> Option<AssertionError> {
    let refusal = verify(token).err();
    assert_eq!(UnverifiedAssertion::peek(token).err(), refusal, "{token}");
    refusal
}

/// The forger of these tests makes assertions that are accepted as long as nothing is wrong with them.
#[test]
fn the_forger_can_make_a_good_assertion() {
    assert_eq!(verify(&forge(&header(), &payload())).err(), None);
    let header = r#"{"alg":"HS256"}"#;
    let hs256 = forge_hs256(secret().expose(), header, &claims_json().to_string());
    assert_eq!(verify_hs256(&hs256), None);
}

/// 36: what a replay is known by is there, and it is what was signed. That it is seen once is for storage to see to.
#[test]
fn cve_2020_5300_an_assertion_has_a_jti() {
    for (jti, expected) in [
        (json!("1"), None),
        (json!("a".repeat(512)), None),
        (json!(""), Some(AssertionError::Jti)),
        (json!("a".repeat(513)), Some(AssertionError::Jti)),
        // Bytes, not letters.
        (json!("\u{e9}".repeat(257)), Some(AssertionError::Jti)),
        (Value::Null, Some(ClaimsError::Missing("jti").into())),
    ] {
        let token = token_with(&claims_with(&json!({ "jti": jti })));
        assert_eq!(verify(&token).err(), expected, "{jti}");
        if let Ok(verified) = verify(&token) {
            assert_eq!(jti, verified.jti());
        }
    }
}

#[test]
fn cve_2025_27370_aud_is_the_issuer_as_one_string() {
    let form = Some(AssertionError::AudienceForm);
    let other = Some(AssertionError::Audience);
    for (aud, expected) in [
        (json!(ISSUER), None),
        (json!([ISSUER]), form),
        (json!([ISSUER, "https://attacker.example"]), form),
        (json!(["https://attacker.example", ISSUER]), form),
        (json!([]), form),
        (json!(1), form),
        (json!(true), form),
        (json!({"aud": ISSUER}), form),
        (json!(format!("{ISSUER}/token")), other),
        (json!(format!("{ISSUER}/oauth2/token")), other),
        (json!(format!("{ISSUER}/")), other),
        (json!(format!("{ISSUER} ")), other),
        (json!(format!("{ISSUER}?")), other),
        (json!(ISSUER.to_uppercase()), other),
        (json!("https://attacker.example"), other),
        (json!("issuer.example"), other),
        (json!(""), other),
        (Value::Null, Some(ClaimsError::Missing("aud").into())),
    ] {
        let token = token_with(&claims_with(&json!({ "aud": aud })));
        assert_eq!(verify(&token).err(), expected, "{aud}");
    }
    // `null` is written, too.
    let null = claims_json()
        .to_string()
        .replace(&format!("\"{ISSUER}\""), "null");
    let token = forge(&header(), null.as_bytes());
    assert_eq!(verify(&token).err(), form);
}

#[test]
fn a_client_speaks_for_itself_only() {
    let (split, another) = (
        Some(AssertionError::NotSelfIssued),
        Some(AssertionError::AnotherClient),
    );
    for (iss, sub, expected, at_sight) in [
        ("billing-worker", "billing-worker", None, None),
        ("other", "other", another, None),
        ("Billing-Worker", "Billing-Worker", another, None),
        ("billing-worker ", "billing-worker ", another, None),
        ("", "", another, None),
        ("other", "billing-worker", split, split),
        ("billing-worker", "other", split, split),
        ("billing-worker", "admin", split, split),
        (ISSUER, "billing-worker", split, split),
    ] {
        let token = token_with(&claims_with(&json!({"iss": iss, "sub": sub})));
        assert_eq!(verify(&token).err(), expected, "{iss} {sub}");
        let seen = UnverifiedAssertion::peek(&token);
        assert_eq!(seen.as_ref().err().copied(), at_sight, "{iss} {sub}");
        if let Ok(seen) = seen {
            assert_eq!(seen.client_id(), sub);
        }
    }
}

#[test]
fn cve_2015_9235_neither_way_of_signing_stands_in_for_the_other() {
    let mismatch = Some(JwsError::AlgorithmMismatch.into());
    let signed = client_assertion::sign(&KEY, &assertion_claims()).unwrap();
    assert_eq!(verify_hs256(&signed), mismatch);
    let payload = claims_json().to_string();
    let jwk = serde_json::to_vec(KEY.public_jwk()).unwrap();
    let pem = KEY.public_pem().into_bytes();
    for known_to_all in [jwk, pem.clone(), pem.trim_ascii().to_vec()] {
        for alg in ["HS256", "HS384", "HS512"] {
            for kid in [Some(KEY.id().as_str()), None] {
                let header = match kid {
                    Some(kid) => json!({"alg": alg, "kid": kid}),
                    None => json!({ "alg": alg }),
                };
                let forged = forge_hs256(&known_to_all, &header.to_string(), &payload);
                assert_eq!(verify(&forged).err(), mismatch, "{header}");
            }
        }
    }
    // A secret is for one algorithm, however long it is.
    let long = Secret::new(vec![7; 64]);
    for alg in ["HS384", "HS512"] {
        let header = json!({ "alg": alg }).to_string();
        let token = forge_hs256(long.expose(), &header, &payload);
        let refused = client_assertion::verify_hs256(&token, &long, &RULES);
        assert_eq!(refused.err(), mismatch, "{alg}");
    }
    // One RSA key, one algorithm.
    let (rs, ps) = (SigningAlgorithm::Rs256, SigningAlgorithm::Ps256);
    let token = client_assertion::sign(&signing_key(rs), &assertion_claims()).unwrap();
    let refused = client_assertion::verify(&token, &keys([&signing_key(ps)]), &RULES);
    assert_eq!(refused.err(), mismatch);
}

#[test]
fn cve_2022_23540_alg_none_and_its_spellings() {
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "es256", "null"] {
        for kid in [json!(KEY.id()), json!("none")] {
            let forged = forge(&json!({"alg": alg, "kid": kid}), &payload());
            let (input, _) = forged.rsplit_once('.').unwrap();
            for token in [forged.clone(), format!("{input}.")] {
                let expected = Some(JwsError::UnsupportedAlgorithm.into());
                assert_eq!(refused_at_sight(&token), expected, "{alg:?}");
                assert_eq!(verify_hs256(&token), expected, "{alg:?}");
            }
        }
    }
    for token in [
        client_assertion::sign(&KEY, &assertion_claims()).unwrap(),
        client_assertion::sign_hs256(&secret(), &assertion_claims()).unwrap(),
    ] {
        let (input, _) = token.rsplit_once('.').unwrap();
        let bare = format!("{input}.");
        let signature = Some(JwsError::Signature.into());
        assert!([verify(&bare).err(), verify_hs256(&bare)].contains(&signature));
        assert_eq!(refused_at_sight(input), Some(JwsError::NotCompact.into()));
    }
}

#[test]
fn cve_2018_0114_embedded_keys_are_never_used() {
    let stranger = signing_key(SigningAlgorithm::EdDsa);
    let jwk = serde_json::to_value(stranger.public_jwk()).unwrap();
    for source in [
        json!({ "jwk": jwk }),
        json!({ "jku": "https://attacker.example/jwks" }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "x5u": "https://attacker.example/cert" }),
    ] {
        for kid in [Some(KEY.id()), Some(stranger.id()), None] {
            let mut header = source.clone();
            header["alg"] = json!("EdDSA");
            if let Some(kid) = kid {
                header["kid"] = json!(kid);
            }
            let encode = |bytes: &[u8]| base64url::encode(bytes);
            let input = format!(
                "{}.{}",
                encode(header.to_string().as_bytes()),
                encode(&payload())
            );
            let signature = crate::foreign::sign(SigningAlgorithm::EdDsa, &input);
            let refused = verify(&format!("{input}.{signature}"));
            assert!(
                matches!(
                    refused,
                    Err(AssertionError::Jws(
                        JwsError::AlgorithmMismatch | JwsError::UnknownKey
                    ))
                ),
                "{header}"
            );
        }
        // And a good assertion is not spoiled by them.
        assert_eq!(
            verify(&forge(&header_with(&source), &payload())).err(),
            None
        );
    }
}

#[test]
fn e50_kid_injection() {
    let kid = KEY.id().as_str();
    for kid in [
        "../../../../dev/null".to_owned(),
        "' OR '1'='1".to_owned(),
        String::new(),
        kid.to_ascii_lowercase(),
        format!("{kid}\0"),
        format!(" {kid}"),
    ] {
        // With the only key of the client: a kid that is there is not passed over.
        let token = forge(&header_with(&json!({ "kid": kid })), &payload());
        assert_eq!(
            verify(&token).err(),
            Some(JwsError::UnknownKey.into()),
            "{kid:?}"
        );
    }
    for kid in [json!(null), json!(1), json!([KEY.id()])] {
        let token = forge(&header_with(&json!({ "kid": kid })), &payload());
        let expected = Some(JwsError::HeaderMember("kid").into());
        assert_eq!(refused_at_sight(&token), expected, "{kid}");
    }
}

#[test]
fn cve_2025_31123_a_key_that_is_gone_proves_nothing() {
    let token = client_assertion::sign(&KEY, &assertion_claims()).unwrap();
    for keys in [
        keys([&signing_key(SigningAlgorithm::EdDsa)]),
        VerifyingKeys::default(),
    ] {
        let refused = client_assertion::verify(&token, &keys, &RULES);
        assert_eq!(refused, Err(JwsError::UnknownKey.into()));
    }
}

#[test]
fn cve_2025_59420_crit_and_b64() {
    for (changes, expected) in [
        (json!({"crit": ["exp"]}), JwsError::Critical),
        (json!({"crit": []}), JwsError::Critical),
        (json!({"crit": ["b64"], "b64": false}), JwsError::Critical),
        (json!({"b64": false}), JwsError::UnencodedPayload),
    ] {
        let token = forge(&header_with(&changes), &payload());
        assert_eq!(refused_at_sight(&token), Some(expected.into()), "{changes}");
    }
}

#[test]
fn cve_2026_29000_a_jwe_is_refused_whatever_is_inside() {
    let token = client_assertion::sign(&KEY, &assertion_claims()).unwrap();
    let outer = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": KEY.id()});
    let outer = base64url::encode(outer.to_string().as_bytes());
    let inner = base64url::encode(token.as_bytes());
    let jwe = format!("{outer}.AAAA.AAAA.{inner}.AAAA");
    assert_eq!(refused_at_sight(&jwe), Some(JwsError::NotCompact.into()));
    assert!(refused_at_sight(&format!("{outer}.{inner}.AAAA")).is_some());
}

#[test]
fn cve_2026_25537_claims_of_the_wrong_type() {
    for claim in ["exp", "iat", "nbf"] {
        for value in [
            json!("1800000060"),
            json!(1_800_000_060.5),
            json!(1_800_000_060.0),
            json!(true),
            json!([1_800_000_060]),
            json!({}),
            json!(-1),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(253_402_300_800_i64),
        ] {
            let token = token_with(&claims_with(&json!({ claim: value })));
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(verify(&token).err(), expected, "{claim} {value}");
        }
    }
    for claim in ["iss", "sub", "jti"] {
        for value in [json!(1), json!(["a"]), json!({"a": "b"}), json!(false)] {
            let token = token_with(&claims_with(&json!({ claim: value })));
            let expected = Some(ClaimsError::Malformed(claim).into());
            assert_eq!(verify(&token).err(), expected, "{claim} {value}");
        }
    }
    for claim in ["iss", "sub", "exp", "iat", "nbf", "jti"] {
        let mut claims = claims_json();
        claims[claim] = Value::Null;
        let expected = Some(ClaimsError::Malformed(claim).into());
        assert_eq!(verify(&token_with(&claims)).err(), expected, "{claim}");
    }
}

#[test]
fn ghsa_wxg7_w2v3_w38g_required_claims() {
    for claim in ["iss", "sub", "aud", "exp", "jti"] {
        let token = token_with(&claims_with(&json!({ claim: null })));
        let expected = Some(ClaimsError::Missing(claim).into());
        assert_eq!(verify(&token).err(), expected, "{claim}");
    }
    for claim in ["iss", "sub"] {
        let token = token_with(&claims_with(&json!({ claim: null })));
        let expected = Some(ClaimsError::Missing(claim).into());
        assert_eq!(refused_at_sight(&token), expected, "{claim}");
    }
    // RFC 7523 §3: the others need not be there.
    let token = token_with(&claims_with(&json!({"iat": null})));
    assert_eq!(verify(&token).err(), None);
}

#[test]
fn e64_e65_lengths_come_first() {
    let token = client_assertion::sign(&KEY, &assertion_claims()).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    for (token, expected) in [
        (".".repeat(1_000_000), JwsError::TooLong),
        (
            format!("{token}{}", ".".repeat(1_000_000)),
            JwsError::TooLong,
        ),
        (format!("{input}.{}", "A".repeat(1_367)), JwsError::TooLong),
        (
            format!("{}.{signature}", "A.A".repeat(8_192)),
            JwsError::TooLong,
        ),
        (".".repeat(3), JwsError::NotCompact),
        (String::new(), JwsError::NotCompact),
        (".".repeat(2), JwsError::Header(JsonError::Syntax)),
    ] {
        let refusal = refused_at_sight(&token);
        assert_eq!(refusal, Some(expected.into()), "{}", token.len());
    }
}

#[test]
fn e66_duplicate_members_in_header_and_payload() {
    let kid = KEY.id();
    for header in [
        format!(r#"{{"alg":"ES256","alg":"ES256","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","kid":"other","k\u0069d":"{kid}"}}"#),
    ] {
        let token = forge_text(&header, &payload());
        let expected = JwsError::Header(JsonError::DuplicateMember);
        assert_eq!(refused_at_sight(&token), Some(expected.into()), "{header}");
    }
    let good = claims_json().to_string();
    for extra in [
        r#"{"sub":"admin","#,
        r#"{"iss":"admin","#,
        r#"{"aud":"https://attacker.example","#,
        r#"{"\u0065xp":1,"#,
        r#"{"x":{"a":1,"a":1},"#,
    ] {
        let token = forge(&header(), good.replacen('{', extra, 1).as_bytes());
        let expected = ClaimsError::Json(JsonError::DuplicateMember);
        assert_eq!(refused_at_sight(&token), Some(expected.into()), "{extra}");
    }
}

#[test]
fn e67_token_type_confusion() {
    for (typ, accepted) in [
        (None, true),
        (Some("JWT"), true),
        (Some("jwt"), true),
        (Some("application/jwt"), true),
        (Some("client-authentication+jwt"), true),
        (Some("Client-Authentication+JWT"), true),
        (Some("application/client-authentication+jwt"), true),
        (Some("at+jwt"), false),
        (Some("application/at+jwt"), false),
        (Some("dpop+jwt"), false),
        (Some("logout+jwt"), false),
        (Some("secevent+jwt"), false),
        (Some("oauth-authz-req+jwt"), false),
        (Some("token-introspection+jwt"), false),
        (Some("client-authentication"), false),
        (Some("JWT "), false),
        (Some(""), false),
    ] {
        let token = jws::sign(&KEY, typ, &payload()).unwrap();
        let expected = (!accepted).then_some(AssertionError::Type);
        assert_eq!(verify(&token).err(), expected, "{typ:?}");
        let mut header = json!({"alg": "HS256"});
        if let Some(typ) = typ {
            header["typ"] = json!(typ);
        }
        let payload = claims_json().to_string();
        let token = forge_hs256(secret().expose(), &header.to_string(), &payload);
        assert_eq!(verify_hs256(&token), expected, "{typ:?}");
    }
    // What the service itself makes under the same secret or key is about others.
    let access_token = access_token::sign(&KEY, &claims()).unwrap();
    assert_eq!(verify(&access_token).err(), Some(AssertionError::Type));
    let id_token = id_token::sign(&KEY, &id_claims()).unwrap();
    assert_eq!(verify(&id_token).err(), Some(AssertionError::NotSelfIssued));
    let id_token = id_token::sign_hs256(&secret(), &id_claims()).unwrap();
    assert_eq!(verify_hs256(&id_token), Some(AssertionError::NotSelfIssued));
}
