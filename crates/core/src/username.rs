//! Names of users, and when two of them are the same.

use std::fmt;
use std::str::FromStr;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::checked_text;

/// The name with which a user signs in, as it was given, in NFC.
///
/// Two names are the same if they fold to the same [`UsernameKey`]: `Zoë`, `ZOË` and a spelling with a combining
/// diaeresis are one user.
///
/// ```
/// use countersign_core::Username;
///
/// let given: Username = "Zoë".parse()?;
/// let typed: Username = "ZOE\u{308}".parse()?;
/// assert_eq!(given.key(), typed.key());
/// assert_eq!(given.as_str(), "Zoë");
/// # Ok::<(), countersign_core::UsernameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(Box<str>);

checked_text!(Username, UsernameError);

/// What a [`Username`] is told apart by: case-folded and in NFC (Unicode 3.13, D145).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsernameKey(Box<str>);

impl UsernameKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no name of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UsernameError {
    /// There is nothing in it.
    #[error("a username has at least one character")]
    Empty,
    /// It has more than [`Username::MAX_LEN`] bytes.
    #[error("a username has at most {max} bytes", max = Username::MAX_LEN)]
    TooLong,
    /// It begins or ends with white space.
    #[error("a username does not begin or end with white space")]
    Space,
    /// It has a character that nobody sees: a control character, or a mark that turns the direction of writing.
    #[error("a username has no control characters and no invisible marks")]
    Invisible,
}

impl Username {
    /// The most bytes that a username may have, in NFC.
    pub const MAX_LEN: usize = 255;

    /// What the name is told apart by.
    #[must_use]
    pub fn key(&self) -> UsernameKey {
        let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&self.0);
        let folded = CaseMapper::new().fold_string(&decomposed);
        UsernameKey(
            ComposingNormalizerBorrowed::new_nfc()
                .normalize(&folded)
                .into(),
        )
    }
}

impl FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Before anything that costs: normalizing makes nothing shorter than a third.
        if text.len() > 3 * Self::MAX_LEN {
            return Err(UsernameError::TooLong);
        }
        if text.is_empty() {
            return Err(UsernameError::Empty);
        }
        if text.trim() != text {
            return Err(UsernameError::Space);
        }
        if text.chars().any(is_invisible) {
            return Err(UsernameError::Invisible);
        }
        let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
        if composed.len() > Self::MAX_LEN {
            return Err(UsernameError::TooLong);
        }
        Ok(Self(composed.into()))
    }
}

/// Characters by which two names could look the same and not be.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl fmt::Display for UsernameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Result<String, UsernameError> {
        text.parse::<Username>()
            .map(|name| name.key().as_str().to_owned())
    }

    #[test]
    fn names_that_differ_in_case_or_composition_are_one() {
        for (a, b) in [
            ("Alice", "aLICE"),
            ("zoë", "ZOE\u{308}"),
            ("straße", "STRASSE"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("ﬁona", "FIona"),
            ("alice@Example.COM", "ALICE@example.com"),
            ("\u{1f80}", "\u{1f88}"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        for (a, b) in [("alice", "alicе"), ("a", "b"), ("o", "ö")] {
            assert_ne!(key(a), key(b), "{a} {b}");
        }
    }

    #[test]
    fn texts_that_are_no_names_are_refused() {
        let long = "ä".repeat(128);
        for (text, expected) in [
            ("", UsernameError::Empty),
            (" alice", UsernameError::Space),
            ("alice\u{3000}", UsernameError::Space),
            ("al\u{0}ice", UsernameError::Invisible),
            ("al\u{200b}ice", UsernameError::Invisible),
            ("\u{202e}ecila", UsernameError::Invisible),
            (long.as_str(), UsernameError::TooLong),
        ] {
            assert_eq!(text.parse::<Username>(), Err(expected), "{text:?}");
        }
        assert!("ä".repeat(127).parse::<Username>().is_ok());
        assert!("a b".parse::<Username>().is_ok());
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{1,60}") {
            if let Ok(name) = text.parse::<Username>() {
                let again = name.as_str().parse::<Username>();
                prop_assert_eq!(again.as_ref().map(Username::key), Ok(name.key()));
            }
        }
    }
}
