//! OpenID Connect Core §2: what an ID token says.

use countersign_core::{IdTokenAlgorithm, Secret, SigningAlgorithm};
use countersign_jose::access_token::ReservedClaim;
use countersign_jose::hmac_jws::HmacKeyError;
use countersign_jose::id_token::{self, IdTokenClaims, SignHs256Error};
use countersign_jose::jws::{SignError, UnverifiedClaims, UnverifiedHeader};
use serde_json::{Map, Value, json};

use crate::fixtures::{ISSUER, KEY, NOW, id_claims, signing_key};

fn secret() -> Secret<Vec<u8>> {
    Secret::new(vec![7; 32])
}

/// Header and claims of a token.
fn seen(token: &str) -> (Value, Value) {
    let header = UnverifiedHeader::peek(token).expect("a header");
    let claims = UnverifiedClaims::peek(token).expect("claims");
    (
        Value::Object(header.members().clone()),
        Value::Object(claims.members().clone()),
    )
}

fn with_further(further: &Value) -> IdTokenClaims {
    IdTokenClaims {
        further: further.as_object().expect("an object").clone(),
        ..id_claims()
    }
}

fn bare() -> IdTokenClaims {
    IdTokenClaims {
        auth_time: None,
        nonce: None,
        acr: None,
        amr: vec![],
        azp: None,
        sid: None,
        at_hash: None,
        c_hash: None,
        further: Map::new(),
        ..id_claims()
    }
}

#[test]
fn oidc_core_01_the_wire_form() {
    let full = json!({
        "iss": ISSUER, "sub": "248289761001", "aud": "web-app", "exp": 1_800_000_600,
        "iat": 1_800_000_000, "auth_time": 1_799_999_970, "nonce": "n-0S6_WzA2Mj", "acr": "1",
        "amr": ["pwd"], "azp": "web-app", "sid": "08a5019c",
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "c_hash": "LDktKdoQak3Pk0cnXxCltA",
        "name": "Jane Doe", "email_verified": true,
    });
    let required = json!({
        "iss": ISSUER, "sub": "248289761001", "aud": "web-app", "exp": 1_800_000_600,
        "iat": 1_800_000_000,
    });
    for (claims, expected) in [(id_claims(), full), (bare(), required)] {
        for algorithm in SigningAlgorithm::ALL {
            let key = signing_key(algorithm);
            let token = id_token::sign(&key, &claims).unwrap();
            let header = json!({"alg": algorithm.name(), "typ": "JWT", "kid": key.id()});
            assert_eq!(seen(&token), (header, expected.clone()), "{algorithm}");
        }
        // OpenID Connect Core §10.1: the client knows the key by itself.
        let token = id_token::sign_hs256(&secret(), &claims).unwrap();
        let header = json!({"alg": "HS256", "typ": "JWT"});
        assert_eq!(seen(&token), (header, expected));
    }
}

#[test]
fn what_decides_is_never_minted_as_further() {
    let names = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "azp",
        "sid",
        "at_hash",
        "c_hash",
        "s_hash",
        "cnf",
        "events",
        "client_id",
        "scope",
        "act",
        "_claim_names",
        "_claim_sources",
    ];
    for name in names {
        for spelling in [name, &name.to_uppercase(), &name.replace('s', "\u{17f}")] {
            let claims = with_further(&json!({ "name": "Jane Doe", spelling: "x" }));
            let refused = SignError::Reserved(ReservedClaim(name));
            let refused_hs256 = SignHs256Error::Sign(refused);
            assert_eq!(id_token::sign(&KEY, &claims), Err(refused), "{spelling}");
            assert_eq!(id_token::check_signable(&KEY, &claims), Err(refused));
            let signed = id_token::sign_hs256(&secret(), &claims);
            assert_eq!(signed, Err(refused_hs256), "{spelling}");
            let checked = id_token::check_signable_hs256(&secret(), &claims);
            assert_eq!(checked, Err(refused_hs256), "{spelling}");
        }
    }
    // OpenID Connect Core §5.1, and others that say something about the user.
    for name in [
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "email",
        "email_verified",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "phone_number",
        "phone_number_verified",
        "address",
        "updated_at",
        "roles",
        "groups",
        "https://example.com/own",
    ] {
        let claims = with_further(&json!({ name: {"any": ["value"]} }));
        let token = id_token::sign(&KEY, &claims).unwrap();
        assert_eq!(seen(&token).1[name], json!({"any": ["value"]}), "{name}");
    }
}

#[test]
fn rule_s2_a_client_secret_of_less_than_32_bytes_signs_nothing() {
    for (len, taken) in [(0, false), (1, false), (31, false), (32, true), (64, true)] {
        let secret = Secret::new(vec![7; len]);
        let too_short = (!taken).then_some(SignHs256Error::Secret(HmacKeyError::TooShort));
        let signed = id_token::sign_hs256(&secret, &id_claims());
        assert_eq!(signed.err(), too_short, "{len}");
        let checked = id_token::check_signable_hs256(&secret, &id_claims());
        assert_eq!(checked.err(), too_short, "{len}");
    }
}

#[test]
fn oidc_core_24_hashes_are_the_left_half_in_base64url() {
    // OpenID Connect Core appendix A.4 and A.6.
    let rs256 = IdTokenAlgorithm::Signed(SigningAlgorithm::Rs256);
    for (value, expected) in [
        (
            "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
            "77QmUPtjPfzWtF2AnpK9RQ",
        ),
        (
            "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
            "LDktKdoQak3Pk0cnXxCltA",
        ),
    ] {
        assert_eq!(id_token::left_half_hash(rs256, value), expected);
    }
    // FIPS 180-4, the example "abc", and the hash that belongs to each algorithm.
    for algorithm in IdTokenAlgorithm::ALL {
        let expected = match algorithm.name() {
            "RS256" | "PS256" | "ES256" | "HS256" => "ungWv48Bz-pBQUDeXa4iIw",
            "ES384" => "ywB1P0WjXou1oD1pmsZQBycsMqsO3tFj",
            "EdDSA" => "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o",
            other => panic!("{other} has no hash here"),
        };
        let hash = id_token::left_half_hash(algorithm, "abc");
        assert_eq!(hash, expected, "{algorithm}");
        let empty = id_token::left_half_hash(algorithm, "");
        assert_eq!(empty.len(), hash.len(), "{algorithm}");
    }
}

#[test]
fn what_is_checked_beforehand_can_be_made_and_nothing_longer() {
    let (mut signable, mut signable_hs256) = (0, 0);
    for length in (0..14_000).step_by(7) {
        let claims = with_further(&json!({ "name": "x".repeat(length) }));
        if id_token::check_signable(&KEY, &claims).is_ok() {
            assert!(id_token::sign(&KEY, &claims).is_ok(), "{length}");
            signable += 1;
        }
        if id_token::check_signable_hs256(&secret(), &claims).is_ok() {
            assert!(id_token::sign_hs256(&secret(), &claims).is_ok(), "{length}");
            signable_hs256 += 1;
        }
    }
    assert!((1_000..2_000).contains(&signable), "{signable}");
    assert!((1_000..2_000).contains(&signable_hs256), "{signable_hs256}");
    let endless = with_further(&json!({ "name": "x".repeat(1_000_000) }));
    let too_long = Err(SignError::TooLong);
    assert_eq!(id_token::check_signable(&KEY, &endless), too_long);
    assert_eq!(id_token::sign(&KEY, &endless).map(|_| ()), too_long);
}

#[test]
fn whose_secret_it_is_can_be_learned_before() {
    let token = id_token::sign_hs256(&secret(), &id_claims()).unwrap();
    assert_eq!(UnverifiedHeader::peek(&token).unwrap().alg(), Some("HS256"));
    let audiences = |aud: Value| {
        let payload = json!({ "aud": aud, "iat": NOW }).to_string();
        let token = countersign_jose::jws::sign(&KEY, None, payload.as_bytes()).unwrap();
        let claims = UnverifiedClaims::peek(&token).unwrap();
        claims
            .audiences()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(audiences(json!("a")), ["a"]);
    assert_eq!(audiences(json!(["a", "b"])), ["a", "b"]);
    for none in [json!(null), json!(1), json!([]), json!(["a", 1]), json!({})] {
        assert_eq!(audiences(none.clone()), [""; 0], "{none}");
    }
}
