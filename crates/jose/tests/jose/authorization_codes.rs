//! Authorization codes: their format and what is not taken for one (RULES C1, C3, R6).

use countersign_core::{GrantId, KeyId, Secret, Timestamp};
use countersign_jose::authorization_code::{
    self, AuthorizationCode, AuthorizationCodeError, AuthorizationCodeKey, KeyIdNotDrawn, PREFIX,
};
use countersign_jose::base64url;
use countersign_jose::mac::MacKey;
use proptest::prelude::*;

use crate::fixtures::{DRAWN_KEY_ID, ISSUER, NOW, code_key};

/// [`code`] under [`key`], computed by another program from the description of the format.
const TEXT: &str = "cs_ac_AQABAgMEBQYHCAkKC6GhoaGhoaGhoaGhoaGhoaEBAAAAAGtJ0gCysrKysrKysrKysrKysrKyPtqEUETPsE3S-bDVfLjQSRRgp-_dfQHPSN2L-Izxk_U";

/// Where the byte stands that says whether there is a challenge.
const HAS_CHALLENGE: usize = 29;

fn key() -> AuthorizationCodeKey {
    code_key(DRAWN_KEY_ID, 7, ISSUER)
}

fn code() -> AuthorizationCode {
    AuthorizationCode {
        grant: GrantId::from_bytes([0xa1; 16]),
        has_challenge: true,
        issued_at: NOW,
        nonce: [0xb2; 16],
    }
}

fn bytes() -> Vec<u8> {
    base64url::decode(&TEXT[PREFIX.len()..]).expect("base64url")
}

fn text_of(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", base64url::encode(bytes))
}

fn refusal(text: &str) -> Option<AuthorizationCodeError> {
    authorization_code::read(text, &key()).err()
}

/// What a careless issuer might make: an authentic code that says `has_challenge` as it should not.
fn authentic_with(has_challenge: u8) -> String {
    let mut bytes = bytes();
    bytes[HAS_CHALLENGE] = has_challenge;
    let before_tag = &bytes[..bytes.len() - 32];
    let key = MacKey::new(Secret::new([7; 32])).derive("authorization-code", ISSUER);
    let label = b"countersign/authorization code/HMAC-SHA256";
    let tag = key.mac(&[label, PREFIX.as_bytes(), before_tag]);
    text_of(&[before_tag, &tag].concat())
}

#[test]
fn rule_c1_the_format_is_fixed() {
    assert_eq!(authorization_code::write(&key(), &code()).expose(), TEXT);
    assert!(authorization_code::is_authorization_code(TEXT));
    assert_eq!(authorization_code::key_id(TEXT).as_ref(), Ok(key().id()));
    assert_eq!(authorization_code::read(TEXT, &key()), Ok(code()));
}

#[test]
fn rule_c1_whether_there_is_a_challenge_is_inside_the_mac() {
    let without = AuthorizationCode {
        has_challenge: false,
        ..code()
    };
    let text = authorization_code::write(&key(), &without);
    assert_eq!(
        authorization_code::read(text.expose(), &key()),
        Ok(without.clone())
    );
    // Whoever takes the challenge away, or adds one, makes no code.
    let mut stripped = bytes();
    stripped[HAS_CHALLENGE] = 0;
    assert_eq!(
        refusal(&text_of(&stripped)),
        Some(AuthorizationCodeError::Forged)
    );
    // And there are two values only, each in one spelling.
    assert_eq!(authentic_with(1), TEXT);
    assert_eq!(authentic_with(0), *text.expose());
    for other in 2..=u8::MAX {
        let refused = refusal(&authentic_with(other));
        assert_eq!(refused, Some(AuthorizationCodeError::Malformed), "{other}");
    }
}

#[test]
fn rule_c1_each_field_makes_another_code() {
    let others = [
        AuthorizationCode {
            grant: GrantId::NONE,
            ..code()
        },
        AuthorizationCode {
            has_challenge: false,
            ..code()
        },
        AuthorizationCode {
            issued_at: NOW.plus(1),
            ..code()
        },
        AuthorizationCode {
            nonce: [0xb3; 16],
            ..code()
        },
    ];
    for other in others {
        let text = authorization_code::write(&key(), &other);
        assert_ne!(text.expose()[77..], TEXT[77..], "the tag of {other:?}");
        assert_eq!(
            authorization_code::read(text.expose(), &key()),
            Ok(other.clone())
        );
    }
}

#[test]
fn rule_r6_a_key_is_for_authorization_codes_of_one_issuer() {
    use AuthorizationCodeError::{AnotherKey, Forged};
    let cases = [
        (code_key(DRAWN_KEY_ID, 7, "https://issuer.example/"), Forged),
        (code_key(DRAWN_KEY_ID, 7, ""), Forged),
        (code_key(DRAWN_KEY_ID, 8, ISSUER), Forged),
        (code_key("LLLLLLLLLLLLLLLL", 7, ISSUER), AnotherKey),
    ];
    for (other, expected) in cases {
        let read = authorization_code::read(TEXT, &other);
        assert_eq!(read, Err(expected), "{other:?}");
        let theirs = authorization_code::write(&other, &code());
        assert_eq!(refusal(theirs.expose()), Some(expected), "{other:?}");
    }
}

#[test]
fn a_key_needs_an_id_of_twelve_bytes() {
    for (id, taken) in [(DRAWN_KEY_ID, true), ("AAECAwQFBgcICQo", false)] {
        let id: KeyId = id.parse().unwrap();
        let key = AuthorizationCodeKey::new(id.clone(), Secret::new([7; 32]), ISSUER);
        let refused = key.err();
        assert_eq!(refused, (!taken).then_some(KeyIdNotDrawn), "{id}");
    }
}

/// Attack class 34: every bit of every byte.
#[test]
fn cve_2026_27840_every_changed_byte_of_a_code_is_refused() {
    for index in 0..bytes().len() {
        let expected = match index {
            0 => AuthorizationCodeError::Malformed,
            1..=12 => AuthorizationCodeError::AnotherKey,
            _ => AuthorizationCodeError::Forged,
        };
        for bit in 0..8 {
            let mut other = bytes();
            other[index] ^= 1 << bit;
            assert_eq!(refusal(&text_of(&other)), Some(expected), "{index} {bit}");
        }
    }
}

/// Attack class 34: other spellings of the same bytes, and other lengths.
#[test]
fn cve_2026_27840_every_other_spelling_and_length_of_a_code_is_refused() {
    for index in 0..TEXT.len() {
        for replacement in ["A", "B", "-", "_", "=", "+", ".", "\n", "\u{e9}", "", "AA"] {
            let mut other = TEXT.to_owned();
            other.replace_range(index..=index, replacement);
            if other != TEXT {
                assert!(refusal(&other).is_some(), "{index} {replacement:?}");
            }
        }
        assert!(authorization_code::key_id(&TEXT[..index]).is_err());
    }
    for padding in ["=", "==", "A", "AAAA", " ", "\n", ".", "\0"] {
        for other in [format!("{TEXT}{padding}"), format!("{padding}{TEXT}")] {
            let expected = Some(AuthorizationCodeError::Malformed);
            assert_eq!(refusal(&other), expected, "{other:?}");
            assert!(authorization_code::key_id(&other).is_err(), "{other:?}");
        }
    }
    for len in (0..bytes().len()).chain([bytes().len() + 1, 10_000_000]) {
        let mut other = bytes();
        other.resize(len, 0);
        let expected = Some(AuthorizationCodeError::Malformed);
        assert_eq!(refusal(&text_of(&other)), expected, "{len}");
    }
    // 86 bytes leave two bits of the last character: only one of the four spellings is the code's.
    let spellings = ["U", "V", "W", "X"].map(|last| format!("{}{last}", &TEXT[..TEXT.len() - 1]));
    let accepted = spellings.map(|spelling| refusal(&spelling).is_none());
    assert_eq!(accepted, [true, false, false, false]);
}

#[test]
fn debug_shows_neither_nonce_nor_key() {
    let text = authorization_code::write(&key(), &code());
    let shown = format!("{:?} {:?} {text:?}", code(), key());
    let grant = code().grant;
    assert_eq!(
        shown,
        format!(
            "AuthorizationCode {{ grant: {grant:?}, has_challenge: true, issued_at: {NOW:?}, .. }} \
             AuthorizationCodeKey {{ id: {:?}, .. }} Secret(..)",
            key().id()
        )
    );
}

proptest! {
    #[test]
    fn what_was_written_is_what_is_read(
        grant: [u8; 16],
        has_challenge: bool,
        issued_at: i64,
        nonce: [u8; 16],
    ) {
        let code = AuthorizationCode {
            grant: GrantId::from_bytes(grant),
            has_challenge,
            issued_at: Timestamp::from_seconds(issued_at),
            nonce,
        };
        let text = authorization_code::write(&key(), &code);
        prop_assert_eq!(text.expose().len(), TEXT.len());
        prop_assert_eq!(authorization_code::read(text.expose(), &key()), Ok(code));
    }

    #[test]
    fn any_text_is_refused(text in "(cs_ac_)?[A-Za-z0-9_=-]{0,130}", wild in ".{0,200}") {
        prop_assert!(refusal(&text).is_some() && refusal(&wild).is_some());
        prop_assert!(authorization_code::key_id(&wild).is_err());
    }
}
