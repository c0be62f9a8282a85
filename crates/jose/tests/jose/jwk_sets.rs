//! What becomes of a JWK set as somebody else publishes it: RFC 7517 §5.

use countersign_core::SigningAlgorithm;
use countersign_jose::json::JsonError;
use countersign_jose::{
    Algorithm, JwkError, JwkSetError, RefusedJwk, VerifyingKey, VerifyingKeys, base64url,
};
use serde_json::{Value, json};

use crate::fixtures::signing_key;

fn jwk_of(algorithm: SigningAlgorithm) -> Value {
    serde_json::to_value(signing_key(algorithm).public_jwk()).expect("a JWK is JSON")
}

/// `jwk` with members replaced; `"-"` removes one.
fn with(jwk: &Value, changes: &Value) -> Value {
    let mut jwk = jwk.as_object().expect("an object").clone();
    for (name, value) in changes.as_object().expect("an object") {
        if value == "-" {
            jwk.remove(name);
        } else {
            jwk.insert(name.clone(), value.clone());
        }
    }
    jwk.into()
}

fn read(set: &Value, unnamed_rsa: Option<Algorithm>) -> (VerifyingKeys, Vec<RefusedJwk>) {
    VerifyingKeys::from_json(set.to_string().as_bytes(), unnamed_rsa).expect("a JWK set")
}

/// Why the only key of a set is refused.
fn refusal(jwk: &Value, unnamed_rsa: Option<Algorithm>) -> Option<JwkError> {
    let (keys, refused) = read(&json!({ "keys": [jwk] }), unnamed_rsa);
    assert_eq!(keys.len() + refused.len(), 1, "{jwk}");
    refused.first().map(|refused| refused.reason)
}

#[test]
fn what_we_publish_is_read() {
    for algorithm in SigningAlgorithm::ALL {
        let key = signing_key(algorithm);
        let (keys, refused) = read(&json!({"keys": [jwk_of(algorithm)]}), None);
        assert!(refused.is_empty(), "{algorithm}");
        let read = keys.get(key.id().as_str()).expect("the key");
        assert_eq!(read.thumbprint(), key.id(), "{algorithm}");
        assert_eq!(read.algorithm(), key.verifying_key().algorithm());
    }
}

#[test]
fn only_a_json_object_with_a_list_of_objects_is_a_set() {
    let read = |json: &[u8]| VerifyingKeys::from_json(json, None).map(|(keys, _)| keys.len());
    assert_eq!(read(br#"{"keys":[]}"#), Ok(0));
    assert_eq!(read(br#" {"other":1,"keys":[{}]} "#), Ok(0));
    for json in [
        "[]",
        "null",
        "\"keys\"",
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":"[]"}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[{},null]}"#,
        r#"{"keys":[[{}]]}"#,
        r#"{"Keys":[]}"#,
        // A key alone is no set.
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    ] {
        assert_eq!(read(json.as_bytes()), Err(JwkSetError::NotASet), "{json}");
    }
    for json in [
        "",
        "<!DOCTYPE html><html></html>",
        r#"{"keys":[]"#,
        r#"{"keys":[]}{}"#,
        "\u{feff}{\"keys\":[]}",
    ] {
        let expected = Err(JwkSetError::Json(JsonError::Syntax));
        assert_eq!(read(json.as_bytes()), expected, "{json}");
    }
}

#[test]
fn e66_duplicate_members_in_a_jwk_set() {
    let jwk = jwk_of(SigningAlgorithm::Es256).to_string();
    let twice = jwk.replacen('{', r#"{"kid":"other","#, 1);
    for json in [
        r#"{"keys":[],"keys":[]}"#.to_owned(),
        format!(r#"{{"keys":[{twice}]}}"#),
        format!(r#"{{"keys":[{jwk}],"x":{{"a":1,"\u0061":1}}}}"#),
    ] {
        let refused = VerifyingKeys::from_json(json.as_bytes(), None);
        let expected = JwkSetError::Json(JsonError::DuplicateMember);
        assert_eq!(refused.err(), Some(expected), "{json}");
    }
}

#[test]
fn a_jwk_set_has_an_end() {
    let json = |count: usize| json!({"keys": vec![json!({}); count]}).to_string();
    let read = |json: &str| VerifyingKeys::from_json(json.as_bytes(), None).map(|_| ());
    assert_eq!(read(&json(100)), Ok(()));
    assert_eq!(read(&json(101)), Err(JwkSetError::TooManyKeys));
    let padded = |len: usize| format!("{{\"keys\":[]{}}}", " ".repeat(len - 11));
    assert_eq!(padded(VerifyingKeys::MAX_JWK_SET_LEN).len(), 512 * 1024);
    assert_eq!(read(&padded(VerifyingKeys::MAX_JWK_SET_LEN)), Ok(()));
    let long = padded(VerifyingKeys::MAX_JWK_SET_LEN + 1);
    assert_eq!(read(&long), Err(JwkSetError::TooLong));
    assert_eq!(read(&".".repeat(600_000)), Err(JwkSetError::TooLong));
}

/// RFC 7517 §5: "Implementations SHOULD ignore JWKs within a JWK Set that use "kty" values that are not understood by them,
/// that are missing required members, or for which values are out of the supported ranges."
#[test]
fn rfc7517_a_bad_key_spoils_only_itself() {
    let ec = jwk_of(SigningAlgorithm::Es256);
    let ed = jwk_of(SigningAlgorithm::EdDsa);
    let rsa = jwk_of(SigningAlgorithm::Rs256);
    let secret = base64url::encode(&[1; 32]);
    let cases = [
        (json!({}), JwkError::KeyType),
        (with(&ec, &json!({"kty": "AKP"})), JwkError::KeyType),
        (with(&ec, &json!({"kty": "ec"})), JwkError::KeyType),
        (with(&ec, &json!({"kty": "-"})), JwkError::KeyType),
        (with(&ec, &json!({"y": "-"})), JwkError::KeyType),
        (with(&ec, &json!({"kty": 1})), JwkError::Member("kty")),
        (with(&ec, &json!({"crv": "secp256k1"})), JwkError::Curve),
        (with(&ec, &json!({"crv": "P-521"})), JwkError::Curve),
        (with(&ed, &json!({"crv": "X25519"})), JwkError::Curve),
        (with(&ed, &json!({"crv": "Ed448"})), JwkError::Curve),
        (
            with(&ec, &json!({"alg": "ES256K"})),
            JwkError::UnsupportedAlgorithm,
        ),
        (
            with(&ec, &json!({"alg": "ES384"})),
            JwkError::AlgorithmMismatch,
        ),
        (
            with(&rsa, &json!({"alg": "RSA-OAEP-256"})),
            JwkError::UnsupportedAlgorithm,
        ),
        (with(&rsa, &json!({"e": "AQ"})), JwkError::RsaExponent),
        (with(&ec, &json!({"use": "enc"})), JwkError::Use),
        // What it is for comes first: a key for encryption may be of any kind.
        (
            with(&ed, &json!({"use": "enc", "crv": "X25519"})),
            JwkError::Use,
        ),
        (
            with(&ec, &json!({"kty": "AKP", "key_ops": ["encrypt"]})),
            JwkError::KeyOperations,
        ),
        (with(&ec, &json!({"x": 1})), JwkError::Member("x")),
        (with(&ec, &json!({"kid": 1})), JwkError::Member("kid")),
        (with(&ec, &json!({"kid": null})), JwkError::Member("kid")),
        (with(&ec, &json!({"alg": null})), JwkError::Member("alg")),
        (with(&ec, &json!({"use": ["sig"]})), JwkError::Member("use")),
        (
            with(&ec, &json!({"key_ops": "verify"})),
            JwkError::Member("key_ops"),
        ),
        (
            with(&ec, &json!({"key_ops": ["verify", 1]})),
            JwkError::Member("key_ops"),
        ),
        (
            json!({"kty": "oct", "k": secret, "alg": "HS256"}),
            JwkError::Symmetric,
        ),
        (json!({"kty": "oct"}), JwkError::Symmetric),
        (
            with(&ec, &json!({"kty": "oct", "k": secret})),
            JwkError::Symmetric,
        ),
    ];
    for (bad, expected) in cases {
        assert_eq!(refusal(&bad, None), Some(expected), "{bad}");
        let neighbours = json!({"keys": [
            with(&ec, &json!({"kid": "before"})),
            with(&bad, &json!({"kid": bad.get("kid").filter(|kid| !kid.is_string()).unwrap_or(&json!("bad"))})),
            with(&ed, &json!({"kid": "after"})),
        ]});
        let (keys, refused) = read(&neighbours, None);
        assert_eq!(keys.len(), 2, "{bad}");
        assert!(keys.get("before").is_some() && keys.get("after").is_some());
        let refused: Vec<_> = refused.iter().map(|it| (it.index, it.reason)).collect();
        assert_eq!(refused, [(1, expected)], "{bad}");
    }
    // What chooses nothing here spoils nothing.
    let chatty = with(
        &ec,
        &json!({"x5c": 1, "x5t": null, "iat": 1, "other": {"d": 1}}),
    );
    assert_eq!(refusal(&chatty, None), None);
}

#[test]
fn a_private_key_is_no_public_key() {
    for algorithm in SigningAlgorithm::ALL {
        let jwk = jwk_of(algorithm);
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            for value in [json!("AQAB"), json!(""), json!(null), json!([])] {
                let private = with(&jwk, &json!({ member: value }));
                let refused = refusal(&private, None);
                assert_eq!(refused, Some(JwkError::Private), "{algorithm} {member}");
                // For whatever it says to be.
                let private = with(&private, &json!({"use": "enc", "alg": "RSA-OAEP"}));
                assert_eq!(refusal(&private, None), Some(JwkError::Private));
            }
        }
    }
}

#[test]
fn rule_t1_an_rsa_key_without_alg_is_for_what_the_caller_says() {
    let rsa = jwk_of(SigningAlgorithm::Rs256);
    let bare = with(&rsa, &json!({"alg": "-", "kid": "a"}));
    let ec = with(
        &jwk_of(SigningAlgorithm::Es256),
        &json!({"alg": "-", "kid": "a"}),
    );
    let named = with(&rsa, &json!({"alg": "PS256", "kid": "a"}));
    for (jwk, unnamed_rsa, expected) in [
        (&bare, None, Err(JwkError::AlgorithmMissing)),
        (&bare, Some(Algorithm::RS256), Ok(Algorithm::RS256)),
        (&bare, Some(Algorithm::PS384), Ok(Algorithm::PS384)),
        (
            &bare,
            Some(Algorithm::ES256),
            Err(JwkError::AlgorithmMismatch),
        ),
        (
            &bare,
            Some(Algorithm::HS256),
            Err(JwkError::AlgorithmMismatch),
        ),
        (&named, Some(Algorithm::RS256), Ok(Algorithm::PS256)),
        (&named, None, Ok(Algorithm::PS256)),
        (&ec, Some(Algorithm::RS256), Ok(Algorithm::ES256)),
    ] {
        let (keys, refused) = read(&json!({ "keys": [jwk] }), unnamed_rsa);
        let read = keys.get("a").map(VerifyingKey::algorithm);
        let reason = refused.first().map(|refused| refused.reason);
        assert_eq!(
            read.ok_or(reason),
            expected.map_err(Some),
            "{unnamed_rsa:?}"
        );
    }
}

#[test]
fn rule_t1_of_keys_that_share_a_kid_none_is_used() {
    let ec = with(&jwk_of(SigningAlgorithm::Es256), &json!({"kid": "a"}));
    let ed = with(&jwk_of(SigningAlgorithm::EdDsa), &json!({"kid": "a"}));
    let rsa = with(&jwk_of(SigningAlgorithm::Rs256), &json!({"kid": "b"}));
    let unknown = json!({"kty": "AKP", "kid": "a"});
    for doubles in [[&ec, &ed], [&ec, &ec], [&ec, &unknown], [&unknown, &ec]] {
        let (keys, refused) = read(&json!({"keys": [doubles[0], rsa, doubles[1]]}), None);
        assert_eq!(keys.len(), 1);
        assert!(keys.get("b").is_some());
        let refused: Vec<_> = refused
            .iter()
            .map(|it| (it.index, it.kid.as_deref(), it.reason))
            .collect();
        let duplicate = JwkError::DuplicateKeyId;
        assert_eq!(
            refused,
            [(0, Some("a"), duplicate), (2, Some("a"), duplicate)]
        );
    }
}

#[test]
fn the_only_key_is_that_of_a_set_of_one() {
    let ec = jwk_of(SigningAlgorithm::Es256);
    let ed = jwk_of(SigningAlgorithm::EdDsa);
    let only = |keys: &[&Value]| {
        let (keys, _) = read(&json!({ "keys": keys }), None);
        keys.only().map(VerifyingKey::algorithm)
    };
    assert_eq!(only(&[]), None);
    assert_eq!(only(&[&ec]), Some(Algorithm::ES256));
    assert_eq!(only(&[&ec, &ed]), None);
    // One that cannot be used could not be meant.
    assert_eq!(only(&[&json!({"kty": "AKP"}), &ed]), Some(Algorithm::EdDSA));
}
