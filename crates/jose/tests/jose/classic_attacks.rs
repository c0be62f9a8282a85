//! Attacks on the shape of classic tokens, at the doors of both kinds at once: whoever forges here holds every secret.

use countersign_core::{Secret, SigningAlgorithm};
use countersign_jose::classic::{self, ClassicError};
use countersign_jose::json::JsonError;
use countersign_jose::jws::JwsError;
use countersign_jose::mac::MacKey;
use countersign_jose::{access_token, base64url, id_token};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixtures::{
    DRAWN_KEY_ID, ISSUER, KEY, LEEWAY, NOW, claims, classic_access_key, classic_claims,
    classic_refresh_claims, classic_refresh_key, forge_hs256, id_claims, signing_key,
};

fn access_key() -> classic::AccessTokenKey {
    classic_access_key(DRAWN_KEY_ID, 7, ISSUER)
}

fn refresh_key() -> classic::RefreshTokenKey {
    classic_refresh_key(DRAWN_KEY_ID, 7, ISSUER)
}

/// The HMAC key of [`refresh_key`], derived once more from the description of the format.
pub(crate) fn refresh_secret() -> [u8; 32] {
    let root = MacKey::new(Secret::new([7; 32]));
    let key = root.derive("classic-refresh-token", ISSUER);
    key.mac(&[b"countersign/classic refresh token/HS256"])
}

/// A kind of token: one of it, the secret under which it is signed, and its door.
struct Kind {
    name: &'static str,
    text: String,
    secret: Vec<u8>,
    refusal: fn(&str) -> Option<ClassicError>,
}

fn kinds() -> [Kind; 2] {
    let access = classic::sign_access_token(&access_key(), &classic_claims());
    let refresh = classic::write_refresh_token(&refresh_key(), &classic_refresh_claims());
    let secret = access_key().shared_secret(classic_claims().aud.as_deref());
    [
        Kind {
            name: "access",
            text: access.expect("signing"),
            secret: secret.expose().clone().into_bytes(),
            refusal: |text| classic::verify_access_token(&access_key(), text, NOW, LEEWAY).err(),
        },
        Kind {
            name: "refresh",
            text: refresh.expect("writing").0.expose().clone(),
            secret: refresh_secret().to_vec(),
            refusal: |text| classic::read_refresh_token(text, &refresh_key()).err(),
        },
    ]
}

impl Kind {
    fn parts(&self) -> [&str; 3] {
        let parts: Vec<&str> = self.text.split('.').collect();
        parts.try_into().expect("three parts")
    }

    fn payload(&self) -> String {
        let payload = base64url::decode(self.parts()[1]).expect("base64url");
        String::from_utf8(payload).expect("JSON")
    }

    fn under(&self, header: &str) -> String {
        forge_hs256(&self.secret, header, &self.payload())
    }
}

fn header_with(changes: &Value) -> String {
    let mut header = json!({"alg": "HS256", "typ": "JWT", "kid": DRAWN_KEY_ID});
    for (name, value) in changes.as_object().expect("an object") {
        header[name] = value.clone();
    }
    header.to_string()
}

/// Which header is accepted, and whether the text names a key before anything is verified.
#[test]
fn rule_t1_the_header_says_one_thing_only() {
    let jwk = json!({"kty": "oct", "k": "AAAA"});
    let aud = "https://api.example";
    let none = JwsError::UnsupportedAlgorithm;
    let mismatch = JwsError::AlgorithmMismatch;
    let cases: &[(Value, Option<ClassicError>)] = &[
        (json!({}), None),
        (json!({"alg": "none"}), Some(none.into())),
        (json!({"alg": "None"}), Some(none.into())),
        (json!({"alg": "hs256"}), Some(none.into())),
        (json!({"alg": ""}), Some(none.into())),
        (
            json!({"alg": null}),
            Some(JwsError::HeaderMember("alg").into()),
        ),
        (json!({"alg": "HS384"}), Some(mismatch.into())),
        (json!({"alg": "HS512"}), Some(mismatch.into())),
        (json!({"alg": "ES256"}), Some(mismatch.into())),
        (json!({"alg": "RS256"}), Some(mismatch.into())),
        (json!({"typ": "at+jwt"}), Some(ClassicError::Type)),
        (json!({"typ": "jwt"}), Some(ClassicError::Type)),
        (json!({"typ": "application/JWT"}), Some(ClassicError::Type)),
        (json!({"typ": "logout+jwt"}), Some(ClassicError::Type)),
        (json!({"typ": ""}), Some(ClassicError::Type)),
        (
            json!({"typ": null}),
            Some(JwsError::HeaderMember("typ").into()),
        ),
        (
            json!({"kid": null}),
            Some(JwsError::HeaderMember("kid").into()),
        ),
        (json!({"crit": []}), Some(JwsError::Critical.into())),
        (json!({"crit": ["exp"]}), Some(JwsError::Critical.into())),
        (
            json!({"b64": false}),
            Some(JwsError::UnencodedPayload.into()),
        ),
        (json!({"jwk": jwk}), Some(ClassicError::HeaderMember)),
        (json!({"jku": aud}), Some(ClassicError::HeaderMember)),
        (json!({"x5c": ["AAAA"]}), Some(ClassicError::HeaderMember)),
        (json!({"x5u": aud}), Some(ClassicError::HeaderMember)),
        (json!({"cty": "JWT"}), Some(ClassicError::HeaderMember)),
        (json!({"aud": aud}), Some(ClassicError::HeaderMember)),
    ];
    for kind in kinds() {
        for (changes, expected) in cases {
            let text = kind.under(&header_with(changes));
            assert_eq!((kind.refusal)(&text), *expected, "{} {changes}", kind.name);
            let named = classic::key_id(&text).is_some();
            assert_eq!(named, expected.is_none(), "{} {changes}", kind.name);
        }
        // Some keys, and no key.
        for (kid, is_id) in [
            ("other", true),
            ("", false),
            ("a/b", false),
            ("../x", false),
        ] {
            let text = kind.under(&header_with(&json!({ "kid": kid })));
            let refused = (kind.refusal)(&text);
            assert_eq!(
                refused,
                Some(ClassicError::AnotherKey),
                "{} {kid:?}",
                kind.name
            );
            let named = classic::key_id(&text).map(|id| id.to_string());
            assert_eq!(named, is_id.then(|| kid.to_owned()), "{kid:?}");
        }
        for (header, expected) in [
            (r#"{"alg":"HS256","typ":"JWT"}"#, JwsError::KeyIdMissing),
            (
                r#"{"typ":"JWT","kid":"AAECAwQFBgcICQoL"}"#,
                JwsError::HeaderMember("alg"),
            ),
        ] {
            let text = kind.under(header);
            assert_eq!((kind.refusal)(&text), Some(expected.into()), "{header}");
            assert_eq!(classic::key_id(&text), None, "{header}");
        }
        let text = kind.under(r#"{"alg":"HS256","kid":"AAECAwQFBgcICQoL"}"#);
        assert_eq!((kind.refusal)(&text), Some(ClassicError::Type));
        assert_eq!(classic::key_id(&text), None);
    }
}

#[test]
fn e66_duplicate_members_in_the_header() {
    for kind in kinds() {
        for header in [
            r#"{"alg":"HS256","alg":"HS256","typ":"JWT","kid":"AAECAwQFBgcICQoL"}"#,
            r#"{"alg":"none","typ":"JWT","kid":"AAECAwQFBgcICQoL","alg":"HS256"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"AAECAwQFBgcICQoL","k\u0069d":"AAECAwQFBgcICQoL"}"#,
        ] {
            let text = kind.under(header);
            let expected = JwsError::Header(JsonError::DuplicateMember).into();
            assert_eq!((kind.refusal)(&text), Some(expected), "{header}");
            assert_eq!(classic::key_id(&text), None, "{header}");
        }
    }
}

/// RULES D1: what one kind's secret makes, the other's door refuses, whatever it says.
#[test]
fn rule_d1_neither_kind_passes_for_the_other() {
    let [access, refresh] = kinds();
    let signature = Some(JwsError::Signature.into());
    assert_eq!((access.refusal)(&refresh.text), signature);
    assert_eq!((refresh.refusal)(&access.text), signature);
    let header = header_with(&json!({}));
    let crossed = forge_hs256(&access.secret, &header, &refresh.payload());
    assert_eq!((refresh.refusal)(&crossed), signature);
    let crossed = forge_hs256(&refresh.secret, &header, &access.payload());
    assert_eq!((access.refusal)(&crossed), signature);
    // Nor do the secrets lead back to what they were derived from.
    let root = [7; 32];
    assert_ne!(access.secret, refresh.secret);
    for kind in [&access, &refresh] {
        let of_the_root = forge_hs256(&root, &header, &kind.payload());
        assert_eq!((kind.refusal)(&of_the_root), signature, "{}", kind.name);
    }
}

#[test]
fn cve_2022_23540_without_the_whole_signature_it_is_nothing() {
    for kind in kinds() {
        let [header, payload, signature] = kind.parts();
        let whole = base64url::decode(signature).unwrap();
        let input = format!("{header}.{payload}");
        for len in (0..whole.len()).chain([33, 64]) {
            let mut other = whole.clone();
            other.resize(len, 0);
            let text = format!("{input}.{}", base64url::encode(&other));
            let expected = Some(JwsError::Signature.into());
            assert_eq!((kind.refusal)(&text), expected, "{} {len}", kind.name);
        }
        let not_compact = Some(JwsError::NotCompact.into());
        assert_eq!((kind.refusal)(&input), not_compact);
        assert_eq!(
            (kind.refusal)(&format!("{input}.{signature}.")),
            not_compact
        );
    }
}

/// Attack class 34: every bit of every part.
#[test]
fn cve_2026_27840_every_changed_bit_is_refused() {
    for kind in kinds() {
        assert_eq!((kind.refusal)(&kind.text), None, "{}", kind.name);
        for part in 0..3 {
            let bytes = base64url::decode(kind.parts()[part]).unwrap();
            for index in 0..bytes.len() {
                for bit in 0..8 {
                    let mut other = bytes.clone();
                    other[index] ^= 1 << bit;
                    let other = base64url::encode(&other);
                    let mut parts = kind.parts();
                    parts[part] = &other;
                    let refused = (kind.refusal)(&parts.join("."));
                    assert!(refused.is_some(), "{} {part} {index} {bit}", kind.name);
                }
            }
        }
    }
}

/// Attack class 34: other spellings of the same bytes, and other lengths.
#[test]
fn cve_2026_27840_one_spelling_per_classic_token() {
    for kind in kinds() {
        let text = &kind.text;
        for index in 0..text.len() {
            assert!((kind.refusal)(&text[..index]).is_some(), "{index}");
            for replacement in ["A", "Q", "g", "w", "_", "=", "+", ".", "\n", "\u{e9}", ""] {
                let mut other = text.clone();
                other.replace_range(index..=index, replacement);
                if other != *text {
                    assert!((kind.refusal)(&other).is_some(), "{index} {replacement:?}");
                }
            }
        }
        for extra in ["=", "A", "AAAA", ".", " ", "\n", "\0"] {
            for other in [format!("{text}{extra}"), format!("{extra}{text}")] {
                assert!((kind.refusal)(&other).is_some(), "{other:?}");
            }
        }
    }
}

#[test]
fn cve_2025_61920_sizes_come_first() {
    for kind in kinds() {
        let [header, payload, signature] = kind.parts();
        for text in [
            format!("{}.{payload}.{signature}", "A".repeat(8 * 1024 + 4)),
            format!("{header}.{payload}.{}", "A".repeat(1367)),
            format!("{header}.{}.{signature}", "A".repeat(16 * 1024)),
            "A".repeat(10_000_000),
            ".".repeat(1_000_000),
        ] {
            let refused = (kind.refusal)(&text);
            assert_eq!(refused, Some(JwsError::TooLong.into()), "{}", kind.name);
            assert_eq!(classic::key_id(&text), None);
        }
    }
}

#[test]
fn rule_t1_no_other_kind_names_a_classic_key() {
    let secret = Secret::new(vec![7; 32]);
    let rs256 = signing_key(SigningAlgorithm::Rs256);
    let others = [
        access_token::sign(&KEY, &claims()).unwrap(),
        id_token::sign(&KEY, &id_claims()).unwrap(),
        id_token::sign(&rs256, &id_claims()).unwrap(),
        id_token::sign_hs256(&secret, &id_claims()).unwrap(),
        "cs_rt_AQABAgMEBQYHCAkKC6GhoaGhoaGhoaGhoaGhoaEAAAADAAAAAGtJ0gCysrKysrKysrKysrKysrKyjB4byewI8wnl-_cI0qE9ffhcRwxpW-WX9JEQ_yRTvPI".into(),
        "2d7b9b0c-5e0f-4a53-9c39-0d1f7a6f1c11".into(),
        "..".into(),
        String::new(),
    ];
    for other in &others {
        assert_eq!(classic::key_id(other), None, "{other}");
        for kind in kinds() {
            assert!((kind.refusal)(other).is_some(), "{} {other}", kind.name);
        }
    }
    for kind in kinds() {
        assert_eq!(
            classic::key_id(&kind.text).as_ref(),
            Some(access_key().id())
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_without_panic(
        wild in ".{0,200}",
        parts in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,60}",
    ) {
        for kind in kinds() {
            prop_assert!((kind.refusal)(&wild).is_some() && (kind.refusal)(&parts).is_some());
        }
        prop_assert_eq!(classic::key_id(&wild), None);
    }

    #[test]
    fn any_payload_is_judged_without_panic(
        payload in r#"\{("(aud|iss|cid|scope|sub|exp|nbf|iat|jti|refresh_token_id)":("a"|null|1|\[\]),?){0,9}\}"#,
        secret in any::<prop::sample::Index>(),
    ) {
        let kinds = kinds();
        let kind = &kinds[secret.index(2)];
        let text = forge_hs256(&kind.secret, &header_with(&json!({})), &payload);
        for kind in &kinds {
            prop_assert!((kind.refusal)(&text).is_some());
        }
    }
}
