//! Proof key for code exchange: RFC 7636.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Secret;
use crate::text::checked_text;

/// A code challenge of the method S256: RFC 7636 §4.2, 32 bytes in base64url without padding.
///
/// There is no other method here: `plain` protects nothing from whoever can read the request (RFC 9700 §2.1.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(Box<str>);

checked_text!(CodeChallenge, CodeChallengeError);

/// Why a text is no code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code_challenge of the method S256 has {len} characters of A-Z a-z 0-9 - _", len = CodeChallenge::LEN)]
pub struct CodeChallengeError;

impl CodeChallenge {
    /// The characters of a challenge.
    pub const LEN: usize = 43;
}

impl FromStr for CodeChallenge {
    type Err = CodeChallengeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.len() == Self::LEN && text.bytes().all(is_base64url) {
            Ok(Self(text.into()))
        } else {
            Err(CodeChallengeError)
        }
    }
}

/// A code verifier: RFC 7636 §4.1, 43 to 128 unreserved characters.
#[derive(Clone, Debug)]
pub struct CodeVerifier(Secret<String>);

/// Why a text is no code verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code_verifier has 43 to 128 characters of A-Z a-z 0-9 - . _ ~")]
pub struct CodeVerifierError;

impl CodeVerifier {
    /// The verifier, if `text` can be one.
    pub fn new(text: Secret<String>) -> Result<Self, CodeVerifierError> {
        let is_unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let exposed = text.expose();
        if (43..=128).contains(&exposed.len()) && exposed.bytes().all(is_unreserved) {
            Ok(Self(text))
        } else {
            Err(CodeVerifierError)
        }
    }

    /// The text of the verifier, of which a challenge is the hash.
    #[must_use]
    pub const fn text(&self) -> &Secret<String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7636_09_a_challenge_is_a_hash_in_base64url() {
        // RFC 7636 appendix B.
        let good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(good.parse::<CodeChallenge>().unwrap().as_str(), good);
        for bad in ["", &good[1..], &format!("{good}="), &good.replace('-', "+")] {
            assert_eq!(
                bad.parse::<CodeChallenge>(),
                Err(CodeChallengeError),
                "{bad}"
            );
        }
    }

    #[test]
    fn rfc7636_01_a_verifier_has_43_to_128_unreserved_characters() {
        let new = |text: String| CodeVerifier::new(Secret::new(text)).is_ok();
        for (text, expected) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("aZ0-._~".repeat(7), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}+", "a".repeat(43)), false),
            (format!("{}é", "a".repeat(43)), false),
        ] {
            assert_eq!(new(text.clone()), expected, "{text}");
        }
    }
}
