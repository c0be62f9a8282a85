//! The client identifier of RFC 6749 §2.2.

use std::borrow::Borrow;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::checked_text;

/// A client identifier: 1 to 255 printable ASCII characters (`VSCHAR`, RFC 6749 appendix A.1).
///
/// ```
/// use countersign_core::ClientId;
///
/// assert!("s6BhdRkqt3".parse::<ClientId>().is_ok());
/// assert!("".parse::<ClientId>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Box<str>);

checked_text!(ClientId, ClientIdError);

/// Why a text is no client identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientIdError {
    /// It is empty.
    #[error("a client id must not be empty")]
    Empty,
    /// It has more than [`ClientId::MAX_LEN`] characters.
    #[error("a client id has at most {max} characters", max = ClientId::MAX_LEN)]
    TooLong,
    /// It has a character outside `%x20-7E`.
    #[error("a client id has printable ASCII characters only")]
    Character,
}

impl ClientId {
    /// The most characters that a client identifier may have.
    pub const MAX_LEN: usize = 255;
}

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ClientIdError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(ClientIdError::TooLong);
        }
        // RFC 6749 appendix A.1: client-id = *VSCHAR.
        if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return Err(ClientIdError::Character);
        }
        Ok(Self(text.into()))
    }
}

impl Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printable_ascii_of_bounded_length() {
        let cases = [
            ("a", Ok(())),
            ("with space: % +", Ok(())),
            ("", Err(ClientIdError::Empty)),
            ("caf\u{e9}", Err(ClientIdError::Character)),
            ("line\nbreak", Err(ClientIdError::Character)),
            ("nul\0", Err(ClientIdError::Character)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<ClientId>().map(|_| ()), expected, "{text:?}");
        }
        assert!("x".repeat(255).parse::<ClientId>().is_ok());
        assert_eq!(
            "x".repeat(256).parse::<ClientId>(),
            Err(ClientIdError::TooLong)
        );
    }
}
