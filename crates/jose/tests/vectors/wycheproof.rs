//! C2SP/wycheproof: JWS, JWE, JWK, mixed, and the raw signatures under them.

use countersign_jose::hmac_jws::{self, HmacKey, HmacKeys};
use countersign_jose::{Algorithm, Jwk, JwkSet, VerifyingKey, VerifyingKeys, base64url, jws};
use serde_json::Value;

use super::{Expected, Reason, Tally, Verdict, array, folder, hex, read, text};

fn expected(test: &Value) -> Expected {
    match text(test, "result") {
        "valid" => Expected::Valid,
        "invalid" => Expected::Invalid,
        "acceptable" => Expected::Acceptable,
        other => panic!("unknown result {other:?}"),
    }
}

/// The key of a group, public if it has one.
fn key(group: &Value) -> &Value {
    if group["public"].is_null() {
        &group["private"]
    } else {
        &group["public"]
    }
}

fn is_symmetric(key: &Value) -> bool {
    key["kty"] == "oct"
}

/// Verifies under one key, which decides alone which path is taken.
fn verify_under_key(key: &Value, token: &str) -> Verdict {
    let jwk: Jwk = match serde_json::from_value(key.clone()) {
        Ok(jwk) => jwk,
        Err(error) => return Verdict::Refused(error.to_string()),
    };
    if is_symmetric(key) {
        HmacKey::from_jwk(&jwk)
            .map_err(|error| format!("{error:?}"))
            .and_then(|key| {
                hmac_jws::verify_with(&key, token).map_err(|error| format!("{error:?}"))
            })
            .into()
    } else {
        VerifyingKey::from_jwk(&jwk)
            .map_err(|error| format!("{error:?}"))
            .and_then(|key| jws::verify_with(&key, token).map_err(|error| format!("{error:?}")))
            .into()
    }
}

/// Verifies under a set, where the `kid` of the token chooses. A set of both kinds has no decoder (RULES T1).
fn verify_under_set(keys: &[Value], token: &str) -> Verdict {
    if keys.iter().all(is_symmetric) {
        let keys = keys.iter().map(|key| {
            serde_json::from_value(key.clone())
                .map_err(|error| error.to_string())
                .and_then(|jwk| HmacKey::from_jwk(&jwk).map_err(|error| error.to_string()))
        });
        keys.collect::<Result<Vec<_>, _>>()
            .and_then(|keys| HmacKeys::new(keys).map_err(|error| error.to_string()))
            .and_then(|keys| hmac_jws::verify(token, &keys).map_err(|error| error.to_string()))
            .into()
    } else {
        let set = keys
            .iter()
            .map(|key| serde_json::from_value(key.clone()))
            .collect();
        match set {
            Ok(keys) => {
                let (keys, _) = VerifyingKeys::from_jwk_set(&JwkSet { keys });
                jws::verify(token, &keys).into()
            }
            Err(error) => Verdict::Refused(error.to_string()),
        }
    }
}

fn is_json_serialization(token: &str) -> bool {
    token.trim_start().starts_with('{')
}

/// Vectors whose result contradicts another vector of the same group with the very same bytes.
const CONTRADICTORY: [(&str, u64); 2] = [
    ("json_web_signature_test.json", 367),
    ("json_web_signature_test.json", 370),
];

/// The token of a test as text; some JSON serializations stand as an object.
fn token_of(test: &Value) -> String {
    let token = test
        .get("jws")
        .or_else(|| test.get("jwe"))
        .expect("a token");
    token
        .as_str()
        .map_or_else(|| token.to_string(), str::to_owned)
}

fn reason_for(key: &Value, test: &Value, token: &str) -> Option<Reason> {
    let compact = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let named = |name: &str| key["alg"] == name;
    if is_json_serialization(token) {
        Some(Reason::JsonSerialization)
    } else if test.get("jwe").is_some() {
        Some(Reason::Encrypted)
    } else if named("ES521") {
        Some(Reason::MislabelledEs521)
    } else if !token.bytes().all(compact) {
        Some(Reason::NotBase64Url)
    } else if named("PS256") && header_algorithm(token).as_deref() == Some("PS384") {
        Some(Reason::KeyOfAnotherAlgorithm)
    } else {
        None
    }
}

fn header_algorithm(token: &str) -> Option<String> {
    let header = jws::UnverifiedHeader::peek(token).ok()?;
    header.alg().map(str::to_owned)
}

fn judge_jose(file: &str, count: usize) {
    let Some(folder) = folder() else { return };
    let suite = read(&folder.join("wycheproof").join(file));
    assert_eq!(suite["numberOfTests"], count, "{file}");
    let mut tally = Tally::default();
    let mut contradictory = Vec::new();
    for group in array(&suite, "testGroups") {
        let key = key(group);
        let tests = array(group, "tests");
        for test in tests {
            let token = token_of(test);
            let verdict = match key["keys"].as_array() {
                Some(keys) => verify_under_set(keys, &token),
                None => verify_under_key(key, &token),
            };
            let mut expected = expected(test);
            let twin = |other: &Value| other["result"] == "valid" && token_of(other) == token;
            if expected == Expected::Invalid && tests.iter().any(twin) {
                contradictory.push((file, test["tcId"].as_u64().expect("a number")));
                expected = Expected::Acceptable;
            }
            let id = format!("{} {}", test["tcId"], test["comment"]);
            tally.judge(id, expected, verdict, reason_for(key, test, &token));
        }
    }
    let known: Vec<_> = CONTRADICTORY
        .into_iter()
        .filter(|(known, _)| *known == file)
        .collect();
    assert_eq!(contradictory, known, "{file}: vectors with two results");
    tally.finish(file, count);
}

#[test]
fn json_web_signature() {
    judge_jose("json_web_signature_test.json", 401);
}

#[test]
fn json_web_encryption() {
    judge_jose("json_web_encryption_test.json", 139);
}

#[test]
fn json_web_key() {
    judge_jose("json_web_key_test.json", 26);
}

#[test]
fn json_web_crypto() {
    judge_jose("json_web_crypto_test.json", 83);
}

/// Some groups give their EC key as a point only.
fn jwk_of_point(key: &Value) -> Value {
    let crv = match text(key, "curve") {
        "secp256r1" => "P-256",
        "secp384r1" => "P-384",
        "secp521r1" => "P-521",
        other => panic!("unknown curve {other:?}"),
    };
    let point = hex(text(key, "uncompressed"));
    let (x, y) = point[1..].split_at(point.len() / 2);
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    serde_json::json!({ "kty": "EC", "crv": crv, "x": x, "y": y })
}

/// Raw signatures, through the one method that checks the signatures of tokens.
fn judge_primitive(file: &str, algorithm: Option<Algorithm>, count: usize) {
    let Some(folder) = folder() else { return };
    let suite = read(&folder.join("wycheproof/primitives").join(file));
    assert_eq!(suite["numberOfTests"], count, "{file}");
    let mut tally = Tally::default();
    for group in array(&suite, "testGroups") {
        let jwk = group
            .get("publicKeyJwk")
            .or_else(|| group.get("keyJwk"))
            .cloned();
        let jwk = jwk.unwrap_or_else(|| jwk_of_point(&group["publicKey"]));
        let key = serde_json::from_value::<Jwk>(jwk).map_err(|error| error.to_string());
        let key = key.and_then(|jwk| {
            match algorithm {
                Some(algorithm) => VerifyingKey::from_jwk_for(&jwk, algorithm),
                None => VerifyingKey::from_jwk(&jwk),
            }
            .map_err(|error| error.to_string())
        });
        for test in array(group, "tests") {
            let (message, signature) = (hex(text(test, "msg")), hex(text(test, "sig")));
            let verdict = match &key {
                Ok(key) => key.verify_signature(&message, &signature).into(),
                Err(error) => Verdict::Refused(error.clone()),
            };
            let reason = algorithm.is_none().then_some(Reason::P521);
            let id = format!("{} {}", test["tcId"], test["comment"]);
            tally.judge(id, expected(test), verdict, reason);
        }
    }
    tally.finish(file, count);
}

#[test]
fn es256_signatures() {
    judge_primitive(
        "ecdsa_secp256r1_sha256_p1363_test.json",
        Some(Algorithm::ES256),
        262,
    );
}

#[test]
fn es384_signatures() {
    judge_primitive(
        "ecdsa_secp384r1_sha384_p1363_test.json",
        Some(Algorithm::ES384),
        280,
    );
}

#[test]
fn es512_signatures_are_not_supported() {
    judge_primitive("ecdsa_secp521r1_sha512_p1363_test.json", None, 318);
}

#[test]
fn eddsa_signatures() {
    judge_primitive("ed25519_test.json", Some(Algorithm::EdDSA), 151);
}

#[test]
fn rs256_signatures() {
    judge_primitive(
        "rsa_signature_2048_sha256_test.json",
        Some(Algorithm::RS256),
        259,
    );
}

#[test]
fn ps256_signatures() {
    judge_primitive(
        "rsa_pss_2048_sha256_mgf1_32_test.json",
        Some(Algorithm::PS256),
        108,
    );
}
