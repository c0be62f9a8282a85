//! The worked examples of the RFCs that concern this crate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::{self, UnverifiedHeader};
use countersign_jose::{Algorithm, Jwk, VerifyingKey, base64url, digest};
use serde_json::Value;

use super::{Expected, Tally, Verdict, array, folder, read, text};

const FILE: &str = "rfc-vectors.json";

fn verifying_key(jwk: &Value) -> VerifyingKey {
    let jwk: Jwk = serde_json::from_value(jwk.clone()).expect("a JWK");
    VerifyingKey::from_jwk(&jwk).expect("a key that verifies")
}

/// Accepted if what we compute is what the RFC prints.
fn same(ours: &str, theirs: &str) -> Verdict {
    if ours == theirs {
        Verdict::Accepted
    } else {
        Verdict::Refused(ours.to_owned())
    }
}

fn verify_jws(jwk: &Value, token: &str) -> Verdict {
    if jwk.is_null() {
        // Unsecured: whatever the key, it is refused.
        let any =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let any = serde_json::from_str(any).expect("JSON");
        jws::verify_with(&verifying_key(&any), token).into()
    } else if jwk["kty"] == "oct" {
        let secret = base64url::decode(text(jwk, "k")).expect("base64url");
        let secret = countersign_core::Secret::new(secret);
        let key = HmacKey::new(HmacAlgorithm::Hs256, "any", &secret).expect("a long secret");
        hmac_jws::verify_with(&key, token).into()
    } else {
        jws::verify_with(&verifying_key(jwk), token).into()
    }
}

/// The signature of a `DPoP` proof is right, and its key has the thumbprint that the token is bound to.
fn dpop_proof(proof: &str, expected: &Value) -> Verdict {
    let header = UnverifiedHeader::peek(proof).expect("a header");
    let key = verifying_key(&header.members()["jwk"]);
    assert_eq!(key.algorithm(), Algorithm::ES256);
    match jws::verify_with(&key, proof) {
        Ok(verified) => {
            assert!(verified.header().is_of_type("dpop+jwt"));
            let claims: Value = serde_json::from_slice(verified.payload()).expect("JSON");
            assert_eq!(claims, expected["claims"]);
            same(key.thumbprint().as_str(), text(expected, "jkt"))
        }
        Err(error) => Verdict::Refused(format!("{error:?}")),
    }
}

/// Left half of the digest, as in `at_hash` (OpenID Connect Core §3.1.3.6).
fn half_hash(value: &str) -> String {
    base64url::encode(&digest::sha256(value.as_bytes())[..16])
}

fn full_hash(bytes: &[u8]) -> String {
    base64url::encode(&digest::sha256(bytes))
}

#[test]
fn rfc_examples() {
    let Some(folder) = folder() else { return };
    let suite = read(&folder.join("rfc").join(FILE));
    let mut tally = Tally::default();
    let mut elsewhere = Vec::new();
    for vector in array(&suite, "vectors") {
        let (id, input, output) = (text(vector, "id"), &vector["input"], &vector["expected"]);
        let verdict = match text(vector, "kind") {
            "jws_verify" => verify_jws(&input["jwk"], text(input, "compact")),
            "jws_sign_verify" => verify_jws(&input["jwk"], text(output, "compact")),
            "jwk_thumbprint_sha256" => same(
                verifying_key(&input["jwk"]).thumbprint().as_str(),
                text(output, "thumbprint"),
            ),
            "jwk_thumbprint_uri" => same(
                &format!(
                    "urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}",
                    verifying_key(&input["jwk"]).thumbprint()
                ),
                text(output, "uri"),
            ),
            "dpop_proof" => dpop_proof(text(input, "proof"), output),
            "dpop_ath" => same(
                &full_hash(text(input, "access_token").as_bytes()),
                text(output, "ath"),
            ),
            "pkce_s256" => same(
                &full_hash(text(input, "code_verifier").as_bytes()),
                text(output, "code_challenge"),
            ),
            "half_hash_sha256" => same(&half_hash(text(input, "value")), text(output, "hash")),
            "cert_thumbprint_sha256" => {
                let der = STANDARD.decode(text(input, "der_base64")).expect("base64");
                same(&full_hash(&der), text(output, "x5t#S256"))
            }
            // Client authentication is `protocol`'s, and tested there.
            "client_secret_basic" | "form_urlencode" => {
                elsewhere.push(id);
                continue;
            }
            other => panic!("unknown kind {other:?}"),
        };
        let expected = if output["valid"] == false {
            Expected::Invalid
        } else {
            Expected::Valid
        };
        tally.judge(id, expected, verdict, None);
    }
    assert_eq!(elsewhere, ["basic-auth", "form-urlencode-appb"]);
    tally.finish(FILE, array(&suite, "vectors").len() - elsewhere.len());
}
