//! Refresh tokens: their format (RULES R1) and what is not taken for one.

use countersign_core::{GrantId, KeyId, Secret, Timestamp};
use countersign_jose::refresh_token::{
    self, KeyIdNotDrawn, PREFIX, RefreshToken, RefreshTokenError, RefreshTokenKey,
};
use countersign_jose::{access_token, base64url, opaque};
use proptest::prelude::*;

use crate::fixtures::{Counting, ISSUER, KEY, NOW, claims, sealing_key};

/// Twelve bytes, 0 to 11.
const KEY_ID: &str = "AAECAwQFBgcICQoL";

/// [`token`] under [`key`], computed by another program from the description of the format.
const TEXT: &str = "cs_rt_AQABAgMEBQYHCAkKC6GhoaGhoaGhoaGhoaGhoaEAAAADAAAAAGtJ0gCysrKysrKysrKysrKysrKyjB4byewI8wnl-_cI0qE9ffhcRwxpW-WX9JEQ_yRTvPI";

fn key_of(id: &str, byte: u8, issuer: &str) -> RefreshTokenKey {
    RefreshTokenKey::new(
        id.parse().expect("a key id"),
        Secret::new([byte; 32]),
        issuer,
    )
    .expect("an id of 16 characters")
}

fn key() -> RefreshTokenKey {
    key_of(KEY_ID, 7, ISSUER)
}

fn token() -> RefreshToken {
    RefreshToken {
        grant: GrantId::from_bytes([0xa1; 16]),
        generation: 3,
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

fn refusal(text: &str) -> Option<RefreshTokenError> {
    refresh_token::read(text, &key()).err()
}

#[test]
fn rule_r1_the_format_is_fixed() {
    let (text, tag) = refresh_token::write(&key(), &token());
    assert_eq!(text.expose(), TEXT);
    assert_eq!(tag.prefix(), bytes()[57..65]);
    assert!(refresh_token::is_refresh_token(TEXT));
    assert_eq!(refresh_token::key_id(TEXT).as_ref(), Ok(key().id()));
    assert_eq!(refresh_token::read(TEXT, &key()), Ok((token(), tag)));
}

#[test]
fn rule_r1_each_field_makes_another_token() {
    let others = [
        RefreshToken {
            grant: GrantId::NONE,
            ..token()
        },
        RefreshToken {
            generation: 4,
            ..token()
        },
        RefreshToken {
            issued_at: NOW.plus(1),
            ..token()
        },
        RefreshToken {
            nonce: [0xb3; 16],
            ..token()
        },
    ];
    for other in others {
        let (text, tag) = refresh_token::write(&key(), &other);
        let (_, first) = refresh_token::write(&key(), &token());
        assert_ne!(tag, first, "{other:?}");
        assert_ne!(tag.prefix(), first.prefix(), "{other:?}");
        let read = refresh_token::read(text.expose(), &key());
        assert_eq!(read, Ok((other, tag)));
    }
}

#[test]
fn rule_r6_a_key_is_for_refresh_tokens_of_one_issuer() {
    use RefreshTokenError::{AnotherKey, Forged};
    let other_id = "LLLLLLLLLLLLLLLL";
    let cases = [
        (key_of(KEY_ID, 7, "https://issuer.example/"), Forged),
        (key_of(KEY_ID, 7, ""), Forged),
        (key_of(KEY_ID, 8, ISSUER), Forged),
        (key_of(other_id, 7, ISSUER), AnotherKey),
    ];
    for (other, expected) in cases {
        let read = refresh_token::read(TEXT, &other);
        assert_eq!(read, Err(expected), "{other:?}");
        let (theirs, _) = refresh_token::write(&other, &token());
        assert_eq!(refusal(theirs.expose()), Some(expected), "{other:?}");
    }
    // The same secret under another id makes tokens for that id only.
    let mut moved = bytes();
    moved[1..13].copy_from_slice(&base64url::decode(other_id).unwrap());
    let moved = refresh_token::read(&text_of(&moved), &key_of(other_id, 7, ISSUER));
    assert_eq!(moved, Err(Forged));
}

#[test]
fn rule_r1_a_key_needs_an_id_of_twelve_bytes() {
    for (id, taken) in [
        (KEY_ID, true),
        ("________________", true),
        ("AAECAwQFBgcICQo", false),
        ("AAECAwQFBgcICQoLA", false),
        ("AAECAwQFBgcICQoLAA", false),
        ("2027-01", false),
        (KEY.id().as_str(), false),
    ] {
        let id: KeyId = id.parse().unwrap();
        let key = RefreshTokenKey::new(id.clone(), Secret::new([7; 32]), ISSUER);
        assert_eq!(
            key.as_ref().err(),
            (!taken).then_some(&KeyIdNotDrawn),
            "{id}"
        );
        if let Ok(key) = key {
            let (text, _) = refresh_token::write(&key, &token());
            assert_eq!(refresh_token::key_id(text.expose()), Ok(id));
        }
    }
}

/// Attack class 34: every bit of every byte.
#[test]
fn cve_2026_27840_every_changed_byte_is_refused() {
    for index in 0..bytes().len() {
        let expected = match index {
            0 => RefreshTokenError::Malformed,
            1..=12 => RefreshTokenError::AnotherKey,
            _ => RefreshTokenError::Forged,
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
fn cve_2026_27840_every_changed_character_and_every_other_length_is_refused() {
    for index in 0..TEXT.len() {
        for replacement in [
            "A", "B", "I", "J", "-", "_", "=", "+", ".", "\n", "\u{e9}", "", "AA",
        ] {
            let mut other = TEXT.to_owned();
            other.replace_range(index..=index, replacement);
            if other != TEXT {
                assert!(refusal(&other).is_some(), "{index} {replacement:?}");
            }
        }
        let cut = &TEXT[..index];
        assert_eq!(refusal(cut), Some(RefreshTokenError::Malformed), "{index}");
        assert!(refresh_token::key_id(cut).is_err(), "{index}");
    }
    for padding in ["=", "==", "A", "AAAA", " ", "\n", ".", "\0"] {
        for other in [format!("{TEXT}{padding}"), format!("{padding}{TEXT}")] {
            assert_eq!(
                refusal(&other),
                Some(RefreshTokenError::Malformed),
                "{other:?}"
            );
            assert!(refresh_token::key_id(&other).is_err(), "{other:?}");
        }
    }
    for len in (0..bytes().len()).chain([bytes().len() + 1, 10_000_000]) {
        let mut other = bytes();
        other.resize(len, 0);
        assert_eq!(
            refusal(&text_of(&other)),
            Some(RefreshTokenError::Malformed),
            "{len}"
        );
    }
    // 89 bytes leave two bits of the last character: only one of the four spellings is the token's.
    let spellings = ["I", "J", "K", "L"].map(|last| format!("{}{last}", &TEXT[..TEXT.len() - 1]));
    let accepted = spellings.map(|spelling| refusal(&spelling).is_none());
    assert_eq!(accepted, [true, false, false, false]);
}

#[test]
fn rule_c3_no_other_kind_is_taken_for_a_refresh_token() {
    let opaque = opaque::seal(
        &sealing_key("one", 1),
        ISSUER,
        &claims(),
        &Counting::default(),
    );
    let opaque = opaque.unwrap();
    let jwt = access_token::sign(&KEY, &claims()).unwrap();
    let renamed = TEXT.replacen(PREFIX, opaque::PREFIX, 1);
    for other in [
        opaque.as_str(),
        &jwt,
        &renamed,
        &TEXT[PREFIX.len()..],
        PREFIX,
        "",
    ] {
        assert_eq!(
            refusal(other),
            Some(RefreshTokenError::Malformed),
            "{other}"
        );
        let named = refresh_token::key_id(other);
        assert_eq!(named, Err(RefreshTokenError::Malformed), "{other}");
    }
    let kinds = |text| {
        (
            refresh_token::is_refresh_token(text),
            opaque::is_opaque(text),
        )
    };
    assert_eq!(kinds(TEXT), (true, false));
    assert_eq!(kinds(&opaque), (false, true));
    assert_eq!(kinds(&jwt), (false, false));
    assert_eq!(kinds("CS_RT_AAAA"), (false, false));
}

#[test]
fn debug_shows_neither_nonce_nor_key_nor_tag() {
    let (text, tag) = refresh_token::write(&key(), &token());
    let shown = format!("{:?} {:?} {text:?} {tag:?}", token(), key());
    let grant = token().grant;
    assert_eq!(
        shown,
        format!(
            "RefreshToken {{ grant: {grant:?}, generation: 3, issued_at: {NOW:?}, .. }} \
             RefreshTokenKey {{ id: {:?}, .. }} Secret(..) Tag(Secret(..))",
            key().id()
        )
    );
}

proptest! {
    #[test]
    fn what_was_written_is_what_is_read(
        grant: [u8; 16],
        generation: u32,
        issued_at: i64,
        nonce: [u8; 16],
    ) {
        let token = RefreshToken {
            grant: GrantId::from_bytes(grant),
            generation,
            issued_at: Timestamp::from_seconds(issued_at),
            nonce,
        };
        let (text, tag) = refresh_token::write(&key(), &token);
        prop_assert_eq!(text.expose().len(), TEXT.len());
        prop_assert_eq!(refresh_token::read(text.expose(), &key()), Ok((token, tag)));
    }

    #[test]
    fn any_text_is_refused(text in "(cs_rt_)?[A-Za-z0-9_=-]{0,130}", wild in ".{0,200}") {
        prop_assert!(refusal(&text).is_some() && refusal(&wild).is_some());
        prop_assert!(refresh_token::key_id(&wild).is_err());
    }

    #[test]
    fn whatever_is_read_is_written_again_identically(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), "[A-Za-z0-9_=-]"), 0..3),
    ) {
        let mut text = TEXT.to_owned();
        for (index, replacement) in edits {
            let index = index.index(text.len());
            text.replace_range(index..=index, &replacement);
        }
        if let Ok((token, tag)) = refresh_token::read(&text, &key()) {
            let (again, same_tag) = refresh_token::write(&key(), &token);
            prop_assert_eq!((again.expose(), same_tag), (&text, tag));
        } else {
            prop_assert_ne!(text, TEXT);
        }
    }
}
