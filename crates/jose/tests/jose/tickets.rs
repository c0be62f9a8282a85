//! Tickets: sealed for one issuer (RULES R6), in one spelling (RULES T2).

use countersign_core::{KeyId, Random, Secret};
use countersign_jose::ticket::{
    self, KeyIdNotDrawn, MAX_LEN, TicketError, TicketKey, TicketTooLong,
};
use countersign_jose::{base64url, seal};
use proptest::prelude::*;

use crate::fixtures::{Counting, DRAWN_KEY_ID, ISSUER, ticket_key};

/// `PLAINTEXT` under [`key`] with the salt that [`Nines`] draws, computed by another program from the description of
/// the format.
const TEXT: &str =
    "AQABAgMEBQYHCAkKCwkJCQkJCQkJCQkJCQkJCQnuzn0iY9b_J9xdlUIiyquEwL5fRj5KbmglOeApgBVWO2Z-";
const PLAINTEXT: &[u8] = b"what was asked for";

struct Nines;

impl Random for Nines {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(9);
    }
}

fn key() -> TicketKey {
    ticket_key(DRAWN_KEY_ID, 7, ISSUER)
}

fn open(text: &str) -> Result<Vec<u8>, TicketError> {
    ticket::open(text, &key()).map(|opened| opened.expose().clone())
}

fn bytes() -> Vec<u8> {
    base64url::decode(TEXT).expect("base64url")
}

#[test]
fn the_format_is_fixed() {
    assert_eq!(ticket::seal(&key(), PLAINTEXT, &Nines), Ok(TEXT.to_owned()));
    assert_eq!(ticket::key_id(TEXT).as_ref(), Ok(key().id()));
    assert_eq!(open(TEXT).as_deref(), Ok(PLAINTEXT));
}

#[test]
fn rule_r6_a_key_is_for_tickets_of_one_issuer() {
    use TicketError::{AnotherKey, Forged};
    let other_id = "LLLLLLLLLLLLLLLL";
    let cases = [
        (
            ticket_key(DRAWN_KEY_ID, 7, "https://issuer.example/"),
            Forged,
        ),
        (ticket_key(DRAWN_KEY_ID, 7, ""), Forged),
        (ticket_key(DRAWN_KEY_ID, 8, ISSUER), Forged),
        (ticket_key(other_id, 7, ISSUER), AnotherKey),
    ];
    for (other, expected) in cases {
        assert_eq!(ticket::open(TEXT, &other), Err(expected), "{other:?}");
        let theirs = ticket::seal(&other, PLAINTEXT, &Nines).unwrap();
        assert_eq!(open(&theirs), Err(expected), "{other:?}");
    }
    // The same secret under another id seals for that id only.
    let ours = ticket::seal(&key(), PLAINTEXT, &Nines).unwrap();
    let mut moved = base64url::decode(&ours).unwrap();
    moved[1..13].copy_from_slice(&base64url::decode(other_id).unwrap());
    let moved = ticket::open(&base64url::encode(&moved), &ticket_key(other_id, 7, ISSUER));
    assert_eq!(moved, Err(Forged));
}

/// Under the same secret and salt, other sealed things have other keys: the labels differ.
#[test]
fn rule_r6_what_is_sealed_for_storage_is_no_ticket() {
    // The first context is that which a ticket has.
    for context in [&bytes()[1..13], b""] {
        let stored = seal::seal(&Secret::new([7; 32]), context, PLAINTEXT, &Nines);
        let disguised = [&bytes()[..13], &stored[1..]].concat();
        let refused = open(&base64url::encode(&disguised));
        assert_eq!(refused, Err(TicketError::Forged), "{context:?}");
    }
}

#[test]
fn each_ticket_has_a_salt_of_its_own() {
    let random = Counting::default();
    let seal = || ticket::seal(&key(), PLAINTEXT, &random).unwrap();
    let (one, other) = (seal(), seal());
    assert_ne!(one, other);
    assert_eq!(open(&one), open(&other));
}

#[test]
fn a_ticket_has_at_most_64_kib_of_text() {
    let seal = |len| ticket::seal(&key(), &vec![b'x'; len], &Nines);
    // 65,536 characters hold 49,152 bytes, of which 45 are not the plaintext's.
    let longest = 49_152 - 45;
    let text = seal(longest).unwrap();
    assert_eq!(text.len(), MAX_LEN);
    assert_eq!(open(&text), Ok(vec![b'x'; longest]));
    for len in [longest + 1, MAX_LEN, 1_000_000] {
        assert_eq!(seal(len), Err(TicketTooLong), "{len}");
    }
    for other in [
        format!("{text}A"),
        format!("{text}AAAA"),
        "A".repeat(10_000_000),
    ] {
        assert_eq!(open(&other), Err(TicketError::Malformed));
        assert_eq!(ticket::key_id(&other), Err(TicketError::Malformed));
    }
    assert_eq!(seal(0).map(|text| open(&text)), Ok(Ok(vec![])));
}

#[test]
fn a_key_needs_an_id_of_twelve_bytes() {
    for (id, taken) in [(DRAWN_KEY_ID, true), ("AAECAwQFBgcICQo", false)] {
        let id: KeyId = id.parse().unwrap();
        let refused = TicketKey::new(id.clone(), Secret::new([7; 32]), ISSUER).err();
        assert_eq!(refused, (!taken).then_some(KeyIdNotDrawn), "{id}");
    }
}

/// Attack class 34: every bit of every byte, and every other length.
#[test]
fn cve_2026_27840_every_changed_byte_of_a_ticket_is_refused() {
    for index in 0..bytes().len() {
        let expected = match index {
            0 => TicketError::Malformed,
            1..=12 => TicketError::AnotherKey,
            _ => TicketError::Forged,
        };
        for bit in 0..8 {
            let mut other = bytes();
            other[index] ^= 1 << bit;
            let refused = open(&base64url::encode(&other));
            assert_eq!(refused, Err(expected), "{index} {bit}");
        }
        // Version, key id, salt and tag are 45 bytes.
        let expected = if index < 45 {
            TicketError::Malformed
        } else {
            TicketError::Forged
        };
        let cut = base64url::encode(&bytes()[..index]);
        assert_eq!(open(&cut), Err(expected), "{index}");
        assert_eq!(ticket::key_id(&cut).is_ok(), index >= 45, "{index}");
    }
    let longer = base64url::encode(&[&bytes()[..], &[0]].concat());
    assert_eq!(open(&longer), Err(TicketError::Forged));
}

/// Attack class 34: other spellings of the same bytes.
#[test]
fn cve_2026_27840_a_ticket_has_one_spelling() {
    for index in 0..TEXT.len() {
        for replacement in ["A", "B", "-", "_", "=", "+", ".", "\n", "\u{e9}", "", "AA"] {
            let mut other = TEXT.to_owned();
            other.replace_range(index..=index, replacement);
            if other != TEXT {
                assert!(open(&other).is_err(), "{index} {replacement:?}");
            }
        }
    }
    for padding in ["=", "==", "A", " ", "\n", ".", "\0"] {
        for other in [format!("{TEXT}{padding}"), format!("{padding}{TEXT}")] {
            assert_eq!(open(&other), Err(TicketError::Malformed), "{other:?}");
            assert!(ticket::key_id(&other).is_err(), "{other:?}");
        }
    }
    // 62 bytes leave two bits of the last character, 61 leave four.
    for (len, spare) in [(PLAINTEXT.len() - 1, 3), (PLAINTEXT.len() - 2, 15)] {
        let text = ticket::seal(&key(), &PLAINTEXT[..len], &Nines).unwrap();
        let (start, last) = text.split_at(text.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let value = alphabet.find(last).unwrap();
        let spellings = (value & !spare..=value | spare)
            .filter(|value| open(&format!("{start}{}", &alphabet[*value..=*value])).is_ok());
        assert_eq!(spellings.collect::<Vec<_>>(), [value], "{len}");
    }
}

#[test]
fn debug_shows_no_key_and_no_content() {
    let opened = ticket::open(TEXT, &key()).unwrap();
    let shown = format!("{:?} {opened:?}", key());
    let expected = format!("TicketKey {{ id: {:?}, .. }} Secret(..)", key().id());
    assert_eq!(shown, expected);
}

proptest! {
    #[test]
    fn whatever_was_sealed_is_opened(plaintext in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = ticket::seal(&key(), &plaintext, &Counting::default()).unwrap();
        prop_assert_eq!(open(&text), Ok(plaintext));
    }

    #[test]
    fn any_text_is_refused(text in "[A-Za-z0-9_=-]{0,130}", wild in ".{0,200}") {
        prop_assert!(open(&text).is_err() && open(&wild).is_err());
        prop_assert!(ticket::key_id(&wild).is_err());
    }
}
