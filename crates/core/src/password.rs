//! Passwords, as people type them.

use icu_normalizer::ComposingNormalizerBorrowed;
use thiserror::Error;

use crate::Secret;

/// A password in NFC: keyboards differ in how they compose an `ö`, people do not (RFC 8265 §4.2.2).
#[derive(Clone, Debug)]
pub struct Password(Secret<String>);

/// Why a text is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// There is nothing in it.
    #[error("the password is empty")]
    Empty,
    /// It has more than [`Password::MAX_BYTES`] bytes.
    #[error("the password has more than {max} bytes", max = Password::MAX_BYTES)]
    TooLong,
}

impl Password {
    /// The most bytes that a password may have (attack class 68).
    pub const MAX_BYTES: usize = 1_024;

    /// Passwords with fewer characters are easily guessed (NIST SP 800-63B §3.1.1.2).
    pub const WEAK_BELOW: usize = 8;

    /// Takes what was typed.
    pub fn new(typed: &Secret<String>) -> Result<Self, PasswordError> {
        match typed.expose().len() {
            0 => Err(PasswordError::Empty),
            1..=Self::MAX_BYTES => {
                let composed = ComposingNormalizerBorrowed::new_nfc().normalize(typed.expose());
                Ok(Self(Secret::new(composed.into_owned())))
            }
            _ => Err(PasswordError::TooLong),
        }
    }

    /// The password, for whoever hashes it.
    #[must_use]
    pub const fn text(&self) -> &Secret<String> {
        &self.0
    }

    /// Whether it has fewer than [`Password::WEAK_BELOW`] characters.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.0.expose().chars().count() < Self::WEAK_BELOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Result<String, PasswordError> {
        Password::new(&Secret::new(text.to_owned())).map(|it| it.text().expose().clone())
    }

    #[test]
    fn passwords_are_composed_and_bounded() {
        assert_eq!(password("o\u{308}"), Ok("ö".into()));
        assert_eq!(password(" Any thing "), Ok(" Any thing ".into()));
        assert_eq!(password(""), Err(PasswordError::Empty));
        assert_eq!(password(&"x".repeat(1_025)), Err(PasswordError::TooLong));
        let long = "x".repeat(1_024);
        assert_eq!(password(&long), Ok(long.clone()));
    }

    #[test]
    fn short_passwords_are_weak() {
        let weak = |text: &str| Password::new(&Secret::new(text.to_owned())).map(|it| it.is_weak());
        assert_eq!(weak("sieben7"), Ok(true));
        assert_eq!(weak("öööööööö"), Ok(false));
    }
}
