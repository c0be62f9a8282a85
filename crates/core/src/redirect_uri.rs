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
    /// Its host has a `*`. Nothing stands for anything else: URIs are compared byte for byte (RFC 9700 §2.1).
    #[error("there are no wildcards in redirect URIs: name each one")]
    Wildcard,
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

    /// Whether the scheme is neither `https` nor `http`: one that a native application has claimed (RFC 8252 §7.1).
    #[must_use]
    pub fn is_private_use(&self) -> bool {
        !matches!(self.url().scheme(), "https" | "http")
    }

    /// The host, for people to see; none in a URI of a private-use scheme without one.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        self.url().host_str().map(str::to_owned)
    }

    /// Whether a request that names `requested` means this registered URI: byte for byte the same (RFC 9700 §2.1), but
    /// for the port of `http` to a loopback address (RFC 8252 §7.3).
    ///
    /// ```
    /// use countersign_core::RedirectUri;
    ///
    /// let registered: RedirectUri = "http://127.0.0.1/callback".parse()?;
    /// assert!(registered.is_meant_by("http://127.0.0.1:51004/callback"));
    /// assert!(!registered.is_meant_by("http://127.0.0.1:51004/callback?x"));
    /// assert!(!registered.is_meant_by("http://localhost:51004/callback"));
    /// # Ok::<(), countersign_core::RedirectUriError>(())
    /// ```
    #[must_use]
    pub fn is_meant_by(&self, requested: &str) -> bool {
        if self.as_str() == requested {
            return true;
        }
        match (
            without_loopback_port(self.as_str()),
            without_loopback_port(requested),
        ) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
    }

    fn url(&self) -> Url {
        Url::parse(&self.0).expect("what is not a URL is no redirect URI")
    }
}

/// The host and what stands behind the port of a URI with `http` to a loopback address, taken apart as text: what no
/// parser has touched, no parser can read otherwise (attack class 4).
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let behind = &rest[host.len()..];
    let path = match behind.strip_prefix(':') {
        Some(port) => {
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            port[..digits]
                .parse::<u16>()
                .ok()
                .filter(|port| *port != 0)?;
            &port[digits..]
        }
        None => behind,
    };
    (path.is_empty() || path.starts_with(['/', '?'])).then_some((host, path))
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
        if url.host_str().is_some_and(|host| host.contains('*')) {
            return Err(RedirectUriError::Wildcard);
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
    fn attack_1_to_6_a_redirect_uri_is_meant_byte_for_byte_but_for_a_loopback_port() {
        let cases = [
            // (registered, requested, is meant)
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example/CB", false),
            ("https://app.example/cb", "https://APP.example/cb", false),
            (
                "https://app.example/cb",
                "https://app.example:443/cb",
                false,
            ),
            ("https://app.example/cb", "https://app.example/cb/", false),
            ("https://app.example/cb", "https://app.example/cb?", false),
            (
                "https://app.example/cb",
                "https://app.example/x/../cb",
                false,
            ),
            ("https://app.example/cb", "https://app.example/%63b", false),
            ("https://app.example/cb", "https://appxexample/cb", false),
            (
                "https://app.example/cb",
                "https://app.example.evil/cb",
                false,
            ),
            (
                "https://app.example/cb",
                "https://app.example@evil/cb",
                false,
            ),
            ("https://app.example/*", "https://app.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1:51004/cb", true),
            ("http://[::1]:1/cb?a=b", "http://[::1]/cb?a=b", true),
            ("http://127.0.0.1", "http://127.0.0.1:1", true),
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1:51004/cb?x=y",
                false,
            ),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1@evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.1/cb", false),
            ("http://127.0.0.1/cb", "http://[::1]/cb", false),
            ("http://127.0.0.1/cb", "http://localhost/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1/cb", false),
            ("http://127.0.0.1/cb", "HTTP://127.0.0.1/cb", false),
            ("http://localhost/cb", "http://localhost:51004/cb", false),
            ("http://localhost:1/cb", "http://localhost:1/cb", true),
            ("https://127.0.0.1/cb", "https://127.0.0.1:8443/cb", false),
            ("com.example.app:/cb", "com.example.app:/cb", true),
            ("com.example.app:/cb", "com.example.app:/cb2", false),
        ];
        for (registered, requested, expected) in cases {
            let uri: RedirectUri = registered.parse().unwrap();
            assert_eq!(
                uri.is_meant_by(requested),
                expected,
                "{registered} {requested}"
            );
        }
    }

    #[test]
    fn hostile_uris_are_refused_at_registration() {
        let cases = [
            ("https://app.example.com/cb?a=1", Ok(())),
            ("http://127.0.0.1/cb", Ok(())),
            ("http://[::1]:8080/cb", Ok(())),
            ("http://localhost:8080/cb", Ok(())),
            ("com.example.app:/cb", Ok(())),
            ("http://example.com/cb", Err(RedirectUriError::PlainHttp)),
            ("https://*.example.com/cb", Err(RedirectUriError::Wildcard)),
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
