//! Redirection endpoints of clients: RFC 6749 §3.1.2.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::loopback::is_loopback;
use crate::resource::has_uri_characters_only;
use crate::text::checked_text;

/// A URI to which a user agent may be sent back: absolute, without a fragment, of a scheme that cannot run code.
///
/// `https` always; `http` only to the loopback interface (RFC 9700 §2.6); a private-use scheme only with a dot in its
/// name, such as `com.example.app:/callback` (RFC 8252 §7.1). Compared as the plain text that it was given as.
///
/// ```
/// use countersign_core::RedirectUri;
///
/// assert!("https://app.example.com/callback".parse::<RedirectUri>().is_ok());
/// assert!("http://app.example.com/callback".parse::<RedirectUri>().is_err());
/// assert!("javascript:alert(1)".parse::<RedirectUri>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(Box<str>);

checked_text!(RedirectUri, RedirectUriError);

/// Why a text is no redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedirectUriError {
    /// It has more than [`RedirectUri::MAX_LEN`] characters.
    #[error("a redirect URI has at most {max} characters", max = RedirectUri::MAX_LEN)]
    TooLong,
    /// It is not an absolute URI in the characters of RFC 3986.
    #[error("a redirect URI is an absolute URI such as https://app.example.com/callback")]
    NotAbsolute,
    /// It has a fragment.
    #[error("a redirect URI has no fragment")]
    Fragment,
    /// It carries a user name or password, which hides the true host from people.
    #[error("a redirect URI has no user name and no password")]
    UserInfo,
    /// It is `http` to a host that is not the loopback interface.
    #[error("http is for the loopback interface only; use https")]
    PlainHttp,
    /// Its scheme is neither `https` nor `http` nor a private-use scheme in reverse domain notation.
    #[error(
        "the scheme must be https, http to loopback, or a reverse domain name such as com.example.app"
    )]
    Scheme,
}

impl RedirectUri {
    /// The most characters that a redirect URI may have.
    pub const MAX_LEN: usize = 2048;
}

impl FromStr for RedirectUri {
    type Err = RedirectUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LEN {
            return Err(RedirectUriError::TooLong);
        }
        if !has_uri_characters_only(text) {
            return Err(RedirectUriError::NotAbsolute);
        }
        // RFC 6749 §3.1.2: "The redirection endpoint URI MUST be an absolute URI ... MUST NOT include a fragment".
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAbsolute)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            "http" if url.host().is_some_and(|host| is_loopback(&host)) => {}
            "http" => return Err(RedirectUriError::PlainHttp),
            // RFC 8252 §7.1: private-use schemes are reverse domain names, so they hold a dot.
            private if private.contains('.') => {}
            _ => return Err(RedirectUriError::Scheme),
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_uris_are_refused_at_registration() {
        let cases = [
            ("https://app.example.com/cb?a=1", Ok(())),
            ("http://127.0.0.1/cb", Ok(())),
            ("http://[::1]:8080/cb", Ok(())),
            ("http://localhost:8080/cb", Ok(())),
            ("com.example.app:/cb", Ok(())),
            ("http://example.com/cb", Err(RedirectUriError::PlainHttp)),
            (
                "http://localhost.example.com/cb",
                Err(RedirectUriError::PlainHttp),
            ),
            (
                "http://127.0.0.1:80@example.com/",
                Err(RedirectUriError::UserInfo),
            ),
            (
                "https://user@example.com/cb",
                Err(RedirectUriError::UserInfo),
            ),
            ("https://example.com/cb#x", Err(RedirectUriError::Fragment)),
            ("/cb", Err(RedirectUriError::NotAbsolute)),
            ("https://exa mple.com/", Err(RedirectUriError::NotAbsolute)),
            ("https:\\\\example.com", Err(RedirectUriError::NotAbsolute)),
            ("javascript:alert(1)", Err(RedirectUriError::Scheme)),
            ("data:text/html,x", Err(RedirectUriError::Scheme)),
            ("myapp://cb", Err(RedirectUriError::Scheme)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                text.parse::<RedirectUri>().map(|_| ()),
                expected,
                "{text:?}"
            );
        }
    }
}
