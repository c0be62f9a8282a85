//! The cookies of one browser (RFC 6265bis), as far as one server sets them.

use reqwest::header::{HeaderMap, SET_COOKIE};
use url::Url;

/// How many cookies are kept; a server that sets more is not helped.
const KEPT: usize = 50;

/// A cookie that a server set, with the attributes that say where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    host: String,
    path: String,
    secure: bool,
}

impl Cookie {
    /// Whether it is the same one, with another value.
    fn replaces(&self, other: &Self) -> bool {
        (&self.name, &self.host, &self.path) == (&other.name, &other.host, &other.path)
    }

    fn goes_to(&self, url: &Url) -> bool {
        url.host_str() == Some(&self.host)
            && (!self.secure || url.scheme() == "https")
            && path_matches(url.path(), &self.path)
    }
}

/// RFC 6265 §5.1.4: the same path, or one below it.
fn path_matches(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || of_cookie.ends_with('/') || rest.starts_with('/'))
}

/// RFC 6265 §5.1.4: the folder of what was asked.
fn default_path(url: &Url) -> &str {
    match url.path().rfind('/') {
        Some(0) | None => "/",
        Some(end) => &url.path()[..end],
    }
}

/// What a browser has been given. Cookies stay with the host that set them, whatever their `Domain` says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar {
    cookies: Vec<Cookie>,
}

impl Jar {
    /// Takes the cookies of an answer to a request for `url`.
    pub(crate) fn receive(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Some((cookie, ended)) = read(url, &String::from_utf8_lossy(header.as_bytes()))
            else {
                continue;
            };
            self.cookies.retain(|one| !cookie.replaces(one));
            if !ended && self.cookies.len() < KEPT {
                self.cookies.push(cookie);
            }
        }
    }

    /// The `Cookie` header of a request for `url`, if there is anything to say.
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        let pairs = self.cookies.iter().filter(|cookie| cookie.goes_to(url));
        let pairs: Vec<_> = pairs
            .map(|one| format!("{}={}", one.name, one.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// The cookie, and whether it is taken back at once. `None` if a browser would not take it.
fn read(url: &Url, header: &str) -> Option<(Cookie, bool)> {
    let mut parts = header.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        host: url.host_str()?.to_owned(),
        path: default_path(url).to_owned(),
        secure: false,
    };
    let (mut ended, mut domain) = (false, false);
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        match attribute.to_ascii_lowercase().as_str() {
            "secure" => cookie.secure = true,
            "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
            "domain" => domain = !value.is_empty(),
            "max-age" => ended = is_over(value),
            // The date that servers take cookies back with; `Max-Age` is the newer way.
            "expires" => ended |= value.contains("1970"),
            _ => {}
        }
    }
    let kept = keeps_its_promise(&cookie, domain)
        && (!cookie.secure || url.scheme() == "https")
        && !cookie.name.is_empty();
    kept.then_some((cookie, ended))
}

/// Whether a `Max-Age` says that the cookie has ended (RFC 6265 §5.2.2).
fn is_over(max_age: &str) -> bool {
    max_age
        .trim()
        .parse::<i64>()
        .is_ok_and(|seconds| seconds <= 0)
}

/// RFC 6265bis §4.1.3: what the prefix of a name promises.
fn keeps_its_promise(cookie: &Cookie, domain: bool) -> bool {
    let name = cookie.name.to_ascii_lowercase();
    if name.starts_with("__host-") {
        return cookie.secure && cookie.path == "/" && !domain;
    }
    !name.starts_with("__secure-") || cookie.secure
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn jar(url: &str, cookies: &[&str]) -> Jar {
        let mut jar = Jar::default();
        for cookie in cookies {
            let mut headers = HeaderMap::new();
            headers.insert(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
            jar.receive(&Url::parse(url).unwrap(), &headers);
        }
        jar
    }

    #[test]
    fn a_cookie_goes_only_where_it_belongs() {
        let https = "https://as.example/tenant/login";
        let table: [(&str, &[&str], &str, Option<&str>); 14] = [
            (https, &["a=1"], "https://as.example/tenant/x", Some("a=1")),
            (https, &["a=1"], "https://as.example/tenants", None),
            (https, &["a=1"], "https://other.example/tenant", None),
            (https, &["a=1; Path=/"], "https://as.example/", Some("a=1")),
            (https, &["a=1; Path=/t"], "https://as.example/tenant", None),
            (https, &["a=1; Path=/; Secure"], "http://as.example/", None),
            ("http://a/", &["a=1; Secure"], "https://a/", None),
            (
                https,
                &["a=1; Path=/", "a=2; Path=/"],
                "https://as.example/",
                Some("a=2"),
            ),
            (
                https,
                &["a=1; Path=/", "a=; Path=/; Max-Age=0"],
                "https://as.example/",
                None,
            ),
            (
                https,
                &["a=1; Path=/", "b=2; Path=/"],
                "https://as.example/",
                Some("a=1; b=2"),
            ),
            (
                https,
                &["__Host-a=1; Path=/; Secure"],
                "https://as.example/",
                Some("__Host-a=1"),
            ),
            (
                https,
                &["__Host-a=1; Path=/tenant; Secure"],
                "https://as.example/tenant",
                None,
            ),
            (https, &["__Host-a=1; Path=/"], "https://as.example/", None),
            (
                https,
                &["__Host-a=1; Path=/; Secure; Domain=as.example"],
                "https://as.example/",
                None,
            ),
        ];
        for (row, (from, cookies, to, expected)) in table.into_iter().enumerate() {
            let header = jar(from, cookies).header(&Url::parse(to).unwrap());
            assert_eq!(header.as_deref(), expected, "row {row}");
        }
    }

    #[test]
    fn the_jar_is_bounded() {
        let many: Vec<String> = (0..200).map(|n| format!("c{n}=1; Path=/")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(jar("https://as.example/", &many).cookies.len(), KEPT);
    }
}
