//! The two cookies of a browser: one for its session, and one by which it is told from others.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use countersign_core::{Issuer, Secret};
use countersign_provider::{Answer, Browser, SessionCookie};

/// How the cookies are called and what they ask of a browser. `__Host-` makes a browser refuse them from anybody but this
/// very host over TLS (RFC 6265bis §4.1.3.2), so no neighbour can plant one (attack class 15). Over plain http, in
/// development, there is no such promise to be had.
#[derive(Clone, Copy)]
pub(super) struct Cookies {
    session: &'static str,
    browser: &'static str,
    is_secure: bool,
}

const SECURE: Cookies = Cookies {
    session: "__Host-countersign_session",
    browser: "__Host-countersign_browser",
    is_secure: true,
};

const PLAIN: Cookies = Cookies {
    session: "countersign_session",
    browser: "countersign_browser",
    is_secure: false,
};

impl Cookies {
    /// Those of this issuer.
    pub(super) const fn of(issuer: &Issuer) -> Self {
        if issuer.is_development() {
            PLAIN
        } else {
            SECURE
        }
    }

    /// What a browser says about itself.
    pub(super) fn read(self, headers: &HeaderMap) -> Browser {
        Browser {
            session: only_one(headers, self.session),
            id: only_one(headers, self.browser),
        }
    }

    /// Tells the browser what becomes of its cookies.
    pub(super) fn write(self, answer: &Answer, headers: &mut HeaderMap) {
        let session = match &answer.session {
            SessionCookie::Keep => None,
            SessionCookie::Set { value, max_age } => {
                Some(self.cookie(self.session, value.expose(), Some(*max_age)))
            }
            SessionCookie::Clear => Some(self.cookie(self.session, "", Some(0))),
        };
        let browser = answer
            .browser_id
            .as_ref()
            .map(|value| self.cookie(self.browser, value.expose(), None));
        for value in [session, browser].into_iter().flatten() {
            headers.append(header::SET_COOKIE, value);
        }
    }

    /// SameSite=Lax: no foreign site makes a browser send them but by leading its user here, by a link or a redirect.
    fn cookie(self, name: &str, value: &str, max_age: Option<i64>) -> HeaderValue {
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.is_secure)
            .build();
        cookie.set_max_age(max_age.map(Duration::seconds));
        let mut value = HeaderValue::try_from(cookie.to_string())
            .expect("the provider writes values in base64url");
        value.set_sensitive(true);
        value
    }
}

/// The value of the cookie `name`, if it comes once. Of two, one was planted by somebody else, and nobody can say which.
fn only_one(headers: &HeaderMap, name: &str) -> Option<Secret<String>> {
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        // Another program on this host may keep what it likes in its own.
        .map(|header| String::from_utf8_lossy(header.as_bytes()))
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == name)
        .map(|cookie| Secret::new(cookie.value().to_owned()));
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use countersign_protocol::ErrorResponse;
    use countersign_provider::pages::ErrorPage;

    use super::*;

    fn read(cookies: &[&'static str]) -> (Option<String>, Option<String>) {
        let mut headers = HeaderMap::new();
        for value in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(value));
        }
        let browser = PLAIN.read(&headers);
        let text = |value: Option<Secret<String>>| value.map(|value| value.expose().clone());
        (text(browser.session), text(browser.id))
    }

    #[test]
    fn attack_15_a_cookie_counts_if_it_comes_once() {
        let both = "countersign_session=s; countersign_browser=b";
        let cases: [(&[&str], Option<&str>, Option<&str>); 12] = [
            (&[], None, None),
            (&["a=b"], None, None),
            (&[both], Some("s"), Some("b")),
            (
                &["countersign_session=s", "countersign_browser=b"],
                Some("s"),
                Some("b"),
            ),
            (&["a; =; ;countersign_session=s;x="], Some("s"), None),
            (&["countersign_session=a=b"], Some("a=b"), None),
            (&["Countersign_Session=s"], None, None),
            (&["__Host-countersign_session=s"], None, None),
            (
                &["xcountersign_session=s; countersign_sessionx=s"],
                None,
                None,
            ),
            (&[both, "countersign_session=t"], None, Some("b")),
            (&[both, "countersign_session=s"], None, Some("b")),
            (
                &[
                    "countersign_browser=1; countersign_browser=2",
                    "countersign_session=s",
                ],
                Some("s"),
                None,
            ),
        ];
        for (cookies, session, id) in cases {
            let expected = (session.map(str::to_owned), id.map(str::to_owned));
            assert_eq!(read(cookies), expected, "{cookies:?}");
        }
    }

    #[test]
    fn the_cookies_of_another_program_spoil_nothing() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"other=\xff\xe9; countersign_session=s").unwrap();
        headers.append(header::COOKIE, value);
        assert!(PLAIN.read(&headers).session.is_some());
    }

    fn written(cookies: Cookies, session: SessionCookie, browser_id: Option<&str>) -> Vec<String> {
        let page = ErrorPage::from(ErrorResponse::missing_parameter("x"));
        let answer = Answer {
            session,
            browser_id: browser_id.map(|value| Secret::new(value.to_owned())),
            ..page.into()
        };
        let mut headers = HeaderMap::new();
        cookies.write(&answer, &mut headers);
        headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn cookies_are_out_of_reach_of_scripts_and_of_other_sites() {
        let set = || SessionCookie::Set {
            value: Secret::new("v".to_owned()),
            max_age: 1_209_600,
        };
        for (cookies, session, browser_id, expected) in [
            (SECURE, SessionCookie::Keep, None, &[][..]),
            (
                SECURE,
                set(),
                Some("b"),
                &[
                    "__Host-countersign_session=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1209600",
                    "__Host-countersign_browser=b; HttpOnly; SameSite=Lax; Secure; Path=/",
                ],
            ),
            (
                SECURE,
                SessionCookie::Clear,
                None,
                &["__Host-countersign_session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"],
            ),
            (
                PLAIN,
                set(),
                None,
                &["countersign_session=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=1209600"],
            ),
            (
                PLAIN,
                SessionCookie::Clear,
                Some("b"),
                &[
                    "countersign_session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0",
                    "countersign_browser=b; HttpOnly; SameSite=Lax; Path=/",
                ],
            ),
        ] {
            assert_eq!(written(cookies, session, browser_id), expected);
        }
    }

    #[test]
    fn the_prefix_goes_with_tls() {
        for (issuer, name) in [
            ("https://as.example/t", "__Host-countersign_session"),
            ("http://127.0.0.1:8080", "countersign_session"),
        ] {
            assert_eq!(Cookies::of(&issuer.parse().unwrap()).session, name);
        }
    }
}
