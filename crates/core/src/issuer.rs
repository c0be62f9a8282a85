//! The issuer identifier: RFC 8414 §2.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::Url;

use crate::loopback::is_loopback;

/// The URL that names this service: `https`, without query and fragment (RFC 8414 §2); `http` only to the loopback
/// interface, for development.
///
/// It is kept and sent byte for byte as it was given: clients compare it as a plain string (RFC 8414 §3.3).
///
/// ```
/// use countersign_core::Issuer;
///
/// let issuer: Issuer = "https://login.example.com/tenant".parse()?;
/// assert_eq!(issuer.endpoint("/oauth2/token"), "https://login.example.com/tenant/oauth2/token");
/// assert_eq!(
///     issuer.well_known_path("oauth-authorization-server"),
///     "/.well-known/oauth-authorization-server/tenant",
/// );
/// # Ok::<(), countersign_core::IssuerError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    path: String,
    development: bool,
}

/// Why a text is no issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// It is not a URL with a host.
    #[error("the issuer is a URL such as https://login.example.com")]
    NotAUrl,
    /// Its scheme is not `https`.
    #[error("the issuer must be https; http is for 127.0.0.1, [::1] and localhost only")]
    NotHttps,
    /// It has a query, a fragment, a user name or a password.
    #[error("the issuer has no query, no fragment, no user name and no password")]
    Excess,
    /// A URL parser would change it, so clients would compare something else.
    #[error(
        "the issuer must be in its normal form: lower case host, no default port, no dot segments"
    )]
    NotNormal,
}

impl Issuer {
    /// The issuer as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path part, without a trailing slash: empty for an issuer at the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether this is a plain `http` issuer on loopback: a development set-up (RULES O3).
    #[must_use]
    pub const fn is_development(&self) -> bool {
        self.development
    }

    /// The URL of the endpoint at `path`, which begins with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!(
            "{}{path}",
            self.text.strip_suffix('/').unwrap_or(&self.text)
        )
    }

    /// The path of a well-known document: RFC 8414 §3, the well-known string goes between the host and the path.
    #[must_use]
    pub fn well_known_path(&self, suffix: &str) -> String {
        format!("/.well-known/{suffix}{}", self.path)
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| IssuerError::NotAUrl)?;
        let host = url.host().ok_or(IssuerError::NotAUrl)?;
        // RFC 8414 §2: "a URL that uses the https scheme and has no query or fragment components".
        let development = match url.scheme() {
            "https" => false,
            "http" if is_loopback(&host) => true,
            _ => return Err(IssuerError::NotHttps),
        };
        let user_info = !url.username().is_empty() || url.password().is_some();
        if url.query().is_some() || url.fragment().is_some() || user_info {
            return Err(IssuerError::Excess);
        }
        let normal = url.as_str();
        let root_without_slash = url.path() == "/" && normal.strip_suffix('/') == Some(text);
        // Empty segments are lost on the way through many proxies.
        if (normal != text && !root_without_slash) || url.path().contains("//") {
            return Err(IssuerError::NotNormal);
        }
        let path = url.path();
        Ok(Self {
            text: text.to_owned(),
            path: path.strip_suffix('/').unwrap_or(path).to_owned(),
            development,
        })
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8414_01_https_without_query_or_fragment() {
        let cases = [
            ("https://as.example", Ok(false)),
            ("https://as.example/", Ok(false)),
            ("https://as.example:8443/a/b", Ok(false)),
            ("http://127.0.0.1:8080", Ok(true)),
            ("http://[::1]:8080", Ok(true)),
            ("http://localhost", Ok(true)),
            ("https://localhost", Ok(false)),
            ("http://as.example", Err(IssuerError::NotHttps)),
            ("http://localhost.as.example", Err(IssuerError::NotHttps)),
            ("ftp://as.example", Err(IssuerError::NotHttps)),
            ("https://as.example?a", Err(IssuerError::Excess)),
            ("https://as.example#a", Err(IssuerError::Excess)),
            ("https://u@as.example", Err(IssuerError::Excess)),
            ("https://@as.example", Err(IssuerError::NotNormal)),
            ("https://as.example/@a", Ok(false)),
            ("https://AS.example", Err(IssuerError::NotNormal)),
            ("https://as.example:443", Err(IssuerError::NotNormal)),
            ("https://as.example/a/../b", Err(IssuerError::NotNormal)),
            ("https://as.example//", Err(IssuerError::NotNormal)),
            ("https://as.example/a//b", Err(IssuerError::NotNormal)),
            ("as.example", Err(IssuerError::NotAUrl)),
            ("", Err(IssuerError::NotAUrl)),
        ];
        for (text, expected) in cases {
            let development = text.parse::<Issuer>().map(|issuer| issuer.is_development());
            assert_eq!(development, expected, "{text:?}");
        }
    }

    #[test]
    fn rfc8414_06_the_well_known_part_goes_between_host_and_path() {
        for (issuer, document, endpoint) in [
            (
                "https://as.example",
                "/.well-known/x",
                "https://as.example/oauth2/token",
            ),
            (
                "https://as.example/",
                "/.well-known/x",
                "https://as.example/oauth2/token",
            ),
            (
                "https://as.example/t",
                "/.well-known/x/t",
                "https://as.example/t/oauth2/token",
            ),
            (
                "https://as.example/t/",
                "/.well-known/x/t",
                "https://as.example/t/oauth2/token",
            ),
        ] {
            let issuer: Issuer = issuer.parse().unwrap();
            assert_eq!(issuer.well_known_path("x"), document);
            assert_eq!(issuer.endpoint("/oauth2/token"), endpoint);
        }
    }
}
