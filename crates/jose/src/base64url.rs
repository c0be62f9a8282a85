//! Base64url as RFC 7515 §2 has it: no padding, no line breaks, and exactly one spelling per value (RULES T2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

/// The most characters that [`decode`] looks at; the cap of a whole token.
pub const MAX_LEN: usize = crate::jws::MAX_TOKEN_LEN;

/// Why a text is no base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Base64UrlError {
    /// It has more than [`MAX_LEN`] characters.
    #[error("more than {MAX_LEN} characters")]
    TooLong,
    /// It has a character outside the alphabet, padding, an impossible length, or bits that no encoder would set.
    #[error("not base64url in its one spelling without padding")]
    Malformed,
}

/// `bytes` in base64url without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends `bytes` in base64url without padding to `text`.
pub(crate) fn encode_onto(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// How many characters `bytes` bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// The bytes that `text` stands for. The length is checked before anything is decoded.
///
/// ```
/// use countersign_jose::base64url;
///
/// assert_eq!(base64url::decode("-_8").as_deref(), Ok(&[0xfb, 0xff][..]));
/// for other_spelling in ["-_8=", "-_9", "+/8", " -_8", "-_8\n"] {
///     assert!(base64url::decode(other_spelling).is_err());
/// }
/// ```
pub fn decode(text: &str) -> Result<Vec<u8>, Base64UrlError> {
    decode_up_to(MAX_LEN, text)
}

/// As [`decode`], with another cap.
pub(crate) fn decode_up_to(max_len: usize, text: &str) -> Result<Vec<u8>, Base64UrlError> {
    if text.len() > max_len {
        return Err(Base64UrlError::TooLong);
    }
    // RFC 7515 §2: "with all trailing '=' characters omitted ... and without the inclusion of any line breaks,
    // whitespace, or other additional characters".
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Base64UrlError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rule_t2_only_one_spelling() {
        let cases = [
            ("", Ok(vec![])),
            ("AA", Ok(vec![0])),
            ("AAA", Ok(vec![0, 0])),
            ("A", Err(Base64UrlError::Malformed)),
            ("AB", Err(Base64UrlError::Malformed)),
            ("AA==", Err(Base64UrlError::Malformed)),
            ("AAA=", Err(Base64UrlError::Malformed)),
            ("A A", Err(Base64UrlError::Malformed)),
            ("AA\n", Err(Base64UrlError::Malformed)),
            ("A/A", Err(Base64UrlError::Malformed)),
            ("A+A", Err(Base64UrlError::Malformed)),
            ("AA\u{e9}", Err(Base64UrlError::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text), expected, "{text:?}");
        }
        assert!(decode(&"A".repeat(MAX_LEN)).is_ok());
        assert_eq!(
            decode(&"A".repeat(MAX_LEN + 1)),
            Err(Base64UrlError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn whatever_decodes_is_the_one_spelling(text in "[A-Za-z0-9_=+/ -]{0,24}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }
    }
}
