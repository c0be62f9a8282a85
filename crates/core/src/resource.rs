//! Resource indicators: RFC 8707.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::text::checked_text;

/// The URI of a protected resource, as RFC 8707 §2 has it: absolute and without a fragment.
///
/// Compared as the plain text that it was given as (RFC 3986 §6.2.1); nothing is normalised.
///
/// ```
/// use countersign_core::ResourceUri;
///
/// assert!("https://api.example.com/v1".parse::<ResourceUri>().is_ok());
/// assert!("https://api.example.com/#top".parse::<ResourceUri>().is_err());
/// assert!("/v1".parse::<ResourceUri>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceUri(Box<str>);

checked_text!(ResourceUri, ResourceUriError);

/// Why a text is no resource indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResourceUriError {
    /// It has more than [`ResourceUri::MAX_LEN`] characters.
    #[error("a resource URI has at most {max} characters", max = ResourceUri::MAX_LEN)]
    TooLong,
    /// It is not an absolute URI in the characters of RFC 3986.
    #[error("a resource is an absolute URI such as https://api.example.com")]
    NotAbsolute,
    /// It has a fragment.
    #[error("a resource URI has no fragment")]
    Fragment,
}

impl ResourceUri {
    /// The most characters that a resource indicator may have.
    pub const MAX_LEN: usize = 2048;
}

/// Whether every byte may stand in a URI (RFC 3986 §2): the URL parser would quietly strip or encode the others.
pub(crate) fn has_uri_characters_only(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte))
}

impl FromStr for ResourceUri {
    type Err = ResourceUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LEN {
            return Err(ResourceUriError::TooLong);
        }
        if !has_uri_characters_only(text) {
            return Err(ResourceUriError::NotAbsolute);
        }
        // RFC 8707 §2: "Its value MUST be an absolute URI ... The URI MUST NOT include a fragment component."
        if text.contains('#') {
            return Err(ResourceUriError::Fragment);
        }
        Url::parse(text).map_err(|_| ResourceUriError::NotAbsolute)?;
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_without_fragment() {
        let cases = [
            ("https://api.example.com", Ok(())),
            ("https://api.example.com/a?b=c", Ok(())),
            ("urn:example:api", Ok(())),
            ("https://api.example.com#", Err(ResourceUriError::Fragment)),
            (
                "https://api.example.com/#x",
                Err(ResourceUriError::Fragment),
            ),
            ("api.example.com", Err(ResourceUriError::NotAbsolute)),
            ("//api.example.com", Err(ResourceUriError::NotAbsolute)),
            ("", Err(ResourceUriError::NotAbsolute)),
            (
                " https://api.example.com",
                Err(ResourceUriError::NotAbsolute),
            ),
            (
                "https://api.example.com/\u{e9}",
                Err(ResourceUriError::NotAbsolute),
            ),
            ("https://", Err(ResourceUriError::NotAbsolute)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                text.parse::<ResourceUri>().map(|_| ()),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn comparison_is_of_plain_text() {
        let uri = |text: &str| text.parse::<ResourceUri>().unwrap();
        assert_ne!(
            uri("https://api.example.com"),
            uri("https://api.example.com/")
        );
        assert_ne!(
            uri("https://api.example.com"),
            uri("https://API.example.com")
        );
    }
}
