//! The JOSE cookbook: RFC 7520, and the examples of RFC 7797 and RFC 8037.

use std::path::Path;

use countersign_jose::hmac_jws::{self, HmacKey};
use countersign_jose::{Jwk, VerifyingKey, jws};
use serde_json::Value;

use super::{Expected, Reason, Tally, Verdict, folder, read};

/// Judges one token under one key, on the path that the kind of the key allows. The algorithm comes from the
/// example where the key does not say: it is what the verifier knows of the signer.
fn verify(key: &Value, alg: &Value, token: &str) -> Verdict {
    let mut key = key.clone();
    if key["alg"].is_null() {
        key["alg"] = alg.clone();
    }
    if key["kid"].is_null() {
        key["kid"] = "any".into();
    }
    let jwk: Jwk = match serde_json::from_value(key.clone()) {
        Ok(jwk) => jwk,
        Err(error) => return Verdict::Refused(error.to_string()),
    };
    if key["kty"] == "oct" {
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

/// The keys and algorithms of an example; several for "Multiple Signatures".
fn signers(input: &Value) -> Vec<(&Value, &Value)> {
    match (&input["key"], &input["alg"]) {
        (Value::Array(keys), Value::Array(algorithms)) => keys.iter().zip(algorithms).collect(),
        (key, alg) => vec![(key, alg)],
    }
}

/// Judges each serialization of one example under each of its keys; the number of verdicts.
fn judge_example(
    tally: &mut Tally,
    name: &str,
    example: &Value,
    reason: impl Fn(&str, &Value) -> Option<Reason>,
) -> usize {
    let mut count = 0;
    for (form, output) in example["output"].as_object().expect("output") {
        let token = output
            .as_str()
            .map_or_else(|| output.to_string(), str::to_owned);
        for (key, alg) in signers(&example["input"]) {
            let verdict = verify(key, alg, &token);
            let id = format!("{name} {form} {alg}");
            tally.judge(id, Expected::Valid, verdict, reason(form, alg));
            count += 1;
        }
    }
    count
}

/// Every example of a folder of the cookbook, by name.
fn examples(folder: &Path) -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(folder).expect("the folder of the cookbook");
    let mut examples: Vec<(String, Value)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, read(&path))
        })
        .collect();
    examples.sort_by(|one, other| one.0.cmp(&other.0));
    examples
}

fn json_or(form: &str, reason: Option<Reason>) -> Option<Reason> {
    if form == "compact" {
        reason
    } else {
        Some(Reason::JsonSerialization)
    }
}

#[test]
fn cookbook_jws() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder.join("jose-cookbook/jws"));
    assert_eq!(examples.len(), 8);
    let (mut tally, mut count) = (Tally::default(), 0);
    for (name, example) in &examples {
        let detached = name.starts_with("4_5");
        count += judge_example(&mut tally, name, example, |form, alg| {
            let compact = if detached {
                Some(Reason::DetachedPayload)
            } else if alg == "ES512" {
                Some(Reason::P521)
            } else {
                None
            };
            json_or(form, compact)
        });
    }
    assert!(tally.accepted >= 3, "RS256, PS384 and HS256 are supported");
    tally.finish("jose-cookbook/jws", count);
}

#[test]
fn cookbook_eddsa_and_key_agreement() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder.join("jose-cookbook/curve25519"));
    assert_eq!(examples.len(), 2);
    let (mut tally, mut count) = (Tally::default(), 0);
    for (name, example) in &examples {
        count += judge_example(&mut tally, name, example, |form, _| {
            json_or(form, (name == "ecdh-es.json").then_some(Reason::Encrypted))
        });
    }
    assert_eq!(tally.accepted, 1, "the EdDSA example");
    tally.finish("jose-cookbook/curve25519", count);
}

#[test]
fn cookbook_unencoded_payloads_are_not_supported() {
    let Some(folder) = folder() else { return };
    let examples = examples(&folder.join("jose-cookbook/rfc7797"));
    assert_eq!(examples.len(), 2);
    let (mut tally, mut count) = (Tally::default(), 0);
    for (name, example) in &examples {
        count += judge_example(&mut tally, name, example, |form, _| {
            json_or(form, Some(Reason::UnencodedPayload))
        });
    }
    assert_eq!(tally.accepted, 0);
    tally.finish("jose-cookbook/rfc7797", count);
}

#[test]
fn cookbook_jwe_is_not_supported() {
    let Some(folder) = folder() else { return };
    let mut examples = examples(&folder.join("jose-cookbook/jwe"));
    assert_eq!(examples.len(), 13);
    let nested = "6.nesting_signatures_and_encryption.json";
    examples.push((
        nested.to_owned(),
        read(&folder.join("jose-cookbook").join(nested))["encrypt"].clone(),
    ));
    let (mut tally, mut count) = (Tally::default(), 0);
    for (name, example) in &examples {
        count += judge_example(&mut tally, name, example, |form, _| {
            json_or(form, Some(Reason::Encrypted))
        });
    }
    assert_eq!(tally.accepted, 0);
    tally.finish("jose-cookbook/jwe", count);
}

#[test]
fn cookbook_inner_signature_of_the_nested_example() {
    let Some(folder) = folder() else { return };
    let nested = "jose-cookbook/6.nesting_signatures_and_encryption.json";
    let example = &read(&folder.join(nested))["sign"];
    let mut tally = Tally::default();
    let count = judge_example(&mut tally, "sign", example, |form, _| json_or(form, None));
    assert_eq!(tally.accepted, 1);
    tally.finish("jose-cookbook nested", count);
}

#[test]
fn cookbook_jwk() {
    let Some(folder) = folder() else { return };
    let keys = examples(&folder.join("jose-cookbook/jwk"));
    let mut tally = Tally::default();
    for (name, key) in &keys {
        // RSA keys of the cookbook do not name their algorithm, and a private JWK is read as its public half.
        let mut key = key.clone();
        if key["kty"] == "RSA" {
            key["alg"] = "RS256".into();
        }
        let jwk: Jwk = serde_json::from_value(key.clone()).expect("a JWK");
        let symmetric = key["kty"] == "oct";
        let expected = if symmetric {
            Expected::Invalid
        } else {
            Expected::Valid
        };
        let reason = (key["crv"] == "P-521").then_some(Reason::P521);
        tally.judge(name, expected, VerifyingKey::from_jwk(&jwk).into(), reason);
        if symmetric {
            assert_eq!(
                HmacKey::from_jwk(&jwk).is_ok(),
                key["alg"] == "HS256",
                "{name}"
            );
        }
    }
    assert_eq!(tally.accepted, 2, "the RSA key and its private form");
    tally.finish("jose-cookbook/jwk", 6);
}
