//! Attack class 67: every kind of token of this crate at every door, all made of the same secrets. Each opens one.

use countersign_core::{GrantId, Secret};
use countersign_jose::authorization_code::{self, AuthorizationCode};
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey, HmacKeys};
use countersign_jose::id_token::{self, HintError};
use countersign_jose::mac::MacKey;
use countersign_jose::opaque::{self, SealingKeys};
use countersign_jose::refresh_token::{self, RefreshToken};
use countersign_jose::{access_token, base64url, classic, client_assertion, jws, ticket};
use serde_json::json;

use crate::fixtures::{
    Counting, DRAWN_KEY_ID, ISSUER, KEY, KEYS, LEEWAY, NOW, RULES, assertion_claims, claims,
    classic_access_key, classic_claims, classic_refresh_claims, classic_refresh_key, code_key,
    id_claims, payload, refresh_key, sealing_key, ticket_key, validator,
};

const SECRET: u8 = 7;

/// How many kinds there are.
const KINDS: usize = 12;

fn client_secret() -> Secret<Vec<u8>> {
    Secret::new(vec![SECRET; 32])
}

fn shared_key() -> HmacKey {
    HmacKey::new(HmacAlgorithm::Hs256, DRAWN_KEY_ID, &client_secret()).expect("a long secret")
}

fn classic_access() -> classic::AccessTokenKey {
    classic_access_key(DRAWN_KEY_ID, SECRET, ISSUER)
}

fn classic_refresh() -> classic::RefreshTokenKey {
    classic_refresh_key(DRAWN_KEY_ID, SECRET, ISSUER)
}

fn code() -> AuthorizationCode {
    AuthorizationCode {
        grant: GrantId::from_bytes([1; 16]),
        has_challenge: true,
        issued_at: NOW,
        nonce: [2; 16],
    }
}

fn refresh() -> RefreshToken {
    RefreshToken {
        grant: GrantId::from_bytes([1; 16]),
        generation: 0,
        issued_at: NOW,
        nonce: [2; 16],
    }
}

/// One of each kind, in the order of [`doors`].
fn tokens() -> [(&'static str, String); KINDS] {
    let random = Counting::default();
    let refresh = refresh_token::write(&refresh_key(DRAWN_KEY_ID, SECRET, ISSUER), &refresh());
    let code = authorization_code::write(&code_key(DRAWN_KEY_ID, SECRET, ISSUER), &code());
    [
        (
            "access token",
            access_token::sign(&KEY, &claims()).expect("one of each kind"),
        ),
        (
            "opaque access token",
            opaque::seal(
                &sealing_key(DRAWN_KEY_ID, SECRET),
                ISSUER,
                &claims(),
                &random,
            )
            .expect("one of each kind"),
        ),
        (
            "JWS under a shared secret",
            hmac_jws::sign(&shared_key(), Some("at+jwt"), &payload()).expect("one of each kind"),
        ),
        (
            "ID token",
            id_token::sign(&KEY, &id_claims()).expect("one of each kind"),
        ),
        (
            "ID token under a client secret",
            id_token::sign_hs256(&client_secret(), &id_claims()).expect("one of each kind"),
        ),
        ("refresh token", refresh.0.expose().clone()),
        ("authorization code", code.expose().clone()),
        (
            "ticket",
            ticket::seal(&ticket_key(DRAWN_KEY_ID, SECRET, ISSUER), b"text", &random)
                .expect("one of each kind"),
        ),
        (
            "classic access token",
            classic::sign_access_token(&classic_access(), &classic_claims())
                .expect("one of each kind"),
        ),
        (
            "classic refresh token",
            classic::write_refresh_token(&classic_refresh(), &classic_refresh_claims())
                .map(|(text, _)| text.expose().clone())
                .expect("one of each kind"),
        ),
        (
            "client assertion",
            client_assertion::sign(&KEY, &assertion_claims()).expect("one of each kind"),
        ),
        (
            "client assertion under a client secret",
            client_assertion::sign_hs256(&client_secret(), &assertion_claims())
                .expect("one of each kind"),
        ),
    ]
}

/// Which door takes `token`.
fn doors(token: &str) -> [bool; KINDS] {
    let sealing = SealingKeys::new([sealing_key(DRAWN_KEY_ID, SECRET)]).expect("one of each kind");
    let shared = HmacKeys::new([shared_key()]).expect("one of each kind");
    [
        validator().verify(token, &KEYS, NOW).is_ok(),
        opaque::open(token, &sealing, ISSUER, NOW, LEEWAY).is_ok(),
        hmac_jws::verify(token, &shared).is_ok(),
        id_token::read_hint(token, &KEYS, ISSUER, NOW, LEEWAY).is_ok(),
        id_token::read_hint_hs256(token, &client_secret(), ISSUER, NOW, LEEWAY).is_ok(),
        refresh_token::read(token, &refresh_key(DRAWN_KEY_ID, SECRET, ISSUER)).is_ok(),
        authorization_code::read(token, &code_key(DRAWN_KEY_ID, SECRET, ISSUER)).is_ok(),
        ticket::open(token, &ticket_key(DRAWN_KEY_ID, SECRET, ISSUER)).is_ok(),
        classic::verify_access_token(&classic_access(), token, NOW, LEEWAY).is_ok(),
        classic::read_refresh_token(token, &classic_refresh()).is_ok(),
        client_assertion::verify(token, &KEYS, &RULES).is_ok(),
        client_assertion::verify_hs256(token, &client_secret(), &RULES).is_ok(),
    ]
}

#[test]
fn e67_every_kind_opens_its_own_door_only() {
    for (index, (kind, token)) in tokens().iter().enumerate() {
        let mut expected = [false; KINDS];
        expected[index] = true;
        assert_eq!(doors(token), expected, "{kind}");
        // Nor does another prefix, or none, make it another kind.
        let bare = ["cs_at_", "cs_rt_", "cs_ac_"]
            .into_iter()
            .find_map(|prefix| token.strip_prefix(prefix))
            .unwrap_or(token);
        for prefix in ["", "cs_at_", "cs_rt_", "cs_ac_"] {
            let renamed = format!("{prefix}{bare}");
            if renamed != *token {
                assert_eq!(doors(&renamed), [false; KINDS], "{kind} as {prefix:?}");
            }
        }
    }
}

#[test]
fn rule_t1_the_shape_selects_one_decoder() {
    let none = [false; 4];
    let expected = [
        none,
        [true, false, false, false],
        none,
        none,
        none,
        [false, true, false, false],
        [false, false, true, false],
        none,
        [false, false, false, true],
        [false, false, false, true],
        none,
        none,
    ];
    for ((kind, token), expected) in tokens().iter().zip(expected) {
        let shapes = [
            opaque::is_opaque(token),
            refresh_token::is_refresh_token(token),
            authorization_code::is_authorization_code(token),
            classic::key_id(token).is_some(),
        ];
        assert_eq!(shapes, expected, "{kind}");
    }
}

#[test]
fn rfc9068_12_access_tokens_and_id_tokens_are_not_confused() {
    let hint = |token: &str| id_token::read_hint(token, &KEYS, ISSUER, NOW, LEEWAY).err();
    let access_token = access_token::sign(&KEY, &claims()).unwrap();
    assert_eq!(hint(&access_token), Some(HintError::Type));
    let id_token = id_token::sign(&KEY, &id_claims()).unwrap();
    let refused = validator().verify(&id_token, &KEYS, NOW).err();
    assert_eq!(refused, Some(access_token::AccessTokenError::Type));
    // A signed answer of the userinfo endpoint has the same `typ`, key and names, but says no time (OpenID Connect
    // Core §5.3.2).
    let userinfo = json!({"iss": ISSUER, "sub": "248289761001", "aud": "web-app", "name": "Jane"});
    let userinfo = jws::sign(&KEY, Some("JWT"), userinfo.to_string().as_bytes()).unwrap();
    assert!(hint(&userinfo).is_some());
}

/// RULES R6: keys of one secret are separate derivations, and the tags say of what they are.
#[test]
fn rule_c3_neither_key_nor_tag_of_a_refresh_token_makes_a_code() {
    let key = code_key(DRAWN_KEY_ID, SECRET, ISSUER);
    let text = authorization_code::write(&key, &code());
    let bytes = base64url::decode(&text.expose()["cs_ac_".len()..]).unwrap();
    let before_tag = &bytes[..bytes.len() - 32];
    let root = MacKey::new(Secret::new([SECRET; 32]));
    let mut accepted = Vec::new();
    for key_of in [None, Some("authorization-code"), Some("refresh-token")] {
        for label in ["authorization code", "refresh token"] {
            for prefix in ["cs_ac_", "cs_rt_"] {
                let key = key_of.map_or(root.clone(), |purpose| root.derive(purpose, ISSUER));
                let label_of = format!("countersign/{label}/HMAC-SHA256");
                let tag = key.mac(&[label_of.as_bytes(), prefix.as_bytes(), before_tag]);
                let forged = base64url::encode(&[before_tag, &tag].concat());
                let forged = format!("cs_ac_{forged}");
                if doors(&forged) != [false; KINDS] {
                    accepted.push((key_of, label, prefix));
                }
            }
        }
    }
    let own = (Some("authorization-code"), "authorization code", "cs_ac_");
    assert_eq!(accepted, [own]);
}
