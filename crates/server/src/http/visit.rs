//! A browser at the door: what it asks for, its cookies, and where it comes from.

use axum::extract::Request;
use axum::http::Method;
use countersign_core::{Issuer, Secret};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_provider::pages::ErrorPage;
use countersign_provider::{Browser, Origin};

use super::cookies::Cookies;
use super::{Service, body, origin};

/// The most bytes of parameters that are moved from a body to a URL: proxies and browsers take URLs of 8 KiB.
const MAX_MOVED: usize = 6 * 1024;

/// A request of a browser.
pub(super) struct Visit {
    /// The parameters, as they were given.
    pub(super) encoded: Secret<Vec<u8>>,
    /// The cookies.
    pub(super) browser: Browser,
    /// Where it comes from.
    pub(super) origin: Origin,
    by_post: bool,
}

impl Visit {
    /// Reads the query of a GET, or the form of a POST.
    pub(super) async fn read(service: &Service, request: Request) -> Result<Self, ErrorPage> {
        let headers = request.headers();
        let browser = Cookies::of(&service.provider.settings().issuer).read(headers);
        let origin = origin::origin(request.extensions(), headers, &service.trusted_proxies);
        let by_post = request.method() == Method::POST;
        let query = request.uri().query().unwrap_or_default();
        let encoded = if by_post {
            // What stands in two places can be read in two ways (attack class 9).
            if !query.is_empty() {
                return Err(ErrorPage::from(ErrorResponse::new(
                    ErrorCode::InvalidRequest,
                    "a POST has its parameters in the body, and none in the URL",
                )));
            }
            body::require_form(headers)?;
            body::read(request.into_body()).await?
        } else {
            Secret::new(query.as_bytes().to_vec())
        };
        Ok(Self {
            encoded,
            browser,
            origin,
            by_post,
        })
    }

    /// Whether the browser may have a session that it does not show, since another site made it POST.
    pub(super) fn hides_its_session(&self) -> bool {
        self.by_post && self.browser.session.is_none()
    }

    /// Where to send the browser so that it comes again by GET, which brings its session with it; none if it has come as
    /// well as it can.
    ///
    /// OpenID Connect Core §3.1.2.1 and RP-Initiated Logout §2 let clients make a browser POST. A browser does not send
    /// SameSite=Lax cookies with a POST from another site, so it looks as if nobody was signed in: the user would be asked
    /// again for a password, or told to be signed out without being so. A redirect is followed with the cookies. What
    /// would be too long for a URL, or is not encoded as browsers do it, goes on without.
    pub(super) fn again_by_get(&self, issuer: &Issuer, path: &str) -> Option<String> {
        if !self.hides_its_session() {
            return None;
        }
        let encoded = std::str::from_utf8(self.encoded.expose()).ok()?;
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        (encoded.len() <= MAX_MOVED && encoded.bytes().all(fits))
            .then(|| format!("{}{path}?{encoded}", issuer.path()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(encoded: &[u8], by_post: bool, session: Option<&str>) -> Visit {
        Visit {
            encoded: Secret::new(encoded.to_vec()),
            browser: Browser {
                session: session.map(|value| Secret::new(value.to_owned())),
                id: None,
            },
            origin: Origin::default(),
            by_post,
        }
    }

    #[test]
    fn a_post_without_a_session_comes_again_by_get() {
        let longest = "a".repeat(MAX_MOVED);
        let too_long = "a".repeat(MAX_MOVED + 1);
        let moved = |parameters: &str| Some(format!("/t/x?{parameters}"));
        for (encoded, by_post, session, expected) in [
            (&b"a=b+c%20&d"[..], true, None, moved("a=b+c%20&d")),
            (b"", true, None, moved("")),
            (b"a=b", true, Some("s"), None),
            (b"a=b", false, None, None),
            (longest.as_bytes(), true, None, moved(&longest)),
            (too_long.as_bytes(), true, None, None),
            (b"a=b c", true, None, None),
            (b"a=b#c", true, None, None),
            (b"a=b\r\nX: y", true, None, None),
            ("a=\u{e9}".as_bytes(), true, None, None),
            (b"a=\xff", true, None, None),
        ] {
            let issuer = "https://as.example/t".parse().unwrap();
            let visit = visit(encoded, by_post, session);
            let shown = String::from_utf8_lossy(encoded);
            assert_eq!(visit.again_by_get(&issuer, "/x"), expected, "{shown}");
        }
    }
}
