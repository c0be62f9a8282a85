//! Where requests may go.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::{Host, Url};

/// A URL that may be asked: `https`, or `http` on the loopback interface, where nobody listens in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Url);

/// Why a text is no URL that may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is not an absolute URL with a host.
    #[error("not a URL such as https://login.example.com/path")]
    NotAUrl,
    /// It is neither `https`, nor `http` to the loopback interface.
    #[error("the URL must be https; http is for 127.0.0.1, [::1] and localhost only")]
    NotHttps,
    /// It has a fragment, a user name or a password.
    #[error("the URL must have no fragment, no user name and no password")]
    Excess,
}

impl Endpoint {
    /// The URL in its normal form.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The URL without its query, which may hold what is nobody's business: for people.
    pub(crate) fn without_query(&self) -> &str {
        let text = self.as_str();
        text.split_once('?').map_or(text, |(before, _)| before)
    }

    /// Whether what goes there can be read and changed on the way: `http`, on this machine only.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
        let host = url.host().ok_or(EndpointError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            _ => return Err(EndpointError::NotHttps),
        }
        let user_info = !url.username().is_empty() || url.password().is_some();
        if user_info || url.fragment().is_some() {
            return Err(EndpointError::Excess);
        }
        Ok(Self(url))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.without_query().fmt(f)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_query() {
        let endpoint: Endpoint = "https://as.example/a?key=s3cret".parse().unwrap();
        assert_eq!(format!("{endpoint:?}"), r#""https://as.example/a""#);
    }

    #[test]
    fn an_endpoint_is_https_or_never_leaves_the_machine() {
        let cases = [
            ("https://as.example/jwks", Ok(())),
            ("https://as.example:8443/a?b=c", Ok(())),
            // Who configures an issuer in a private network means it.
            ("https://10.0.0.1/jwks", Ok(())),
            ("http://127.0.0.1:7000/jwks", Ok(())),
            ("http://[::1]/jwks", Ok(())),
            ("http://localhost/jwks", Ok(())),
            ("http://as.example/jwks", Err(EndpointError::NotHttps)),
            ("http://localhost.as.example/", Err(EndpointError::NotHttps)),
            ("http://169.254.169.254/", Err(EndpointError::NotHttps)),
            ("http://[::ffff:127.0.0.1]/", Err(EndpointError::NotHttps)),
            ("ftp://as.example/jwks", Err(EndpointError::NotHttps)),
            ("file:///etc/passwd", Err(EndpointError::NotAUrl)),
            ("data:,%7B%7D", Err(EndpointError::NotAUrl)),
            ("https://a:b@as.example/", Err(EndpointError::Excess)),
            ("https://a@as.example/", Err(EndpointError::Excess)),
            ("https://as.example/#x", Err(EndpointError::Excess)),
            ("as.example/jwks", Err(EndpointError::NotAUrl)),
            ("", Err(EndpointError::NotAUrl)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Endpoint>().map(|_| ()), expected, "{text}");
        }
    }
}
