//! A browser without a window: it keeps its cookies and fills in forms. It follows nothing by itself.

use std::collections::BTreeMap;

use crate::{Answer, Call, Kind, Page, Request, Response, Server, TestUser};

/// What the name of every cookie ends with, be it with a prefix or without.
const SESSION: &str = "countersign_session";
/// See [`SESSION`].
const BROWSER: &str = "countersign_browser";

/// How many pages may stand between a request and its response.
const PAGES: usize = 4;

/// The cookies of a browser, by their names. All are of one host and of the path `/`; which of them a real browser
/// would keep is for tests to judge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Takes what an answer sets, and forgets what it takes back.
    pub fn receive(&mut self, answer: &Answer) {
        for cookie in answer.headers("set-cookie") {
            let mut parts = cookie.split(';').map(str::trim);
            let pair = parts.next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.unwrap_or_else(|| panic!("no cookie: {cookie}"));
            if parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) {
                self.0.remove(name);
            } else {
                self.set(name, value);
            }
        }
    }

    /// The value of the `Cookie` header.
    #[must_use]
    pub fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }

    /// Sets a cookie.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// The cookie of the session; none if nobody is signed in.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.ending_with(SESSION)
    }

    /// The cookie by which the browser is told from others.
    #[must_use]
    pub fn browser(&self) -> Option<&str> {
        self.ending_with(BROWSER)
    }

    /// The same without the cookie of the session.
    #[must_use]
    pub fn without_session(&self) -> Self {
        self.without(SESSION)
    }

    /// The same without the cookie by which the browser is told from others.
    #[must_use]
    pub fn without_browser(&self) -> Self {
        self.without(BROWSER)
    }

    fn without(&self, end: &str) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !name.ends_with(end));
        Self(kept.map(|(n, v)| (n.clone(), v.clone())).collect())
    }

    fn ending_with(&self, end: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(name, _)| name.ends_with(end));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// A browser. A clone is another one that has got hold of the same cookies.
#[derive(Clone, Debug)]
pub struct Browser<'server> {
    server: &'server Server,
    /// What it has been given.
    pub cookies: Cookies,
}

impl Server {
    /// A browser that has never been anywhere.
    #[must_use]
    pub fn browser(&self) -> Browser<'_> {
        self.browser_with(Cookies::default())
    }

    /// A browser with these cookies.
    #[must_use]
    pub const fn browser_with(&self, cookies: Cookies) -> Browser<'_> {
        Browser {
            server: self,
            cookies,
        }
    }

    /// The path of the issuer: what stands before every path.
    #[must_use]
    pub fn issuer_path(&self) -> &str {
        let (_, rest) = self.issuer.split_once("://").expect("an issuer is a URL");
        let path = rest.find('/').map_or("", |at| &rest[at..]);
        path.trim_end_matches('/')
    }

    /// The origin of the issuer, as browsers name it in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        let path = self.issuer.trim_end_matches('/');
        path.strip_suffix(self.issuer_path()).expect("it ends so")
    }
}

impl Browser<'_> {
    /// Sends a request with its cookies, and keeps those that come.
    pub fn send(&mut self, call: Call) -> Answer {
        let call = match &*self.cookies.header() {
            "" => call,
            cookies => call.header("cookie", cookies),
        };
        let answer = call.send();
        self.cookies.receive(&answer);
        answer
    }

    /// Goes to a path, which is one below the issuer.
    pub fn get(&mut self, path: &str) -> Answer {
        let path = format!("{}{path}", self.server.issuer_path());
        self.send(self.server.call("GET", &path))
    }

    /// Goes to the authorization endpoint.
    pub fn authorize(&mut self, request: &Request) -> Answer {
        self.get(&request.path())
    }

    /// Follows a redirect to the authorization endpoint itself; any other answer stays as it is.
    #[must_use]
    pub fn follow(&mut self, answer: Answer) -> Answer {
        let location = answer.header("location");
        let own = format!("{}/oauth2/authorize?", self.server.issuer_path());
        let path = location
            .strip_prefix(self.server.origin())
            .unwrap_or(&location);
        if answer.status == 303 && path.starts_with(&own) {
            return self.send(self.server.call("GET", path));
        }
        answer
    }

    /// What the form of a page sends, which is still to be sent: as a browser does, with the origin of the page.
    #[must_use]
    pub fn submitting(&self, page: &Page, fields: &[(&str, &str)], button: Option<&str>) -> Call {
        let form = page.form();
        let fields = form.filled_in(fields, button);
        let fields: Vec<_> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(form.method, "post");
        let call = self.server.post(&form.action);
        call.header("origin", self.server.origin()).form(&fields)
    }

    /// Types a name and a password into the sign-in page.
    pub fn sign_in(&mut self, page: &Page, user: &TestUser) -> Answer {
        let fields = [("username", &*user.name), ("password", &*user.password)];
        let call = self.submitting(page, &fields, None);
        self.send(call)
    }

    /// Presses the button with this value.
    pub fn press(&mut self, page: &Page, button: &str) -> Answer {
        let call = self.submitting(page, &[], Some(button));
        self.send(call)
    }

    /// Goes on from an answer until there is a response, as this user, who stays with the account and agrees.
    pub fn finish(&mut self, mut answer: Answer, user: &TestUser) -> Response {
        for _ in 0..PAGES {
            let button = match answer.kind() {
                Kind::Response => return answer.response(),
                Kind::SignIn => None,
                Kind::SelectAccount => Some("current"),
                Kind::Consent => Some("allow"),
                other => panic!("{other:?}: {}", answer.text()),
            };
            let page = answer.page();
            answer = match button {
                Some(button) => self.press(&page, button),
                None => self.sign_in(&page, user),
            };
        }
        panic!("the way does not end: {}", answer.text());
    }

    /// Goes all the way.
    pub fn go(&mut self, request: &Request, user: &TestUser) -> Response {
        let answer = self.authorize(request);
        self.finish(answer, user)
    }
}
